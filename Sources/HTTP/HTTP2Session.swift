internal import CNGHTTP2

/// The server's side of one HTTP/2 connection.
@safe public final class HTTP2Session: Session {
    public init(context: HTTPContext, handler: any RequestHandler) {
        self.context = context
        self.handler = handler
    }
    let context: HTTPContext
    let handler: any RequestHandler
    public func receive(_ bytes: Span<UInt8>) -> SessionState { .open }
    public func produce(into output: inout OutputSpan<UInt8>) {}
    public var wantsOutput: Bool { false }
    public var wantsInput: Bool { true }
    public var isFinished: Bool { false }
    public var closesWithInputPending: Bool { false }
    public func drain() {}
    public func connectionLost() {}
    public var openExchanges: Int { 0 }
    public var hasIncompleteHead: Bool { false }
    public var receivingBody: Bool { false }
    public var hasDeadlines: Bool { false }
    public func enforce(_ deadlines: Deadlines) -> Int { 0 }
}
