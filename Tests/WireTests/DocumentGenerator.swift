import TestSupport

/// A value as both encodings can hold it.
indirect enum Node: Equatable, Sendable {
    case map([(String, Node)])
    case list([Node])
    case text(String)
    case bytes([UInt8])
    case integer(Int64)
    case decimal(Double)
    case boolean(Bool)
    case null
    case timestamp(Int64)

    static func == (a: Node, b: Node) -> Bool {
        switch (a, b) {
        case (.map(let a), .map(let b)):
            a.count == b.count
                && zip(a, b).allSatisfy { Array($0.0.utf8) == Array($1.0.utf8) && $0.1 == $1.1 }
        case (.list(let a), .list(let b)): a == b
        // Strings that are equivalent are not yet the same.
        case (.text(let a), .text(let b)): Array(a.utf8) == Array(b.utf8)
        case (.bytes(let a), .bytes(let b)): a == b
        case (.integer(let a), .integer(let b)), (.timestamp(let a), .timestamp(let b)): a == b
        case (.decimal(let a), .decimal(let b)): a == b
        case (.boolean(let a), .boolean(let b)): a == b
        case (.null, .null): true
        default: false
        }
    }
}

/// Random documents, and random ways of writing each: white space and escapes in JSON, widths,
/// chunks, tags and both forms of collections in CBOR.
struct DocumentGenerator: RandomNumberGenerator {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func next() -> UInt64 { random.next() }

    mutating func chance(_ n: Int) -> Bool { random.chance(n) }

    /// A map whose values are of every kind that JSON has.
    mutating func document() -> Node { map(depth: 4) }

    private mutating func map(depth: Int) -> Node {
        var members: [(String, Node)] = []
        for _ in 0..<Int.random(in: 0...5, using: &self) {
            members.append((text(), node(depth: depth - 1)))
        }
        return .map(members)
    }

