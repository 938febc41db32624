/// One request and its response, for HTTP/1.1 and HTTP/2 alike.
///
/// Whoever holds an exchange may answer it at any time, also after it is closed: then nothing
/// happens. It belongs to the thread of its session.
@safe public final class Exchange {
    /// Whether this is a stream of HTTP/2.
    public var isHTTP2: Bool { streamID != 0 }

    /// The handler's own state; dropped when the exchange is closed.
    public var attachment: AnyObject? {
        get { attached }
        set { attached = newValue }
    }

    /// The request.
    @inlinable
    public var head: RequestHead { requestHead }

    /// Body payload received and handed to the handler.
    public var receivedBodyBytes: UInt64 { received }

    /// Body payload handed to the output: DATA or chunk payload without framing.
    public var sentBodyBytes: UInt64 { sent }

    /// Whether `exchangeClosed` was called, or is being called.
    public var isClosed: Bool { closed }

    /// Whether a response was given.
    public var isAnswered: Bool { answered }

    /// Whether the whole request has arrived.
    public var requestIsWhole: Bool { whole }

    // Stored properties are not public, so that using them carries no exclusivity checks.
    @usableFromInline let requestHead = RequestHead()
    var attached: AnyObject?
    var received: UInt64 = 0
    var sent: UInt64 = 0
    var closed = true
    var answered = false
    var whole = false

    // The session keeps its open exchanges alive and clears this when it closes one, at the latest
    // in its own deinit, so the reference never outlives the session.
    unowned(unsafe) var session: (any ExchangeSession)?

    // Place in the session's list of open exchanges.
    var openIndex = -1
    var streamID: Int32 = 0

    // The body of the response: an array with a position in it, or a source.
    var body: [UInt8] = []
    var bodyOffset = 0
    var source: (any BodySource)?
    // The source answered `.wait`, and `resume` has not been called since.
    var sourceWaits = false
    var hasNoBody = false

    var announced = false
    var responseIsWhole = false
    var abortedByUs = false
    var resetByPeer: ResetCode?
    var resetQueued = false
    var consumedBytes: UInt64 = 0

    // Window arithmetic of creditedBodyBytes: the stream's window less the peer's initial window,
    // at its highest and when sampled last.
    var highestWindowExcess: Int64 = 0
    var credited: UInt64 = 0

    // For deadlines: bytes moved when looked at last, and since when nothing has.
    var watchedBytes: UInt64 = 0
    var watchedSince: UInt64 = 0
    // What the session had sent of all responses then.
    var watchedTotal: UInt64 = 0

    // Names and values of the response, where nghttp2 finds them until the HEADERS frame is sent.
    // Owned here, freed in deinit or while no stream uses this exchange.
    private(set) var responseArena: UnsafeMutablePointer<UInt8>
    private var responseCapacity = 512

    init() {
        unsafe responseArena = .allocate(capacity: 512)
    }

    deinit {
        unsafe responseArena.deallocate()
    }

    // MARK: What a handler does

    /// Answers with a whole body. `content-length` is added, also 0, and the body left out where
    /// HTTP says so: HEAD, 204, 304.
    public func respond(_ head: ResponseHead, body: [UInt8]) {
        guard !answered, let session = unsafe session else { return }
        answered = true
        watchedSince = 0
        self.body = body
        session.send(self, head)
    }

    /// Answers with a body that a source gives piece by piece. The head is sent at once, without
    /// waiting for the first bytes.
    public func respond(_ head: ResponseHead, source: any BodySource) {
        guard !answered, let session = unsafe session else { return }
        answered = true
        self.source = source
        session.send(self, head)
    }

    /// Says that the source has bytes again after it answered `.wait`.
    public func resume() {
        guard sourceWaits, let session = unsafe session else { return }
        sourceWaits = false
        session.resumeBody(self)
    }

    /// Returns credit for body bytes that were used; the peer may send as many again. On HTTP/1.1
    /// there is no credit and this does nothing.
    public func consumed(_ count: Int) {
        guard let session = unsafe session else { return }
        consumedBytes += UInt64(count)
        precondition(consumedBytes <= received, "more was consumed than was received")
        session.credit(self, count)
    }

    /// Gives the exchange up: RST_STREAM on HTTP/2, on HTTP/1.1 the connection is closed.
    public func reset(_ code: ResetCode) {
        guard let session = unsafe session else { return }
        session.abort(self, code)
    }

    // MARK: What a handler may ask

    /// Response payload whose credit the peer has returned by WINDOW_UPDATE on this stream, which
    /// a client does as it takes the bytes; nil on HTTP/1.1.
    ///
    /// What is missing from the highest window seen is outstanding; the rest was credited. It never
    /// shrinks and never exceeds `sentBodyBytes`.
    public var creditedBodyBytes: UInt64? {
        guard isHTTP2 else { return nil }
        if let session = unsafe session { session.sampleCredit(self) }
        return credited
    }

    /// Why the response's next bytes are not going out; nil if there are none now.
    public var isStalled: StallReason? {
        guard answered, !responseIsWhole, !sourceWaits, let session = unsafe session else {
            return nil
        }
        return session.stallReason(self)
    }

    // MARK: Life, by the session

    /// Begins a request; the stream is 0 on HTTP/1.1.
    func open(session: any ExchangeSession, streamID: Int32) {
        unsafe self.session = session
        self.streamID = streamID
        closed = false
    }

    /// Makes room for the response's names and values. No stream uses the old arena yet.
    func reserveResponse(_ bytes: Int) {
        guard bytes > responseCapacity else { return }
        unsafe responseArena.deallocate()
        responseCapacity = bytes
        unsafe responseArena = .allocate(capacity: bytes)
    }

    /// Prepares for another request; false if it is too large to keep.
    func recycle() -> Bool {
        guard requestHead.isWorthKeeping, responseCapacity <= Limits.pooledArenaBytes else {
            return false
        }
        requestHead.clear()
        received = 0
        sent = 0
        answered = false
        whole = false
        announced = false
        responseIsWhole = false
        abortedByUs = false
        resetByPeer = nil
        resetQueued = false
        consumedBytes = 0
        highestWindowExcess = 0
        credited = 0
        watchedBytes = 0
        watchedSince = 0
        hasNoBody = false
        return true
    }

    /// Lets go of everything that the response held; the exchange stays readable.
    func release() {
        body = []
        bodyOffset = 0
        source = nil
        sourceWaits = false
        attached = nil
    }
}
