import Wire

/// Turns a JSON or CBOR document into the slots and the arena of a shape.
///
/// One pass over the tokens, whatever their order. Unknown members and nulls are passed over, and
/// of members that occur twice the last counts. What the arena holds is never more than the body.
struct ShapeDecoder: ~Escapable {
    private var reader: TokenReader
    private let encoding: Encoding
    private let shape: Structure
    private var slots: [Slot]
    private var arena: [UInt8]

    @_lifetime(copy body)
    private init(_ body: Span<UInt8>, _ encoding: Encoding, _ shape: Structure, _ tokens: Int) {
        reader = TokenReader(body, encoding, tokens: tokens)
        self.encoding = encoding
        self.shape = shape
        slots = Array(repeating: .absent, count: shape.slots)
        arena = []
        arena.reserveCapacity(body.count)
    }

    /// Decodes and validates `body`.
    ///
    /// A body that is not one map gives a SerializationException without a text; else the first
    /// member in declared order that cannot be converted gives one with a text; else every violated
    /// constraint is listed in a ValidationException.
    ///
    /// A body of more than `tokens` tokens gives ``ServiceError/tooManyValues``.
    static func decode(
        _ body: [UInt8], _ encoding: Encoding, as shape: Structure,
        tokens: Int = Limits.tokensAtOnce
    ) throws(ServiceError) -> Fields {
        var decoder = ShapeDecoder(body.span, encoding, shape, tokens)
        let failure: String?
        do throws(WireError) {
            failure = try decoder.document()
        } catch {
            throw error.reason == .tooManyTokens
                ? .tooManyValues : ServiceError(.serialization, nil)
        }
        if let failure { throw ServiceError(.serialization, failure) }
        let fields = Fields(shape: shape, slots: decoder.slots, arena: decoder.arena)
        var validator = Validator(fields)
        try validator.validate()
        return fields
    }

    private mutating func document() throws(WireError) -> String? {
        guard try reader.next() == .beginMap else {
            throw WireError(offset: 0, reason: .unexpectedByte)
        }
        let failure = try structure(shape, at: 0)
        guard try reader.next() == .end else {
            throw WireError(offset: reader.offset, reason: .trailingBytes)
        }
        return failure
    }

    /// Reads the members of a map that has just begun; returns the refusal of the first one in
    /// declared order that cannot be converted.
    private mutating func structure(
        _ shape: Structure, at base: Int
    ) throws(WireError) -> String? {
        var failures: [(index: Int, text: String)] = []
        var expected = 0
        while case .key(let key) = try reader.next() {
            let value = try reader.next()
            guard let index = index(of: key, in: shape, expecting: expected) else {
                try reader.skip(value)
                continue
            }
            expected = index + 1 == shape.members.count ? 0 : index + 1
            let failure = try convert(
                value, to: shape.members[index], at: base + shape.offsets[index])
            if !failures.isEmpty { failures.removeAll { $0.index == index } }
            if let failure { failures.append((index, failure)) }
        }
        return failures.min { $0.index < $1.index }?.text
    }

    private func index(
        of key: StringRange, in shape: Structure, expecting expected: Int
    ) -> Int? {
        if key.isPlain {
            return shape.index(named: reader.written(key), expecting: expected)
        }
        var name: [UInt8] = []
        reader.append(key, to: &name)
        return shape.index(named: name.span, expecting: expected)
    }

    /// Puts the value that `token` begins into the slot of `member`, or says why it cannot be one.
    private mutating func convert(
        _ token: Token, to member: Member, at slot: Int
    ) throws(WireError) -> String? {
        slots[slot] = .absent
        switch (member.kind, token) {
        case (_, .null):
            return nil
        case (.text, .text(let text)):
            slots[slot] = append(text)
        case (.blob, .bytes(let bytes)):
            slots[slot] = append(bytes)
        case (.blob, .text(let text)) where encoding == .json:
            return blob(text, at: slot)
        case (.integer, _), (.long, _):
            guard let value = wholeNumber(token) else { return try refuse(token, member) }
            let bounded =
                member.kind == .integer ? max(Int(Int32.min), min(Int(Int32.max), value)) : value
            slots[slot] = Slot(isPresent: true, first: bounded, second: 0)
        case (.boolean, .boolean(let value)):
            slots[slot] = Slot(isPresent: true, first: value ? 1 : 0, second: 0)
        case (.boolean, .text(let text)):
            return boolean(text, at: slot)
        case (.timestamp, _):
            guard let value = time(token) else { return try refuse(token, member) }
            slots[slot] = Slot(isPresent: true, first: Int(value), second: 0)
        case (.structure, .beginMap):
            guard let inner = member.inner else { return nil }
            for index in slot + 1...slot + inner.slots { slots[index] = .absent }
            slots[slot].isPresent = true
            return try structure(inner, at: slot + 1)
        case (.list, .beginList):
            guard let inner = member.inner else { return nil }
            return try list(of: inner, keeping: member.maximum ?? 0, at: slot)
        case (.map, .beginMap):
            return try map(at: slot)
        case (.texts, .beginList):
            return try texts(at: slot)
        default:
            return try refuse(token, member)
        }
        return nil
    }

    private mutating func refuse(
        _ token: Token, _ member: Member
    ) throws(WireError) -> String {
        try reader.skip(token)
        return Conversion.refusal(of: token, to: member.kind)
    }

    private mutating func append(_ text: StringRange) -> Slot {
        let start = arena.count
        reader.append(text, to: &arena)
        return Slot(isPresent: true, first: start, second: arena.count)
    }

