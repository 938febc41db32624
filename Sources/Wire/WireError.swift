/// Why bytes could not be read as JSON or CBOR, and where.
public struct WireError: Error, Sendable, Hashable {
    /// What was wrong with the document.
    public enum Reason: Sendable, Hashable {
        /// The document ended inside a value.
        case truncated
        /// A byte that cannot stand where it does.
        case unexpectedByte
        /// Bytes behind the end of the document.
        case trailingBytes
        /// Lists and maps are nested deeper than ``TokenReader/maximumDepth``.
        case tooDeep
        /// The document has more tokens than its reader was to take.
        case tooManyTokens
        /// Text that is not well-formed UTF-8 (RFC 3629).
        case invalidUTF8
        /// A JSON escape that RFC 8259 section 7 does not know.
        case invalidEscape
        /// A number that breaks the grammar, is not finite, or is longer than
        /// ``TokenReader/maximumNumberBytes``.
        case invalidNumber
        /// A CBOR length that is larger than the bytes that are left.
        case impossibleLength
        /// A CBOR item that this subset does not have, or a map key that is not text.
        case unsupportedItem
    }

    /// The offset of the first byte that could not be used.
    public var offset: Int
    /// What was wrong with it.
    public var reason: Reason

    /// Makes an error about the byte at `offset`.
    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }
}
