/// Values with a place each, and lists of places: adding, and taking out from anywhere, costs the
/// same however many there are, and nothing is allocated for a value once the slab has grown.
///
/// A value is in at most one list at a time; who owns the slab knows in which.
struct LinkedSlab<Value> {
    /// Places in order. Each list belongs to one slab.
    struct List {
        fileprivate(set) var first: Int?
        fileprivate var last: Int?

        var isEmpty: Bool { first == nil }
    }

    private struct Entry {
        var value: Value?
        /// Grows when the place is used again.
        var generation: UInt32 = 1
        var previous: Int?
        var next: Int?
    }

    private var entries: [Entry] = []
    private var free: [Int] = []

    /// Keeps a value, in no list yet, and answers its place.
    mutating func insert(_ value: Value) -> Int {
        if let place = free.popLast() {
            entries[place].value = value
            return place
        }
        entries.append(Entry(value: value))
        return entries.count - 1
    }

    /// Takes out a value that is in no list any more.
    mutating func remove(_ place: Int) -> Value {
        let value = self[place]
        entries[place].value = nil
        entries[place].generation &+= 1
        free.append(place)
        return value
    }

    /// The value at a place that is taken.
    subscript(place: Int) -> Value {
        get {
            guard let value = entries[place].value else { preconditionFailure("nothing is here") }
            return value
        }
        set { entries[place].value = newValue }
    }

    /// A number for this value in this place, which no later one has. Never 0.
    func ticket(_ place: Int) -> UInt64 {
        UInt64(entries[place].generation) << 32 | UInt64(place)
    }

    /// The place of a ticket; nil when its value was taken out.
    func place(_ ticket: UInt64) -> Int? {
        let place = Int(ticket & 0xffff_ffff)
        guard place < entries.count, entries[place].value != nil,
            entries[place].generation == UInt32(ticket >> 32)
        else { return nil }
        return place
    }

    /// Puts a value behind the others of a list.
    mutating func append(_ place: Int, to list: inout List) {
        entries[place].previous = list.last
        entries[place].next = nil
        if let last = list.last { entries[last].next = place } else { list.first = place }
        list.last = place
    }

    /// Takes a value out of the list that it is in.
    mutating func unlink(_ place: Int, from list: inout List) {
        let (previous, next) = (entries[place].previous, entries[place].next)
        if let previous { entries[previous].next = next } else { list.first = next }
        if let next { entries[next].previous = previous } else { list.last = previous }
        entries[place].previous = nil
        entries[place].next = nil
    }
}
