internal import COpenSSL

/// Who this end is: a certificate with the chain that leads to its authority, and its key.
public struct Identity: Sendable {
    /// The certificate first, then its issuers; the root may be missing.
    let certificateChainPEM: [UInt8]
    let privateKeyPEM: [UInt8]
    /// The first second at which the certificate is valid, since 1970-01-01T00:00:00Z.
    public let validFromSeconds: Int64
    /// The last second at which the certificate is valid, since 1970-01-01T00:00:00Z.
    public let validUntilSeconds: Int64

    /// Checks that both can be read and belong together. Neither file's bytes are changed or
    /// written anywhere.
    ///
    /// Throws what is wrong with which of them; an encrypted key cannot be read.
    public init(certificateChainPEM: [UInt8], privateKeyPEM: [UInt8]) throws(TLSError) {
        let chain = try Certificate.all(pem: certificateChainPEM)
        let key = try PrivateKey(pem: privateKeyPEM)
        if unsafe X509_check_private_key(chain[0].pointer, key.pointer) != 1 {
            ERR_clear_error()
            throw TLSError(reason: "the private key does not belong to the certificate")
        }
        self.certificateChainPEM = certificateChainPEM
        self.privateKeyPEM = privateKeyPEM
        validFromSeconds = chain[0].notBefore
        validUntilSeconds = chain[0].notAfter
    }
}
