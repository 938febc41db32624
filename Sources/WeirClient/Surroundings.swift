internal import Glibc
internal import System

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
        do throws(SystemError) {
            let bytes = try WholeFile.bytes(path, limit: limit + 1)
            if bytes.count <= limit { return bytes }
        } catch {
            throw .configuration("\(path): \(SystemError.text(error.errno))")
        }
        throw .configuration("\(path): longer than \(limit) bytes")
    }
}
