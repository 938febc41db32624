/// Where a server is: `https://host:port`.
public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or a numeric address, the latter without brackets.
    public let host: String
    public let port: UInt16

    /// Where `weir serve` listens when it is not told otherwise.
    public static let standard = Endpoint(host: "localhost", port: 4567)

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads a URL of the scheme `https`; nil for anything else, and for one that has a user or a
    /// path. Without a port it is 443.
    public init?(_ url: String) {
        let scheme = "https://"
        guard url.prefix(scheme.count).lowercased() == scheme else { return nil }
        var rest = url.dropFirst(scheme.count)
        if rest.last == "/" { rest.removeLast() }
        var port: UInt16? = 443
        let name: Substring
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            name = rest[rest.index(after: rest.startIndex)..<end]
            let tail = rest[rest.index(after: end)...]
            if !tail.isEmpty { port = tail.first == ":" ? UInt16(tail.dropFirst()) : nil }
        } else if let colon = rest.firstIndex(of: ":") {
            name = rest[..<colon]
            port = UInt16(rest[rest.index(after: colon)...])
        } else {
            name = rest
        }
        guard let port, port > 0, !name.isEmpty, name.utf8.count <= 255,
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Self.separators.contains($0) })
        else { return nil }
        self.init(host: String(name), port: port)
    }

    private static let separators = Array("/?#@\\[]".utf8)

    /// The URL.
    public var description: String { "https://" + authority }

    /// Host and port as they stand in a request.
    var authority: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether the name can only mean this machine.
    public var isLocal: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
