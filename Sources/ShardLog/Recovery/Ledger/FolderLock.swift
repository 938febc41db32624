internal import Glibc
internal import Synchronization
internal import System

/// The log's folder, held by this process and nobody else.
///
/// The folder itself is locked, since a file in it can be unlinked and made anew, and then another
/// process would lock that. The file `lock` is locked as well: a program that knows only it is
/// kept out.
struct FolderLock: Sendable {
    let folder: any File
    let file: any File
    let identity: FileIdentity

    /// Nil if another process has the folder.
    init?(_ root: String, _ files: any FileSystem) throws(SystemError) {
        folder = try files.openFolder(root)
        guard try folder.lock() else { return nil }
        file = try files.open(Folder.lock(root), create: true)
        guard try file.lock() else { return nil }
        identity = try folder.identity()
    }
}

extension ShardLog {
    /// Stops taking writes if the folder, or the journal file in use, is not where it was. Called by
    /// `housekeep`; so records of about a second may have been acknowledged since, which are where
    /// the folder is now. What was deleted is noticed by the committer before it acknowledges.
    func checkFolder() {
        guard let held = lock.withLock({ $0?.identity }) else { return }
        let root = configuration.folder
        var current: String?
        do throws(SystemError) {
            let found = try configuration.files.identity(of: root)
            guard let (path, open) = try journal.currentIdentity() else { return }
            current = path
            let file = try configuration.files.identity(of: path)
            if found == held, file == open { return }
        } catch {
            // Anything else is met by whoever has to do with the files.
            guard error.errno == ENOENT || error.errno == ENOTDIR else { return }
            // A file that has failed is given up by the committer, and another is the current one.
            if let current, (try? journal.currentIdentity())??.path != current { return }
        }
        loseFolder()
    }

    /// What is written to files without a name is lost with the process: nothing more is taken.
    func loseFolder() {
        guard condition.state != .over else { return }
        let what =
            "the folder \(configuration.folder) was removed or replaced while the log was open"
        condition.enter(
            .over, SystemError(errno: ENOENT, operation: "stat"),
            what + "; put it back")
        notices.withLock {
            $0.append(what + ": nothing more is taken; put it back and start again")
        }
    }
}

extension Journal {
    /// The path of the file that is being written, and which file that is.
    func currentIdentity() throws(SystemError) -> (path: String, identity: FileIdentity)? {
        let current: (String, any File)? = state.withLock { state in
            for slot in state.slots {
                if case .current = slot.use { return (slot.name, slot.file) }
            }
            return nil
        }
        guard let (name, file) = current else { return nil }
        return (folder + "/" + name, try file.identity())
    }
}
