/// Checks a decoded structure against the model's constraints.
///
/// Members are checked in declared order; of one member first its presence, then value or pattern,
/// length, and choice. At most ten violations are listed. All of it as on AWS.
struct Validator {
    private let fields: Fields
    private var violations: [String] = []

    init(_ fields: Fields) { self.fields = fields }

    mutating func validate() throws(ServiceError) {
        check(fields.shape, at: 0, inside: .nothing)
        if !violations.isEmpty { throw .validation(violations) }
    }

    /// What a structure is part of; its text is only made when something is wrong.
    private enum Place {
        case nothing
        case member(String)
        case element(of: Member, index: Int)

        var prefix: String {
            switch self {
            case .nothing: ""
            case .member(let path): path + "."
            case .element(let list, let index): "\(list.path).\(index + 1).member."
            }
        }
    }

    private var isFull: Bool { violations.count >= Limits.validationItems }

    private mutating func check(_ shape: Structure, at base: Int, inside place: Place) {
        for index in shape.members.indices {
            if isFull { return }
            let member = shape.members[index]
            let slot = fields.slots[base + shape.offsets[index]]
            guard slot.isPresent else {
                if member.isRequired { violate(member, slot, place, "Member must not be null") }
                continue
            }
            switch member.kind {
            case .text: checkText(member, slot, place)
            case .blob: checkLength(slot.count, member, slot, place)
            case .integer, .long: checkValue(member, slot, place)
            case .boolean, .timestamp: break
            case .structure:
                guard let inner = member.inner else { continue }
                let path = place.prefix + member.path
                check(inner, at: base + shape.offsets[index] + 1, inside: .member(path))
            case .list:
                checkLength(slot.second, member, slot, place)
                guard let inner = member.inner else { continue }
                for element in 0..<min(slot.second, member.maximum ?? 0) where !isFull {
                    let first = slot.first + element * inner.slots
                    check(inner, at: first, inside: .element(of: member, index: element))
                }
            case .map: checkMap(member, slot, place)
            case .texts: checkTexts(member, slot, place)
            }
        }
    }

    private mutating func checkValue(_ member: Member, _ slot: Slot, _ place: Place) {
        if let minimum = member.minimum, slot.first < minimum {
            violate(
                member, slot, place, "Member must have value greater than or equal to \(minimum)")
        }
        if let maximum = member.maximum, slot.first > maximum {
            violate(member, slot, place, "Member must have value less than or equal to \(maximum)")
        }
    }

    private mutating func checkText(_ member: Member, _ slot: Slot, _ place: Place) {
        if let pattern = member.pattern, !isFull,
            !pattern.matches(fields.arena.span.extracting(slot.range))
        {
            violate(
                member, slot, place,
                "Member must satisfy regular expression pattern: \(pattern.text)")
        }
        if member.minimum != nil || member.maximum != nil {
            checkLength(length(slot, above: member.maximum), member, slot, place)
        }
        if let choice = member.choice, !isFull,
            !choice.mayContain(bytes: slot.count) || !choice.contains(fields.string(slot))
        {
            let list = choice.printed.joined(separator: ", ")
            violate(member, slot, place, "Member must satisfy enum value set: [\(list)]")
        }
    }

    private mutating func checkLength(
        _ length: Int, _ member: Member, _ slot: Slot, _ place: Place
    ) {
        if isFull { return }
        if let minimum = member.minimum, length < minimum {
            violate(
                member, slot, place, "Member must have length greater than or equal to \(minimum)")
        }
        if let maximum = member.maximum, length > maximum {
            violate(member, slot, place, "Member must have length less than or equal to \(maximum)")
        }
    }

    private mutating func checkMap(_ member: Member, _ slot: Slot, _ place: Place) {
        checkLength(slot.second, member, slot, place)
        if let keys = member.keys, !isFull, !areWithin(keys, slot, offset: 0) {
            violate(member, slot, place, "Map keys must satisfy constraint: \(phrase(keys))")
        }
        if let values = member.values, !isFull, !areWithin(values, slot, offset: 1) {
            violate(member, slot, place, "Map value must satisfy constraint: \(phrase(values))")
        }
    }

