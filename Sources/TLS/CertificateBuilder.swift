internal import COpenSSL

/// A certificate in the making.
struct CertificateBuilder {
    private let certificate: Certificate

    /// With a random serial number of 127 bits: positive, and within the 20 octets of RFC 5280
    /// §4.1.2.2. `isNameUnique` adds its beginning to the common name.
    init(organization: String, commonName: String, isNameUnique: Bool) throws(TLSError) {
        ERR_clear_error()
        guard let pointer = unsafe X509_new() else { throw .taken("no certificate") }
        certificate = unsafe Certificate(owning: pointer)
        var serial = [UInt8](repeating: 0, count: 16)
        guard unsafe RAND_bytes(&serial, 16) == 1 else { throw .taken("no random bytes") }
        // Without its sign bit, and with a first byte that is not zero: always 16 octets.
        serial[0] = serial[0] & 0x7F | 0x40
        let number = unsafe BN_bin2bn(serial, 16, nil)
        defer { unsafe BN_free(number) }
        guard unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil,
            unsafe X509_set_version(pointer, 2) == 1  // Version 3 is written as 2.
        else { throw .taken("no certificate") }
        let suffix = serial[1...4].map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }
        try addName("O", organization)
        try addName("CN", isNameUnique ? commonName + " " + suffix.joined() : commonName)
    }

    private func addName(_ field: String, _ value: String) throws(TLSError) {
        let subject = unsafe X509_get_subject_name(certificate.pointer)
        let bytes = [UInt8](value.utf8)
        let result = unsafe X509_NAME_add_entry_by_txt(
            subject, field, V_ASN1_UTF8STRING_TYPE, bytes, Int32(bytes.count), -1, 0)
        if result != 1 { throw .taken("\"\(value)\" cannot be a subject's name") }
    }

    /// `MBSTRING_UTF8`, a macro that does not import.
    private var V_ASN1_UTF8STRING_TYPE: Int32 { 0x1000 }

    /// Valid from the first to the last second of a range, in seconds since 1970.
    func setValidity(_ seconds: ClosedRange<Int64>) throws(TLSError) {
        let (begin, end) = (Int(seconds.lowerBound), Int(seconds.upperBound))
        let isSet =
            unsafe ASN1_TIME_set(X509_getm_notBefore(certificate.pointer), begin) != nil
            && ASN1_TIME_set(X509_getm_notAfter(certificate.pointer), end) != nil
        if !isSet { throw .taken("the validity cannot be written") }
    }

    /// The certificate of a root: its own issuer.
    func selfSigned(
        by key: PrivateKey, extensions: [(Int32, String)]
    ) throws(TLSError) -> Certificate {
        try signed(for: key, by: certificate, key, extensions: extensions)
    }

    /// The certificate for `key`, signed with its issuer's.
    func signed(
        for key: PrivateKey, by issuer: Certificate, _ issuerKey: PrivateKey,
        extensions: [(Int32, String)]
    ) throws(TLSError) -> Certificate {
        let pointer = unsafe certificate.pointer
        let issuerName = unsafe X509_get_subject_name(issuer.pointer)
        guard unsafe X509_set_issuer_name(pointer, issuerName) == 1,
            unsafe X509_set_pubkey(pointer, key.pointer) == 1
        else { throw .taken("the certificate cannot be filled in") }
        for (kind, value) in extensions { try add(kind, value, issuer: issuer) }
        guard unsafe X509_sign(pointer, issuerKey.pointer, EVP_sha256()) != 0 else {
            throw .taken("the certificate cannot be signed")
        }
        return certificate
    }

    /// Adds an extension. The order matters: an authority's own key identifier must be in place
    /// before the reference to it.
    private func add(_ kind: Int32, _ value: String, issuer: Certificate) throws(TLSError) {
        var context = unsafe X509V3_CTX()
        unsafe weir_x509v3_no_database(&context)
        unsafe X509V3_set_ctx(
            &context, issuer.pointer, certificate.pointer, nil, nil, 0)
        let made = unsafe X509V3_EXT_conf_nid(nil, &context, kind, value)
        defer { unsafe X509_EXTENSION_free(made) }
        guard unsafe made != nil, unsafe X509_add_ext(certificate.pointer, made, -1) == 1 else {
            throw .taken("the extension \(value) cannot be written")
        }
    }
}
