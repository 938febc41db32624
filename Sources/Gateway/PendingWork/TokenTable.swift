/// Objects that other threads name by a token while they work for them.
///
/// A token is a slot number and the slot's generation, so the token of something that has gone
/// never finds what took its slot. Tokens are never 0.
struct TokenTable<Element> {
    private struct Slot {
        var generation: UInt32
        var element: Element?
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    /// Keeps `element` and answers its token.
    mutating func insert(_ element: Element) -> UInt64 {
        count += 1
        if let slot = free.popLast() {
            slots[Int(slot)].element = element
            return Self.token(slot, slots[Int(slot)].generation)
        }
        slots.append(Slot(generation: 1, element: element))
        return Self.token(UInt32(slots.count - 1), 1)
    }

    /// The element of a token, or nil when it was removed.
    subscript(token: UInt64) -> Element? {
        let slot = Int(token & 0xffff_ffff)
        guard slot < slots.count, slots[slot].generation == UInt32(token >> 32) else { return nil }
        return slots[slot].element
    }

    /// Takes an element out; its token finds nothing from now on.
    @discardableResult
    mutating func remove(_ token: UInt64) -> Element? {
        guard let element = self[token] else { return nil }
        let slot = Int(token & 0xffff_ffff)
        slots[slot].element = nil
        slots[slot].generation &+= 1
        if slots[slot].generation == 0 { slots[slot].generation = 1 }
        free.append(UInt32(slot))
        count -= 1
        return element
    }

    /// Every element, in no order that means anything.
    func forEach(_ body: (Element) -> Void) {
        for slot in slots {
            if let element = slot.element { body(element) }
        }
    }

    /// How many places there are, taken or not.
    var places: Int { slots.count }

    /// The elements of `count` places from `place` on, and the place to go on with; nil at the end.
    ///
    /// Elements may come and go between the calls; each that is there throughout is seen once from 0
    /// to the end. They are handed over, because a table that is changed while it is walked through
    /// would be copied.
    func slice(from place: Int, count: Int) -> (elements: [Element], next: Int?) {
        let end = min(place + count, slots.count)
        guard place < end else { return ([], nil) }
        return (slots[place..<end].compactMap(\.element), end < slots.count ? end : nil)
    }

    private static func token(_ slot: UInt32, _ generation: UInt32) -> UInt64 {
        UInt64(generation) << 32 | UInt64(slot)
    }
}
