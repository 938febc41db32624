internal import Glibc

/// A system call that failed: which, and how.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The C `errno` value.
    public var errno: Int32
    /// What was tried, as the name of the call.
    public var operation: String

    public init(errno: Int32, operation: String) {
        self.errno = errno
        self.operation = operation
    }

    /// The error that the last failed call of this thread left behind.
    public static func last(_ operation: String) -> SystemError {
        SystemError(errno: Glibc.errno, operation: operation)
    }

    /// Whether somebody else listens on the wanted address (`EADDRINUSE`).
    public var isAddressInUse: Bool { errno == EADDRINUSE }

    /// Whether there is no such file or folder (`ENOENT`, `ENOTDIR`).
    public var isMissing: Bool { errno == ENOENT || errno == ENOTDIR }

    /// Whether the process or the machine has no descriptor or memory left for another socket
    /// (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`).
    public var isExhaustion: Bool {
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM
    }

    /// For example `bind: Address already in use`.
    public var description: String { "\(operation): \(Self.text(errno))" }

    /// The system's words for an errno value, such as `Permission denied`.
    public static func text(_ errno: Int32) -> String {
        // strerror_r writes into our own buffer: strerror's is shared between threads.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress, unsafe strerror_r(errno, start, 256) == 0 else {
                return "error \(errno)"
            }
            return unsafe String(cString: start)
        }
    }
}
