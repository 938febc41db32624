internal import CNGHTTP2
internal import Metrics

/// The server's side of one HTTP/2 connection, over nghttp2.
///
/// nghttp2 takes bytes (`mem_recv`), gives bytes (`mem_send`) and calls back between them; it does
/// no I/O, belongs to one thread, and is never entered from its own callbacks. Each stream's user
/// data is its `Exchange`, which `open` keeps alive until nghttp2 has closed the stream.
@safe public final class HTTP2Session: Session {
    let context: HTTPContext
    let counters: HTTPCounters
    // The owner's promise: the handler outlives the session.
    unowned(unsafe) let handler: any RequestHandler
    let output = FrameOutput()

    // Freed in deinit. nghttp2 holds this object without a reference of its own: it calls back only
    // from within calls that this object makes.
    private(set) var library: OpaquePointer

    // Every stream that nghttp2 knows with user data.
    let open = OwnedList<Exchange>()

    /// The request whose header block is being received; `open` holds its exchange, and the head is
    /// forgotten when the block ends or its stream is closed.
    var target: Unmanaged<RequestHead>?
    var targetStream: Int32 = 0
    var blockFields = 0
    var inHeaderBlock = false
    var headSince: UInt64
    var gotSettings = false
    var lastInitialWindow: UInt32 = 0
    var initialShrank = false

    var incompleteRequests = 0
    var plainResponses = 0

    // No exchange is known to nghttp2's callbacks any more: all were closed, or will be for this
    // reason.
    var isDead = false
    private var lossReason = ExchangeEnd.connectionLost
    private var isInside = false
    private(set) var isProducing = false
    private var failure: HTTPError?
    private var drainStep = 0
    private var hasInputEnded = false

    // What the peer's frames are worth, and which of them come too late.
    let watch: FrameWatch
    /// Body payload handed to outputs, of all streams.
    var sentBytes: UInt64 = 0

    // Streams opened and not answered, less what time has forgiven.
    private var wasted = 0
    private var wastedSince: UInt64

    // Names and values of the response being submitted; nghttp2 copies the array in the call.
    let fields: UnsafeMutablePointer<nghttp2_nv>

    /// Begins a connection: SETTINGS wait in `produce` at once.
    ///
    /// `handler` must outlive the session.
    public init(context: HTTPContext, handler: any RequestHandler) {
        self.context = context
        counters = context.counters
        unsafe self.handler = handler
        headSince = context.time
        wastedSince = context.time
        watch = FrameWatch(context)
        unsafe fields = .allocate(capacity: Limits.responseFields + 2)
        // Replaced before init returns; nghttp2 needs the address of a whole object.
        unsafe library = OpaquePointer(fields)
        // The session is deleted in deinit, so the unretained reference is never used after it.
        unsafe library = context.http2Server.makeServer(
            Unmanaged.passUnretained(self).toOpaque())
        announce()
    }

    deinit {
        // Nobody is told any more: the handler may be on its way out too.
        while let exchange = open.removeLast() { detach(exchange) }
        unsafe nghttp2_session_del(library)
        unsafe fields.deallocate()
    }

