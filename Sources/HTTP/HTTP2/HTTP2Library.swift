internal import CNGHTTP2

/// The callbacks and options that nghttp2 copies into each new session of one kind.
///
/// It owns both C objects and frees them in its deinit; sessions made from it do not need it.
@safe final class HTTP2Library {
    private let callbacks: OpaquePointer
    private let options: OpaquePointer

    /// nghttp2's window for streams a peer resets is only a second line behind our own, which
    /// forgives a stream that was answered.
    init(_ configuration: HTTPConfiguration, callbacks set: (OpaquePointer) -> Void) {
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        let made =
            unsafe nghttp2_session_callbacks_new(&callbacks) == 0
            && nghttp2_option_new(&options) == 0
        guard made, let callbacks = unsafe callbacks, let options = unsafe options else {
            preconditionFailure("out of memory for nghttp2's tables")
        }
        unsafe self.callbacks = callbacks
        unsafe self.options = options
        unsafe set(callbacks)
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        // nghttp2 would keep up to 1,024 closed streams of each connection, 300 KiB of them, to tell
        // late frames; `FrameWatch` does that in half a KiB.
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
        unsafe nghttp2_option_set_stream_reset_rate_limit(
            options, UInt64(2 * configuration.wastedStreams),
            UInt64(2 * configuration.wastedStreamsPerSecond))
    }

    deinit {
        unsafe nghttp2_session_callbacks_del(callbacks)
        unsafe nghttp2_option_del(options)
    }

    /// Makes a server's session. `user` must outlive it.
    func makeServer(_ user: UnsafeMutableRawPointer) -> OpaquePointer {
        var session: OpaquePointer?
        guard unsafe nghttp2_session_server_new2(&session, callbacks, user, options) == 0,
            let session = unsafe session
        else { preconditionFailure("out of memory for a session") }
        return unsafe session
    }

    /// Makes a client's session. `user` must outlive it.
    func makeClient(_ user: UnsafeMutableRawPointer) -> OpaquePointer {
        var session: OpaquePointer?
        guard unsafe nghttp2_session_client_new2(&session, callbacks, user, options) == 0,
            let session = unsafe session
        else { preconditionFailure("out of memory for a session") }
        return unsafe session
    }
}

/// nghttp2's constants in the types that its callbacks return.
enum NG {
    static let deferred = Int(NGHTTP2_ERR_DEFERRED.rawValue)
    static let pause = Int32(NGHTTP2_ERR_PAUSE.rawValue)
    static let callbackFailure = Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    static let badClientMagic = Int(NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue)
    static let flooded = Int(NGHTTP2_ERR_FLOODED.rawValue)
    static let endStream = UInt8(NGHTTP2_FLAG_END_STREAM.rawValue)
    static let ack = UInt8(NGHTTP2_FLAG_ACK.rawValue)
    static let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    static let data = UInt8(NGHTTP2_DATA.rawValue)
    static let headers = UInt8(NGHTTP2_HEADERS.rawValue)
    static let continuation = UInt8(NGHTTP2_CONTINUATION.rawValue)
    static let rstStream = UInt8(NGHTTP2_RST_STREAM.rawValue)
    static let settings = UInt8(NGHTTP2_SETTINGS.rawValue)
    static let ping = UInt8(NGHTTP2_PING.rawValue)
    static let goaway = UInt8(NGHTTP2_GOAWAY.rawValue)
    static let windowUpdate = UInt8(NGHTTP2_WINDOW_UPDATE.rawValue)
    static let eofFlag = UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue)
    static let noCopyFlag = UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
    static let heldInPlace = UInt8(
        NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    static let heldInPlaceNeverIndexed = UInt8(
        NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
            | NGHTTP2_NV_FLAG_NO_INDEX.rawValue)
}

/// The library under HTTP/2, for start-up messages.
public enum HTTP2LibraryVersion {
    /// Such as "1.52.0"; what a distribution has patched does not show in it.
    public static var text: String {
        guard let information = unsafe nghttp2_version(0) else { return "unknown" }
        return unsafe String(cString: information.pointee.version_str)
    }
}
