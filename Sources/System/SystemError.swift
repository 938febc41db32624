internal import Glibc

/// A system call that failed: which, and how.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The C `errno` value.
    public var errno: Int32
    /// What was tried, as the name of the call.
    public var operation: StaticString

    public init(errno: Int32, operation: StaticString) {
        self.errno = errno
        self.operation = operation
    }

    /// The error that the last failed call of this thread left behind.
    static func last(_ operation: StaticString) -> SystemError {
        SystemError(errno: Glibc.errno, operation: operation)
    }

    /// Whether somebody else listens on the wanted address (`EADDRINUSE`).
    public var isAddressInUse: Bool { errno == EADDRINUSE }

    /// Whether the process or the machine has no descriptor or memory left for another socket
    /// (`EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`).
    public var isExhaustion: Bool {
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM
    }

    /// For example `bind: Address already in use`.
    public var description: String { "\(operation): \(Self.text(errno))" }

    public static func == (a: SystemError, b: SystemError) -> Bool {
        a.errno == b.errno && a.operation.description == b.operation.description
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(errno)
    }

    private static func text(_ errno: Int32) -> String {
        // strerror_r writes into our own buffer: strerror's is shared between threads.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress, unsafe strerror_r(errno, start, 256) == 0 else {
                return "error \(errno)"
            }
            return unsafe String(cString: start)
        }
    }
}

/// Repeats `call` while a signal interrupts it, and turns a negative answer into the errno.
@inline(__always)
func retryingInterrupts(
    _ operation: StaticString, _ call: () -> Int32
) throws(SystemError) -> Int32 {
    while true {
        let result = call()
        if result >= 0 { return result }
        if errno != EINTR { throw .last(operation) }
    }
}
