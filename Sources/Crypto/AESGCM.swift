internal import COpenSSL

/// Authenticated encryption with AES-256 in Galois/counter mode (NIST SP 800-38D).
///
/// A key must never meet the same nonce twice: whoever sees two messages under one nonce learns
/// their difference and can forge others. Where nonces come from is the caller's to prove.
public struct AESGCM: Sendable {
    /// The length of a key in bytes.
    public static let keyCount = 32
    /// The length of a nonce in bytes.
    public static let nonceCount = 12
    /// How many bytes a sealed message is longer than the plain one.
    public static let tagCount = 16

    private let key: [UInt8]

    /// A cipher with `key`, which has ``keyCount`` bytes.
    public init(key: [UInt8]) {
        precondition(key.count == Self.keyCount, "AES-256 has keys of 32 bytes")
        self.key = key
    }

    /// Encrypts `plain` and authenticates it together with `aad`, which is not part of the result.
    ///
    /// - Parameter nonce: ``nonceCount`` bytes that were never used with this key before.
    /// - Returns: The cipher text, followed by its tag.
    public func seal(_ plain: Span<UInt8>, nonce: [UInt8], aad: Span<UInt8>) -> [UInt8] {
        var context = CipherContext(key: key, nonce: nonce, direction: .encrypt)
        context.authenticate(aad)
        return unsafe [UInt8](unsafeUninitializedCapacity: plain.count + Self.tagCount) {
            out, count in
            let sealed = unsafe context.transform(plain, into: out)
            precondition(sealed, "AES-GCM encryption cannot fail")
            unsafe context.readTag(UnsafeMutableBufferPointer(rebasing: out[plain.count...]))
            count = plain.count + Self.tagCount
        }
    }

    /// Decrypts what ``seal(_:nonce:aad:)`` returned for the same nonce and `aad`, or returns nil
    /// if that is not what `sealed` is.
    public func open(_ sealed: Span<UInt8>, nonce: [UInt8], aad: Span<UInt8>) -> [UInt8]? {
        guard sealed.count >= Self.tagCount else { return nil }
        let plainCount = sealed.count - Self.tagCount
        var context = CipherContext(key: key, nonce: nonce, direction: .decrypt)
        context.authenticate(aad)
        context.expectTag(sealed.extracting(plainCount...))
        var isAuthentic = false
        let plain = unsafe [UInt8](unsafeUninitializedCapacity: plainCount) { out, count in
            isAuthentic = unsafe context.transform(sealed.extracting(..<plainCount), into: out)
            count = plainCount
        }
        return isAuthentic ? plain : nil
    }
}

/// OpenSSL's state for one message; freed with the value.
@safe
private struct CipherContext: ~Copyable {
    enum Direction: Int32 {
        case decrypt = 0
        case encrypt = 1
    }

    private let context: OpaquePointer

    init(key: [UInt8], nonce: [UInt8], direction: Direction) {
        precondition(nonce.count == AESGCM.nonceCount, "AES-GCM nonces have 12 bytes here")
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            preconditionFailure("out of memory")
        }
        unsafe self.context = unsafe context
        let ready = unsafe EVP_CipherInit_ex(
            context, EVP_aes_256_gcm(), nil, key, nonce, direction.rawValue)
        precondition(ready == 1, "OpenSSL has no AES-256-GCM")
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(context)
    }

    mutating func authenticate(_ aad: Span<UInt8>) {
        guard !aad.isEmpty else { return }
        var written: Int32 = 0
        let taken = unsafe aad.withUnsafeBufferPointer { aad in
            unsafe EVP_CipherUpdate(context, nil, &written, aad.baseAddress, Int32(aad.count))
        }
        precondition(taken == 1, "AES-GCM refused associated data")
    }

    /// Writes as many bytes as `input` has; false if a tag was expected and is not the one.
    mutating func transform(
        _ input: Span<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        var written: Int32 = 0
        if !input.isEmpty {
            let taken = unsafe input.withUnsafeBufferPointer { input in
                unsafe EVP_CipherUpdate(
                    context, output.baseAddress, &written, input.baseAddress, Int32(input.count))
            }
            precondition(taken == 1 && Int(written) == input.count, "AES-GCM is a stream cipher")
        }
        // The final call writes nothing in this mode, but wants an address.
        var nothing: UInt8 = 0
        return unsafe EVP_CipherFinal_ex(context, &nothing, &written) == 1
    }

    mutating func readTag(_ tag: UnsafeMutableBufferPointer<UInt8>) {
        let read = unsafe EVP_CIPHER_CTX_ctrl(
            context, EVP_CTRL_AEAD_GET_TAG, Int32(AESGCM.tagCount), tag.baseAddress)
        precondition(read == 1, "AES-GCM has a tag after its final call")
    }

    mutating func expectTag(_ tag: Span<UInt8>) {
        // OpenSSL's signature is not const, but it only copies the tag.
        let set = unsafe tag.withUnsafeBufferPointer { tag in
            unsafe EVP_CIPHER_CTX_ctrl(
                context, EVP_CTRL_AEAD_SET_TAG, Int32(AESGCM.tagCount),
                UnsafeMutableRawPointer(mutating: tag.baseAddress))
        }
        precondition(set == 1, "AES-GCM takes a tag of 16 bytes")
    }
}
