/// The subset of RFC 8949 that Kinesis clients write: every width of integer and float, definite and
/// indefinite strings, lists and maps with text keys, tag 1 for timestamps. Other tags are passed over.
extension TokenReader {
    /// A data item's initial byte with its argument (RFC 8949 section 3).
    private struct Head {
        var major: UInt8
        /// The five low bits of the initial byte; 31 means indefinite length, or a break.
        var information: UInt8
        var argument: UInt64

        var isIndefinite: Bool { information == 31 }
    }

    /// How many tags may stand before one value. Clients write at most one, behind which only the
    /// self-describing tag has a reason to stand.
    private static let maximumTags = 8

    mutating func nextCBOR() throws(WireError) -> Token {
        if expectation == .end {
            guard position == source.count else { throw fail(.trailingBytes) }
            return .end
        }
        if depth > 0, expectation != .value || !isInMap {
            if remaining[depth - 1] == 0 { return popCBOR() }
            if remaining[depth - 1] < 0, position < source.count, source[position] == 0xFF {
                position += 1
                return popCBOR()
            }
        }
        if expectation == .key { return try cborKey() }
        return try cborValue()
    }

    private mutating func popCBOR() -> Token {
        let token: Token = isInMap ? .endMap : .endList
        depth -= 1
        cborValueEnded()
        return token
    }

    private mutating func cborValueEnded() {
        guard depth > 0 else {
            expectation = .end
            return
        }
        if remaining[depth - 1] > 0 { remaining[depth - 1] -= 1 }
        expectation = isInMap ? .key : .value
    }

    private mutating func cborKey() throws(WireError) -> Token {
        let start = position
        var head = try cborHead()
        var tags = 0
        while head.major == 6, tags < Self.maximumTags {
            head = try cborHead()
            tags += 1
        }
        guard head.major == 3 else { throw WireError(offset: start, reason: .unsupportedItem) }
        let key = try cborString(head)
        expectation = .value
        return .key(key)
    }

    private mutating func cborValue() throws(WireError) -> Token {
        let start = position
        var head = try cborHead()
        var isTimestamp = false
        var tags = 0
        while head.major == 6 {
            tags += 1
            guard tags <= Self.maximumTags else {
                throw WireError(offset: start, reason: .unsupportedItem)
            }
            isTimestamp = head.argument == 1
            head = try cborHead()
        }
        let token: Token
        switch head.major {
        case 0, 1:
            token = try cborInteger(head, start)
        case 2:
            token = .bytes(try cborString(head))
        case 3:
            token = .text(try cborString(head))
        case 4, 5:
            try beginCBOR(head, start)
            return head.major == 4 ? .beginList : .beginMap
        default:
            token = try cborSimple(head, start)
        }
        cborValueEnded()
        return isTimestamp ? try timestamp(token, start) : token
    }

    private mutating func beginCBOR(_ head: Head, _ start: Int) throws(WireError) {
        let isMap = head.major == 5
        var items = -1
        if !head.isIndefinite {
            // An item takes at least one byte, and a pair two.
            let most = UInt64(source.count - position) / (isMap ? 2 : 1)
            guard head.argument <= most else {
                throw WireError(offset: start, reason: .impossibleLength)
            }
            items = Int(head.argument)
        }
        try push(map: isMap)
        remaining[depth - 1] = items
        expectation = isMap ? .key : .value
    }

    private func cborInteger(_ head: Head, _ start: Int) throws(WireError) -> Token {
        guard !head.isIndefinite else { throw WireError(offset: start, reason: .unsupportedItem) }
        if head.argument <= UInt64(Int64.max) {
            let value = Int64(head.argument)
            return .integer(head.major == 0 ? value : -1 - value)
        }
        let value = Double(head.argument)
        return .decimal(head.major == 0 ? value : -1 - value)
    }

    private func cborSimple(_ head: Head, _ start: Int) throws(WireError) -> Token {
        let value: Double
        switch head.information {
        case 20: return .boolean(false)
        case 21: return .boolean(true)
        case 22, 23: return .null
        case 25: value = doubleFromHalf(UInt16(head.argument))
        case 26: value = Double(Float(bitPattern: UInt32(head.argument)))
        case 27: value = Double(bitPattern: head.argument)
        default: throw WireError(offset: start, reason: .unsupportedItem)
        }
        guard value.isFinite else { throw WireError(offset: start, reason: .invalidNumber) }
        return .decimal(value)
    }

