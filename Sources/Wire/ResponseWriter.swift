/// Writes a response body in either encoding.
///
/// The calls are the same for both: a structure's members are a ``key(_:)`` and a value each. In CBOR,
/// structures and lists have indefinite length unless their size is given, as AWS's own do.
public struct ResponseWriter: Sendable {
    /// The encoding that was chosen.
    public let encoding: Encoding
    /// What has been written so far.
    public private(set) var bytes: [UInt8]

    /// Whether a JSON value or key at this place needs a comma before it.
    private var needsComma = false
    private var depth = 0
    /// Bit `d` is set when the CBOR container at depth `d` was begun with its size.
    private var sized: UInt64 = 0

    /// A writer with room for `capacity` bytes.
    public init(_ encoding: Encoding, capacity: Int) {
        self.encoding = encoding
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// A writer that continues behind `prefix`, which must be uniquely owned for this to cost
    /// nothing: how an event's headers come before its payload without a copy.
    public init(_ encoding: Encoding, after prefix: consuming [UInt8]) {
        self.encoding = encoding
        bytes = prefix
    }

    /// Takes the finished body, prefix included; the writer is empty afterwards.
    public mutating func finish() -> [UInt8] {
        precondition(depth == 0, "a structure or list was left open")
        var result: [UInt8] = []
        swap(&result, &bytes)
        needsComma = false
        return result
    }

    // Structures and lists.

    /// Begins a structure.
    public mutating func beginStructure() { begin(json: UInt8(ascii: "{"), cbor: 0xBF) }

    /// Begins a structure of exactly `members` members, which CBOR then writes at definite length.
    public mutating func beginStructure(members: Int) {
        begin(json: UInt8(ascii: "{"), major: 5, count: members)
    }

    /// Ends the innermost structure.
    public mutating func endStructure() { end(json: UInt8(ascii: "}")) }

    /// Begins a list.
    public mutating func beginList() { begin(json: UInt8(ascii: "["), cbor: 0x9F) }

    /// Ends the innermost list.
    public mutating func endList() { end(json: UInt8(ascii: "]")) }

    /// Names the value that comes next. A name needs no escapes: it is one of ours.
    public mutating func key(_ name: String) {
        switch encoding {
        case .json:
            // Together, because an answer is names above all.
            let isBehind = needsComma
            let name = name.utf8.span
            bytes.append(addingCapacity: name.count + 4) { output in
                if isBehind { output.append(UInt8(ascii: ",")) }
                output.append(UInt8(ascii: "\""))
                output.append(copying: name)
                output.append(UInt8(ascii: "\""))
                output.append(UInt8(ascii: ":"))
            }
            needsComma = false
        case .cbor:
            head(3, UInt64(name.utf8.count))
            bytes.append(contentsOf: name.utf8)
        }
    }

    // Values.

    /// Writes a text.
    public mutating func text(_ value: String) {
        var value = value
        value.makeContiguousUTF8()
        text(value.utf8.span)
    }

    /// Writes a text given as UTF-8. Malformed bytes would be written as they are.
    public mutating func text(_ value: Span<UInt8>) {
        switch encoding {
        case .json:
            separate()
            bytes.append(UInt8(ascii: "\""))
            bytes.append(escaping: value)
            bytes.append(UInt8(ascii: "\""))
        case .cbor:
            head(3, UInt64(value.count))
            bytes.append(copying: value)
        }
    }

    /// Writes a blob: base64 in JSON, a byte string in CBOR.
    public mutating func blob(_ value: Span<UInt8>) {
        switch encoding {
        case .json:
            separate()
            bytes.append(UInt8(ascii: "\""))
            Base64.encode(value, appendingTo: &bytes)
            bytes.append(UInt8(ascii: "\""))
        case .cbor:
            head(2, UInt64(value.count))
            bytes.append(copying: value)
        }
    }

    /// Writes a whole number.
    public mutating func integer(_ value: Int64) {
        switch encoding {
        case .json:
            separate()
            if value < 0 { bytes.append(UInt8(ascii: "-")) }
            bytes.append(addingCapacity: 20) { output in output.append(decimal: value.magnitude) }
        case .cbor:
            signed(value)
        }
    }

    /// Writes a truth value.
    public mutating func boolean(_ value: Bool) {
        switch encoding {
        case .json:
            separate()
            bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .cbor:
            bytes.append(value ? 0xF5 : 0xF4)
        }
    }

    /// Writes a time: in JSON seconds with exactly three decimals, in CBOR tag 1 with whole
    /// milliseconds.
    public mutating func timestamp(milliseconds: Int64) {
        switch encoding {
        case .json:
            separate()
            bytes.append(addingCapacity: 24) { output in
                output.append(secondsOf: milliseconds)
            }
        case .cbor:
            bytes.append(0xC1)
            signed(milliseconds)
        }
    }

    /// Writes one value that `body` spells in the writer's own encoding, in at most `capacity`
    /// bytes: for what is written too often to be put together from single values.
    public mutating func value(
        capacity: Int, writtenBy body: (inout OutputSpan<UInt8>) -> Void
    ) {
        if encoding == .json { separate() }
        bytes.append(addingCapacity: capacity) { output in body(&output) }
    }

    // The parts that the calls above share.

    private mutating func begin(json: UInt8, cbor: UInt8) {
        switch encoding {
        case .json:
            separate()
            bytes.append(json)
            needsComma = false
        case .cbor:
            bytes.append(cbor)
        }
        depth += 1
        sized &= ~(1 << UInt64(depth))
    }

    private mutating func begin(json: UInt8, major: UInt8, count: Int) {
        guard encoding == .cbor else { return begin(json: json, cbor: 0) }
        head(major, UInt64(count))
        depth += 1
        sized |= 1 << UInt64(depth)
    }

    private mutating func end(json: UInt8) {
        precondition(depth > 0, "nothing is open")
        switch encoding {
        case .json:
            bytes.append(json)
            needsComma = true
        case .cbor:
            if sized & (1 << UInt64(depth)) == 0 { bytes.append(0xFF) }
        }
        depth -= 1
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func signed(_ value: Int64) {
        if value >= 0 { head(0, UInt64(value)) } else { head(1, UInt64(-1 - value)) }
    }

    /// A CBOR head with the shortest argument (RFC 8949 section 4.2.1).
    private mutating func head(_ major: UInt8, _ argument: UInt64) {
        let top = major << 5
        let width: Int
        switch argument {
        case 0..<24:
            bytes.append(top | UInt8(argument))
            return
        case ...0xFF: width = 1
        case ...0xFFFF: width = 2
        case ...0xFFFF_FFFF: width = 4
        default: width = 8
        }
        bytes.append(top | UInt8(24 + width.trailingZeroBitCount))
        for index in (0..<width).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: argument >> UInt64(8 * index)))
        }
    }
}

