/// Message authentication with SHA-256 (HMAC, RFC 2104).
public enum HMACSHA256 {
    /// SHA-256 works on blocks of this many bytes.
    private static let blockCount = 64

    /// Returns the 32 bytes that only holders of `key` can compute for `message`.
    ///
    /// Compare them with ``constantTimeEquals(_:_:)`` only. A key longer than 64 bytes counts as
    /// its own digest, as the RFC has it.
    public static func authenticate(_ message: Span<UInt8>, key: [UInt8]) -> [UInt8] {
        var block = key.count > blockCount ? SHA256.hash(key.span) : key
        block.append(contentsOf: repeatElement(0, count: blockCount - block.count))
        for i in block.indices {
            block[i] ^= 0x36
        }
        var inner = SHA256()
        inner.update(block.span)
        inner.update(message)
        for i in block.indices {
            block[i] ^= 0x36 ^ 0x5C
        }
        var outer = SHA256()
        outer.update(block.span)
        outer.update(inner.finish().span)
        return outer.finish()
    }
}
