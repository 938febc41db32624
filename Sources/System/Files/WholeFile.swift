internal import Glibc

/// Small files that are read whole and at once: certificates, files of `/proc`.
public enum WholeFile {
    /// The bytes of a file, at most `limit` of them from its beginning.
    ///
    /// Some files, such as those of `/proc`, tell no size; so it is read until nothing comes.
    public static func bytes(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < limit {
            let count = unsafe read(descriptor, &piece, min(piece.count, limit - bytes.count))
            if count == 0 { break }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last("read") }
            bytes += piece[..<count]
        }
        return bytes
    }
}
