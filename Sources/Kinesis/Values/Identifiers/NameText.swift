/// Tells whether `text` satisfies `[a-zA-Z0-9_.-]+` with 1 to 128 characters: the names of streams,
/// consumers and shards.
func isName(_ text: Span<UInt8>) -> Bool {
    guard (1...128).contains(text.count) else { return false }
    for i in text.indices where !isNameCharacter(text[i]) {
        return false
    }
    return true
}

/// Tells whether `character` can stand in a name.
func isNameCharacter(_ character: UInt8) -> Bool {
    switch character {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
        UInt8(ascii: "-"):
        true
    default:
        false
    }
}

/// Tells whether `text` is a lower-case word such as a region or partition: `[a-z0-9-]{1,32}`.
func isLowercaseWord(_ text: Span<UInt8>) -> Bool {
    guard (1...32).contains(text.count) else { return false }
    for i in text.indices {
        switch text[i] {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            continue
        default:
            return false
        }
    }
    return true
}

/// Reads a decimal number without sign that fits 64 bits; leading zeros are allowed.
func decimalNumber(_ text: Span<UInt8>) -> UInt64? {
    guard !text.isEmpty else { return nil }
    var number: UInt64 = 0
    for i in text.indices {
        let digit = text[i] &- UInt8(ascii: "0")
        let (shifted, isTooLarge) = number.multipliedReportingOverflow(by: 10)
        guard digit <= 9, !isTooLarge else { return nil }
        let (next, overflows) = shifted.addingReportingOverflow(UInt64(digit))
        guard !overflows else { return nil }
        number = next
    }
    return number
}

extension String {
    /// The string of bytes that are known to be ASCII.
    init(decodingASCII ascii: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: ascii) else {
            preconditionFailure("ASCII is UTF-8")
        }
        self.init(copying: text)
    }
}
