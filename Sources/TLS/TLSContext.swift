internal import COpenSSL

/// What connections have in common: versions, ciphers, identity or trust, application protocols.
///
/// One per reactor. To change certificates, make another and give it to new connections; those that
/// exist keep the one they began with.
@safe public final class TLSContext {
    let pointer: OpaquePointer
    let isServer: Bool
    /// Lent to OpenSSL's callbacks, so held as long as the context.
    private let protocols: ProtocolList
    private let tickets: TicketKeys?

    /// For the accepting end: TLS 1.2 and 1.3, ciphers by the server's preference, no
    /// renegotiation. Of `alpn`, the first that the client offers too is chosen; a client that
    /// offers others only is refused (RFC 7301 §3.2), one that offers none is accepted.
    public init(server identity: Identity, tickets: TicketKeys, alpn: [String]) throws(TLSError) {
        isServer = true
        self.tickets = tickets
        protocols = ProtocolList(alpn)
        unsafe pointer = try Self.make(TLS_server_method())
        try use(identity)
        unsafe tickets.install(in: pointer)
        unsafe SSL_CTX_set_options(
            pointer, weir_SSL_OP_CIPHER_SERVER_PREFERENCE | weir_SSL_OP_PRIORITIZE_CHACHA)
        // Sessions live in the clients' tickets, not here. One ticket a handshake is enough for
        // clients that keep their connections.
        unsafe weir_ssl_ctx_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        unsafe SSL_CTX_set_num_tickets(pointer, 1)
        unsafe SSL_CTX_set_timeout(pointer, Limits.ticketSeconds)
        let label: [UInt8] = [0x77, 0x65, 0x69, 0x72]  // "weir"
        unsafe SSL_CTX_set_session_id_context(pointer, label, UInt32(label.count))
        if !protocols.isEmpty {
            // Unretained: this object holds the list as long as the C context can call back.
            let list = unsafe Unmanaged.passUnretained(protocols).toOpaque()
            unsafe SSL_CTX_set_alpn_select_cb(pointer, selectProtocol, list)
        }
    }

    /// For the connecting end: the server's certificate must lead to one of the PEM certificates in
    /// `trust`, or to the system's if that is nil. Offers `alpn`.
    public init(client trust: [UInt8]?, alpn: [String]) throws(TLSError) {
        isServer = false
        tickets = nil
        protocols = ProtocolList(alpn)
        unsafe pointer = try Self.make(TLS_client_method())
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        if let trust {
            let store = unsafe SSL_CTX_get_cert_store(pointer)
            for certificate in try Certificate.all(pem: trust) {
                guard unsafe X509_STORE_add_cert(store, certificate.pointer) == 1 else {
                    throw .taken("the trusted certificate cannot be used")
                }
            }
        } else if unsafe SSL_CTX_set_default_verify_paths(pointer) != 1 {
            throw .taken("the system's certificates cannot be read")
        }
        if !protocols.isEmpty {
            // The list is copied. This call, unlike its neighbours, answers 0 for success.
            let code = unsafe SSL_CTX_set_alpn_protos(
                pointer, protocols.wire.baseAddress, UInt32(protocols.wire.count))
            if code != 0 { throw .taken("the protocols cannot be offered") }
        }
    }

    deinit {
        // Connections have references of their own to the C context; and they hold this object.
        unsafe SSL_CTX_free(pointer)
    }

