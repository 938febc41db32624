internal import CNGHTTP2
internal import Metrics

/// What nghttp2 tells about frames received and sent, and its callbacks.
extension HTTP2Session {
    func exchange(_ streamID: Int32) -> Exchange? {
        guard !isDead,
            let pointer = unsafe nghttp2_session_get_stream_user_data(library, streamID)
        else { return nil }
        // `open` holds every exchange that is a stream's user data.
        return unsafe Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    }

    // MARK: Heads

    func beginBlock(_ streamID: Int32, isRequest: Bool) {
        guard !isDead else { return }
        inHeaderBlock = true
        headSince = context.time
        blockFields = 0
        unsafe target = nil
        guard isRequest else { return }
        let exchange = begin(streamID)
        // `open` keeps the exchange until nghttp2 has closed the stream.
        _ = unsafe nghttp2_session_set_stream_user_data(
            library, streamID, Unmanaged.passUnretained(exchange).toOpaque())
        // The same holds for its head, and `target` is forgotten with the stream.
        unsafe target = Unmanaged.passUnretained(exchange.requestHead)
        targetStream = streamID
    }

    /// One field of a header block; false ends the connection.
    func field(
        _ name: UnsafePointer<UInt8>, _ nameCount: Int, _ value: UnsafePointer<UInt8>,
        _ valueCount: Int
    ) -> Bool {
        blockFields += 1
        guard blockFields <= Limits.abusiveFields else {
            note(HTTPError(.flood))
            return false
        }
        guard let target = unsafe target else { return true }
        unsafe target._withUnsafeGuaranteedRef { head in
            unsafe take(head, name, nameCount, value, valueCount)
        }
        return true
    }

    @inline(__always)
    private func take(
        _ head: RequestHead, _ name: UnsafePointer<UInt8>, _ nameCount: Int,
        _ value: UnsafePointer<UInt8>, _ valueCount: Int
    ) {
        head.seenBytes += nameCount + valueCount
        guard head.seenBytes <= Limits.headBytes, !head.isTooLarge else {
            head.isTooLarge = true
            return
        }
        if unsafe name[0] == 0x3a {
            let start = unsafe head.store(value, valueCount)
            switch nameCount {
            case 7 where unsafe name[1] == 0x6d: head.setMethod(start, valueCount)
            case 5: head.setPath(start, valueCount)
            case 10: head.setAuthority(start, valueCount)
            default: break
            }
            return
        }
        guard let recognised = unsafe head.add(name, nameCount, value, valueCount) else {
            head.isTooLarge = true
            return
        }
        if recognised == .contentLength {
            head.declaredLength = unsafe Decimal.read(value, valueCount) ?? -1
        }
    }

    private func headEnded(_ exchange: Exchange, isWhole: Bool) {
        if isWhole { exchange.whole = true }
        if exchange.requestHead.isTooLarge {
            counters.headsTooLarge.add()
            exchange.respond(context.refusal(431), body: [])
            return
        }
        counters.requests.add()
        exchange.announced = true
        if !isWhole { incompleteRequests += 1 }
        unsafe handler.requestBegan(exchange)
        guard !isDead, !exchange.closed else { return }
        if isWhole {
            if !exchange.answered { unsafe handler.requestEnded(exchange) }
        } else if !exchange.answered, exchange.requestHead.expectsContinue {
            unsafe fields[0] = fixed(":status", "100")
            _ = unsafe nghttp2_submit_headers(
                library, NG.none, exchange.streamID, nil, fields, 1, nil)
        }
    }

    // MARK: Bodies and other frames

    func data(_ streamID: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) {
        counters.bodyBytesReceived.add(UInt64(count))
        guard let exchange = exchange(streamID), exchange.announced, !exchange.answered else {
            // Nobody will use these bytes; their credit must not be lost to the other streams.
            if !isDead { _ = unsafe nghttp2_session_consume_connection(library, count) }
            return
        }
        exchange.received += UInt64(count)
        let span = unsafe Span(_unsafeStart: bytes, count: count)
        unsafe handler.requestBody(exchange, span)
    }

