internal import CNGHTTP2

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
        headSince = context.now
        blockFields = 0
        headTarget = nil
        guard isRequest else { return }
        let exchange = begin(streamID)
        // `open` keeps the exchange until nghttp2 has closed the stream.
        _ = unsafe nghttp2_session_set_stream_user_data(
            library, streamID, Unmanaged.passUnretained(exchange).toOpaque())
        headTarget = exchange
    }

    /// One field of a header block; false ends the connection.
    func field(
        _ name: UnsafePointer<UInt8>, _ nameCount: Int, _ value: UnsafePointer<UInt8>,
        _ valueCount: Int
    ) -> Bool {
        guard !isDead else { return true }
        blockFields += 1
        guard blockFields <= Limits.abusiveFields else {
            note(HTTPError(.flood))
            return false
        }
        guard let exchange = headTarget else { return true }
        let head = exchange.requestHead
        guard head.count + nameCount + valueCount <= Limits.headBytes else {
            exchange.refused = true
            headTarget = nil
            return true
        }
        if unsafe name[0] == 0x3a {
            let start = unsafe head.store(value, valueCount)
            switch nameCount {
            case 7 where unsafe name[1] == 0x6d: head.setMethod(start, valueCount)
            case 5: head.setPath(start, valueCount)
            case 10: head.setAuthority(start, valueCount)
            default: break
            }
            return true
        }
        switch unsafe head.add(name, nameCount, value, valueCount) {
        case .none:
            exchange.refused = true
            headTarget = nil
        case .some(.some(.contentLength)):
            head.contentLength = unsafe Decimal.read(value, valueCount)
        case .some: break
        }
        return true
    }

    private func headEnded(_ exchange: Exchange, isWhole: Bool) {
        if isWhole { exchange.requestIsWhole = true }
        if exchange.refused {
            counters.headsTooLarge.count()
            exchange.respond(ResponseHead(status: 431, fields: FieldList(capacity: 0)), body: [])
            return
        }
        counters.requests.count()
        exchange.announced = true
        if !isWhole { incompleteRequests += 1 }
        handler.requestBegan(exchange)
        guard !isDead, !exchange.isClosed else { return }
        if isWhole {
            if !exchange.isAnswered { handler.requestEnded(exchange) }
        } else if !exchange.isAnswered, exchange.requestHead.expectsContinue {
            unsafe fields[0] = fixed(":status", "100")
            _ = unsafe nghttp2_submit_headers(
                library, NG.none, exchange.streamID, nil, fields, 1, nil)
        }
    }

    // MARK: Bodies and other frames

    func data(_ streamID: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) {
        counters.bodyBytesReceived.count(UInt64(count))
        guard let exchange = exchange(streamID), exchange.announced, !exchange.isAnswered else {
            // Nobody will use these bytes; their credit must not be lost to the other streams.
            if !isDead { _ = unsafe nghttp2_session_consume_connection(library, count) }
            return
        }
        exchange.receivedBodyBytes += UInt64(count)
        let span = unsafe Span(_unsafeStart: bytes, count: count)
        handler.requestBody(exchange, span)
    }

    func received(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = unsafe frame.pointee.hd
        switch header.type {
        case NG.headers:
            inHeaderBlock = false
            headTarget = nil
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
            if header.flags & NG.ack == 0 { gotSettings = true }
        case NG.ping:
            if header.flags & NG.ack != 0 { pingAnswered() }
        default: break
        }
    }

    private func requestEnded(_ exchange: Exchange) {
        guard !exchange.requestIsWhole else { return }
        exchange.requestIsWhole = true
        guard exchange.announced else { return }
        incompleteRequests -= 1
        if !exchange.isAnswered { handler.requestEnded(exchange) }
    }

    func sent(_ frame: UnsafePointer<nghttp2_frame>) {
        switch unsafe frame.pointee.hd.type {
        case NG.rstStream: counters.resetsSent.count()
        case NG.goaway:
            let code = unsafe frame.pointee.goaway.error_code
            if code != 0 { note(HTTPError(.protocolError, code: Int32(bitPattern: code))) }
        default: break
        }
    }

    func streamClosed(_ streamID: Int32, _ code: UInt32) {
        guard let exchange = exchange(streamID) else { return }
        if headTarget === exchange { headTarget = nil }
        let reason: ExchangeEnd
        if let reset = exchange.resetByPeer {
            reason = .reset(reset)
        } else if exchange.abortedByUs {
            reason = .aborted
        } else if code == 0, exchange.responseIsWhole {
            reason = .complete
        } else {
            reason = .protocolError
        }
        close(exchange, reason)
    }
}