    private mutating func blob(_ text: StringRange, at slot: Int) -> String? {
        let start = arena.count
        do throws(Base64.Fault) {
            if text.isPlain {
                try Base64.decode(reader.written(text), appendingTo: &arena)
            } else {
                var unescaped: [UInt8] = []
                reader.append(text, to: &unescaped)
                try Base64.decode(unescaped.span, appendingTo: &arena)
            }
        } catch {
            return Conversion.blobRefusal(string(text), error)
        }
        slots[slot] = Slot(isPresent: true, first: start, second: arena.count)
        return nil
    }

    private mutating func boolean(_ text: StringRange, at slot: Int) -> String? {
        let value = quotable(string(text))
        switch value.uppercased() {
        case "TRUE", "YES", "1": slots[slot] = Slot(isPresent: true, first: 1, second: 0)
        case "FALSE", "NO", "0": slots[slot] = Slot(isPresent: true, first: 0, second: 0)
        default: return Conversion.booleanRefusal(value)
        }
        return nil
    }

    private func string(_ text: StringRange) -> String {
        var bytes: [UInt8] = []
        reader.append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A number without its fraction, or nil for another kind of value.
    private func wholeNumber(_ token: Token) -> Int? {
        switch token {
        case .integer(let value), .timestamp(let value): Int(value)
        case .decimal(let value): Int(exactly: value.rounded(.down)) ?? (value < 0 ? .min : .max)
        default: nil
        }
    }

    /// A time in milliseconds. A plain number counts seconds in JSON, and in CBOR milliseconds.
    private func time(_ token: Token) -> Int64? {
        switch (token, encoding) {
        case (.timestamp(let value), _): value
        case (.integer(let value), .cbor): value
        case (.decimal(let value), .cbor): milliseconds(fromFloat: value)
        case (.integer(let value), .json): milliseconds(fromSeconds: Double(value))
        case (.decimal(let value), .json): milliseconds(fromSeconds: value)
        default: nil
        }
    }

    /// Reads a list that has just begun. Elements beyond `limit` are checked and counted, not kept.
    private mutating func list(
        of inner: Structure, keeping limit: Int, at slot: Int
    ) throws(WireError) -> String? {
        dropElements()
        let first = slots.count
        var count = 0
        var failure: String?
        while true {
            let token = try reader.next()
            if token == .endList { break }
            if failure != nil {
                try reader.skip(token)
                continue
            }
            let base = slots.count
            slots.append(contentsOf: repeatElement(.absent, count: inner.slots))
            switch token {
            case .beginMap: failure = try structure(inner, at: base)
            case .null: break
            case .beginList:
                try reader.skip(token)
                failure = Conversion.listFound
            default: failure = Conversion.refusal(of: token, to: .structure)
            }
            count += 1
            if count > limit { slots.removeLast(inner.slots) }
        }
        slots[slot] = Slot(isPresent: true, first: first, second: count)
        return failure
    }

    /// Reads a list of texts that has just begun; a null among them is none. Elements beyond
    /// ``Limits/mapEntries`` are checked, not kept: no shape allows that many.
    private mutating func texts(at slot: Int) throws(WireError) -> String? {
        dropElements()
        let first = slots.count
        var failure: String?
        while true {
            let token = try reader.next()
            switch token {
            case .endList:
                slots[slot] = Slot(isPresent: true, first: first, second: slots.count - first)
                return failure
            case .null:
                continue
            case .text(let text):
                guard slots.count - first < Limits.mapEntries else { continue }
                slots.append(append(text))
            default:
                try reader.skip(token)
                if failure == nil { failure = Conversion.refusal(of: token, to: .text) }
            }
        }
    }

    /// Reads a map of texts that has just begun; of equal keys the last counts. Entries beyond
    /// ``Limits/mapEntries`` are checked, not kept: no shape allows that many.
    private mutating func map(at slot: Int) throws(WireError) -> String? {
        dropElements()
        let first = slots.count
        var count = 0
        var sums: [UInt64] = []
        var failure: String?
        while case .key(let key) = try reader.next() {
            let token = try reader.next()
            switch token {
            case .null:
                continue
            case .text(let text):
                guard count < Limits.mapEntries else { continue }
                let key = append(key)
                let value = append(text)
                let sum = sum(key)
                let same = sums.indices.first {
                    sums[$0] == sum && areEqual(slots[first + 2 * $0], key)
                }
                if let same {
                    slots[first + 2 * same + 1] = value
                } else {
                    slots.append(key)
                    slots.append(value)
                    sums.append(sum)
                    count += 1
                }
            default:
                try reader.skip(token)
                if failure == nil { failure = Conversion.refusal(of: token, to: .text) }
            }
        }
        slots[slot] = Slot(isPresent: true, first: first, second: count)
        return failure
    }

    /// Forgets the elements of a list or map that occurs for a second time.
    private mutating func dropElements() {
        slots.removeLast(slots.count - shape.slots)
    }

    /// Tells most keys apart, so that long ones that differ in a byte are not compared each with all
    /// others. Beyond the length of any valid key only the length counts.
    private func sum(_ key: Slot) -> UInt64 {
        var sum = Self.seed ^ UInt64(key.count)
        guard key.count <= Limits.comparedKeyBytes else { return sum }
        // FNV-1a (draft-eastlake-fnv), from a start that nobody outside knows.
        for byte in arena[key.range] { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return sum
    }

    private static let seed = UInt64.random(in: 1...UInt64.max)

    private func areEqual(_ one: Slot, _ other: Slot) -> Bool {
        // A key that is longer than any may be is refused, however often it is there.
        one.count == other.count && one.count <= Limits.comparedKeyBytes
            && arena[one.range].elementsEqual(arena[other.range])
    }
}

/// A number of seconds as whole milliseconds, kept within what arithmetic on times can bear.
private func milliseconds(fromSeconds value: Double) -> Int64 {
    let limit = 9.0e15
    return Int64(max(-limit, min(limit, value * 1000)).rounded())
}
