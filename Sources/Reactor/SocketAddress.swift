internal import Glibc
public import System

/// An IP address and a TCP port.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// The address in network byte order: 4 bytes (IPv4) or 16 (IPv6).
    public let bytes: [UInt8]
    /// In host byte order.
    public var port: UInt16
    /// The interface that an IPv6 link-local address belongs to, else 0.
    let scope: UInt32

    /// 127.0.0.1.
    public static func loopbackIPv4(port: UInt16) -> SocketAddress {
        SocketAddress(bytes: [127, 0, 0, 1], port: port, scope: 0)
    }

    /// ::1.
    public static func loopbackIPv6(port: UInt16) -> SocketAddress {
        SocketAddress(bytes: [UInt8](repeating: 0, count: 15) + [1], port: port, scope: 0)
    }

    /// Parses a numeric address, without brackets; nil for anything else.
    public init?(numeric text: String, port: UInt16) {
        for (family, length) in [(AF_INET, 4), (AF_INET6, 16)] {
            var parsed = [UInt8](repeating: 0, count: length)
            if unsafe inet_pton(family, text, &parsed) == 1 {
                self.init(bytes: parsed, port: port, scope: 0)
                return
            }
        }
        return nil
    }

    private init(bytes: [UInt8], port: UInt16, scope: UInt32) {
        self.bytes = bytes
        self.port = port
        self.scope = scope
    }

    /// Whether this is an address of the IPv6 family.
    public var isIPv6: Bool { bytes.count == 16 }

    /// Whether only this machine can reach it: 127.0.0.0/8 or ::1 (RFC 1122 §3.2.1.3, RFC 4291
    /// §2.5.3), the former also in its mapped form.
    public var isLoopback: Bool {
        if !isIPv6 { return bytes[0] == 127 }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 127]
        return bytes == Self.loopbackIPv6(port: 0).bytes || bytes.starts(with: mapped)
    }

    /// `127.0.0.1:4567` or `[::1]:4567`.
    public var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The address without the port, as digits.
    public var host: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            guard let start = buffer.baseAddress,
                unsafe inet_ntop(family, bytes, start, 64) != nil
            else { return "?" }
            return unsafe String(cString: start)
        }
    }

    /// The addresses that a host name or a numeric address stands for, in the system's order.
    ///
    /// It asks the resolver and may wait for the network: never on a reactor. Throws `EHOSTUNREACH`
    /// with the operation `getaddrinfo` when the name has no address.
    public static func resolve(host: String, port: UInt16) throws(SystemError) -> [SocketAddress] {
        if let address = SocketAddress(numeric: host, port: port) { return [address] }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else {
            throw SystemError(errno: EHOSTUNREACH, operation: "getaddrinfo")
        }
        defer { unsafe freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            if var address = unsafe SocketAddress(entry.pointee.ai_addr) {
                address.port = port
                found.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        if found.isEmpty { throw SystemError(errno: EHOSTUNREACH, operation: "getaddrinfo") }
        return found
    }

    // The C form

    var family: Int32 { isIPv6 ? AF_INET6 : AF_INET }

    /// Lends the `sockaddr` of this address.
    func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) {
                unsafe $0.copyBytes(from: bytes)
            }
            return unsafe Self.lend(&address, body)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: bytes) }
        return unsafe Self.lend(&address, body)
    }

    private static func lend<Address, R>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        unsafe withUnsafePointer(to: &address) { pointer in
            // Every sockaddr begins with its family; the length says which it is.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    /// Copies a `sockaddr`; nil if it is not of an IP family.
    init?(_ pointer: UnsafePointer<sockaddr>) {
        let raw = unsafe UnsafeRawPointer(pointer)
        switch unsafe Int32(pointer.pointee.sa_family) {
        case AF_INET:
            let address = unsafe raw.loadUnaligned(as: sockaddr_in.self)
            let bytes = unsafe withUnsafeBytes(of: address.sin_addr) { unsafe [UInt8]($0) }
            self.init(bytes: bytes, port: UInt16(bigEndian: address.sin_port), scope: 0)
        case AF_INET6:
            let address = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
            let bytes = unsafe withUnsafeBytes(of: address.sin6_addr) { unsafe [UInt8]($0) }
            self.init(
                bytes: bytes, port: UInt16(bigEndian: address.sin6_port),
                scope: address.sin6_scope_id)
        default:
            return nil
        }
    }

    /// What `getsockname` or `getpeername` says; nil when it fails or speaks of another family.
    static func reported(
        by call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe call(address, &length) == 0 ? SocketAddress(address) : nil
            }
        }
    }
}
