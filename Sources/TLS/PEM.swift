internal import COpenSSL

/// A certificate, owned.
@safe final class Certificate {
    /// Freed in `deinit`; whoever keeps it longer takes a reference of its own.
    let pointer: OpaquePointer

    /// Takes over one reference.
    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe X509_free(pointer)
    }

    /// All certificates of a PEM text, in its order; text between them is skipped.
    static func all(pem: [UInt8]) throws(TLSError) -> [Certificate] {
        let source = try MemoryBIO(reading: pem)
        var found: [Certificate] = []
        while let next = unsafe PEM_read_bio_X509(source.pointer, nil, refusePassword, nil) {
            found.append(unsafe Certificate(owning: next))
        }
        // The end of the text is reported as a missing start line; anything else is damage.
        let code = ERR_peek_last_error()
        if code != 0, ERR_GET_REASON(code) != PEM_R_NO_START_LINE {
            throw .taken("the certificate cannot be read")
        }
        ERR_clear_error()
        if found.isEmpty { throw TLSError(reason: "there is no certificate in the file") }
        return found
    }

    /// This certificate as PEM.
    func pem() throws(TLSError) -> [UInt8] {
        let target = try MemoryBIO()
        if unsafe PEM_write_bio_X509(target.pointer, pointer) != 1 {
            throw .taken("the certificate cannot be written")
        }
        return target.contents
    }

    /// The first second at which it is valid, since 1970.
    var notBefore: Int64 { unsafe Self.seconds(X509_get0_notBefore(pointer)) }

    /// The last second at which it is valid, since 1970.
    var notAfter: Int64 { unsafe Self.seconds(X509_get0_notAfter(pointer)) }

    /// Seconds since 1970; 0 for what is not a time.
    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var days: Int32 = 0
        var seconds: Int32 = 0
        let epoch = unsafe ASN1_TIME_set(nil, 0)
        defer { unsafe ASN1_STRING_free(epoch) }
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}

/// A private key, owned.
@safe final class PrivateKey {
    /// Freed in `deinit`; whoever keeps it longer takes a reference of its own.
    let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe EVP_PKEY_free(pointer)
    }

    /// A new ECDSA key on P-256.
    static func generate() throws(TLSError) -> PrivateKey {
        guard let key = unsafe weir_generate_p256_key() else {
            throw .taken("no key could be made")
        }
        return unsafe PrivateKey(owning: key)
    }

    /// The first private key of a PEM text, in any of OpenSSL's forms, but not encrypted.
    init(pem: [UInt8]) throws(TLSError) {
        let source = try MemoryBIO(reading: pem)
        guard let key = unsafe PEM_read_bio_PrivateKey(source.pointer, nil, refusePassword, nil)
        else { throw .taken("the private key cannot be read") }
        unsafe pointer = key
    }

    /// This key as PEM (PKCS #8, not encrypted).
    func pem() throws(TLSError) -> [UInt8] {
        let target = try MemoryBIO()
        let result = unsafe PEM_write_bio_PKCS8PrivateKey(
            target.pointer, pointer, nil, nil, 0, nil, nil)
        if result != 1 { throw .taken("the private key cannot be written") }
        return target.contents
    }
}

/// OpenSSL's memory BIO, for PEM only; connections have their own (`ByteBIO`).
@safe final class MemoryBIO {
    let pointer: OpaquePointer

    /// Empty, to be written to.
    init() throws(TLSError) {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { throw .taken("no memory") }
        unsafe pointer = bio
    }

    /// With a copy of `bytes` to be read.
    convenience init(reading bytes: [UInt8]) throws(TLSError) {
        if bytes.count > Limits.pemBytes { throw TLSError(reason: "the PEM file is too large") }
        try self.init()
        let written = unsafe BIO_write(pointer, bytes, Int32(bytes.count))
        if written != bytes.count, !bytes.isEmpty { throw .taken("no memory") }
        ERR_clear_error()
    }

    deinit {
        // A written key does not stay behind in freed memory: OpenSSL clears the buffer first.
        unsafe BIO_free(pointer)
    }

    /// What was written.
    var contents: [UInt8] {
        var start: UnsafeMutablePointer<CChar>?
        let count = unsafe weir_bio_contents(pointer, &start)
        guard let start = unsafe start, count > 0 else { return [] }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }
}

/// Answers OpenSSL's question for a password with "none", so that it never asks on a terminal.
@c private func refusePassword(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ isWriting: Int32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    -1
}
