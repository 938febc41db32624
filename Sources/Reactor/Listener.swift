internal import CLinux
internal import Glibc
public import System

/// The sockets that one port is listened on: 127.0.0.1 and ::1 for `localhost`, else the given
/// address. Closed with its last reference.
public final class Listener: Sendable {
    /// One for each address family.
    let descriptors: [Int32]
    /// The addresses that are listened on, all with the same port.
    public let addresses: [SocketAddress]
    /// The port; what the system chose if 0 was asked for.
    public let port: UInt16

    private init(_ bound: [(descriptor: Int32, address: SocketAddress)], port: UInt16) {
        descriptors = bound.map(\.descriptor)
        addresses = bound.map(\.address)
        self.port = port
    }

    deinit {
        for descriptor in descriptors { _ = close(descriptor) }
    }

    /// Listens on `localhost` (both families; a machine without IPv6 is content with one) or on a
    /// numeric address. Port 0 lets the system choose one that is free in both families.
    ///
    /// Throws with `isAddressInUse` when somebody else has the port, with `EADDRNOTAVAIL` when the
    /// machine does not have the address, and with `EINVAL` for a host that is neither.
    public static func bind(host: String, port: UInt16) throws(SystemError) -> Listener {
        guard host != "localhost" else { return try bindLoopback(port: port) }
        guard let address = SocketAddress(numeric: host, port: port) else {
            throw SystemError(errno: EINVAL, operation: "bind")
        }
        let bound = try listen(on: address)
        return Listener([bound], port: bound.address.port)
    }

    private static func bindLoopback(port: UInt16) throws(SystemError) -> Listener {
        var attempt = 1
        while true {
            let first = try listen(on: .loopbackIPv4(port: port))
            do throws(SystemError) {
                let second = try listen(on: .loopbackIPv6(port: first.address.port))
                return Listener([first, second], port: first.address.port)
            } catch {
                if error.errno == EAFNOSUPPORT || error.errno == EADDRNOTAVAIL {
                    return Listener([first], port: first.address.port)
                }
                _ = close(first.descriptor)
                // The system knows only that its choice is free in the first family.
                guard port == 0, error.isAddressInUse, attempt < Limits.portAttempts else {
                    throw error
                }
                attempt += 1
            }
        }
    }

    private static func listen(
        on address: SocketAddress
    ) throws(SystemError) -> (descriptor: Int32, address: SocketAddress) {
        let descriptor = weir_stream_socket(address.family)
        if descriptor < 0 { throw .last("socket") }
        do throws(SystemError) {
            // Without it a restart within a minute finds the port taken by its own old connections.
            try Socket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            if address.isIPv6 { try Socket.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
            // Accepted sockets inherit it: one call here instead of one for each connection.
            try Socket.set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
            try Socket.noticeSilence(
                descriptor, milliseconds: Limits.acceptedSilenceMilliseconds)
            let result = unsafe address.withSockaddr { unsafe Glibc.bind(descriptor, $0, $1) }
            if result != 0 { throw SystemError.last("bind") }
            if Glibc.listen(descriptor, Limits.backlog) != 0 { throw SystemError.last("listen") }
            let bound = unsafe SocketAddress.reported { unsafe getsockname(descriptor, $0, $1) }
            guard let bound else { throw SystemError.last("getsockname") }
            return (descriptor, bound)
        } catch {
            _ = close(descriptor)
            throw error
        }
    }
}
