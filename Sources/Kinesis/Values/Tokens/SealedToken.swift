internal import Crypto
internal import Wire

/// Bytes that only a holder of the key can have put together, as base64 text: the form of shard
/// iterators and page tokens.
///
/// The text is that of the plain bytes followed by the first 16 bytes of their HMAC-SHA-256. What is
/// inside is no secret, only its origin matters; and so nothing has to be random or counted.
enum SealedToken {
    /// The length of the tag in bytes: forging one takes 2^127 attempts on average.
    static let tagCount = 16

    /// Returns the text for `plain`.
    static func seal(_ plain: [UInt8], with key: [UInt8]) -> String {
        var bytes = plain
        let tag = HMACSHA256.authenticate(plain.span, key: key)
        bytes.append(copying: tag.span.extracting(..<tagCount))
        var text: [UInt8] = []
        Base64.encode(bytes.span, appendingTo: &text)
        return String(decodingASCII: text.span)
    }

    /// Returns the plain bytes of a text that ``seal(_:with:)`` returned for the same key, or nil
    /// for any other text.
    static func open(_ text: Span<UInt8>, with key: [UInt8]) -> [UInt8]? {
        guard var bytes = try? Base64.decode(text), bytes.count >= tagCount else { return nil }
        let plainCount = bytes.count - tagCount
        let tag = HMACSHA256.authenticate(bytes.span.extracting(..<plainCount), key: key)
        guard
            constantTimeEquals(
                bytes.span.extracting(plainCount...), tag.span.extracting(..<tagCount))
        else { return nil }
        bytes.removeLast(tagCount)
        return bytes
    }
}
