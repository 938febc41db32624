/// The length of the well-formed UTF-8 sequence at `offset`, or nil if there is none.
///
/// Follows the table of RFC 3629 section 4: no overlong forms, no surrogates, nothing above
/// U+10FFFF.
func utf8SequenceLength(_ bytes: Span<UInt8>, at offset: Int) -> Int? {
    let first = bytes[offset]
    if first < 0x80 { return 1 }
    let length: Int
    var lowest: UInt8 = 0x80
    var highest: UInt8 = 0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF:
        length = 3
        if first == 0xE0 { lowest = 0xA0 }
        if first == 0xED { highest = 0x9F }
    case 0xF0...0xF4:
        length = 4
        if first == 0xF0 { lowest = 0x90 }
        if first == 0xF4 { highest = 0x8F }
    default: return nil
    }
    guard offset + length <= bytes.count else { return nil }
    guard bytes[offset + 1] >= lowest, bytes[offset + 1] <= highest else { return nil }
    for index in offset + 2..<offset + length where bytes[index] & 0xC0 != 0x80 { return nil }
    return length
}

/// Whether `text` is ASCII that stands in a JSON string as it is.
public func isPlainInJSON(_ text: Span<UInt8>) -> Bool {
    endOfPlainRun(text, from: 0) == text.count
}
