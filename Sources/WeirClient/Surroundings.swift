internal import Glibc

/// What a client asks of the process that it runs in.
protocol Surroundings {
    /// The value of an environment variable.
    func variable(_ name: String) -> String?
    /// The bytes of a file that has at most `limit`.
    func contents(of path: String, limit: Int) throws(ClientError) -> [UInt8]
}

/// The process itself.
struct ProcessSurroundings: Surroundings {
    func variable(_ name: String) -> String? {
        // Copied before anything else can change the environment; nobody here does.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    func contents(of path: String, limit: Int) throws(ClientError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe read(descriptor, &piece, piece.count)
            if count == 0 { return bytes }
            guard count > 0 else { throw Self.failure(path) }
            bytes += piece[..<count]
            guard bytes.count <= limit else {
                throw .configuration("\(path): longer than \(limit) bytes")
            }
        }
    }

    private static func failure(_ path: String) -> ClientError {
        let reason = unsafe strerror(errno).map { unsafe String(cString: $0) }
        return .configuration("\(path): \(reason ?? "cannot be read")")
    }
}
