internal import COpenSSL

/// A TLS connection whose socket OpenSSL itself reads and writes: `SSL_read` and `SSL_write` on a
/// descriptor, with nothing of ours in between.
///
/// This is how the least that a TLS server can do is measured (`weir bench floor`); the server uses
/// `TLSConnection`, where the owner decides when a socket is written. Belongs to one thread.
@safe public final class DirectTLSConnection {
    /// What became of one read or write.
    public enum Result: Sendable, Hashable {
        /// So many bytes of plaintext were moved, at least 1.
        case bytes(Int)
        /// Readiness of the socket will tell.
        case wouldBlock
        /// The peer has ended, or the connection is broken.
        case closed
    }

    private let context: TLSContext
    /// Freed in `deinit`.
    private let ssl: OpaquePointer

    /// The accepting end on a connected, non-blocking descriptor, which stays the caller's and
    /// outlives this object. The handshake takes place in the first calls of `read`.
    public init(accepting descriptor: Int32, context: TLSContext) throws(TLSError) {
        precondition(context.isServer, "an accepting end has an identity")
        ERR_clear_error()
        guard let ssl = unsafe SSL_new(context.pointer) else { throw .taken("no TLS connection") }
        self.context = context
        unsafe self.ssl = ssl
        guard unsafe SSL_set_fd(ssl, descriptor) == 1 else { throw .taken("no TLS connection") }
        unsafe weir_ssl_use_socket_modes(ssl)
        // One read of the socket brings several records.
        unsafe SSL_set_read_ahead(ssl, 1)
        unsafe SSL_set_default_read_buffer_len(ssl, Limits.readAheadBytes)
        unsafe SSL_set_accept_state(ssl)
    }

    deinit {
        unsafe SSL_free(ssl)
    }

    /// Reads at most what `output` has room for, and appends it. There must be room.
    public func read(into output: inout OutputSpan<UInt8>) -> Result {
        precondition(!output.isFull, "a read needs room")
        return unsafe output.withUnsafeMutableBufferPointer { buffer, filled in
            var count = 0
            ERR_clear_error()
            let start = unsafe buffer.baseAddress.unsafelyUnwrapped + filled
            guard unsafe SSL_read_ex(ssl, start, buffer.count - filled, &count) == 1 else {
                return failure()
            }
            filled += count
            return .bytes(count)
        }
    }

    /// Whether bytes are here that the socket will not tell of.
    public var hasPending: Bool { unsafe SSL_has_pending(ssl) == 1 }

    /// Encrypts and sends at most 16,384 bytes as one record. After `wouldBlock` the next write
    /// begins with the same bytes and has no fewer of them: their record is made already.
    public func write(_ plaintext: Span<UInt8>) -> Result {
        precondition(!plaintext.isEmpty, "a write needs bytes")
        return unsafe plaintext.withUnsafeBufferPointer { buffer in
            var count = 0
            ERR_clear_error()
            guard unsafe SSL_write_ex(ssl, buffer.baseAddress, buffer.count, &count) == 1 else {
                return failure()
            }
            return .bytes(count)
        }
    }

    private func failure() -> Result {
        switch unsafe SSL_get_error(ssl, 0) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: .wouldBlock
        default: .closed
        }
    }
}
