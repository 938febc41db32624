internal import CLinux
internal import Glibc
public import System

/// What became of one read or write.
public enum IOResult: Sendable, Hashable {
    /// So many bytes were moved, at least 1; on a write perhaps fewer than given.
    case bytes(Int)
    /// Nothing can be moved now; readiness will tell.
    case wouldBlock
    /// The peer has ended its sending (read), or takes nothing any more (write: `EPIPE`,
    /// `ECONNRESET`).
    case closed
    /// The connection is broken, with this errno.
    case failed(Int32)
}

/// A TCP connection: non-blocking, owned by one reactor, closed with its last reference.
public final class Socket {
    /// -1 once closed or released.
    public private(set) var descriptor: Int32 {
        get { number }
        set { number = newValue }
    }
    /// For tests; see `SocketFaults`.
    public var faults: (any SocketFaults)? {
        get { injected }
        set { injected = newValue }
    }

    // Stored properties are not public, so that using them carries no exclusivity checks.
    private var number: Int32
    private var injected: (any SocketFaults)?

    /// Takes over a connected, non-blocking descriptor, such as one that another reactor accepted
    /// and released.
    public init(descriptor: Int32) {
        precondition(descriptor >= 0, "a descriptor is not negative")
        number = descriptor
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    /// Begins to connect. When the socket becomes writable, `connectionError()` says how it went.
    public static func connect(to address: SocketAddress) throws(SystemError) -> Socket {
        let descriptor = weir_stream_socket(address.family)
        if descriptor < 0 { throw .last("socket") }
        let socket = Socket(descriptor: descriptor)
        try noticeSilence(descriptor, milliseconds: Limits.connectedSilenceMilliseconds)
        let result = unsafe address.withSockaddr { pointer, length in
            unsafe Glibc.connect(descriptor, pointer, length)
        }
        // An interrupted connect goes on in the background, as one in progress does.
        if result != 0, errno != EINPROGRESS, errno != EINTR { throw .last("connect") }
        return socket
    }

    /// The outcome of connecting, or an error that the kernel reported with readiness; nil if all
    /// is well. Asking clears it.
    public func connectionError() -> SystemError? {
        let code = weir_so_error(descriptor)
        return code == 0 ? nil : SystemError(errno: code, operation: "connect")
    }

    // Bytes

    /// Reads at most what `output` has room for, and appends it. There must be room.
    public func read(into output: inout OutputSpan<UInt8>) -> IOResult {
        precondition(!output.isFull, "a read needs room")
        return unsafe output.withUnsafeMutableBufferPointer { buffer, filled in
            var wanted = buffer.count - filled
            while true {
                if let result = strike(.read, &wanted) { return result }
                let start = unsafe buffer.baseAddress.unsafelyUnwrapped + filled
                let count = unsafe recv(descriptor, start, wanted, 0)
                if count > 0 {
                    filled += count
                    return .bytes(count)
                }
                if count == 0 { return .closed }
                if errno != EINTR { return result(of: errno) }
            }
        }
    }

    /// Writes as much of `bytes` as the kernel takes. There must be something to write.
    public func write(_ bytes: Span<UInt8>) -> IOResult {
        precondition(!bytes.isEmpty, "a write needs bytes")
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            var wanted = buffer.count
            while true {
                if let result = strike(.write, &wanted) { return result }
                let count = unsafe send(
                    descriptor, buffer.baseAddress, wanted, Int32(MSG_NOSIGNAL))
                if count >= 0 { return .bytes(count) }
                if errno == EPIPE || errno == ECONNRESET { return .closed }
                if errno != EINTR { return result(of: errno) }
            }
        }
    }

    /// What the test's fault makes of a call; nil to let it through.
    private func strike(_ call: SocketCall, _ wanted: inout Int) -> IOResult? {
        guard let faults else { return nil }
        while true {
            switch faults.before(call, count: wanted) {
            case .none:
                return nil
            case .short(let count):
                wanted = max(1, min(wanted, count))
                return nil
            case .failure(EINTR):
                continue
            case .failure(let code):
                return result(of: code)
            }
        }
    }