    /// What tag 1 makes of a number: integers are milliseconds.
    private func timestamp(_ token: Token, _ start: Int) throws(WireError) -> Token {
        switch token {
        case .integer(let milliseconds): return .timestamp(milliseconds: milliseconds)
        case .decimal(let value): return .timestamp(milliseconds: milliseconds(fromFloat: value))
        default: throw WireError(offset: start, reason: .unsupportedItem)
        }
    }

    /// Reads a head. Only strings, lists, maps and the break may have an indefinite length, which
    /// the caller decides.
    private mutating func cborHead() throws(WireError) -> Head {
        guard position < source.count else { throw fail(.truncated) }
        let initial = source[position]
        let information = initial & 0x1F
        var head = Head(
            major: initial >> 5, information: information, argument: UInt64(information))
        switch information {
        case 0..<24:
            position += 1
        case 24...27:
            let width = 1 << Int(information - 24)
            guard position + width < source.count else {
                position = source.count
                throw fail(.truncated)
            }
            head.argument = 0
            for offset in position + 1...position + width {
                head.argument = head.argument << 8 | UInt64(source[offset])
            }
            position += 1 + width
        case 31 where head.major >= 2 && head.major <= 5:
            position += 1
        default:
            throw fail(.unsupportedItem)
        }
        return head
    }

    /// Reads a string's bytes, whose head was just read.
    private mutating func cborString(_ head: Head) throws(WireError) -> StringRange {
        let start = position
        guard head.isIndefinite else {
            try passChunk(head)
            return StringRange(start, position, isPlain: true)
        }
        while true {
            guard position < source.count else { throw fail(.truncated) }
            if source[position] == 0xFF {
                position += 1
                return StringRange(start, position - 1, isPlain: false)
            }
            let offset = position
            try chargePiece()
            let chunk = try cborHead()
            guard chunk.major == head.major, !chunk.isIndefinite else {
                throw WireError(offset: offset, reason: .unsupportedItem)
            }
            try passChunk(chunk)
        }
    }

    /// Passes over a definite string's bytes. Each chunk of text is well-formed by itself
    /// (RFC 8949 section 3.2.3).
    private mutating func passChunk(_ head: Head) throws(WireError) {
        guard head.argument <= UInt64(source.count - position) else {
            throw fail(.impossibleLength)
        }
        let end = position + Int(head.argument)
        if head.major == 3 {
            let text = source.extracting(position..<end)
            var offset = 0
            while true {
                offset = endOfPlainRun(text, from: offset)
                guard offset < text.count else { break }
                try chargePiece()
                guard let length = utf8SequenceLength(text, at: offset) else {
                    throw WireError(offset: position + offset, reason: .invalidUTF8)
                }
                offset += length
            }
        }
        position = end
    }

    /// Joins the chunks of an indefinite string that was read before.
    func appendChunks(_ string: StringRange, to bytes: inout [UInt8]) {
        var chunks = TokenReader(source, .cbor)
        chunks.position = string.lowerBound
        while chunks.position < string.upperBound, let head = try? chunks.cborHead() {
            let start = chunks.position
            chunks.position += Int(head.argument)
            bytes.append(copying: source.extracting(start..<chunks.position))
        }
    }
}

/// A floating-point time as milliseconds since 1970.
///
/// Writers of floats mean seconds, as RFC 8949 and JSON do; only a number too large for that is
/// taken for milliseconds. The border, 10^11, is the year 5138 in seconds and 1973 in milliseconds.
public func milliseconds(fromFloat value: Double) -> Int64 {
    let exact = value.magnitude < 1e11 ? value * 1000 : value
    let limit = 9.0e15
    return Int64(max(-limit, min(limit, exact)).rounded())
}

/// A half-precision float (RFC 8949 appendix D), which the processor need not know.
private func doubleFromHalf(_ bits: UInt16) -> Double {
    let exponent = Int(bits >> 10) & 0x1F
    let fraction = Double(bits & 0x3FF)
    let magnitude: Double =
        switch exponent {
        case 0: fraction * 0x1p-24
        case 31: fraction == 0 ? .infinity : .nan
        default: (fraction + 1024) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    return bits & 0x8000 == 0 ? magnitude : -magnitude
}