    func received(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = unsafe frame.pointee.hd
        switch header.type {
        case NG.headers:
            inHeaderBlock = false
            unsafe target = nil
            guard let exchange = exchange(header.stream_id) else { return }
            let ends = header.flags & NG.endStream != 0
            if unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
                headEnded(exchange, isWhole: ends)
            } else if ends {
                requestEnded(exchange)
            }
        case NG.data:
            guard header.flags & NG.endStream != 0,
                let exchange = exchange(header.stream_id)
            else { return }
            requestEnded(exchange)
        case NG.rstStream:
            unsafe exchange(header.stream_id)?.resetByPeer = ResetCode(
                rawValue: frame.pointee.rst_stream.error_code)
        case NG.windowUpdate:
            guard header.stream_id != 0, let exchange = exchange(header.stream_id)
            else { return }
            sampleCredit(exchange)
        case NG.settings:
            guard header.flags & NG.ack == 0 else { return }
            gotSettings = true
            let initial = unsafe nghttp2_session_get_remote_settings(
                library, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
            if initial < lastInitialWindow { initialShrank = true }
            lastInitialWindow = initial
        case NG.ping:
            if header.flags & NG.ack != 0 { pingAnswered() }
        default: break
        }
    }

    private func requestEnded(_ exchange: Exchange) {
        guard !exchange.whole else { return }
        exchange.whole = true
        guard exchange.announced else { return }
        incompleteRequests -= 1
        if !exchange.answered { unsafe handler.requestEnded(exchange) }
    }

    func sent(_ frame: UnsafePointer<nghttp2_frame>) {
        switch unsafe frame.pointee.hd.type {
        case NG.headers:
            guard unsafe frame.pointee.hd.flags & NG.endStream != 0,
                let exchange = unsafe exchange(frame.pointee.hd.stream_id)
            else { return }
            responseEnded(exchange)
        case NG.rstStream:
            counters.resetsSent.add()
            let code = unsafe frame.pointee.rst_stream.error_code
            if code == ResetCode.refusedStream.rawValue { streamRefused() }
        case NG.goaway:
            let code = unsafe frame.pointee.goaway.error_code
            if code != 0 { note(HTTPError(.protocolError, code: Int32(bitPattern: code))) }
        default: break
        }
    }

    /// A DATA frame is whole; true if the output is full.
    func packed(
        _ frame: UnsafePointer<nghttp2_frame>, _ header: UnsafePointer<UInt8>, _ count: Int
    ) -> Bool {
        let isFull = unsafe output.dataPacked(header, count)
        counters.bodyBytesSent.add(UInt64(count))
        sentBytes &+= UInt64(count)
        watch.earn(dataBytes: count)
        if unsafe frame.pointee.hd.flags & NG.endStream != 0,
            let exchange = unsafe exchange(frame.pointee.hd.stream_id)
        {
            responseEnded(exchange)
        }
        return isFull
    }

    func streamClosed(_ streamID: Int32, _ code: UInt32) {
        guard !isDead,
            let pointer = unsafe nghttp2_session_get_stream_user_data(library, streamID)
        else { return }
        if targetStream == streamID { unsafe target = nil }
        // `open` holds the exchange until `close(at:)`.
        let (index, reason, ended) = unsafe Unmanaged<Exchange>.fromOpaque(pointer)
            ._withUnsafeGuaranteedRef {
                ($0.openIndex, end(of: $0, code), $0.whole || $0.resetByPeer != nil)
            }
        if ended { watch.ended(UInt32(bitPattern: streamID)) }
        close(at: index, reason)
    }

    private func end(of exchange: Exchange, _ code: UInt32) -> ExchangeEnd {
        if let reset = exchange.resetByPeer { return .reset(reset) }
        if exchange.abortedByUs { return .aborted }
        return code == 0 && exchange.responseIsWhole ? .complete : .protocolError
    }
}

// MARK: - Callbacks