    private func result(of code: Int32) -> IOResult {
        code == EAGAIN || code == EWOULDBLOCK ? .wouldBlock : .failed(code)
    }

    // Options and facts

    /// Sends small pieces at once (`TCP_NODELAY`). Accepted sockets have it from their listener.
    public func setNoDelay() throws(SystemError) {
        try Self.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    /// Reports writable only while the kernel holds fewer than `bytes` that it has not sent yet
    /// (`TCP_NOTSENT_LOWAT`): what is chosen late is not old when it leaves.
    public func setNotSentLowat(bytes: Int) throws(SystemError) {
        try Self.set(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, Int32(clamping: bytes))
    }

    /// Fixes the kernel's send buffer (`SO_SNDBUF`), which switches off its own sizing. The kernel
    /// doubles the number.
    public func setSendBuffer(bytes: Int) throws(SystemError) {
        try Self.set(descriptor, SOL_SOCKET, SO_SNDBUF, Int32(clamping: bytes))
    }

    /// Fixes the kernel's receive buffer (`SO_RCVBUF`). The kernel doubles the number.
    public func setReceiveBuffer(bytes: Int) throws(SystemError) {
        try Self.set(descriptor, SOL_SOCKET, SO_RCVBUF, Int32(clamping: bytes))
    }

    /// Has the kernel find out whether the peer is still there, and break the connection when it
    /// has been silent for so long: also when nothing is to be sent, and when its window is closed.
    static func noticeSilence(
        _ descriptor: Int32, milliseconds: Int32
    ) throws(SystemError) {
        let tcp = Int32(IPPROTO_TCP)
        try set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        try set(descriptor, tcp, TCP_KEEPIDLE, Limits.keepAliveIdleSeconds)
        try set(descriptor, tcp, TCP_KEEPINTVL, Limits.keepAliveIntervalSeconds)
        try set(descriptor, tcp, TCP_USER_TIMEOUT, milliseconds)
    }

    static func set(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32
    ) throws(SystemError) {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        if unsafe setsockopt(descriptor, level, option, &value, size) != 0 {
            throw .last("setsockopt")
        }
    }

    /// Bytes written here that the peer's kernel has not acknowledged yet (`SIOCOUTQ`), those not
    /// sent included; 0 on a broken socket.
    public var unacknowledgedBytes: Int {
        var bytes: Int32 = 0
        return unsafe weir_unacknowledged_bytes(descriptor, &bytes) == 0 ? Int(bytes) : 0
    }

    /// Bytes that the peer's kernel has acknowledged since the connection was made
    /// (`tcpi_bytes_acked`; the kernel counts the SYN as one); nil on a broken socket.
    public var acknowledgedBytes: UInt64? {
        let bytes = weir_acknowledged_bytes(descriptor)
        return bytes < 0 ? nil : UInt64(bytes)
    }

    /// Who is at the other end; nil when it has gone.
    public var peer: SocketAddress? {
        unsafe SocketAddress.reported { unsafe getpeername(descriptor, $0, $1) }
    }

    /// This end.
    public var local: SocketAddress? {
        unsafe SocketAddress.reported { unsafe getsockname(descriptor, $0, $1) }
    }

    // The end

    /// Ends our sending; the peer reads what is on its way and then the end.
    public func shutdownWrites() {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes, after the owner has removed its registration. What the kernel still holds is sent in
    /// the background, unless received bytes were never read: then the peer sees a reset. Closing
    /// twice does nothing.
    public func close() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Gives the descriptor away, to be sent to another reactor and wrapped there. Whoever gets it
    /// closes it.
    public func release() -> Int32 {
        precondition(descriptor >= 0, "a closed socket cannot be given away")
        defer { descriptor = -1 }
        return descriptor
    }
}
