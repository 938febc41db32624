internal import Glibc
internal import Metrics
internal import System

/// The disk as the log uses it: what passes by itself is waited out here, once for every call.
///
/// - A call that a signal interrupted is made again.
/// - A call that found no descriptor or no memory (EMFILE, ENFILE, ENOMEM) is made again after the
///   oldest of the segments' files were closed, until none is left to close.
/// - A call that was told to try again, or found no memory although nothing is left to close, is
///   made again a few times, some milliseconds apart. Not so a sync: what one that failed has lost
///   no second one brings back.
///
/// What is thrown after that is for the caller.
struct PatientFileSystem: FileSystem {
    let base: any FileSystem
    let owner: SegmentFiles

    /// Attempts after EAGAIN or ENOMEM, and the wait before the second; it doubles. 15 ms in all.
    static let attempts = 5
    static let firstWaitMicroseconds: UInt32 = 1000
    /// How often something is closed for one call: others may take what was freed.
    static let closings = 32

    /// Opens a file whose descriptor is counted until it is closed.
    func open(
        _ path: String, create: Bool, counters: SegmentFileCounters
    ) throws(SystemError) -> any File {
        let file = try repeating { () throws(SystemError) in
            try base.open(path, create: create)
        }
        return PatientFile(file, counters)
    }

    func open(_ path: String, create: Bool) throws(SystemError) -> any File {
        let file = try repeating { () throws(SystemError) in
            try base.open(path, create: create)
        }
        return PatientFile(file, nil)
    }

    func openToRead(_ path: String) throws(SystemError) -> any File {
        let file = try repeating { () throws(SystemError) in try base.openToRead(path) }
        return PatientFile(file, nil)
    }

    func openFolder(_ path: String) throws(SystemError) -> any File {
        let file = try repeating { () throws(SystemError) in try base.openFolder(path) }
        return PatientFile(file, nil)
    }

    func identity(of path: String) throws(SystemError) -> FileIdentity {
        try repeating { () throws(SystemError) in try base.identity(of: path) }
    }

    func makeFolder(_ path: String) throws(SystemError) {
        try repeating { () throws(SystemError) in try base.makeFolder(path) }
    }

    func list(_ path: String) throws(SystemError) -> [String] {
        try repeating { () throws(SystemError) in try base.list(path) }
    }

    func rename(_ from: String, to: String) throws(SystemError) {
        try repeating { () throws(SystemError) in try base.rename(from, to: to) }
    }

    func unlink(_ path: String) throws(SystemError) {
        try repeating { () throws(SystemError) in try base.unlink(path) }
    }

    func syncFolder(_ path: String) throws(SystemError) {
        try repeating { () throws(SystemError) in try base.syncFolder(path) }
    }

    func availableBytes(_ path: String) throws(SystemError) -> UInt64 {
        try repeating { () throws(SystemError) in try base.availableBytes(path) }
    }

    private func repeating<Value>(
        _ call: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        try patiently(
            makeRoom: { failure in
                owner.counters.lacks.add()
                return owner.makeRoom(after: failure)
            }, call)
    }
}

/// An open file of the patient disk.
final class PatientFile: File {
    private let base: any File
    private let counters: SegmentFileCounters?

    init(_ base: any File, _ counters: SegmentFileCounters?) {
        self.base = base
        self.counters = counters
        counters?.open.add()
    }

    deinit {
        counters?.open.subtract()
    }

    func identity() throws(SystemError) -> FileIdentity {
        try patiently { () throws(SystemError) in try base.identity() }
    }

    func isNamed() throws(SystemError) -> Bool {
        try patiently { () throws(SystemError) in try base.isNamed() }
    }

    func size() throws(SystemError) -> UInt64 {
        try patiently { () throws(SystemError) in try base.size() }
    }

    func allocatedBytes() throws(SystemError) -> UInt64 {
        try patiently { () throws(SystemError) in try base.allocatedBytes() }
    }

    func read(at offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
        try patiently { () throws(SystemError) in try base.read(at: offset, count: count) }
    }

    func announceRead(at offset: UInt64, count: Int) {
        base.announceRead(at: offset, count: count)
    }

    /// The bytes and their place are the same each time, so that it does not matter how much of an
    /// attempt was done.
    func write(_ bytes: borrowing Gather, at offset: UInt64) throws(SystemError) {
        var patience = Patience()
        while true {
            do throws(SystemError) {
                return try base.write(bytes, at: offset)
            } catch {
                guard patience.allowsAnother(after: error) else { throw error }
            }
        }
    }

    func sync() throws(SystemError) {
        while true {
            do throws(SystemError) {
                return try base.sync()
            } catch {
                // It was interrupted before its end, which says nothing of the disk.
                guard error.errno == EINTR else { throw error }
            }
        }
    }

    func reserve(length: UInt64) throws(SystemError) {
        try patiently { () throws(SystemError) in try base.reserve(length: length) }
    }

    func truncate(length: UInt64) throws(SystemError) {
        try patiently { () throws(SystemError) in try base.truncate(length: length) }
    }

    func lock() throws(SystemError) -> Bool {
        try patiently { () throws(SystemError) in try base.lock() }
    }

    func isLocked() throws(SystemError) -> Bool {
        try patiently { () throws(SystemError) in try base.isLocked() }
    }

    /// Without memory it fails at once: `SegmentFiles.map` undoes other mappings first.
    func map(length: Int) throws(SystemError) -> Mapping {
        var patience = Patience()
        while true {
            do throws(SystemError) {
                return try base.map(length: length)
            } catch {
                guard error.errno != ENOMEM, patience.allowsAnother(after: error) else {
                    throw error
                }
            }
        }
    }
}

/// How often a call has been made already.
private struct Patience {
    private var attempt = 1

    /// Waits if the failure passes by itself; false if it does not, or did not.
    mutating func allowsAnother(after failure: SystemError) -> Bool {
        if failure.errno == EINTR { return true }
        guard failure.errno == EAGAIN || failure.errno == ENOMEM,
            attempt < PatientFileSystem.attempts
        else { return false }
        usleep(PatientFileSystem.firstWaitMicroseconds << UInt32(attempt - 1))
        attempt += 1
        return true
    }
}

private func patiently<Value>(
    makeRoom: (SystemError) -> Bool = { _ in false },
    _ call: () throws(SystemError) -> Value
) throws(SystemError) -> Value {
    var patience = Patience()
    var closings = 0
    while true {
        do throws(SystemError) {
            return try call()
        } catch {
            if error.isLackOfRoom, closings < PatientFileSystem.closings, makeRoom(error) {
                closings += 1
                continue
            }
            guard patience.allowsAnother(after: error) else { throw error }
        }
    }
}

extension SystemError {
    /// The process or the system has no descriptor or no memory left.
    var isLackOfRoom: Bool {
        errno == EMFILE || errno == ENFILE || errno == ENOMEM
    }
}
