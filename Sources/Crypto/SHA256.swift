internal import COpenSSL

/// A SHA-256 digest (FIPS 180-4) that is computed as its message arrives.
///
/// The state is a value: a copy goes its own way, and nothing is allocated before ``finish()``.
public struct SHA256: Sendable {
    /// The length of a digest in bytes.
    public static let digestCount = 32

    private var state = SHA256_CTX()

    /// The digest of nothing so far.
    public init() {
        unsafe weir_sha256_init(&state)
    }

    /// Appends `bytes` to the message.
    public mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe weir_sha256_update(&state, bytes.baseAddress, bytes.count)
        }
    }

    /// Returns the 32 bytes of the digest of what was appended; more may be appended afterwards.
    public func finish() -> [UInt8] {
        var state = state
        return unsafe [UInt8](unsafeUninitializedCapacity: Self.digestCount) { digest, count in
            unsafe weir_sha256_final(&state, digest.baseAddress)
            count = Self.digestCount
        }
    }

    /// Returns the 32 bytes of the digest of `bytes`.
    public static func hash(_ bytes: Span<UInt8>) -> [UInt8] {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finish()
    }
}
