/// One step through a document; the same for JSON and CBOR.
public enum Token: Sendable, Hashable {
    /// A map begins. Its ``key(_:)`` tokens follow, each with a value behind it.
    case beginMap
    /// The innermost map ends.
    case endMap
    /// A list begins.
    case beginList
    /// The innermost list ends.
    case endList
    /// A map's key.
    case key(StringRange)
    /// A text string.
    case text(StringRange)
    /// A byte string, which only CBOR has.
    case bytes(StringRange)
    /// A whole number that fits 64 bits.
    case integer(Int64)
    /// Any other number. It is finite.
    case decimal(Double)
    /// `true` or `false`.
    case boolean(Bool)
    /// JSON's `null`; CBOR's null and undefined.
    case null
    /// CBOR's tag 1, in milliseconds since 1970: Kinesis counts them in milliseconds where RFC 8949
    /// section 3.4.2 says seconds.
    case timestamp(milliseconds: Int64)
    /// The document is over and nothing stands behind it.
    case end
}

/// Where a string's bytes stand in a document.
///
/// Only a plain string can be taken from the document as it is; any other goes through
/// ``TokenReader/append(_:to:)``.
public struct StringRange: Sendable, Hashable {
    /// The offset of the first byte, behind JSON's quotation mark or CBOR's head.
    public var lowerBound: Int
    /// The offset behind the last byte.
    public var upperBound: Int
    /// Whether these bytes are the string: no JSON escapes, not in CBOR chunks.
    public var isPlain: Bool

    /// How many bytes of the document the string takes; at least as many as it has itself.
    public var count: Int { upperBound - lowerBound }

    init(_ lowerBound: Int, _ upperBound: Int, isPlain: Bool) {
        self.lowerBound = lowerBound
        self.upperBound = upperBound
        self.isPlain = isPlain
    }
}
