internal import COpenSSL

/// How far a connection is.
public enum TLSProgress: Sendable, Hashable {
    /// The peers have not agreed yet.
    case handshaking
    /// Application bytes flow.
    case open
    /// The peer has said that it will send no more (close_notify); we may still send.
    case closed
    /// Over. An alert that tells the peer may be waiting in the output; the owner writes it and
    /// closes the socket.
    case failed(TLSError)
}

/// One TLS connection: ciphertext in, plaintext out, and back. It knows no socket.
///
/// Belongs to one thread, that of its scratch. After every call the owner takes the output, before
/// another connection of the same scratch is called.
@safe public final class TLSConnection {
    private let context: TLSContext
    private let scratch: TLSScratch
    /// Freed in `deinit`, with its BIO.
    private let ssl: OpaquePointer
    /// What is left of the span that `receive` is working on; nil outside of it.
    private var input: UnsafePointer<UInt8>?
    private var inputCount = 0
    /// What the last call found.
    public private(set) var progress: TLSProgress {
        get { found }
        set { found = newValue }
    }
    /// Whether the handshake is complete.
    public private(set) var isEstablished: Bool {
        get { established }
        set { established = newValue }
    }

    // Stored properties are not public, so that using them carries no exclusivity checks.
    private var found = TLSProgress.handshaking
    private var established = false

    /// A connection in the role of its context. A client says which server it wants: a host name
    /// or a numeric address, which the certificate must be for.
    ///
    /// Throws when memory is short or the name cannot be one.
    public init(
        context: TLSContext, scratch: TLSScratch, serverName: String? = nil,
        resuming session: TLSSession? = nil
    ) throws(TLSError) {
        ERR_clear_error()
        guard let ssl = unsafe SSL_new(context.pointer) else { throw .taken("no TLS connection") }
        self.context = context
        self.scratch = scratch
        unsafe self.ssl = ssl
        guard let bio = unsafe ByteBIO.make(for: self) else { throw .taken("no TLS connection") }
        // One reference serves both directions and is freed with the SSL object.
        unsafe SSL_set_bio(ssl, bio, bio)
        if context.isServer {
            unsafe SSL_set_accept_state(ssl)
        } else {
            unsafe SSL_set_connect_state(ssl)
            guard let serverName else {
                preconditionFailure("a client names the server that it expects")
            }
            try expect(serverName)
            if let session { unsafe session.install(in: ssl) }
        }
    }

    deinit {
        scratch.discard(self)
        unsafe SSL_free(ssl)
    }

