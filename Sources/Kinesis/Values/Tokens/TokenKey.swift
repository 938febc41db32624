internal import Crypto

/// The secret that makes iterators and page tokens of this server its own.
///
/// Each kind of token is authenticated with a key derived for it, so that one kind can never pass
/// for another. The secret is kept with the data, since tokens must survive a restart.
public struct TokenKey: Sendable {
    /// The length of the secret in bytes.
    public static let byteCount = 32

    let iterators: [UInt8]
    let pages: [UInt8]

    /// The key with the given secret of ``byteCount`` random bytes.
    public init(bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount, "the secret of tokens has 32 bytes")
        iterators = HMACSHA256.authenticate("weir shard iterator".utf8.span, key: bytes)
        pages = HMACSHA256.authenticate("weir page token".utf8.span, key: bytes)
    }
}
