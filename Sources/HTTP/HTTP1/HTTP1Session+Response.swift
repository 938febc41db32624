import Metrics

/// Responses of HTTP/1.1 as bytes.
extension HTTP1Session: ExchangeSession {
    func send(_ exchange: Exchange, _ head: ResponseHead) {
        precondition(head.status >= 200 && head.status <= 599)
        guard exchange === current else { return }
        if !exchange.whole {
            // A short rest is read and thrown away; a long one, one of unknown length, or one that
            // may never be sent because the client waits for a 100, costs the connection.
            let rest = restOfBody ?? Int.max
            if continueOwed || rest > Limits.discardedBodyBytes { closesAfterAnswer = true }
        }
        if isDraining { closesAfterAnswer = true }
        let isSource = exchange.source != nil
        let chunked = isSource && !framing.isHTTP10
        if isSource, !chunked { closesAfterAnswer = true }
        exchange.hasNoBody =
            exchange.requestHead.method == .head || head.status == 204 || head.status == 304
        output.chunked = chunked
        output.queueHead(
            head, contentLength: isSource || head.status == 204 ? nil : exchange.body.count,
            chunked: chunked, closes: closesAfterAnswer)
        continueOwed = false
    }

    /// Writes the next piece; false if nothing can be written now.
    func writeSome() -> Bool {
        if output.flushQueue() { return output.free > 0 }
        if case .dead = phase { return false }
        guard let exchange = current, exchange.answered else {
            switch phase {
            case .closing: return false
            default: break
            }
            readHeld()
            endWithInput()
            return wantsOutput
        }
        if exchange.responseIsWhole || exchange.hasNoBody {
            answered(exchange)
            readHeld()
            endWithInput()
            return true
        }
        guard let source = exchange.source else { return writeBody(exchange) }
        return writeUnit(exchange, source)
    }

    private func writeBody(_ exchange: Exchange) -> Bool {
        let n = output.write(exchange.body, from: exchange.bodyOffset, atMost: exchange.body.count)
        count(exchange, n)
        exchange.bodyOffset += n
        if exchange.bodyOffset == exchange.body.count { exchange.responseIsWhole = true }
        return true
    }

    private func writeUnit(_ exchange: Exchange, _ source: any BodySource) -> Bool {
        switch source.nextBytes(exchange) {
        case .unit(let bytes, let offset):
            precondition(offset >= 0 && offset < bytes.count, "a unit without bytes left")
            guard current === exchange else { return true }
            if output.chunkRemaining == 0 {
                output.beginChunk(bytes.count - offset)
                if output.flushQueue() { return output.free > 0 }
            }
            precondition(
                bytes.count - offset == output.chunkRemaining, "a unit that changed under way")
            let n = output.write(bytes, from: offset, atMost: output.chunkRemaining)
            count(exchange, n)
            output.chunkAdvanced(n)
            if n > 0 { source.didSend(exchange, n) }
            return true
        case .wait:
            exchange.sourceWaits = true
            return false
        case .end:
            precondition(output.chunkRemaining == 0, "a source ended within a unit")
            if output.chunked { output.queue("0\r\n\r\n") }
            exchange.responseIsWhole = true
            return true
        case .reset(let code):
            abort(exchange, code)
            return false
        }
    }

    private func count(_ exchange: Exchange, _ n: Int) {
        exchange.sent += UInt64(n)
        counters.bodyBytesSent.add(UInt64(n))
    }

    func resumeBody(_ exchange: Exchange) {}
    func credit(_ exchange: Exchange, _ count: Int) {}
    func sampleCredit(_ exchange: Exchange) {}

    func abort(_ exchange: Exchange, _ code: ResetCode) {
        guard exchange === current else { return }
        die(.aborted)
    }

    func stallReason(_ exchange: Exchange) -> StallReason? {
        exchange === current && wantsOutput ? .socket : nil
    }
}
