/// Who shares a share: the holder of an IPv4 address, or of the 64 bits of an IPv6 address that a
/// network is given (RFC 6177); within them one machine may use any.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address's bytes behind a mark of its kind, so that no two kinds are equal.
    private let kind: UInt8
    private let bits: UInt64

    private init(kind: UInt8, bits: UInt64) {
        self.kind = kind
        self.bits = bits
    }

    /// The peer of a connection; an IPv4 address that is written as an IPv6 one counts as itself.
    public init(_ address: SocketAddress) {
        let bytes = address.bytes
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        if !address.isIPv6 || bytes.starts(with: mapped) {
            self.init(kind: 4, bits: Self.bits(bytes.suffix(4)))
        } else {
            self.init(kind: 6, bits: Self.bits(bytes.prefix(8)))
        }
    }

    /// The process itself.
    public static let node = PeerAddress(kind: 0, bits: 0)
    /// Peers that the kernel no longer names: their connection has just broken.
    public static let unknown = PeerAddress(kind: 1, bits: 0)

    /// Whether it is this machine's own: 127.0.0.0/8, or ::/64, of which only ::1 is anybody's.
    public var isLoopback: Bool { kind == 4 && bits >> 24 == 127 || kind == 6 && bits == 0 }

    private static func bits(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// `192.0.2.7`, `2001:db8:0:1::/64`.
    public var description: String {
        switch kind {
        case 4: (0..<4).map { "\(bits >> (24 - 8 * UInt64($0)) & 0xFF)" }.joined(separator: ".")
        case 6:
            (0..<4).map { String(bits >> (48 - 16 * UInt64($0)) & 0xFFFF, radix: 16) }
                .joined(separator: ":") + "::/64"
        case 0: "this node"
        default: "unknown"
        }
    }
}
