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
    private var bodyRemaining = 0
    private var chunks = HTTP1Chunks()

    // Pipelined input behind the request being answered.
    private var held: [UInt8] = []
    private var heldStart = 0

    // The search for the empty line that ends a head: how much of CR LF CR LF was just seen.
    private var lineEnds = 0
    private var isInRequestLine = true
    private var leadingLines = 0
    // Since when a head, the rest of a body or the end of the connection is waited for.
    private var waitingSince: UInt64
    private var headBegan = false
    private var hadRequest = false

    let output = HTTP1Output()
    var continueOwed = false
    var closesAfterAnswer = false
    private(set) var isDraining = false
    private(set) var inputPending = false
    private var failure: HTTPError?
    private var isInside = false

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

    // MARK: Bytes in

    public func receive(_ bytes: Span<UInt8>) -> SessionState {
        precondition(!isInside, "receive was called from a handler")
        isInside = true
        defer { isInside = false }
        let taken = heldStart < held.count ? 0 : read(bytes)
        if taken < bytes.count, keepsInput {
            if heldStart > Limits.heldBytes {
                held.removeFirst(heldStart)
                heldStart = 0
            }
            unsafe bytes.extracting(taken...).withUnsafeBufferPointer {
                unsafe held.append(contentsOf: $0)
            }
        }
        return state
    }

    private var keepsInput: Bool {
        switch phase {
        case .closing, .dead: false
        default: true
        }
    }

    /// Reads as far as the request in hand permits; says how far.
    private func read(_ bytes: Span<UInt8>) -> Int {
        var at = 0
        while at < bytes.count {
            let rest = bytes.extracting(at...)
            switch phase {
            case .head: at += readHead(rest)
            case .body: at += readBody(rest)
            case .discard(let remaining):
                let n = min(remaining, rest.count)
                at += n
                phase = n == remaining ? .head : .discard(remaining - n)
            case .answer: return at
            case .closing, .dead: return bytes.count
            }
        }
        return at
    }

    /// Reads what waited, as far as it may be read now.
    func readHeld() {
        guard heldStart < held.count else { return }
        // Taken out, because a handler that answers at once comes back here.
        let waiting = held
        let start = heldStart
        held = []
        heldStart = 0
        let taken = start + read(waiting.span.extracting(start...))
        if taken < waiting.count, keepsInput {
            held = waiting
            heldStart = taken
        }
    }

    private func readHead(_ bytes: Span<UInt8>) -> Int {
        let exchange = beginHead()
        let head = exchange.requestHead
        var at = 0
        // Empty lines before a request are an old habit (RFC 9112 §2.2).
        while head.count == 0, at < bytes.count, bytes[at] == (lineEnds == 0 ? 0x0d : 0x0a) {
            lineEnds = 1 - lineEnds
            if lineEnds == 0 { leadingLines += 1 }
            at += 1
            guard leadingLines <= Limits.emptyLines else {
                refuse(400)
                return bytes.count
            }
        }
        guard at < bytes.count else { return at }
        let start = at
        var fault = 0
        var matched = lineEnds
        while at < bytes.count, matched < 4, fault == 0 {
            let byte = bytes[at]
            at += 1
            if byte == 0x0d {
                if matched & 1 == 0 { matched += 1 } else { fault = 400 }
            } else if byte == 0x0a {
                if matched & 1 == 1 { matched += 1 } else { fault = 400 }
                if isInRequestLine, head.count + at - start > Limits.requestLineBytes + 2 {
                    fault = 414
                }
                isInRequestLine = false
            } else if matched & 1 == 1 {
                fault = 400
            } else {
                matched = 0
            }
        }
        lineEnds = matched
        let count = head.count + at - start
        if fault == 0, isInRequestLine, count > Limits.requestLineBytes + 2 { fault = 414 }
        if fault == 0, count > Limits.headBytes { fault = 431 }
        guard fault == 0 else {
            refuse(fault)
            return bytes.count
        }
        unsafe bytes.extracting(start..<at).withUnsafeBufferPointer {
            guard let base = $0.baseAddress else { return }
            _ = unsafe head.store(base, $0.count)
        }
        if matched == 4 { headEnded(exchange) }
        return at
    }

    private func beginHead() -> Exchange {
        if let current { return current }
        let exchange = context.takeExchange()
        exchange.open(session: self, streamID: 0)
        current = exchange
        lineEnds = 0
        isInRequestLine = true
        leadingLines = 0
        headBegan = true
        waitingSince = context.time
        return exchange
    }

    private func headEnded(_ exchange: Exchange) {
        headBegan = false
        hadRequest = true
        switch HTTP1HeadReader.read(exchange.requestHead) {
        case .failure(let refusal): return refuse(refusal.status)
        case .success(let read): framing = read
        }
        closesAfterAnswer = framing.closes
        counters.requests.count()
        exchange.announced = true
        switch framing.body {
        case .none:
            phase = .answer
            exchange.whole = true
        case .bytes(let count):
            phase = .body
            bodyRemaining = count
        case .chunked:
            phase = .body
            chunks = HTTP1Chunks()
        }
        continueOwed =
            !framing.isHTTP10 && !exchange.whole && exchange.requestHead.expectsContinue
        unsafe handler.requestBegan(exchange)
        guard current === exchange, !exchange.answered else { return }
        if exchange.whole {
            unsafe handler.requestEnded(exchange)
        } else if continueOwed {
            continueOwed = false
            output.queue("HTTP/1.1 100 Continue\r\n\r\n")
        }
    }

    private func readBody(_ bytes: Span<UInt8>) -> Int {
        guard let exchange = current else { preconditionFailure("a body without its request") }
        if case .bytes = framing.body {
            let n = min(bodyRemaining, bytes.count)
            bodyRemaining -= n
            deliver(exchange, bytes.extracting(0..<n))
            if bodyRemaining == 0 { bodyEnded(exchange) }
            return n
        }
        switch chunks.step(bytes) {
        case .payload(let n):
            deliver(exchange, bytes.extracting(0..<n))
            return n
        case .framing(let n): return n
        case .end(let n):
            bodyEnded(exchange)
            return n
        case .broken:
            refuse(400)
            return bytes.count
        }
    }

    private func deliver(_ exchange: Exchange, _ bytes: Span<UInt8>) {
        counters.bodyBytesReceived.count(UInt64(bytes.count))
        exchange.received += UInt64(bytes.count)
        guard !exchange.answered else { return }
        unsafe handler.requestBody(exchange, bytes)
    }

    private func bodyEnded(_ exchange: Exchange) {
        guard current === exchange, case .body = phase else { return }
        exchange.whole = true
        phase = .answer
        if !exchange.answered { unsafe handler.requestEnded(exchange) }
    }

    /// Bytes of a length-delimited body that are still to come; nil if only the peer knows.
    var restOfBody: Int? {
        if case .bytes = framing.body { return bodyRemaining }
        return nil
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

    private var state: SessionState {
        if let failure { return .failed(failure) }
        return isDraining || closesAfterAnswer || !keepsInput ? .ending : .open
    }

    // MARK: The end

    /// Answers what cannot be served, and reads nothing more.
    func refuse(_ status: Int) {
        failure = failure ?? HTTPError(.framing, code: Int32(status))
        switch status {
        case 414, 431: counters.headsTooLarge.count()
        case 408: counters.expired.count()
        default: counters.badRequests.count()
        }
        let begun = current?.answered ?? false
        closeExchange(.protocolError)
        inputPending = true
        if begun {
            phase = .dead
        } else {
            beginClosing()
            output.queueRefusal(status)
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

    public func connectionLost() { die(.connectionLost) }

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

    private func closeExchange(_ reason: ExchangeEnd) {
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

    // MARK: What the owner asks

    public var openExchanges: Int { current?.announced == true ? 1 : 0 }

    public var hasIncompleteHead: Bool {
        guard case .head = phase else { return false }
        return headBegan || !hadRequest
    }

    public var receivingBody: Bool {
        switch phase {
        case .body, .discard: true
        default: false
        }
    }

    public var hasDeadlines: Bool {
        hasIncompleteHead || receivingBody || wantsOutput && current?.source == nil
    }

    public func enforce(_ deadlines: Deadlines) -> Int {
        let now = context.time
        if hasIncompleteHead {
            guard now &- waitingSince > deadlines.head else { return 0 }
            if headBegan {
                refuse(408)
            } else {
                counters.expired.count()
                die(.aborted)
            }
            return 1
        }
        guard let exchange = current, exchange.announced else {
            let limit: UInt64
            switch phase {
            case .discard: limit = deadlines.requestBody
            case .closing: limit = deadlines.response
            default: return 0
            }
            guard now &- waitingSince > limit else { return 0 }
            counters.expired.count()
            die(.aborted)
            return 1
        }
        let limit: UInt64
        let progress: UInt64
        if exchange.answered {
            guard exchange.source == nil else { return 0 }
            limit = deadlines.response
            progress = exchange.sent / Limits.leastProgressBytes
        } else if !exchange.whole {
            limit = deadlines.requestBody
            progress = exchange.received
        } else {
            return 0
        }
        if progress != exchange.watchedBytes || exchange.watchedSince == 0 {
            exchange.watchedBytes = progress
            exchange.watchedSince = now
            return 0
        }
        guard now &- exchange.watchedSince > limit else { return 0 }
        if exchange.answered {
            counters.expired.count()
            die(.aborted)
        } else {
            refuse(408)
        }
        return 1
    }
}
