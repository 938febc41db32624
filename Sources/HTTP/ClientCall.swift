/// What a client learns about its requests; the one object that a client session calls.
public protocol ResponseReceiver: AnyObject {
    /// The final status and fields have come. Informational responses are not reported.
    func responseBegan(_ call: ClientCall)

    /// Bytes of the body, lent for the call.
    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>)

    /// The call is over; called exactly once for each `submit` that gave a call.
    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd)
}

/// One request of a client and its response.
@safe public final class ClientCall {
    /// The caller's own state.
    public var attachment: AnyObject?
    /// The caller's own number.
    public var tag: UInt64 = 0
    /// The status of the response; 0 before it came.
    public internal(set) var status = 0
    /// Fields of the response, in the form of a request's.
    public var fields: RequestHead { responseFields }
    /// DATA payload received.
    public internal(set) var receivedBodyBytes: UInt64 = 0
    /// DATA payload of the request handed to the output.
    public internal(set) var sentBodyBytes: UInt64 = 0
    public internal(set) var isClosed = false

    var responseFields = RequestHead()
    var receiver: (any ResponseReceiver)?
    unowned(unsafe) var session: HTTP2ClientSession?

    init() {}

    /// Returns credit for body bytes that were used, where the session does not do so by itself.
    public func consumed(_ count: Int) {}

    /// Resets the stream.
    public func cancel(_ code: ResetCode = .cancel) {}
}