extension OutputSpan<UInt8> {
    /// Appends a time as JSON has it: seconds with exactly three decimals, at most 21 characters.
    public mutating func append(secondsOf milliseconds: Int64) {
        if milliseconds < 0 { append(UInt8(ascii: "-")) }
        let (seconds, thousandths) = milliseconds.magnitude.quotientAndRemainder(
            dividingBy: 1000)
        append(decimal: seconds)
        append(UInt8(ascii: "."))
        append(UInt8(ascii: "0") + UInt8(thousandths / 100))
        append(UInt8(ascii: "0") + UInt8(thousandths / 10 % 10))
        append(UInt8(ascii: "0") + UInt8(thousandths % 10))
    }

    /// Appends `value` in decimal digits, at most 20.
    mutating func append(decimal value: UInt64) {
        var digits: [20 of UInt8] = .init(repeating: UInt8(ascii: "0"))
        var first = 20
        var rest = value
        repeat {
            first -= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            digits[first] = UInt8(ascii: "0") + UInt8(digit)
            rest = quotient
        } while rest > 0
        append(copying: digits.span.extracting(first...))
    }
}

extension [UInt8] {
    /// Appends UTF-8 text as the inside of a JSON string.
    mutating func append(escaping text: Span<UInt8>) {
        var offset = 0
        while offset < text.count {
            var end = endOfPlainRun(text, from: offset)
            while end < text.count, text[end] >= 0x80 { end = endOfPlainRun(text, from: end + 1) }
            append(copying: text.extracting(offset..<end))
            guard end < text.count else { return }
            append(escapeOf: text[end])
            offset = end + 1
        }
    }

    private mutating func append(escapeOf byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5C: append(byte)
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0C: append(UInt8(ascii: "f"))
        case 0x0D: append(UInt8(ascii: "r"))
        default:
            append(contentsOf: "u00".utf8)
            append(UInt8(ascii: "0") + byte >> 4)
            let low = byte & 0x0F
            append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        }
    }
}
