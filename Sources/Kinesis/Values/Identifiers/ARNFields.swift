/// Finds the parts of an ARN, which end at a colon, one after the other.
struct ARNFields: ~Escapable {
    private let text: Span<UInt8>
    private var offset = 0

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) {
        self.text = text
    }

    /// What is left after the fields taken so far.
    var rest: Span<UInt8> {
        @_lifetime(copy self)
        get { text.extracting(offset...) }
    }

    /// The text up to the next `separator`, which is passed over; nil if there is none.
    @_lifetime(copy self)
    mutating func next(upTo separator: UInt8 = UInt8(ascii: ":")) -> Span<UInt8>? {
        var end = offset
        while end < text.count && text[end] != separator {
            end += 1
        }
        guard end < text.count else { return nil }
        let field = text.extracting(offset..<end)
        offset = end + 1
        return field
    }

    /// Passes over `literal` if it comes next.
    mutating func skip(_ literal: StaticString) -> Bool {
        guard text.hasPrefix(literal, at: offset) else { return false }
        offset += literal.utf8CodeUnitCount
        return true
    }
}
