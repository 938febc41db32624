internal import Glibc
public import System

/// Small files that are read and replaced whole: certificates, keys, snapshots.
extension FileSystem {
    /// Everything in the file; nil if there is none.
    public func contents(of path: String) throws(SystemError) -> [UInt8]? {
        let file: any File
        do throws(SystemError) {
            file = try openToRead(path)
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
        var bytes: [UInt8] = []
        while true {
            // Some files, such as those of /proc, tell no size: read until nothing comes.
            let piece = try file.read(at: UInt64(bytes.count), count: 64 << 10)
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    /// Gives `folder/name` these contents: after a crash it has the old ones or the new ones.
    public func replace(
        _ name: String, in folder: String, with bytes: [UInt8]
    ) throws(SystemError) {
        let temporary = "\(folder)/.\(name).new"
        let file = try open(temporary, create: true)
        try file.truncate(length: 0)
        try file.write(bytes, at: 0)
        try file.sync()
        try rename(temporary, to: "\(folder)/\(name)")
        try syncFolder(folder)
    }
}
