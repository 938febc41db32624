/// What a client learns about its requests; the one object that a client session calls.
public protocol ResponseReceiver: AnyObject {
    /// The final status and fields have come. Informational responses are not reported.
    func responseBegan(_ call: ClientCall)

    /// Bytes of the body, lent for the call.
    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>)

    /// The call is over; called exactly once for each `submit` that gave a call.
    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd)
}

/// One request of a client and its response. It belongs to the thread of its session.
@safe public final class ClientCall {
    /// The caller's own number.
    public internal(set) var tag: UInt64 = 0

    /// The caller's own state; dropped when the call is closed.
    public var attachment: AnyObject?

    /// The status of the response; 0 before it came.
    public internal(set) var status = 0

    /// Fields of the response, in the form of a request's head.
    public var fields: RequestHead { responseFields }

    /// DATA payload received.
    public internal(set) var receivedBodyBytes: UInt64 = 0

    /// DATA payload of the request handed to the output.
    public internal(set) var sentBodyBytes: UInt64 = 0

    /// Whether `callClosed` was called, or is being called.
    public internal(set) var isClosed = true

    var responseFields = RequestHead()
    var consumedBodyBytes: UInt64 = 0
    var receiver: (any ResponseReceiver)?
    var body: [UInt8] = []
    var bodyOffset = 0
    var streamID: Int32 = 0
    var openIndex = -1
    var responseIsWhole = false
    var cancelled = false
    var resetByPeer: ResetCode?

    // The session keeps its open calls alive and clears this when it closes one, at the latest in
    // its own deinit.
    unowned(unsafe) var session: HTTP2ClientSession?

    // Names and values of the request, where nghttp2 finds them until the HEADERS frame is sent.
    // Owned here; freed in deinit or while no stream uses this call.
    private(set) var requestArena: UnsafeMutablePointer<UInt8>
    private var requestCapacity = 1_024

    init() { unsafe requestArena = .allocate(capacity: requestCapacity) }

    deinit { unsafe requestArena.deallocate() }

    /// Returns credit for body bytes that were used. For sessions that do not do so by themselves.
    public func consumed(_ count: Int) {
        precondition(count >= 0 && consumedBodyBytes + UInt64(count) <= receivedBodyBytes)
        guard let session = unsafe session else { return }
        consumedBodyBytes += UInt64(count)
        session.credit(self, count)
    }

    /// Resets the stream.
    public func cancel(_ code: ResetCode = .cancel) {
        guard let session = unsafe session else { return }
        session.cancel(self, code)
    }

    func reserveRequest(_ bytes: Int) {
        guard bytes > requestCapacity else { return }
        unsafe requestArena.deallocate()
        requestCapacity = bytes
        unsafe requestArena = .allocate(capacity: bytes)
    }

    func release() {
        unsafe session = nil
        receiver = nil
        body = []
        bodyOffset = 0
        attachment = nil
    }

    /// Prepares for another request; false if someone still holds the old response's fields.
    func recycle() -> Bool {
        guard isKnownUniquelyReferenced(&responseFields) else { return false }
        responseFields.clear()
        status = 0
        receivedBodyBytes = 0
        sentBodyBytes = 0
        consumedBodyBytes = 0
        responseIsWhole = false
        cancelled = false
        resetByPeer = nil
        return true
    }
}
