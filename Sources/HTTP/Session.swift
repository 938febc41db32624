/// Why an exchange ended.
public enum ExchangeEnd: Sendable, Equatable {
    /// The whole response was handed to the output.
    case complete
    /// The peer reset the stream.
    case reset(ResetCode)
    /// The handler or a deadline reset it.
    case aborted
    /// The connection went away first.
    case connectionLost
    /// The peer broke the protocol, on this stream or on the connection.
    case protocolError
}

/// Error codes of RST_STREAM and GOAWAY (RFC 9113 §7).
public struct ResetCode: RawRepresentable, Sendable, Hashable {
    public var rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let noError = ResetCode(rawValue: 0)
    public static let protocolError = ResetCode(rawValue: 1)
    public static let internalError = ResetCode(rawValue: 2)
    public static let flowControlError = ResetCode(rawValue: 3)
    public static let streamClosed = ResetCode(rawValue: 5)
    public static let refusedStream = ResetCode(rawValue: 7)
    public static let cancel = ResetCode(rawValue: 8)
    public static let enhanceYourCalm = ResetCode(rawValue: 11)
}

/// Why a response has bytes that cannot go out now.
public enum StallReason: Sendable, Equatable {
    /// The stream's flow-control window is closed.
    case streamWindow
    /// The connection's flow-control window is closed.
    case connectionWindow
    /// The session waits for its owner to ask for output.
    case socket
}

/// Why a connection was ended by its session.
public struct HTTPError: Error, Sendable, Equatable {
    public enum Reason: Sendable, Equatable {
        /// The bytes did not begin as HTTP/2 must (RFC 9113 §3.4).
        case badPreface
        /// A violation of HTTP/2 for which a GOAWAY was queued.
        case protocolError
        /// The peer made us queue or work beyond a bound.
        case flood
        /// Request framing of HTTP/1.1 that cannot be trusted.
        case framing
        /// A head, or the client's preface, was not complete in time.
        case expired
        /// The library gave up, such as when memory is short.
        case library
    }

    public var reason: Reason
    /// nghttp2's code or the HTTP status that was answered; 0 if there is none.
    public var code: Int32

    public init(_ reason: Reason, code: Int32 = 0) {
        self.reason = reason
        self.code = code
    }
}

/// What became of a connection after it was given bytes.
public enum SessionState: Sendable, Equatable {
    case open
    /// No more requests; the connection is to be closed when `isFinished`.
    case ending
    /// The same because of what the peer did; there may be a last output, then `isFinished`.
    case failed(HTTPError)
}

/// How long the owner of a connection waits for a peer that makes no progress, in nanoseconds.
public struct Deadlines: Sendable {
    /// For a whole request head, or the client's preface and SETTINGS.
    public var head: UInt64 = 10_000_000_000
    /// For the next `requestBodyBytes` of a request body, or its end.
    public var requestBody: UInt64 = 30_000_000_000
    /// The least rate is 1 KiB a second: a byte now and then does not hold a body's memory.
    public var requestBodyBytes: UInt64 = 30 << 10
    /// For the next `responseBytes` of a response that is not a stream, or its end.
    public var response: UInt64 = 60_000_000_000
    /// The least rate at which a client has to take an answer is 4 KiB a second.
    public var responseBytes: UInt64 = 240 << 10

    public init() {}
}

/// Serves requests; the one object that a session calls.
public protocol RequestHandler: AnyObject {
    /// The head is complete. The handler may answer at once, before the body: what is still to
    /// come of it is then thrown away, and `requestBody` and `requestEnded` are not called.
    func requestBegan(_ exchange: Exchange)

    /// Bytes of the body, lent for the call. Flow-control credit goes back to the peer only by
    /// `exchange.consumed`.
    func requestBody(_ exchange: Exchange, _ bytes: Span<UInt8>)

    /// The request is whole.
    func requestEnded(_ exchange: Exchange)

    /// The exchange is over; called exactly once for each `requestBegan`. What is asked of the
    /// exchange afterwards has no effect.
    func exchangeClosed(_ exchange: Exchange, _ reason: ExchangeEnd)
}

