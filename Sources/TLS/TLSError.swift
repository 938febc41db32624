internal import COpenSSL

/// Why TLS did not work: what the peer did wrong, or what is wrong with a certificate or key.
public struct TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One line for a log, such as `tlsv1 alert unknown ca` or
    /// `certificate verify failed: self-signed certificate in certificate chain`.
    public let reason: String

    public init(reason: String) {
        self.reason = reason
    }

    public var description: String { reason }

    /// The most recent entry of this thread's OpenSSL error queue, which is emptied. `context` is
    /// what was tried; without an entry it is all there is to say.
    static func taken(_ context: String? = nil) -> TLSError {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0 else { return TLSError(reason: context ?? "unknown error") }
        // The strings are constants of the library, or absent for system errors.
        let text = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
        let reason = text ?? "error \(code)"
        return TLSError(reason: context.map { "\($0): \(reason)" } ?? reason)
    }
}