    private static func make(_ method: OpaquePointer?) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(method) else { throw .taken("no TLS context") }
        // Buffers of connections that are idle go back; a connection whose owner lends a moving
        // buffer for each write is in order.
        let modes = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        unsafe weir_ssl_ctx_set_mode(context, Int(modes))
        unsafe SSL_CTX_set_options(
            context, weir_SSL_OP_NO_RENEGOTIATION | weir_SSL_OP_NO_COMPRESSION)
        let isConfigured =
            unsafe weir_ssl_ctx_set_min_version(context, TLS1_2_VERSION) == 1
            && SSL_CTX_set_ciphersuites(context, Ciphers.version13) == 1
            && SSL_CTX_set_cipher_list(context, Ciphers.version12) == 1
            && weir_ssl_ctx_set_groups(context, "X25519:P-256:P-384") == 1
        guard isConfigured else {
            unsafe SSL_CTX_free(context)
            throw .taken("TLS cannot be configured")
        }
        return unsafe context
    }

    private func use(_ identity: Identity) throws(TLSError) {
        let chain = try Certificate.all(pem: identity.certificateChainPEM)
        let key = try PrivateKey(pem: identity.privateKeyPEM)
        guard unsafe SSL_CTX_use_certificate(pointer, chain[0].pointer) == 1 else {
            throw .taken("the certificate cannot be used")
        }
        for issuer in chain.dropFirst() {
            guard unsafe weir_ssl_ctx_add_chain_certificate(pointer, issuer.pointer) == 1 else {
                throw .taken("the certificate chain cannot be used")
            }
        }
        guard unsafe SSL_CTX_use_PrivateKey(pointer, key.pointer) == 1 else {
            throw .taken("the private key cannot be used")
        }
    }
}

extension TLSContext {
    /// A protocol version, for tests and benches that want a certain one.
    public enum Version: Sendable, Hashable {
        case tls12, tls13

        fileprivate var code: Int32 { self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }
    }

    /// Lets new connections of this context speak one version only.
    public func limit(to version: Version) {
        let isSet =
            unsafe weir_ssl_ctx_set_min_version(pointer, version.code) == 1
            && weir_ssl_ctx_set_max_version(pointer, version.code) == 1
        precondition(isSet, "the library has both versions")
    }

    /// Whether AES comes before ChaCha20 in our preference: on processors that have instructions
    /// for it.
    public static var prefersAES: Bool { Ciphers.hasAES }
}

/// Cipher suites in our order of preference; forward secret and authenticated ones only.
private enum Ciphers {
    static let hasAES = weir_cpu_has_aes() != 0

    static let version13 =
        hasAES
        ? "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
        : "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"

    static let version12: String = {
        let aes =
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
            + "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
        let chacha = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
        return hasAES ? aes + ":" + chacha : chacha + ":" + aes
    }()
}

/// Application protocols as ALPN writes them: each behind its length (RFC 7301 §3.1).
@safe private final class ProtocolList {
    /// Freed in `deinit`.
    let wire: UnsafeMutableBufferPointer<UInt8>

    init(_ names: [String]) {
        var bytes: [UInt8] = []
        for name in names {
            precondition((1...255).contains(name.utf8.count), "a protocol name has 1-255 bytes")
            bytes.append(UInt8(name.utf8.count))
            bytes.append(contentsOf: name.utf8)
        }
        unsafe wire = .allocate(capacity: bytes.count)
        _ = unsafe wire.initialize(fromContentsOf: bytes)
    }

    deinit {
        unsafe wire.deallocate()
    }

    var isEmpty: Bool { unsafe wire.isEmpty }
}

/// Chooses the first of our protocols that the client offers; OpenSSL wants a C function.
@c private func selectProtocol(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?,
    _ offeredCount: UInt32, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let argument = unsafe argument, let chosen = unsafe chosen else {
        return SSL_TLSEXT_ERR_NOACK
    }
    // The context that calls belongs to a `TLSContext`, which holds the list.
    let list = unsafe Unmanaged<ProtocolList>.fromOpaque(argument).takeUnretainedValue()
    var name: UnsafeMutablePointer<UInt8>?
    let result = unsafe SSL_select_next_proto(
        &name, chosenCount, list.wire.baseAddress, UInt32(list.wire.count), offered, offeredCount)
    guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    unsafe chosen.pointee = unsafe UnsafePointer(name)
    return SSL_TLSEXT_ERR_OK
}