/// What a source has next.
public enum BodyPart {
    /// One whole message, of which the first `offset` bytes were sent before; never without
    /// bytes left. On HTTP/1.1 each unit is a chunk of its own.
    case unit(bytes: [UInt8], offset: Int)
    /// Nothing now; the source calls `exchange.resume()` when that changes.
    case wait
    /// The body is complete.
    case end
    /// The response cannot be completed: the stream is reset, an HTTP/1.1 connection closed.
    case reset(ResetCode)
}

/// Gives the bytes of a response body at the moment they can be sent, so that a response which
/// cannot be sent holds none.
public protocol BodySource: AnyObject {
    /// Called while windows and output permit; what it returns for the same position must be the
    /// same bytes.
    func nextBytes(_ exchange: Exchange) -> BodyPart

    /// `count` bytes of the last unit were handed to the output.
    func didSend(_ exchange: Exchange, _ count: Int)
}

/// The protocol of one connection: bytes in, bytes out, and requests to a handler between them.
///
/// A session does no I/O, knows no clock but its context's, and belongs to one thread. Its owner
/// must not call `receive` or `produce` from within a call of the handler, and must call
/// `connectionLost`, and `closeLost` until nothing is left, before it lets go of the session.
public protocol Session: AnyObject {
    /// Feeds received bytes; all are taken.
    func receive(_ bytes: Span<UInt8>) -> SessionState

    /// Appends to the output until nothing is left to send or the output is full.
    func produce(into output: inout OutputSpan<UInt8>)

    /// Whether `produce` would append something.
    var wantsOutput: Bool { get }

    /// Whether the owner should read from the socket. False only on HTTP/1.1, when enough
    /// pipelined input waits for a response before it.
    var wantsInput: Bool { get }

    /// The connection is to be closed once what was produced is written.
    var isFinished: Bool { get }

    /// Whether unread request bytes may be on their way when `isFinished`: closing a socket with
    /// unread bytes discards the answer, so the owner shuts down its sending side first and reads
    /// for a moment.
    var closesWithInputPending: Bool { get }

    /// Stops taking requests: GOAWAY in two steps, or `connection: close`. Running exchanges
    /// finish. A second call does not wait for the peer's answer to the first step.
    func drain()

    /// The peer has ended its sending side, and may still read. Whole requests are answered, and the
    /// session `isFinished` when they are; the others never will be whole and are closed.
    ///
    /// - Parameter isWanted: Whether a whole request is still to be answered.
    func inputEnded(keeping isWanted: (Exchange) -> Bool)

    /// Ends the session without another word; its exchanges are lost. A few are closed at once.
    func connectionLost()

    /// Whether the session has ended and exchanges are still to be closed. They hear nothing more
    /// and can say nothing, but their handlers have not been told.
    var hasLostExchanges: Bool { get }

    /// Closes some of them; answers whether any is left. A connection may have a thousand, and each
    /// takes some microseconds of its handler's time; so the owner does a few at a time.
    func closeLost(atMost count: Int) -> Bool

    /// Requests that were begun and are not closed.
    var openExchanges: Int { get }

    /// A request head, or the client's preface, has begun to be awaited or received.
    var hasIncompleteHead: Bool { get }

    /// Some request's body is on its way.
    var receivingBody: Bool { get }

    /// Whether `enforce` has anything to watch; false on an idle connection and on one with
    /// nothing but event streams.
    var hasDeadlines: Bool { get }

    /// Ends what has made no progress for longer than `deadlines` allow, by the context's time.
    /// The owner calls it about once a second while `hasDeadlines`; a response made of a source
    /// may wait for ever. Returns how many exchanges or connections it ended.
    @discardableResult
    func enforce(_ deadlines: Deadlines) -> Int
}

/// What an exchange asks of its session.
protocol ExchangeSession: AnyObject {
    func send(_ exchange: Exchange, _ head: ResponseHead)
    func resumeBody(_ exchange: Exchange)
    func credit(_ exchange: Exchange, _ count: Int)
    func abort(_ exchange: Exchange, _ code: ResetCode)
    func sampleCredit(_ exchange: Exchange)
    func stallReason(_ exchange: Exchange) -> StallReason?
}
