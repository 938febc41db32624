public import HTTP

/// A page of ours, on the port of the protocol.
public struct PageRoute: Sendable {
    /// Which thread makes a page.
    public enum Lane: Sendable {
        /// The reactor, within its turn.
        case inline
        /// A thread of the blocking pool: it takes longer than a turn may.
        case pages
    }

    /// The whole path; a query behind it does not matter.
    public let path: String
    /// Methods other than these are answered as if there were no such page.
    public let methods: [Method]
    /// What a policy calls reading it, such as `weir:GetHealth`.
    public let action: String
    public let lane: Lane
    /// Makes the page.
    let render: @Sendable (Node) -> PageAnswer

    /// A page that `render` makes.
    public init(
        path: String, methods: [Method] = [.get, .head], action: String, lane: Lane,
        render: @escaping @Sendable (Node) -> PageAnswer
    ) {
        self.path = path
        self.methods = methods
        self.action = action
        self.lane = lane
        self.render = render
    }
}

/// The pages that a server has.
struct PageRoutes: Sendable {
    private let routes: [PageRoute]

    init(_ routes: [PageRoute]) {
        self.routes = routes
    }

    /// The page that a request is for; nil if it is for none.
    func route(_ method: Method, _ target: Span<UInt8>) -> PageRoute? {
        // Operations are posted to the root.
        guard target.count > 1 else { return nil }
        var end = 0
        while end < target.count, target[end] != UInt8(ascii: "?") { end += 1 }
        let path = target.extracting(..<end)
        for route in routes where path.equals(route.path) {
            return route.methods.contains(method) ? route : nil
        }
        return nil
    }
}

/// A page as it is sent.
public struct PageAnswer: Sendable {
    public var status: Int
    public var contentType: String
    public var body: [UInt8]

    /// An answer of these parts.
    public init(status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// No thread has time to make the page.
    static let busy = PageAnswer(
        status: 503, contentType: "text/plain; charset=utf-8",
        body: Array("The server is busy. Try again.\n".utf8))
}
