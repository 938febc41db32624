internal import CNGHTTP2

/// What handlers ask of their exchanges, as frames.
extension HTTP2Session: ExchangeSession {
    func send(_ exchange: Exchange, _ head: ResponseHead) {
        precondition(head.status >= 200 && head.status <= 599)
        guard !isDead else { return }
        if exchange.source == nil { plainResponses += 1 }
        let bodyless =
            exchange.requestHead.method == .head || head.status == 204 || head.status == 304
        let count = lay(exchange, head)
        exchange.hasNoBody = bodyless || exchange.source == nil && exchange.body.isEmpty
        let result: Int32
        if exchange.hasNoBody {
            exchange.responseIsWhole = true
            result = unsafe nghttp2_submit_response(library, exchange.streamID, fields, count, nil)
        } else {
            // The stream's user data is the same exchange, which `open` keeps until the stream is
            // closed; nghttp2 reads no body afterwards.
            var provider = unsafe nghttp2_data_provider(
                source: nghttp2_data_source(ptr: Unmanaged.passUnretained(exchange).toOpaque()),
                read_callback: http2ServerReadBody)
            result = unsafe nghttp2_submit_response(
                library, exchange.streamID, fields, count, &provider)
        }
        precondition(result == 0, "nghttp2 refused a response")
    }

    /// Lays status, fields and length into the exchange's arena, where they stay until the stream
    /// is closed, and describes them in `fields`. Returns their number.
    private func lay(_ exchange: Exchange, _ head: ResponseHead) -> Int {
        let storage = head.fields.storage
        let digits = 24
        exchange.reserveResponse(storage.count + digits)
        let arena = unsafe exchange.responseArena
        unsafe storage.withUnsafeBufferPointer {
            guard let from = $0.baseAddress else { return }
            unsafe arena.update(from: from, count: $0.count)
        }
        let tail = unsafe arena + storage.count
        unsafe tail[0] = UInt8(0x30 + head.status / 100)
        unsafe tail[1] = UInt8(0x30 + head.status / 10 % 10)
        unsafe tail[2] = UInt8(0x30 + head.status % 10)
        unsafe fields[0] = named(":status", tail, 3)
        var count = 1
        unsafe head.fields.describe(at: arena, in: fields, from: &count)
        if exchange.source == nil, head.status != 204 {
            let value = unsafe tail + 3
            let length = unsafe Decimal.write(exchange.body.count, to: value)
            unsafe fields[count] = named("content-length", value, length)
            count += 1
        }
        return count
    }

    /// The response's END_STREAM was sent; a reset that is submitted before drops what waits. A client that still sends its request is
    /// told that the rest is not wanted (RFC 9113 §8.1).
    func responseEnded(_ exchange: Exchange) {
        guard !exchange.whole, !exchange.resetQueued else { return }
        exchange.resetQueued = true
        _ = unsafe nghttp2_submit_rst_stream(
            library, NG.none, exchange.streamID, ResetCode.noError.rawValue)
    }

    func resumeBody(_ exchange: Exchange) {
        guard !isDead else { return }
        // Refused while nghttp2 has not yet deferred the stream; then it asks the source anyway.
        _ = unsafe nghttp2_session_resume_data(library, exchange.streamID)
    }

    func credit(_ exchange: Exchange, _ count: Int) {
        guard !isDead else { return }
        // A stream that sends no more needs no credit of its own.
        if exchange.whole || exchange.answered {
            _ = unsafe nghttp2_session_consume_connection(library, count)
        } else {
            _ = unsafe nghttp2_session_consume(library, exchange.streamID, count)
        }
    }

    func abort(_ exchange: Exchange, _ code: ResetCode) {
        guard !exchange.resetQueued, !isDead else { return }
        exchange.resetQueued = true
        if exchange.answered, exchange.source == nil, !exchange.abortedByUs {
            plainResponses -= 1
        }
        exchange.abortedByUs = true
        exchange.answered = true
        exchange.responseIsWhole = true
        _ = unsafe nghttp2_submit_rst_stream(library, NG.none, exchange.streamID, code.rawValue)
    }

    func sampleCredit(_ exchange: Exchange) {
        // While frames are packed, nghttp2's window does not yet show the last one.
        guard !isProducing, !isDead else { return }
        let window = unsafe nghttp2_session_get_stream_remote_window_size(
            library, exchange.streamID)
        let initial = unsafe nghttp2_session_get_remote_settings(
            library, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
        // nghttp2 shows a window that a smaller initial window made negative as 0.
        if window == 0, initialShrank { return }
        let excess = Int64(window) - Int64(initial)
        exchange.highestWindowExcess = max(exchange.highestWindowExcess, excess)
        let outstanding = UInt64(exchange.highestWindowExcess - excess)
        let sent = exchange.sent
        exchange.credited = max(exchange.credited, sent - min(sent, outstanding))
    }

    func stallReason(_ exchange: Exchange) -> StallReason? {
        guard !isDead, exchange.answered else { return nil }
        if unsafe nghttp2_session_get_stream_remote_window_size(library, exchange.streamID) <= 0 {
            return .streamWindow
        }
        if unsafe nghttp2_session_get_remote_window_size(library) <= 0 { return .connectionWindow }
        return .socket
    }

    /// Writes up to `length` bytes of the response to where the output wants them.
    func pack(_ exchange: Exchange, _ length: Int, _ flags: UnsafeMutablePointer<UInt32>) -> Int {
        guard !isDead, !exchange.abortedByUs, !exchange.sourceWaits else { return NG.deferred }
        unsafe flags.pointee = NG.noCopyFlag
        let place = unsafe output.dataPlace
        var filled = 0
        guard let source = exchange.source else {
            filled = min(length, exchange.body.count - exchange.bodyOffset)
            unsafe exchange.body.withUnsafeBufferPointer {
                guard let from = $0.baseAddress else { return }
                unsafe place.update(from: from + exchange.bodyOffset, count: filled)
            }
            exchange.bodyOffset += filled
            exchange.sent += UInt64(filled)
            if exchange.bodyOffset == exchange.body.count {
                unsafe flags.pointee |= NG.eofFlag
                exchange.responseIsWhole = true
            }
            return filled
        }
        while filled < length {
            switch source.nextBytes(exchange) {
            case .unit(let bytes, let offset):
                precondition(offset >= 0 && offset < bytes.count, "a unit without bytes left")
                let n = min(length - filled, bytes.count - offset)
                unsafe bytes.withUnsafeBufferPointer {
                    guard let from = $0.baseAddress else { return }
                    unsafe (place + filled).update(from: from + offset, count: n)
                }
                filled += n
                exchange.sent += UInt64(n)
                source.didSend(exchange, n)
                if exchange.abortedByUs { return filled > 0 ? filled : NG.deferred }
            case .wait:
                // With bytes in hand nghttp2 comes back for more, and is told then.
                exchange.sourceWaits = true
                return filled > 0 ? filled : NG.deferred
            case .end:
                unsafe flags.pointee |= NG.eofFlag
                exchange.responseIsWhole = true
                return filled
            case .reset(let code):
                abort(exchange, code)
                return filled > 0 ? filled : NG.deferred
            }
        }
        return filled
    }
}