    private func announce() {
        let configuration = context.configuration
        var settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                value: configuration.concurrentStreams),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(configuration.streamWindowBytes)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(Limits.headBytes)),
        ]
        let submitted = unsafe nghttp2_submit_settings(
            library, NG.none, &settings, settings.count)
        let widened = unsafe nghttp2_session_set_local_window_size(
            library, NG.none, 0, configuration.connectionWindowBytes)
        precondition(submitted == 0 && widened == 0, "a configuration that nghttp2 refuses")
    }

    // MARK: Bytes in, bytes out

    public func receive(_ bytes: Span<UInt8>) -> SessionState {
        precondition(!isInside, "receive was called from a handler")
        guard !isDead else { return state }
        isInside = true
        unsafe bytes.withUnsafeBufferPointer { unsafe read($0) }
        isInside = false
        guard !isDead else { return state }
        if unsafe nghttp2_session_get_outbound_queue_size(library) > Limits.queuedFrames {
            die(HTTPError(.flood))
        } else if wasted > context.configuration.wastedStreams, failure == nil {
            forgive()
            if wasted > context.configuration.wastedStreams { terminate(HTTPError(.flood)) }
        }
        return state
    }

    /// Gives bytes to nghttp2, in one piece unless a frame in them is to be looked at when those
    /// before it have had their effect.
    private func read(_ bytes: UnsafeBufferPointer<UInt8>) {
        watch.beginPiece()
        var given = 0
        while let sight = unsafe watch.next(bytes) {
            switch sight {
            case .flood: return terminate(HTTPError(.flood))
            case .late(let frame):
                let start = max(given, frame.start)
                guard unsafe give(UnsafeBufferPointer(rebasing: bytes[given..<start])) else {
                    return
                }
                given = start
                let stream = unsafe nghttp2_session_find_stream(
                    library, Int32(bitPattern: frame.streamID))
                guard unsafe stream == nil, let code = watch.violation(frame) else { continue }
                return terminate(HTTPError(.protocolError, code: Int32(bitPattern: code.rawValue)))
            }
        }
        _ = unsafe give(UnsafeBufferPointer(rebasing: bytes[given...]))
    }

    /// False when the connection is over.
    private func give(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !bytes.isEmpty else { return true }
        let taken = unsafe nghttp2_session_mem_recv(library, bytes.baseAddress, bytes.count)
        if taken < 0 {
            switch taken {
            case NG.badClientMagic: die(HTTPError(.badPreface, code: Int32(taken)))
            case NG.flooded: die(HTTPError(.flood, code: Int32(taken)))
            default: die(HTTPError(.library, code: Int32(taken)))
            }
        }
        return !isDead
    }

    public func produce(into output: inout OutputSpan<UInt8>) {
        precondition(!isInside, "produce was called from a handler")
        guard !isDead || !isCut else { return }
        isInside = true
        isProducing = true
        let healthy = unsafe self.output.fill(&output, from: library)
        isInside = false
        isProducing = false
        if !healthy { die(HTTPError(.library)) }
        // After a GOAWAY for an error nghttp2 neither reads nor writes, and closes no stream.
        if !isDead, unsafe nghttp2_session_want_read(library) == 0, !wantsOutput {
            closeAll(.protocolError)
        }
    }

    public var wantsOutput: Bool {
        unsafe !isCut && (output.hasRest || nghttp2_session_want_write(library) != 0)
    }

    public var wantsInput: Bool { true }

    public var isFinished: Bool {
        guard !isCut else { return true }
        guard !wantsOutput else { return false }
        return unsafe hasInputEnded && open.count == 0 || nghttp2_session_want_read(library) == 0
    }

    public var closesWithInputPending: Bool { !isCut }

    private var state: SessionState {
        if let failure { return .failed(failure) }
        return drainStep > 0 ? .ending : .open
    }

    // MARK: The end

    // Nothing more is written, not even a GOAWAY.
    private var isCut = false

    /// Ends the connection without another word.
    private func die(_ error: HTTPError) {
        note(error)
        isCut = true
        closeAll(.protocolError)
    }

    /// Ends the connection with a GOAWAY.
    private func terminate(_ error: HTTPError) {
        note(error)
        let code: ResetCode =
            switch error.reason {
            case .flood: .enhanceYourCalm
            case .protocolError: ResetCode(rawValue: UInt32(bitPattern: error.code))
            default: .noError
            }
        if unsafe nghttp2_session_terminate_session(library, code.rawValue) != 0 { isCut = true }
        closeAll(.protocolError)
    }

    /// Records why the connection ends, once.
    func note(_ error: HTTPError) {
        guard failure == nil else { return }
        failure = error
        switch error.reason {
        case .flood: counters.floods.add()
        case .expired: break
        default: counters.protocolErrors.add()
        }
    }

    public func drain() {
        guard !isDead, drainStep < 2 else { return }
        drainStep += 1
        if drainStep == 1 {
            // The first GOAWAY names no last stream; the PING's answer shows that the peer has read
            // it, so that streams begun before that are still served (RFC 9113 §6.8).
            _ = unsafe nghttp2_submit_shutdown_notice(library)
            _ = unsafe nghttp2_submit_ping(library, NG.none, nil)
        } else {
            let last = unsafe nghttp2_session_get_last_proc_stream_id(library)
            _ = unsafe nghttp2_submit_goaway(library, NG.none, last, 0, nil, 0)
        }
    }

    /// The peer has answered a PING; ours is the one of the first GOAWAY.
    func pingAnswered() { if drainStep == 1 { drain() } }

    public func inputEnded(keeping isWanted: (Exchange) -> Bool) {
        guard !isDead else { return }
        hasInputEnded = true
        for i in 0..<open.count where !open[i].whole || !isWanted(open[i]) {
            abort(open[i], .cancel)
        }
    }

    public func connectionLost() {
        isCut = true
        closeAll(.connectionLost)
    }

    /// All exchanges are over. Some are closed at once; the rest by the owner (`closeLost`).
    private func closeAll(_ reason: ExchangeEnd) {
        if !isDead { lossReason = reason }
        isDead = true
        unsafe target = nil
        _ = closeLost(atMost: Limits.exchangesLostAtOnce)
    }

    public var hasLostExchanges: Bool { isDead && open.count > 0 }

    public func closeLost(atMost count: Int) -> Bool {
        guard isDead else { return false }
        var left = count
        while left > 0, let exchange = open.removeLast() {
            left -= 1
            closed(exchange, lossReason)
        }
        return open.count > 0
    }

    // MARK: Exchanges

    func begin(_ streamID: Int32) -> Exchange {
        let exchange = context.takeExchange()
        exchange.open(session: self, streamID: streamID)
        exchange.openIndex = open.count
        open.append(exchange)
        return exchange
    }

    /// nghttp2 has closed the stream of the exchange at this place. No caller holds the exchange, so
    /// that it can be used again.
    func close(at index: Int, _ reason: ExchangeEnd) {
        closed(open.remove(at: index) { $0.openIndex = index }, reason)
    }

    private func detach(_ exchange: Exchange) {
        exchange.openIndex = -1
        exchange.closed = true
        unsafe exchange.session = nil
    }

    private func closed(_ exchange: consuming Exchange, _ reason: ExchangeEnd) {
        if !isDead {
            sampleCredit(exchange)
            let unused = exchange.received - exchange.consumedBytes
            if unused > 0 {
                _ = unsafe nghttp2_session_consume_connection(library, Int(unused))
            }
        }
        if exchange.announced, !exchange.whole { incompleteRequests -= 1 }
        if exchange.answered, exchange.source == nil, !exchange.abortedByUs {
            plainResponses -= 1
        }
        if exchange.resetByPeer != nil { counters.resetsReceived.add() }
        // What the handler gives up is its own decision, not the peer's waste.
        if reason != .complete, reason != .aborted { wasted += 1 }
        detach(exchange)
        if exchange.announced { unsafe handler.exchangeClosed(exchange, reason) }
        exchange.release()
        context.recycle(exchange)
    }

    /// A stream was refused, by nghttp2 before it had an exchange or by the handler.
    func streamRefused() {
        counters.refused.add()
        wasted += 1
    }

    /// Takes back what the time that has passed forgives.
    private func forgive() {
        let rate = UInt64(context.configuration.wastedStreamsPerSecond)
        let seconds = (context.time &- wastedSince) / 1_000_000_000
        guard seconds > 0 else { return }
        wastedSince &+= seconds * 1_000_000_000
        wasted = max(0, wasted - Int(min(seconds, 1_000_000) * rate))
    }

    // MARK: What the owner asks

    public var openExchanges: Int { open.count }
    public var hasIncompleteHead: Bool { !isDead && (inHeaderBlock || !gotSettings) }
    public var receivingBody: Bool { incompleteRequests > 0 }
    public var hasDeadlines: Bool {
        hasIncompleteHead || incompleteRequests > 0 || plainResponses > 0
    }

    public func enforce(_ deadlines: Deadlines) -> Int {
        guard !isDead else { return 0 }
        let now = context.time
        if hasIncompleteHead, now &- headSince > deadlines.head {
            counters.expired.add()
            terminate(HTTPError(.expired))
            return 1
        }
        var expired = 0
        for i in 0..<open.count where isTooSlow(open[i], deadlines, now) {
            abort(open[i], .cancel)
            counters.expired.add()
            expired += 1
        }
        return expired
    }

    /// Whether a body comes, or a response is taken, more slowly than it must.
    private func isTooSlow(_ exchange: Exchange, _ deadlines: Deadlines, _ now: UInt64) -> Bool {
        if exchange.abortedByUs { return false }
        let limit: UInt64
        let least: UInt64
        let moved: UInt64
        if exchange.answered {
            guard exchange.source == nil else { return false }
            (limit, least, moved) = (deadlines.response, deadlines.responseBytes, exchange.sent)
        } else if !exchange.whole, exchange.announced {
            (limit, least) = (deadlines.requestBody, deadlines.requestBodyBytes)
            moved = exchange.received
            // A window that we keep closed is not the peer's fault.
            if moved - exchange.consumedBytes >= UInt64(context.configuration.streamWindowBytes) {
                exchange.watchedSince = 0
            }
        } else {
            return false
        }
        let isWatched = exchange.watchedSince != 0
        if isWatched, moved &- exchange.watchedBytes < least {
            guard now &- exchange.watchedSince > limit else { return false }
            if !exchange.answered || isHeldUp(exchange, least) { return true }
        }
        exchange.watchedBytes = moved
        exchange.watchedTotal = sentBytes
        exchange.watchedSince = max(now, 1)
        return false
    }

    /// Whether it is the peer who takes a response too slowly: its window is closed, or nothing
    /// much moves on the whole connection. Else others of its responses went before.
    private func isHeldUp(_ exchange: Exchange, _ least: UInt64) -> Bool {
        if sentBytes &- exchange.watchedTotal < least { return true }
        return unsafe nghttp2_session_get_stream_remote_window_size(library, exchange.streamID) <= 0
    }
}
