internal import CNGHTTP2

extension HTTP2Library {
    /// The library of clients; each session of a client has its own.
    static func client() -> HTTP2Library {
        unsafe HTTP2Library(HTTPConfiguration()) { table in
            unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(
                table, http2ClientBeginHeaders)
            unsafe nghttp2_session_callbacks_set_on_header_callback(table, http2ClientHeader)
            unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
                table, http2ClientDataChunk)
            unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(table, http2ClientFrame)
            unsafe nghttp2_session_callbacks_set_on_stream_close_callback(
                table, http2ClientStreamClose)
            unsafe nghttp2_session_callbacks_set_data_source_read_length_callback(
                table, http2ClientReadLength)
            unsafe nghttp2_session_callbacks_set_send_data_callback(table, http2ClientSendData)
        }
    }
}

// A function's name is its C symbol, private or not, so each callback's name is the only one in
// the program.

/// The session that a callback belongs to. nghttp2 calls back only while the session, whose deinit
/// deletes nghttp2's, makes a call; so the reference is valid for the callback.
private func session(_ user: UnsafeMutableRawPointer?) -> HTTP2ClientSession {
    guard let user = unsafe user else { preconditionFailure("nghttp2 lost its user data") }
    return unsafe Unmanaged<HTTP2ClientSession>.fromOpaque(user).takeUnretainedValue()
}

@c private func http2ClientBeginHeaders(
    _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame else { return 0 }
    unsafe session(user).beginBlock(frame.pointee.hd.stream_id)
    return 0
}

@c private func http2ClientHeader(
    _: OpaquePointer?, _: UnsafePointer<nghttp2_frame>?, _ name: UnsafePointer<UInt8>?,
    _ nameCount: Int, _ value: UnsafePointer<UInt8>?, _ valueCount: Int, _: UInt8,
    _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let name = unsafe name, let value = unsafe value, nameCount > 0 else { return 0 }
    unsafe session(user).field(name, nameCount, value, valueCount)
    return 0
}

@c private func http2ClientDataChunk(
    _: OpaquePointer?, _: UInt8, _ streamID: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
    _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let bytes = unsafe bytes, count > 0 else { return 0 }
    unsafe session(user).data(streamID, bytes, count)
    return 0
}

@c private func http2ClientFrame(
    _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame = unsafe frame else { return 0 }
    unsafe session(user).received(frame)
    return 0
}

@c private func http2ClientStreamClose(
    _: OpaquePointer?, _ streamID: Int32, _ code: UInt32, _ user: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe session(user).streamClosed(streamID, code)
    return 0
}

@c private func http2ClientReadLength(
    _: OpaquePointer?, _: UInt8, _: Int32, _: Int32, _: Int32, _: UInt32,
    _ user: UnsafeMutableRawPointer?
) -> Int {
    unsafe session(user).output.dataLength()
}

@c private func http2ClientSendData(
    _: OpaquePointer?, _: UnsafeMutablePointer<nghttp2_frame>?, _ header: UnsafePointer<UInt8>?,
    _ count: Int, _: UnsafeMutablePointer<nghttp2_data_source>?,
    _ user: UnsafeMutableRawPointer?
) -> Int32 {
    guard let header = unsafe header else { return NG.callbackFailure }
    return unsafe session(user).output.dataPacked(header, count) ? NG.pause : 0
}

/// Packs DATA of a request.
@c func http2ClientReadBody(
    _: OpaquePointer?, _: Int32, _: UnsafeMutablePointer<UInt8>?, _ length: Int,
    _ flags: UnsafeMutablePointer<UInt32>?, _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _ user: UnsafeMutableRawPointer?
) -> Int {
    guard let flags = unsafe flags, let pointer = unsafe source?.pointee.ptr else {
        return Int(NG.callbackFailure)
    }
    let session = unsafe session(user)
    guard !session.isOver else { return NG.deferred }
    // The session holds the call until nghttp2 has closed its stream.
    let call = unsafe Unmanaged<ClientCall>.fromOpaque(pointer).takeUnretainedValue()
    return unsafe session.pack(call, length, flags)
}
