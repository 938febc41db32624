/// The client's side of one HTTP/2 connection.
@safe public final class HTTP2ClientSession {
    /// What the client announces, and how it returns credit.
    public struct Configuration: Sendable {
        /// Response bytes a stream may have outstanding.
        public var streamWindowBytes: Int32 = 1 << 20
        /// The same for the connection.
        public var connectionWindowBytes: Int32 = 16 << 20
        /// Whether credit is returned as soon as the receiver was called; otherwise by
        /// `ClientCall.consumed`.
        public var returnsCreditAtOnce = true

        public init() {}
    }

    public init(configuration: Configuration = Configuration()) {}

    /// Sends a request; nil if the connection takes no more.
    ///
    /// `authority` is host and port. The body, if there is one, is sent with `content-length`.
    public func submit(
        method: StaticString = "POST", path: String = "/", authority: String, fields: FieldList,
        body: [UInt8], receiver: any ResponseReceiver, tag: UInt64 = 0
    ) -> ClientCall? { nil }

    /// Sends a PING; `onPing` is called with the same number when its acknowledgement comes.
    public func ping(_ payload: UInt64) {}
    public var onPing: ((UInt64) -> Void)?

    public func receive(_ bytes: Span<UInt8>) -> SessionState { .open }
    public func produce(into output: inout OutputSpan<UInt8>) {}
    public var wantsOutput: Bool { false }
    public var isFinished: Bool { false }
    /// The server said that it takes no more requests.
    public var isDraining: Bool { false }
    /// Streams the server allows at once, once its SETTINGS have come; before, 100.
    public var concurrentStreams: Int { 0 }
    public var openCalls: Int { 0 }
    /// DATA payload received on all streams.
    public private(set) var receivedBodyBytes: UInt64 = 0
    /// Takes no new responses: GOAWAY.
    public func close() {}
    /// Closes every open call with `.connectionLost`.
    public func connectionLost() {}
}
