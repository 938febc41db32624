internal import Synchronization
internal import System

/// Disk space that is set aside: from it, changes and snapshots are written when the disk is full,
/// so that what fills it can be deleted. It is given up a step at a time, each for a call that has
/// failed, and filled up again before records get anything.
extension ShardLog {
    /// Does what may meet a full disk; then again, with more and more of the reserve given up, until
    /// it succeeds or nothing is left.
    func withReserve<Value>(
        bytes: UInt64, _ work: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        while true {
            do throws(SystemError) {
                return try work()
            } catch {
                guard error.isNoSpace, try giveUpReserve(bytes) else { throw error }
            }
        }
    }

    /// False if there was nothing left of it.
    private func giveUpReserve(_ bytes: UInt64) throws(SystemError) -> Bool {
        let file = try configuration.files.open(
            Folder.reserve(configuration.folder), create: true)
        let size = try file.size()
        guard size > 0 else { return false }
        hasReserve.store(false, ordering: .relaxed)
        try file.truncate(length: size - min(size, max(bytes, Limits.reserveStep)))
        return true
    }

    /// Before a log is open.
    static func giveUpWholeReserve(_ configuration: Configuration) throws(SystemError) {
        let file = try configuration.files.open(
            Folder.reserve(configuration.folder), create: true)
        try file.truncate(length: 0)
    }

    /// Fills the reserve up, as far as there is space beyond what records may need next.
    func keepReserve() throws(SystemError) {
        guard configuration.reserveBytes > 0, !hasReserve.load(ordering: .relaxed) else { return }
        let whole = UInt64(configuration.reserveBytes)
        let file = try configuration.files.open(
            Folder.reserve(configuration.folder), create: true)
        let size = try file.size()
        let free = try configuration.files.availableBytes(configuration.folder)
        let missing = whole - min(whole, size)
        let share = min(missing, free - min(free, Limits.freeBytesToRecover))
        // Crumbs are left to records; the last of it is taken however little it is.
        if share > 0, share == missing || share >= Limits.reserveStep {
            try file.reserve(length: size + share)
        }
        if share == missing { hasReserve.store(true, ordering: .relaxed) }
    }

    /// Bytes that are free beside what the reserve lacks; nil if that could not be found out.
    func freeBytes() -> UInt64? {
        guard let available = try? configuration.files.availableBytes(configuration.folder) else {
            return nil
        }
        var missing: UInt64 = 0
        if !hasReserve.load(ordering: .relaxed) {
            let path = Folder.reserve(configuration.folder)
            let size = try? configuration.files.open(path, create: false).size()
            let whole = UInt64(configuration.reserveBytes)
            missing = whole - min(whole, size ?? 0)
        }
        return available - min(available, missing)
    }
}