    private func expect(_ name: String) throws(TLSError) {
        let parameters = unsafe SSL_get0_param(ssl)
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return }
        ERR_clear_error()
        // A NUL would cut the name short in C, and an empty one would match anything.
        guard !name.isEmpty, !name.utf8.contains(0),
            unsafe weir_ssl_set_server_name(ssl, name) == 1, unsafe SSL_set1_host(ssl, name) == 1
        else { throw .taken("\"\(name)\" cannot be a server's name") }
        unsafe SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
    }

    // Life

    /// Begins the handshake: a client's first message is then in the output. A server need not
    /// call it.
    public func start() -> TLSProgress {
        scratch.begin(self)
        if case .failed = progress { return progress }
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        if result != 1 { _ = settle(result) }
        return note()
    }

    /// Decrypts. Takes all of `ciphertext`: what is not a whole record yet stays inside. Calls
    /// `plaintext` with 1 to 16,384 bytes at a time, which are valid during the call only; it may
    /// call `send` and `closeNotify`. Bytes behind the peer's close_notify are dropped.
    public func receive(
        _ ciphertext: Span<UInt8>, plaintext: (Span<UInt8>) -> Void
    ) -> TLSProgress {
        scratch.begin(self)
        switch progress {
        case .failed, .closed: return progress
        case .handshaking, .open: break
        }
        unsafe ciphertext.withUnsafeBufferPointer { buffer in
            unsafe input = buffer.baseAddress
            inputCount = buffer.count
            // The span is the caller's for this call only.
            defer {
                unsafe input = nil
                inputCount = 0
            }
            while readOne(plaintext) {}
        }
        return note()
    }

    /// Decrypts one record; false when there is none, or none will come.
    private func readOne(_ plaintext: (Span<UInt8>) -> Void) -> Bool {
        if case .failed = progress { return false }
        precondition(!scratch.isLendingPlaintext, "the plaintext buffer is lent")
        var count = 0
        ERR_clear_error()
        let buffer = unsafe scratch.plaintext
        let result = unsafe SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count)
        guard result == 1 else { return settle(result) }
        scratch.isLendingPlaintext = true
        plaintext(unsafe UnsafeBufferPointer(rebasing: buffer.prefix(count)).span)
        scratch.isLendingPlaintext = false
        // Asking once more would only make OpenSSL allocate a buffer to find nothing.
        return unsafe inputCount > 0 || SSL_has_pending(ssl) == 1
    }

    /// Encrypts at most 16,384 bytes as one record, behind the output that waits already. The
    /// connection must be established.
    public func send(_ plaintext: Span<UInt8>) -> TLSProgress {
        precondition(plaintext.count <= Limits.recordBytes, "a record holds 16,384 bytes")
        precondition(isEstablished, "application bytes follow the handshake")
        scratch.begin(self)
        if case .failed = progress { return progress }
        if plaintext.isEmpty { return progress }
        unsafe plaintext.withUnsafeBufferPointer { buffer in
            var count = 0
            ERR_clear_error()
            let result = unsafe SSL_write_ex(ssl, buffer.baseAddress, buffer.count, &count)
            if result != 1 { _ = settle(result) }
        }
        return progress
    }

    /// Tells the peer that no more will come. Does nothing before the handshake is complete or
    /// after a failure.
    public func closeNotify() {
        scratch.begin(self)
        guard isEstablished else { return }
        if case .failed = progress { return }
        ERR_clear_error()
        unsafe SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// Lends the ciphertext that waits for the socket, if there is any, and forgets it. What the
    /// socket does not take, the owner keeps. Calls no method of a connection meanwhile.
    public func takeOutput(_ body: (Span<UInt8>) -> Void) {
        scratch.take(self, body)
    }

    /// Whether ciphertext waits.
    public var hasOutput: Bool { scratch.hasOutput(of: self) }

    /// Turns the result of a call into progress. Always false, for `readOne`.
    private func settle(_ result: Int32) -> Bool {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ:
            break
        case SSL_ERROR_ZERO_RETURN:
            progress = .closed
        default:
            progress = .failed(failure())
        }
        return false
    }

    private func failure() -> TLSError {
        let verification = unsafe SSL_get_verify_result(ssl)
        if !context.isServer, verification != Int(X509_V_OK) {
            ERR_clear_error()
            let text = unsafe String(cString: X509_verify_cert_error_string(verification))
            return TLSError(reason: "certificate verify failed: \(text)")
        }
        if scratch.outputCount > Limits.outputBytesMaximum - Limits.outputBytes {
            return TLSError(reason: "too much output was not taken")
        }
        return .taken()
    }

    private func note() -> TLSProgress {
        if !isEstablished, unsafe SSL_is_init_finished(ssl) == 1 { isEstablished = true }
        if isEstablished, progress == .handshaking { progress = .open }
        return progress
    }

    // What was agreed

    /// The application protocol, such as `h2`; nil when the client offered none.
    public var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name = unsafe name, count > 0 else { return nil }
        return unsafe String(
            decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// `TLSv1.2` or `TLSv1.3`, for logs.
    public var version: String { unsafe String(cString: SSL_get_version(ssl)) }

    /// The cipher suite's name, for logs; `(NONE)` before there is one.
    public var cipher: String {
        unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)))
    }

    /// Whether the handshake resumed an earlier session.
    public var wasResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// Whether these, the first bytes that a client sent, begin an HTTP request in clear text: the
    /// owner then answers in clear text that the port wants TLS. False for no bytes.
    public static func looksLikePlainHTTP(_ firstBytes: Span<UInt8>) -> Bool {
        PlainHTTP.matches(firstBytes)
    }

    // For the BIO

    /// Copies out what is left of the input; 0 when nothing is.
    func takeInput(into target: UnsafeMutableRawPointer, count: Int) -> Int {
        let taken = min(count, inputCount)
        guard taken > 0, let source = unsafe input else { return 0 }
        unsafe target.copyMemory(from: source, byteCount: taken)
        unsafe input = source + taken
        inputCount -= taken
        return taken
    }

    func addOutput(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe scratch.append(bytes, of: self)
    }

    /// For `TLSSession`.
    var sslForSession: OpaquePointer { unsafe ssl }
}
