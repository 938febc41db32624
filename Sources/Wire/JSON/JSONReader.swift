/// The grammar of RFC 8259.
extension TokenReader {
    mutating func nextJSON() throws(WireError) -> Token {
        skipWhitespace()
        guard position < source.count else {
            if expectation == .end { return .end }
            throw fail(.truncated)
        }
        let byte = source[position]
        switch expectation {
        case .end:
            throw fail(.trailingBytes)
        case .value:
            return try jsonValue(byte)
        case .firstElement:
            return byte == UInt8(ascii: "]") ? close(.endList) : try jsonValue(byte)
        case .firstKey:
            return byte == UInt8(ascii: "}") ? close(.endMap) : try jsonKey(byte)
        case .key:
            return try jsonKey(byte)
        case .separator:
            let isMap = isInMap
            if byte == UInt8(ascii: ",") {
                position += 1
                expectation = isMap ? .key : .value
                return try nextJSON()
            }
            guard byte == (isMap ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                throw fail(.unexpectedByte)
            }
            return close(isMap ? .endMap : .endList)
        }
    }

    private mutating func skipWhitespace() {
        while position < source.count {
            switch source[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func close(_ token: Token) -> Token {
        position += 1
        depth -= 1
        valueEnded()
        return token
    }

    private mutating func valueEnded() {
        expectation = depth == 0 ? .end : .separator
    }

    private mutating func jsonKey(_ byte: UInt8) throws(WireError) -> Token {
        guard byte == UInt8(ascii: "\"") else { throw fail(.unexpectedByte) }
        let key = try jsonString()
        skipWhitespace()
        guard position < source.count else { throw fail(.truncated) }
        guard source[position] == UInt8(ascii: ":") else { throw fail(.unexpectedByte) }
        position += 1
        expectation = .value
        return .key(key)
    }

    private mutating func jsonValue(_ byte: UInt8) throws(WireError) -> Token {
        let token: Token
        switch byte {
        case UInt8(ascii: "\""):
            token = .text(try jsonString())
        case UInt8(ascii: "{"):
            try push(map: true)
            position += 1
            expectation = .firstKey
            return .beginMap
        case UInt8(ascii: "["):
            try push(map: false)
            position += 1
            expectation = .firstElement
            return .beginList
        case UInt8(ascii: "t"):
            token = try jsonLiteral("true", .boolean(true))
        case UInt8(ascii: "f"):
            token = try jsonLiteral("false", .boolean(false))
        case UInt8(ascii: "n"):
            token = try jsonLiteral("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            token = try jsonNumber()
        default:
            throw fail(.unexpectedByte)
        }
        valueEnded()
        return token
    }

    private mutating func jsonLiteral(
        _ word: String, _ token: Token
    ) throws(WireError) -> Token {
        for byte in word.utf8 {
            guard position < source.count else { throw fail(.truncated) }
            guard source[position] == byte else { throw fail(.unexpectedByte) }
            position += 1
        }
        return token
    }

    /// Reads a string whose quotation mark is the next byte, and checks all of it.
    private mutating func jsonString() throws(WireError) -> StringRange {
        position += 1
        let start = position
        var isPlain = true
        while true {
            let end = endOfPlainRun(source, from: position)
            position = end
            guard position < source.count else { throw fail(.truncated) }
            let byte = source[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return StringRange(start, position - 1, isPlain: isPlain)
            case UInt8(ascii: "\\"):
                isPlain = false
                try chargePiece()
                try jsonEscape()
            case 0x80...:
                try chargePiece()
                guard let length = utf8SequenceLength(source, at: position) else {
                    throw fail(.invalidUTF8)
                }
                position += length
            default:
                throw fail(.unexpectedByte)
            }
        }
    }

    private mutating func jsonEscape() throws(WireError) {
        guard position + 1 < source.count else {
            position = source.count
            throw fail(.truncated)
        }
        switch source[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard position + 6 <= source.count else {
                position = source.count
                throw fail(.truncated)
            }
            for offset in position + 2..<position + 6 where hexDigit(source[offset]) == nil {
                throw fail(.invalidEscape)
            }
            position += 6
        default:
            throw fail(.invalidEscape)
        }
    }

    private mutating func jsonNumber() throws(WireError) -> Token {
        let start = position
        let isNegative = source[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let firstDigit = position
        var magnitude: UInt64 = 0
        var fits = true
        while let digit = digit() {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            fits = fits && !overflow && !carry
            magnitude = sum
            position += 1
        }
        guard position > firstDigit else { throw fail(numberFault) }
        if position - firstDigit > 1, source[firstDigit] == UInt8(ascii: "0") {
            throw WireError(offset: firstDigit, reason: .invalidNumber)
        }
        var isWhole = true
        if position < source.count, source[position] == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            try jsonDigits()
        }
        if position < source.count, source[position] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            position += 1
            if position < source.count,
                source[position] == UInt8(ascii: "+") || source[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            try jsonDigits()
        }
        guard position - start <= Self.maximumNumberBytes else {
            throw WireError(offset: start, reason: .invalidNumber)
        }
        if isWhole, fits {
            if magnitude <= UInt64(Int64.max) {
                return .integer(isNegative ? -Int64(magnitude) : Int64(magnitude))
            }
            if isNegative, magnitude == UInt64(Int64.max) + 1 { return .integer(.min) }
        }
        try charge(Self.tokensOfDecimal + (position - start) / Self.digitsPerToken)
        var text = ""
        for offset in start..<position { text.unicodeScalars.append(.init(source[offset])) }
        guard let value = Double(text), value.isFinite else {
            throw WireError(offset: start, reason: .invalidNumber)
        }
        return .decimal(value)
    }

    private func digit() -> UInt64? {
        guard position < source.count else { return nil }
        let value = source[position] &- UInt8(ascii: "0")
        return value < 10 ? UInt64(value) : nil
    }

    private mutating func jsonDigits() throws(WireError) {
        let start = position
        while digit() != nil { position += 1 }
        guard position > start else { throw fail(numberFault) }
    }

    /// A number that stops short is truncated if the document ends there, and wrong otherwise.
    private var numberFault: WireError.Reason {
        position < source.count ? .invalidNumber : .truncated
    }
}

/// The value of a hexadecimal digit of either case.
func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}

extension [UInt8] {
    /// Appends the text that `written` spells. Its escapes have been checked by the reader.
    mutating func append(unescaping written: Span<UInt8>) {
        var offset = 0
        while offset < written.count {
            let byte = written[offset]
            guard byte == UInt8(ascii: "\\") else {
                append(byte)
                offset += 1
                continue
            }
            offset += 2
            switch written[offset - 1] {
            case UInt8(ascii: "b"): append(0x08)
            case UInt8(ascii: "f"): append(0x0C)
            case UInt8(ascii: "n"): append(0x0A)
            case UInt8(ascii: "r"): append(0x0D)
            case UInt8(ascii: "t"): append(0x09)
            case UInt8(ascii: "u"):
                var value = fourHexDigits(written, at: offset)
                offset += 4
                if value & 0xFC00 == 0xD800, offset + 6 <= written.count,
                    written[offset] == UInt8(ascii: "\\"),
                    written[offset + 1] == UInt8(ascii: "u")
                {
                    let low = fourHexDigits(written, at: offset + 2)
                    if low & 0xFC00 == 0xDC00 {
                        value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
                        offset += 6
                    }
                }
                appendUTF8(Unicode.Scalar(value) ?? "\u{FFFD}")
            case let character: append(character)
            }
        }
    }

    private func fourHexDigits(_ written: Span<UInt8>, at offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in offset..<offset + 4 { value = value << 4 | (hexDigit(written[index]) ?? 0) }
        return value
    }

    private mutating func appendUTF8(_ scalar: Unicode.Scalar) {
        for unit in Unicode.UTF8.encode(scalar) ?? .encodedReplacementCharacter { append(unit) }
    }
}
