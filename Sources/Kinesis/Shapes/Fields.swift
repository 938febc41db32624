/// One member's decoded value.
struct Slot: Sendable {
    /// Whether the member was there and was not null.
    var isPresent: Bool
    /// A number's value, a time in milliseconds, 1 for true; the first byte in the arena of a text
    /// or blob; the first slot of a list's or map's elements.
    var first: Int
    /// The byte behind a text or blob; the number of a list's or map's elements.
    var second: Int

    static let absent = Slot(isPresent: false, first: 0, second: 0)

    /// The bytes of a text or blob.
    var range: Range<Int> { first..<second }
    /// How many bytes a text or blob has.
    var count: Int { second - first }
}

/// A decoded and validated structure: flat slots, and one arena for every text and blob.
struct Fields: Sendable {
    let shape: Structure
    let slots: [Slot]
    let arena: [UInt8]
    /// The structure's first slot.
    var base = 0

    /// The slot of the member called `name`, which the shape must have.
    subscript(_ name: String) -> Slot { slots[base + shape.offsets[shape.index(of: name)]] }

    func text(_ name: String) -> String? {
        let slot = self[name]
        return slot.isPresent ? string(slot) : nil
    }

    /// A member that validation has found to be there.
    func requiredText(_ name: String) -> String {
        let slot = self[name]
        precondition(slot.isPresent, "a required member passed validation without a value")
        return string(slot)
    }

    func integer(_ name: String) -> Int? {
        let slot = self[name]
        return slot.isPresent ? slot.first : nil
    }

    /// A number that validation has found to be there.
    func requiredInteger(_ name: String) -> Int {
        let slot = self[name]
        precondition(slot.isPresent, "a required member passed validation without a value")
        return slot.first
    }

    func boolean(_ name: String) -> Bool? {
        let slot = self[name]
        return slot.isPresent ? slot.first == 1 : nil
    }

    /// A time in milliseconds since 1970.
    func timestamp(_ name: String) -> Int64? {
        let slot = self[name]
        return slot.isPresent ? Int64(slot.first) : nil
    }

    func structure(_ name: String) -> Fields? {
        let index = shape.index(of: name)
        let slot = base + shape.offsets[index]
        guard slots[slot].isPresent, let inner = shape.members[index].inner else { return nil }
        return Fields(shape: inner, slots: slots, arena: arena, base: slot + 1)
    }

    /// The elements of a list of texts.
    func texts(_ name: String) -> [String] {
        let slot = self[name]
        guard slot.isPresent else { return [] }
        return (slot.first..<slot.first + slot.second).map { string(slots[$0]) }
    }

    /// A map's entries in the order of the document.
    func entries(_ name: String) -> [(key: String, value: String)] {
        let slot = self[name]
        guard slot.isPresent else { return [] }
        var entries: [(key: String, value: String)] = []
        for index in 0..<slot.second {
            let entry = slot.first + 2 * index
            entries.append((string(slots[entry]), string(slots[entry + 1])))
        }
        return entries
    }

    /// A text as an error quotes it; of a long one only what is quoted is looked at.
    func quotable(_ slot: Slot) -> String {
        guard slot.count > Limits.quotedBytes else { return string(slot) }
        var end = slot.first + Limits.quotedBytes
        while end > slot.first, UTF8.isContinuation(arena[end]) { end -= 1 }
        return String(decoding: arena[slot.first..<end], as: UTF8.self)
    }

    func string(_ slot: Slot) -> String { String(decoding: arena[slot.range], as: UTF8.self) }
}