    private mutating func node(depth: Int) -> Node {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &self) {
        case 0: return .text(text())
        case 1: return .integer(integer())
        case 2: return .decimal(Double(Int.random(in: -4000...4000, using: &self)) / 32 + 0.015625)
        case 3: return .boolean(chance(2))
        case 4: return .null
        case 5:
            return .text(
                String(repeating: "payload/+", count: Int.random(in: 0...20, using: &self)))
        case 6: return map(depth: depth)
        default:
            var elements: [Node] = []
            for _ in 0..<Int.random(in: 0...4, using: &self) {
                elements.append(node(depth: depth - 1))
            }
            return .list(elements)
        }
    }

    private mutating func integer() -> Int64 {
        Int64(bitPattern: next()) >> Int64.random(in: 0..<64, using: &self)
    }

    private mutating func text() -> String {
        let alphabet = Array("abcXYZ 019\"\\/\n\t\u{0}\u{1F}\u{7F}é€𝄞😀\u{FFFD}\u{10FFFF}")
        return String(
            (0..<Int.random(in: 0...12, using: &self)).map { _ in
                alphabet.randomElement(using: &self) ?? "a"
            })
    }

    // JSON.

    mutating func json(_ node: Node) -> [UInt8] {
        var bytes = space()
        switch node {
        case .map(let members):
            bytes += Array("{".utf8) + space()
            for (index, member) in members.enumerated() {
                if index > 0 { bytes += Array(",".utf8) }
                bytes += space() + json(text: member.0) + space() + Array(":".utf8) + json(member.1)
            }
            bytes += Array("}".utf8)
        case .list(let elements):
            bytes += Array("[".utf8) + space()
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes += Array(",".utf8) }
                bytes += json(element)
            }
            bytes += Array("]".utf8)
        case .text(let text): bytes += json(text: text)
        case .integer(let value): bytes += Array("\(value)".utf8)
        case .decimal(let value): bytes += Array("\(value)".utf8)
        case .boolean(let value): bytes += Array("\(value)".utf8)
        case .null: bytes += Array("null".utf8)
        case .bytes, .timestamp: preconditionFailure("JSON has neither")
        }
        return bytes + space()
    }

    private mutating func space() -> [UInt8] {
        chance(3) ? [[0x20], [0x0A, 0x09], [0x0D, 0x0A]].randomElement(using: &self) ?? [] : []
    }

    private mutating func json(text: String) -> [UInt8] {
        var bytes = Array("\"".utf8)
        for scalar in text.unicodeScalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if mustEscape || chance(4) {
                for unit in String(scalar).utf16 { bytes += escape(unit) }
            } else {
                bytes += Array(String(scalar).utf8)
            }
        }
        return bytes + Array("\"".utf8)
    }

    private mutating func escape(_ unit: UInt16) -> [UInt8] {
        let short: [UInt16: String] = [
            0x22: "\\\"", 0x5C: "\\\\", 0x2F: "\\/", 0x08: "\\b", 0x0C: "\\f", 0x0A: "\\n",
            0x0D: "\\r", 0x09: "\\t",
        ]
        if let text = short[unit], chance(2) { return Array(text.utf8) }
        let digits = String(unit, radix: 16, uppercase: chance(2))
        return Array("\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".utf8)
    }

    // CBOR.

    mutating func cbor(_ node: Node) -> [UInt8] {
        // The self-describing tag, which says nothing.
        let tag: [UInt8] = chance(12) ? [0xD9, 0xD9, 0xF7] : []
        return tag + untagged(node)
    }

    private mutating func untagged(_ node: Node) -> [UInt8] {
        switch node {
        case .map(let members):
            var content: [UInt8] = []
            for member in members { content += string(3, Array(member.0.utf8)) + cbor(member.1) }
            return chance(2) ? [0xBF] + content + [0xFF] : head(5, UInt64(members.count)) + content
        case .list(let elements):
            var content: [UInt8] = []
            for element in elements { content += cbor(element) }
            return chance(2) ? [0x9F] + content + [0xFF] : head(4, UInt64(elements.count)) + content
        case .text(let text): return string(3, Array(text.utf8))
        case .bytes(let bytes): return string(2, bytes)
        case .integer(let value):
            return value < 0 ? head(1, UInt64(-1 - value)) : head(0, UInt64(value))
        case .decimal(let value): return float(value)
        case .boolean(let value): return [value ? 0xF5 : 0xF4]
        case .null: return [chance(2) ? 0xF6 : 0xF7]
        case .timestamp(let value):
            return [0xC1] + (value < 0 ? head(1, UInt64(-1 - value)) : head(0, UInt64(value)))
        }
    }

    private mutating func head(_ major: UInt8, _ argument: UInt64) -> [UInt8] {
        let least =
            argument < 24
            ? 0
            : argument <= 0xFF
                ? 1
                : argument <= 0xFFFF
                    ? 2
                    : argument <= 0xFFFF_FFFF ? 3 : 4
        let form = Int.random(in: least...4, using: &self)
        if form == 0 { return [major << 5 | UInt8(argument)] }
        let width = 1 << (form - 1)
        return [major << 5 | UInt8(23 + form)]
            + (0..<width).reversed().map { UInt8(truncatingIfNeeded: argument >> UInt64(8 * $0)) }
    }

    private mutating func string(_ major: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        guard chance(4) else { return head(major, UInt64(bytes.count)) + bytes }
        var chunks: [UInt8] = [major << 5 | 31]
        var start = 0
        while start < bytes.count {
            var end = min(bytes.count, start + Int.random(in: 1...5, using: &self))
            if major == 3 { while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 } }
            chunks += head(major, UInt64(end - start)) + bytes[start..<end]
            start = end
        }
        return chunks + [0xFF]
    }

    private mutating func float(_ value: Double) -> [UInt8] {
        let float = Float(value)
        if Double(float) == value, chance(2) {
            return [0xFA] + bytes(UInt64(float.bitPattern), 4)
        }
        return [0xFB] + bytes(value.bitPattern, 8)
    }

    private func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
}
