internal import CLinux
internal import Glibc

/// What the kernel says of the file system that holds a file or folder (statfs(2)).
public struct FileSystemStatus: Sendable, Hashable {
    /// Bytes that a process without privileges can still write.
    public let availableBytes: UInt64
    /// Which kind it is: the magic number of statfs(2), such as 0xEF53 for ext4.
    public let magic: Int64

    /// Of the file system that holds `folder`.
    public init(of folder: String) throws(SystemError) {
        let descriptor = retrying {
            unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard descriptor >= 0 else { throw .last("open") }
        defer { close(descriptor) }
        var (available, total, magic) = (UInt64(0), UInt64(0), Int64(0))
        guard retrying({ unsafe weir_fstatfs(descriptor, &available, &total, &magic) }) == 0 else {
            throw .last("fstatfs")
        }
        availableBytes = available
        self.magic = magic
    }
}
