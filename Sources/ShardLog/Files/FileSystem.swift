internal import CLinux
internal import Glibc

/// A call to the operating system failed.
public struct SystemFailure: Error, Sendable, Hashable {
    public var errno: Int32
    public var operation: String

    public init(errno: Int32, operation: String) {
        self.errno = errno
        self.operation = operation
    }
}

/// The seam through which the log does everything that it does to files.
///
/// `RealFileSystem` is the disk. Tests put a recording one in its place, which can fail a chosen
/// call and can rebuild a folder as a power cut would have left it.
public protocol FileSystem: Sendable {
    /// Makes the folder; one that exists is fine.
    func makeFolder(_ path: String) throws(SystemFailure)
    /// The names in the folder, unsorted, without `.` and `..`.
    func list(_ path: String) throws(SystemFailure) -> [String]
    /// Opens for reading and writing.
    func open(_ path: String, create: Bool) throws(SystemFailure) -> any File
    /// Opens for reading alone: what the process may read but not write, such as another's
    /// certificate, a read-only mount or a file of `/proc`.
    func openToRead(_ path: String) throws(SystemFailure) -> any File
    /// Opens a folder, for its lock and its identity.
    func openFolder(_ path: String) throws(SystemFailure) -> any File
    /// Which file or folder has this name now.
    func identity(of path: String) throws(SystemFailure) -> FileIdentity
    func rename(_ from: String, to: String) throws(SystemFailure)
    func unlink(_ path: String) throws(SystemFailure)
    /// Makes the folder's names durable.
    func syncFolder(_ path: String) throws(SystemFailure)
    /// Bytes that can still be written on this file system.
    func availableBytes(_ path: String) throws(SystemFailure) -> UInt64
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
    func identity() throws(SystemFailure) -> FileIdentity
    /// Whether a folder has it still; without a name it is lost when it is closed.
    func isNamed() throws(SystemFailure) -> Bool
    func size() throws(SystemFailure) -> UInt64
    /// Bytes that the file occupies on the disk.
    func allocatedBytes() throws(SystemFailure) -> UInt64
    /// Reads at most `count` bytes from `offset`; fewer only at the end of the file.
    func read(at offset: UInt64, count: Int) throws(SystemFailure) -> [UInt8]
    /// Says that these bytes will be read soon. A hint: it waits for nothing and may do nothing.
    func announceRead(at offset: UInt64, count: Int)
    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: borrowing Gather, at offset: UInt64) throws(SystemFailure)
    /// Makes what was written durable (fdatasync).
    func sync() throws(SystemFailure)
    /// Reserves disk space up to `length`, so that writes below it do not run out of it.
    func reserve(length: UInt64) throws(SystemFailure)
    func truncate(length: UInt64) throws(SystemFailure)
    /// Takes the exclusive lock of the file without waiting; false if somebody has it. It goes
    /// with the file.
    func lock() throws(SystemFailure) -> Bool
    /// Maps `length` bytes from the start for reading; `length` may exceed the file's size.
    func map(length: Int) throws(SystemFailure) -> Mapping
}

extension FileSystem {
    public func openToRead(_ path: String) throws(SystemFailure) -> any File {
        try open(path, create: false)
    }
}

extension File {
    public func announceRead(at offset: UInt64, count: Int) {}
}
