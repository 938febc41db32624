internal import CLinux
internal import Glibc
public import System

/// The disk.
public struct RealFileSystem: FileSystem {
    public init() {}

    public func makeFolder(_ path: String) throws(SystemError) {
        if retrying({ unsafe mkdir(path, 0o700) }) != 0, errno != EEXIST {
            throw .last("mkdir")
        }
    }

    public func list(_ path: String) throws(SystemError) -> [String] {
        guard let folder = unsafe openDirectory(path) else { throw .last("opendir") }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(folder) else {
                if errno != 0 { throw .last("readdir") }
                return names
            }
            // The name is NUL-terminated inside the entry, which lives until the next readdir.
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    public func open(_ path: String, create: Bool) throws(SystemError) -> any File {
        try open(path, flags: O_RDWR | (create ? O_CREAT : 0))
    }

    public func openToRead(_ path: String) throws(SystemError) -> any File {
        try open(path, flags: O_RDONLY)
    }

    private func open(_ path: String, flags: Int32) throws(SystemError) -> any File {
        let descriptor = retrying { unsafe weir_openat(AT_FDCWD, path, flags, 0o600) }
        guard descriptor >= 0 else { throw .last("open") }
        return RealFile(descriptor: descriptor)
    }

    public func openFolder(_ path: String) throws(SystemError) -> any File {
        try open(path, flags: O_RDONLY | O_DIRECTORY)
    }

    public func identity(of path: String) throws(SystemError) -> FileIdentity {
        var answer = stat()
        guard retrying({ unsafe stat(path, &answer) }) == 0 else { throw .last("stat") }
        return FileIdentity(answer)
    }

    public func rename(_ from: String, to: String) throws(SystemError) {
        if retrying({ unsafe Glibc.rename(from, to) }) != 0 { throw .last("rename") }
    }

    public func unlink(_ path: String) throws(SystemError) {
        if retrying({ unsafe Glibc.unlink(path) }) != 0, errno != ENOENT {
            throw .last("unlink")
        }
    }

    public func syncFolder(_ path: String) throws(SystemError) {
        let descriptor = retrying {
            unsafe weir_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0)
        }
        guard descriptor >= 0 else { throw .last("open") }
        defer { _ = close(descriptor) }
        if retrying({ fsync(descriptor) }) != 0 { throw .last("fsync") }
    }

    public func availableBytes(_ path: String) throws(SystemError) -> UInt64 {
        try FileSystemStatus(of: path).availableBytes
    }
}

/// An open file of the real disk.
final class RealFile: File {
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        _ = close(descriptor)
    }

    private func status() throws(SystemError) -> stat {
        var answer = stat()
        guard retrying({ unsafe fstat(descriptor, &answer) }) == 0 else {
            throw .last("fstat")
        }
        return answer
    }

    func identity() throws(SystemError) -> FileIdentity {
        FileIdentity(try status())
    }

    func isNamed() throws(SystemError) -> Bool {
        // Not `fstat`, which asks for the times as well: that made each batch some 40 µs dearer.
        let count = retrying { weir_link_count(descriptor) }
        if count < 0 { throw .last("statx") }
        return count > 0
    }

    func size() throws(SystemError) -> UInt64 {
        UInt64(try status().st_size)
    }

    func allocatedBytes() throws(SystemError) -> UInt64 {
        UInt64(try status().st_blocks) * 512
    }

    func read(at offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                // The buffer has `count` bytes, of which `filled` are written.
                let got = retrying {
                    unsafe pread(
                        descriptor, buffer.baseAddress.map { unsafe $0 + filled },
                        count - filled, off_t(offset) + off_t(filled))
                }
                if got == 0 { return }
                if got < 0 {
                    code = errno
                    return
                }
                filled += got
            }
        }
        if code != 0 { throw SystemError(errno: code, operation: "pread") }
        return bytes
    }

    func announceRead(at offset: UInt64, count: Int) {
        // The kernel takes no more of one hint than its readahead window, of which this is the
        // usual size. Whatever it answers, the read itself will say what is wrong.
        let window = 128 << 10
        var place = off_t(offset)
        let end = place + off_t(count)
        while place < end {
            let piece = min(off_t(window), end - place)
            _ = posix_fadvise(descriptor, place, piece, POSIX_FADV_WILLNEED)
            place += piece
        }
    }

    func write(_ bytes: borrowing Gather, at offset: UInt64) throws(SystemError) {
        // The kernel takes 1,024 pieces at a time and may take less than it was given.
        let maximumPieces = 1024
        var pieces = unsafe bytes.pieces
        let total = unsafe pieces.count
        var first = 0
        var position = off_t(offset)
        while first < total {
            let count = min(total - first, maximumPieces)
            let start = first
            var wrote = unsafe pieces.withUnsafeBufferPointer { buffer in
                retrying {
                    unsafe pwritev(
                        descriptor, buffer.baseAddress.map { unsafe $0 + start }, Int32(count),
                        position)
                }
            }
            if wrote < 0 { throw .last("pwritev") }
            // The kernel took nothing and gave no reason: asked again, it would do so for ever.
            if wrote == 0 { throw SystemError(errno: EIO, operation: "pwritev") }
            position += off_t(wrote)
            while first < total, unsafe wrote >= pieces[first].iov_len {
                unsafe wrote -= pieces[first].iov_len
                first += 1
            }
            if wrote > 0 {
                unsafe pieces[first].iov_base = pieces[first].iov_base.map { unsafe $0 + wrote }
                unsafe pieces[first].iov_len -= wrote
            }
        }
    }

    func sync() throws(SystemError) {
        // Repeated if a signal ended it before its time, and after no other failure: the kernel may
        // have dropped what it could not write.
        if retrying({ fdatasync(descriptor) }) != 0 { throw .last("fdatasync") }
    }

    func reserve(length: UInt64) throws(SystemError) {
        if retrying({ weir_fallocate(descriptor, 0, 0, Int64(length)) }) != 0 {
            // A file system without reservations gets its length at least.
            if errno == EOPNOTSUPP {
                if try size() < length { try truncate(length: length) }
                return
            }
            let failed = SystemError.last("fallocate")
            // What a full disk gave of it is of no use, and lacks others.
            if failed.isNoSpace, let length = try? size() { try? truncate(length: length) }
            throw failed
        }
    }

    func truncate(length: UInt64) throws(SystemError) {
        if retrying({ ftruncate(descriptor, off_t(length)) }) != 0 {
            throw .last("ftruncate")
        }
    }

    func lock() throws(SystemError) -> Bool {
        if retrying({ weir_lock_file(descriptor) }) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw .last("flock")
    }

    func isLocked() throws(SystemError) -> Bool {
        if retrying({ weir_try_shared_lock(descriptor) }) == 0 { return false }
        if errno == EWOULDBLOCK { return true }
        throw .last("flock")
    }

    func map(length: Int) throws(SystemError) -> Mapping {
        try Mapping(descriptor: descriptor, length: length)
    }
}

extension FileIdentity {
    fileprivate init(_ status: stat) {
        self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}

private func openDirectory(_ path: String) -> OpaquePointer? {
    while true {
        let folder = unsafe opendir(path)
        if unsafe folder != nil || errno != EINTR { return unsafe folder }
    }
}
