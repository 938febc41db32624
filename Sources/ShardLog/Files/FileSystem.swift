internal import Glibc
public import System

/// The seam through which the log does everything that it does to files.
///
/// `RealFileSystem` is the disk. Tests put a recording one in its place, which can fail a chosen
/// call and can rebuild a folder as a power cut would have left it.
public protocol FileSystem: Sendable {
    /// Makes the folder; one that exists is fine.
    func makeFolder(_ path: String) throws(SystemError)
    /// The names in the folder, unsorted, without `.` and `..`.
    func list(_ path: String) throws(SystemError) -> [String]
    /// Opens for reading and writing.
    func open(_ path: String, create: Bool) throws(SystemError) -> any File
    /// Opens for reading alone: what the process may read but not write, such as another's
    /// certificate, a read-only mount or a file of `/proc`.
    func openToRead(_ path: String) throws(SystemError) -> any File
    /// Opens a folder, for its lock and its identity.
    func openFolder(_ path: String) throws(SystemError) -> any File
    /// Which file or folder has this name now.
    func identity(of path: String) throws(SystemError) -> FileIdentity
    func rename(_ from: String, to: String) throws(SystemError)
    func unlink(_ path: String) throws(SystemError)
    /// Makes the folder's names durable.
    func syncFolder(_ path: String) throws(SystemError)
    /// Bytes that can still be written on this file system.
    func availableBytes(_ path: String) throws(SystemError) -> UInt64
}

/// What tells one file from another, whatever its name.
public struct FileIdentity: Sendable, Hashable {
    public var device: UInt64
    public var inode: UInt64

    public init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// One open file; closed when the last reference goes.
public protocol File: AnyObject, Sendable {
    func identity() throws(SystemError) -> FileIdentity
    /// Whether a folder has it still; without a name it is lost when it is closed.
    func isNamed() throws(SystemError) -> Bool
    func size() throws(SystemError) -> UInt64
    /// Bytes that the file occupies on the disk.
    func allocatedBytes() throws(SystemError) -> UInt64
    /// Reads at most `count` bytes from `offset`; fewer only at the end of the file.
    func read(at offset: UInt64, count: Int) throws(SystemError) -> [UInt8]
    /// Says that these bytes will be read soon. A hint: it waits for nothing and may do nothing.
    func announceRead(at offset: UInt64, count: Int)
    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: borrowing Gather, at offset: UInt64) throws(SystemError)
    /// Makes what was written durable (fdatasync).
    func sync() throws(SystemError)
    /// Reserves disk space up to `length`, so that writes below it do not run out of it.
    func reserve(length: UInt64) throws(SystemError)
    func truncate(length: UInt64) throws(SystemError)
    /// Takes the exclusive lock of the file without waiting; false if somebody has it. It goes
    /// with the file.
    func lock() throws(SystemError) -> Bool
    /// Whether somebody has the exclusive lock of the file. Holds a shared one for a moment.
    func isLocked() throws(SystemError) -> Bool
    /// Maps `length` bytes from the start for reading; `length` may exceed the file's size.
    func map(length: Int) throws(SystemError) -> Mapping
}

extension FileSystem {
    public func openToRead(_ path: String) throws(SystemError) -> any File {
        try open(path, create: false)
    }
}

extension File {
    public func announceRead(at offset: UInt64, count: Int) {}
}