extension HTTP2Library {
    /// The library of servers with this configuration.
    static func server(_ configuration: HTTPConfiguration) -> HTTP2Library {
        unsafe HTTP2Library(configuration) { table in
            unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(
                table, http2ServerBeginHeaders)
            unsafe nghttp2_session_callbacks_set_on_header_callback(table, http2ServerHeader)
            unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
                table, http2ServerDataChunk)
            unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(table, http2ServerFrame)
            unsafe nghttp2_session_callbacks_set_on_frame_send_callback(table, http2ServerFrameSent)
            unsafe nghttp2_session_callbacks_set_on_stream_close_callback(
                table, http2ServerStreamClose)
            unsafe nghttp2_session_callbacks_set_data_source_read_length_callback(
                table, http2ServerReadLength)
            unsafe nghttp2_session_callbacks_set_send_data_callback(table, http2ServerSendData)
        }
    }
}

// A function's name is its C symbol, private or not, so each callback's name is the only one in
// the program.

/// The session that a callback belongs to. nghttp2 calls back only while the session, whose deinit
/// deletes nghttp2's, makes a call; so the reference is valid for the callback.
@inline(__always)
private func with<Result>(
    _ user: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> Result
) -> Result {
    guard let user = unsafe user else { preconditionFailure("nghttp2 lost its user data") }
    return unsafe Unmanaged<HTTP2Session>.fromOpaque(user)._withUnsafeGuaranteedRef(body)
}

@c private func http2ServerBeginHeaders(
    _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame else { return 0 }
    let isRequest = unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
    let streamID = unsafe frame.pointee.hd.stream_id
    unsafe with(user) { $0.beginBlock(streamID, isRequest: isRequest) }
    return 0
}

@c private func http2ServerHeader(
    _: OpaquePointer?, _: UnsafePointer<nghttp2_frame>?, _ name: UnsafePointer<UInt8>?,
    _ nameCount: Int, _ value: UnsafePointer<UInt8>?, _ valueCount: Int, _: UInt8,
    _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let name = unsafe name, let value = unsafe value, nameCount > 0 else { return 0 }
    return unsafe with(user) {
        unsafe $0.field(name, nameCount, value, valueCount) ? 0 : NG.callbackFailure
    }
}

@c private func http2ServerDataChunk(
    _: OpaquePointer?, _: UInt8, _ streamID: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
    _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let bytes = unsafe bytes, count > 0 else { return 0 }
    unsafe with(user) { unsafe $0.data(streamID, bytes, count) }
    return 0
}

@c private func http2ServerFrame(
    _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame else { return 0 }
    unsafe with(user) { unsafe $0.received(frame) }
    return 0
}

@c private func http2ServerFrameSent(
    _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame else { return 0 }
    unsafe with(user) { unsafe $0.sent(frame) }
    return 0
}

@c private func http2ServerStreamClose(
    _: OpaquePointer?, _ streamID: Int32, _ code: UInt32, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe with(user) { $0.streamClosed(streamID, code) }
    return 0
}

@c private func http2ServerReadLength(
    _: OpaquePointer?, _: UInt8, _: Int32, _: Int32, _: Int32, _: UInt32,
    _ user: UnsafeMutableRawPointer?
) -> Int {
    unsafe with(user) { $0.output.dataLength() }
}

@c private func http2ServerSendData(
    _: OpaquePointer?, _ frame: UnsafeMutablePointer<nghttp2_frame>?,
    _ header: UnsafePointer<UInt8>?, _ count: Int, _: UnsafeMutablePointer<nghttp2_data_source>?,
    _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame, let header = unsafe header else { return NG.callbackFailure }
    return unsafe with(user) { unsafe $0.packed(frame, header, count) ? NG.pause : 0 }
}

/// Packs DATA of a response.
@c func http2ServerReadBody(
    _: OpaquePointer?, _: Int32, _: UnsafeMutablePointer<UInt8>?, _ length: Int,
    _ flags: UnsafeMutablePointer<UInt32>?, _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _ user: UnsafeMutableRawPointer?
) -> Int {
    guard let flags = unsafe flags, let pointer = unsafe source?.pointee.ptr else {
        return Int(NG.callbackFailure)
    }
    return unsafe with(user) { session in
        guard !session.isDead else { return NG.deferred }
        // `open` holds the exchange until nghttp2 has closed its stream; this is a stream's body.
        return unsafe Unmanaged<Exchange>.fromOpaque(pointer)._withUnsafeGuaranteedRef {
            unsafe session.pack($0, length, flags)
        }
    }
}