    private mutating func checkTexts(_ member: Member, _ slot: Slot, _ place: Place) {
        checkLength(slot.second, member, slot, place)
        let elements = slot.first..<slot.first + slot.second
        if let lengths = member.keys, !isFull,
            elements.contains(where: {
                !lengths.contains(length(fields.slots[$0], above: lengths.upperBound))
            })
        {
            violate(member, slot, place, "Member must satisfy constraint: \(phrase(lengths))")
        }
        if let choice = member.choice, !isFull,
            elements.contains(where: {
                !choice.mayContain(bytes: fields.slots[$0].count)
                    || !choice.contains(fields.string(fields.slots[$0]))
            })
        {
            let list = choice.printed.joined(separator: ", ")
            violate(
                member, slot, place,
                "Member must satisfy constraint: [Member must satisfy enum value set: [\(list)]]")
        }
    }

    private func phrase(_ lengths: ClosedRange<Int>) -> String {
        "[Member must have length less than or equal to \(lengths.upperBound), "
            + "Member must have length greater than or equal to \(lengths.lowerBound)]"
    }

    private func areWithin(_ lengths: ClosedRange<Int>, _ map: Slot, offset: Int) -> Bool {
        for index in 0..<map.second {
            let slot = fields.slots[map.first + 2 * index + offset]
            if !lengths.contains(length(slot, above: lengths.upperBound)) { return false }
        }
        return true
    }

    /// A text's length in UTF-16 units, which is what Java counts. There are never more of them
    /// than bytes, so that they are only counted when the bytes are more than `bound`.
    private func length(_ slot: Slot, above bound: Int?) -> Int {
        guard let bound, slot.count > bound else { return slot.count }
        var units = 0
        for index in slot.range {
            let byte = fields.arena[index]
            if byte & 0xC0 != 0x80 { units += byte >= 0xF0 ? 2 : 1 }
        }
        return units
    }

    private mutating func violate(
        _ member: Member, _ slot: Slot, _ place: Place, _ phrase: String
    ) {
        let value = slot.isPresent ? "'\(description(of: slot, member))'" : "null"
        violations.append(
            "Value \(value) at '\(place.prefix)\(member.path)' failed to satisfy constraint: \(phrase)"
        )
    }

    /// A value as AWS, written in Java, prints it.
    private func description(of slot: Slot, _ member: Member) -> String {
        switch member.kind {
        case .text: return fields.quotable(slot)
        case .blob: return ServiceError.byteBuffer(count: slot.count)
        case .integer, .long, .timestamp: return String(slot.first)
        case .boolean: return slot.first == 1 ? "true" : "false"
        case .structure: return object(member, 0)
        case .list:
            let shown = min(slot.second, Limits.recordsPerPut + 1)
            return "[" + (0..<shown).map { object(member, $0) }.joined(separator: ", ") + "]"
        case .texts:
            var texts: [String] = []
            var bytes = 0
            for index in slot.first..<slot.first + slot.second where bytes <= Limits.quotedBytes {
                bytes += fields.slots[index].count
                texts.append(fields.quotable(fields.slots[index]))
            }
            return quotable("[" + texts.joined(separator: ", ") + "]")
        case .map:
            var entries: [String] = []
            var bytes = 0
            for index in 0..<slot.second where bytes <= Limits.quotedBytes {
                let key = fields.slots[slot.first + 2 * index]
                let value = fields.slots[slot.first + 2 * index + 1]
                bytes += key.count + value.count
                entries.append("\(fields.quotable(key))=\(fields.quotable(value))")
            }
            return quotable("{" + entries.joined(separator: ", ") + "}")
        }
    }

    /// Java's default for an object: its class and a hash, which has no meaning to anybody.
    private func object(_ member: Member, _ index: Int) -> String {
        let hash = 0xC965_E310 &+ UInt32(truncatingIfNeeded: index) &* 0x9E37_79B1
        return "com.amazonaws.kinesis.v20131202.\(member.inner?.name ?? "")@"
            + String(hash, radix: 16)
    }
}