// MARK: - Callbacks

extension HTTP2Library {
    /// The library of servers with this configuration.
    static func server(_ configuration: HTTPConfiguration) -> HTTP2Library {
        unsafe HTTP2Library(configuration) { table in
            unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(table, onBeginHeaders)
            unsafe nghttp2_session_callbacks_set_on_header_callback(table, onHeader)
            unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, onData)
            unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(table, onFrame)
            unsafe nghttp2_session_callbacks_set_on_frame_send_callback(table, onFrameSent)
            unsafe nghttp2_session_callbacks_set_on_stream_close_callback(table, onStreamClose)
            unsafe nghttp2_session_callbacks_set_data_source_read_length_callback(
                table, onReadLength)
            unsafe nghttp2_session_callbacks_set_send_data_callback(table, onSendData)
        }
    }
}

/// The session that a callback belongs to. nghttp2 calls back only while the session, whose deinit
/// deletes nghttp2's, makes a call; so the reference is valid for the callback.
private func session(_ user: UnsafeMutableRawPointer?) -> HTTP2Session {
    guard let user = unsafe user else { preconditionFailure("nghttp2 lost its user data") }
    return unsafe Unmanaged<HTTP2Session>.fromOpaque(user).takeUnretainedValue()
}

@c private func onBeginHeaders(
    _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame else { return 0 }
    let isRequest = unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST
    unsafe session(user).beginBlock(frame.pointee.hd.stream_id, isRequest: isRequest)
    return 0
}

@c private func onHeader(
    _: OpaquePointer?, _: UnsafePointer<nghttp2_frame>?, _ name: UnsafePointer<UInt8>?,
    _ nameCount: Int, _ value: UnsafePointer<UInt8>?, _ valueCount: Int, _: UInt8,
    _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let name = unsafe name, let value = unsafe value, nameCount > 0 else { return 0 }
    return unsafe session(user).field(name, nameCount, value, valueCount) ? 0 : NG.callbackFailure
}

@c private func onData(
    _: OpaquePointer?, _: UInt8, _ streamID: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
    _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let bytes = unsafe bytes, count > 0 else { return 0 }
    unsafe session(user).data(streamID, bytes, count)
    return 0
}

@c private func onFrame(
    _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame else { return 0 }
    unsafe session(user).received(frame)
    return 0
}

@c private func onFrameSent(
    _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame else { return 0 }
    unsafe session(user).sent(frame)
    return 0
}

@c private func onStreamClose(
    _: OpaquePointer?, _ streamID: Int32, _ code: UInt32, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe session(user).streamClosed(streamID, code)
    return 0
}

@c private func onReadLength(
    _: OpaquePointer?, _: UInt8, _: Int32, _: Int32, _: Int32, _: UInt32,
    _ user: UnsafeMutableRawPointer?
) -> Int {
    unsafe session(user).output.dataLength()
}

@c private func onSendData(
    _: OpaquePointer?, _ frame: UnsafeMutablePointer<nghttp2_frame>?,
    _ header: UnsafePointer<UInt8>?, _ count: Int, _: UnsafeMutablePointer<nghttp2_data_source>?,
    _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame, let header = unsafe header else { return NG.callbackFailure }
    let session = unsafe session(user)
    let isFull = unsafe session.output.dataPacked(header, count)
    session.counters.bodyBytesSent.count(UInt64(count))
    if unsafe frame.pointee.hd.flags & NG.endStream != 0,
        let exchange = unsafe session.exchange(frame.pointee.hd.stream_id)
    {
        session.responseEnded(exchange)
    }
    return isFull ? NG.pause : 0
}

/// Packs DATA of a response.
@c func onReadBody(
    _: OpaquePointer?, _: Int32, _: UnsafeMutablePointer<UInt8>?, _ length: Int,
    _ flags: UnsafeMutablePointer<UInt32>?, _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _ user: UnsafeMutableRawPointer?
) -> Int {
    guard let flags = unsafe flags, let pointer = unsafe source?.pointee.ptr else {
        return Int(NG.callbackFailure)
    }
    let session = unsafe session(user)
    guard !session.isDead else { return NG.deferred }
    // `open` holds the exchange until nghttp2 has closed its stream, and this is a stream's body.
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    return unsafe session.pack(exchange, length, flags)
}
