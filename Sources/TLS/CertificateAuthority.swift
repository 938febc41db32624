internal import COpenSSL

/// A private certificate authority: what a server makes for itself when nobody gave it a
/// certificate.
///
/// Keys are ECDSA on P-256. Certificates are as RFC 5280 wants them, with key identifiers, so that
/// strict verifiers accept them.
public struct CertificateAuthority: Sendable {
    /// The authority's own certificate: what clients are told to trust.
    public let certificatePEM: [UInt8]
    /// Its key (PKCS #8). Whoever has it can impersonate the server to those clients.
    public let privateKeyPEM: [UInt8]

    /// A certificate and its key, both PEM.
    public struct Issued: Sendable {
        /// The certificate, followed by the authority's.
        public let certificateChainPEM: [UInt8]
        /// PKCS #8, not encrypted.
        public let privateKeyPEM: [UInt8]
    }

    /// Makes a new authority, valid for ten years from `now` (seconds since 1970) or the beginning
    /// of 2026, whichever is later. It is valid before that too: clients keep it for years, and a
    /// node whose clock was ahead or behind at its first start would shut them out when it is put
    /// right. The serial number in its name tells it from others in a client's list.
    public static func create(now: Int64) throws(TLSError) -> CertificateAuthority {
        let key = try PrivateKey.generate()
        let builder = try CertificateBuilder(
            organization: "Weir", commonName: "Weir local authority", isNameUnique: true)
        let start = Limits.authorityStart
        try builder.setValidity(
            min(now, start)...max(now, start) + Limits.authorityDays * 86_400)
        let certificate = try builder.selfSigned(
            by: key,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
                (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
                (NID_authority_key_identifier, "keyid:always"),
            ])
        return try CertificateAuthority(
            certificatePEM: certificate.pem(), privateKeyPEM: key.pem())
    }

    /// An authority made earlier. Throws when the two do not belong together.
    public init(certificatePEM: [UInt8], privateKeyPEM: [UInt8]) throws(TLSError) {
        _ = try Identity(certificateChainPEM: certificatePEM, privateKeyPEM: privateKeyPEM)
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
    }

    /// Issues a server's certificate for host names (which may begin with `*.`) and numeric
    /// addresses, at least one of either, valid for 397 days, 30 of them before `now` (seconds
    /// since 1970), but not beyond the authority.
    ///
    /// Throws when a name cannot be a host name or an address cannot be one.
    public func issue(
        names: [String], addresses: [String], now: Int64
    ) throws(TLSError) -> Issued {
        try issue(names: names, addresses: addresses, now: now...now)
    }

    /// The same where two clocks disagree: from 30 days before the earlier one on, until 367 days
    /// after the later one.
    public func issue(
        names: [String], addresses: [String], now: ClosedRange<Int64>
    ) throws(TLSError) -> Issued {
        try issue(
            commonName: "Weir server", now: now,
            extensions: [
                (NID_ext_key_usage, "serverAuth"),
                (NID_subject_alt_name, Self.alternativeNames(names, addresses)),
            ])
    }

    /// Issues a client's certificate in the name of `commonName` (1 to 64 bytes), valid as a
    /// server's.
    public func issueClient(commonName: String, now: Int64) throws(TLSError) -> Issued {
        try issue(
            commonName: commonName, now: now...now,
            extensions: [(NID_ext_key_usage, "clientAuth")])
    }

    private func issue(
        commonName: String, now: ClosedRange<Int64>, extensions: [(Int32, String)]
    ) throws(TLSError) -> Issued {
        let authority = try Certificate.all(pem: certificatePEM)[0]
        let authorityKey = try PrivateKey(pem: privateKeyPEM)
        let key = try PrivateKey.generate()
        let builder = try CertificateBuilder(
            organization: "Weir", commonName: commonName, isNameUnique: false)
        let start = now.lowerBound - Limits.leafSkewSeconds
        let end = min(
            now.upperBound - Limits.leafSkewSeconds + Limits.leafDays * 86_400, authority.notAfter)
        try builder.setValidity(min(start, end)...end)
        let fixed: [(Int32, String)] = [
            (NID_basic_constraints, "critical,CA:FALSE"),
            (NID_key_usage, "critical,digitalSignature"),
            (NID_subject_key_identifier, "hash"),
            (NID_authority_key_identifier, "keyid:always"),
        ]
        let certificate = try builder.signed(
            for: key, by: authority, authorityKey, extensions: fixed + extensions)
        return Issued(
            certificateChainPEM: try certificate.pem() + certificatePEM,
            privateKeyPEM: try key.pem())
    }

    /// The value of a subjectAltName in OpenSSL's notation. Names are checked here because a comma
    /// in one would begin another entry.
    private static func alternativeNames(
        _ names: [String], _ addresses: [String]
    ) throws(TLSError) -> String {
        var entries: [String] = []
        for name in names {
            guard isHostName(name) else {
                throw TLSError(reason: "\"\(name)\" cannot be a host name")
            }
            entries.append("DNS:\(name)")
        }
        for address in addresses {
            let parsed = unsafe a2i_IPADDRESS(address)
            guard unsafe parsed != nil else {
                ERR_clear_error()
                throw TLSError(reason: "\"\(address)\" cannot be an address")
            }
            unsafe ASN1_OCTET_STRING_free(parsed)
            entries.append("IP:\(address)")
        }
        if entries.isEmpty { throw TLSError(reason: "a server's certificate needs a name") }
        return entries.joined(separator: ",")
    }

    /// RFC 1123 §2.1, with underscores, which container networks use, and one leading wildcard.
    static func isHostName(_ name: String) -> Bool {
        let labels = name.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard (1...253).contains(name.utf8.count) else { return false }
        for (i, label) in labels.enumerated() {
            if i == 0, labels.count > 2, label.elementsEqual([0x2A]) { continue }
            guard (1...63).contains(label.count), label.first != 0x2D, label.last != 0x2D else {
                return false
            }
            for byte in label {
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: continue
                default: return false
                }
            }
        }
        return true
    }
}
