import Metrics

/// Requests of HTTP/1.1: heads, bodies, and what waits behind them.
extension HTTP1Session {
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

    var keepsInput: Bool {
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
        counters.requests.add()
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
        counters.bodyBytesReceived.add(UInt64(bytes.count))
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
}
