import Metrics

/// The server's side of one HTTP/1.1 connection.
///
/// One request is handled at a time: the next is read only when the response before it was handed
/// to the output. What cannot be framed for certain is answered with 400 and ends the connection.
@safe public final class HTTP1Session: Session {
    let context: HTTPContext
    let counters: HTTPCounters
    // The owner's promise: the handler outlives the session.
    unowned(unsafe) let handler: any RequestHandler

    enum Phase {
        /// A head is awaited or arrives.
        case head
        /// The body of `current` arrives.
        case body
        /// The request is whole, its response is not.
        case answer
        /// The rest of a body whose request was answered before is thrown away.
        case discard(Int)
        /// Nothing is read any more; what is queued is still written.
        case closing
        /// Nothing is read or written.
        case dead
    }

    var phase = Phase.head
    /// The request being read or answered.
    var current: Exchange?
    var framing = HTTP1Framing()
    var bodyRemaining = 0
    var chunks = HTTP1Chunks()

    // Pipelined input behind the request being answered.
    var held: [UInt8] = []
    var heldStart = 0

    // The search for the empty line that ends a head: how much of CR LF CR LF was just seen.
    var lineEnds = 0
    var isInRequestLine = true
    var leadingLines = 0
    // Since when a head, the rest of a body or the end of the connection is waited for.
    var waitingSince: UInt64
    var headBegan = false
    var hadRequest = false

    let output = HTTP1Output()
    var continueOwed = false
    var closesAfterAnswer = false
    private(set) var isDraining = false
    private(set) var inputPending = false
    private var hasInputEnded = false
    var failure: HTTPError?
    var isInside = false

    /// Begins a connection. `handler` must outlive the session.
    public init(context: HTTPContext, handler: any RequestHandler) {
        self.context = context
        counters = context.counters
        unsafe self.handler = handler
        waitingSince = context.time
    }

    deinit {
        // Nobody is told any more: the handler may be on its way out too.
        current?.closed = true
        if let current { unsafe current.session = nil }
    }

    // MARK: Bytes out

    public func produce(into output: inout OutputSpan<UInt8>) {
        precondition(!isInside, "produce was called from a handler")
        isInside = true
        defer { isInside = false }
        unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            unsafe self.output.begin(base + initialized, buffer.count - initialized)
            while self.output.free > 0, wantsOutput || heldStart < held.count {
                if !writeSome() { break }
            }
            initialized = buffer.count - self.output.end()
        }
    }

    public var wantsOutput: Bool {
        if case .dead = phase { return false }
        if output.hasQueue { return true }
        guard let current else { return false }
        return current.answered && !current.sourceWaits
    }

    public var wantsInput: Bool { held.count - heldStart < Limits.heldBytes }

    public var isFinished: Bool {
        switch phase {
        case .dead: true
        case .closing: !wantsOutput
        default: false
        }
    }

    public var closesWithInputPending: Bool { inputPending }

    var state: SessionState {
        if let failure { return .failed(failure) }
        return isDraining || closesAfterAnswer || !keepsInput ? .ending : .open
    }

    // MARK: The end

    /// Answers what cannot be served, and reads nothing more.
    func refuse(_ status: Int, _ reason: ExchangeEnd = .protocolError) {
        failure = failure ?? HTTPError(.framing, code: Int32(status))
        switch status {
        case 414, 431: counters.headsTooLarge.add()
        case 408: counters.expired.add()
        default: counters.badRequests.add()
        }
        let begun = current?.answered ?? false
        closeExchange(reason)
        inputPending = true
        if begun {
            phase = .dead
        } else {
            beginClosing()
            output.queueRefusal(context.refusal(status))
        }
    }

    /// Ends the connection where it stands.
    func die(_ reason: ExchangeEnd) {
        phase = .dead
        inputPending = false
        held = []
        heldStart = 0
        closeExchange(reason)
    }

    public func drain() {
        isDraining = true
        if case .head = phase, !headBegan { beginClosing() }
    }

    private func beginClosing() {
        phase = .closing
        waitingSince = context.time
    }

    public func inputEnded(keeping isWanted: (Exchange) -> Bool) {
        guard keepsInput else { return }
        hasInputEnded = true
        if let current, current.whole, !isWanted(current) { return die(.connectionLost) }
        endWithInput()
    }

    /// Ends what waits for input that does not come. Whole requests that wait behind others are
    /// served first.
    func endWithInput() {
        guard hasInputEnded, heldStart == held.count else { return }
        switch phase {
        case .head, .discard: break
        case .body:
            // What it was answered before its end still goes out.
            guard current?.answered != true else { return closesAfterAnswer = true }
        case .answer, .closing, .dead: return
        }
        closeExchange(.connectionLost)
        beginClosing()
    }

    public func connectionLost() { die(.connectionLost) }

    public var hasLostExchanges: Bool { false }

    public func closeLost(atMost count: Int) -> Bool { false }

    /// The response was handed to the output; makes place for the next request.
    func answered(_ exchange: Exchange) {
        let rest = exchange.whole ? 0 : restOfBody
        closeExchange(.complete)
        if closesAfterAnswer || isDraining {
            beginClosing()
            inputPending = inputPending || rest != 0 || heldStart < held.count
            held = []
            heldStart = 0
        } else if let rest, rest > 0 {
            phase = .discard(rest)
            waitingSince = context.time
        } else {
            phase = .head
        }
    }

    func closeExchange(_ reason: ExchangeEnd) {
        guard let exchange = current else { return }
        current = nil
        headBegan = false
        closed(exchange, reason)
    }

    private func closed(_ exchange: consuming Exchange, _ reason: ExchangeEnd) {
        exchange.closed = true
        unsafe exchange.session = nil
        if exchange.announced { unsafe handler.exchangeClosed(exchange, reason) }
        exchange.release()
        context.recycle(exchange)
    }
}
