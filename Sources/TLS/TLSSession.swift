internal import COpenSSL

/// What a client needs to resume: a ticket and the secrets that go with it. Keep it secret.
public struct TLSSession: Sendable {
    /// OpenSSL's ASN.1 form: plain bytes, so that a session can go to another thread.
    private let encoded: [UInt8]

    fileprivate init?(_ session: OpaquePointer) {
        let count = unsafe i2d_SSL_SESSION(session, nil)
        guard count > 0 else { return nil }
        encoded = unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
            var target = buffer.baseAddress
            filled = unsafe Int(i2d_SSL_SESSION(session, &target))
        }
    }

    /// Offers the session in the handshake to come. A server that no longer knows it makes a full
    /// handshake.
    func install(in ssl: OpaquePointer) {
        unsafe encoded.withUnsafeBufferPointer { buffer in
            var source = buffer.baseAddress
            guard let session = unsafe d2i_SSL_SESSION(nil, &source, buffer.count) else { return }
            unsafe SSL_set_session(ssl, session)
            unsafe SSL_SESSION_free(session)
        }
    }
}

extension TLSConnection {
    /// The session, once the server has sent a ticket for it; nil before. With TLS 1.3 the ticket
    /// arrives behind the handshake.
    public var session: TLSSession? {
        guard let session = unsafe SSL_get1_session(sslForSession) else { return nil }
        defer { unsafe SSL_SESSION_free(session) }
        guard unsafe SSL_SESSION_is_resumable(session) == 1 else { return nil }
        return unsafe TLSSession(session)
    }
}
