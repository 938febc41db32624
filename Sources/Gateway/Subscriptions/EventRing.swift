import ShardLog

/// One event of a shard as it is pushed: which records, and what it says of the shard.
///
/// The encoded event is a pure function of these values and the log, so a half-sent event may be
/// forgotten and encoded again when the client's window opens.
struct EventCut: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case records
        case keepAlive
        case shardEnd
    }

    var kind: Kind
    var start: Position
    var end: Position
    /// How many records the event holds.
    var count: Int
    /// The index that the client resumes after; absent at the shard's end.
    var continuation: UInt64
    var millisBehind: Int64
    /// Data and partition keys of the records.
    var bytes = 0
}

/// Recently encoded events of one shard, lent to all subscribers of a reactor.
///
/// Bounded by bytes here, and by the reactor's sum in `Feeds`; the oldest go first. A ring
/// lookup is by the position at which an event starts. Where one large event would push out very many
/// small ones, the additions after it drop the rest.
final class EventRing {
    struct Entry: Sendable {
        var cut: EventCut
        var bytes: [UInt8]
        /// What it has cost to encode, in the measure of `Limits.eventCost`.
        var cost = 0
    }

    private var entries: [Entry] = []
    private var first = 0
    private(set) var byteCount = 0
    // The queue of rings owns these.
    fileprivate var previousInQueue: EventRing?
    fileprivate var nextInQueue: EventRing?

    /// The event that starts at `position`, if it is still here.
    func event(at position: Position) -> Entry? {
        var low = first
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].cut.start < position { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low].cut.start == position else { return nil }
        return entries[low]
    }

    /// The first boundary above `position` at which an event of the ring starts: a laggard that
    /// cuts its event there meets the others again.
    func boundary(after position: Position) -> Position? {
        guard first < entries.count, let last = entries.last, position < last.cut.start else {
            return nil
        }
        var low = first
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].cut.start <= position { low = middle + 1 } else { high = middle }
        }
        return low < entries.count ? entries[low].cut.start : nil
    }

    /// Adds the newest event. Only an event that starts where the ring ends, or beyond, is kept:
    /// a laggard's event of old records would not be met by anybody else.
    func append(_ entry: Entry, budget: inout RingBudget) {
        if let last = entries.last, first < entries.count, entry.cut.start < last.cut.end { return }
        entries.append(entry)
        byteCount += entry.bytes.count
        budget.used += entry.bytes.count
        budget.appends += 1
        var drops = 0
        // The newest stays, however large it is: those who stand there share it.
        while byteCount > Limits.ringBytesPerShard, entries.count - first > 1,
            drops < Limits.droppedEventsPerAddition
        {
            drops += 1
            dropOldest(&budget)
        }
    }

    /// Forgets everything, when the last subscriber of the shard has gone.
    func clear(budget: inout RingBudget) {
        budget.used -= byteCount
        byteCount = 0
        entries = []
        first = 0
    }

    /// Gives up the oldest event; there must be one.
    func dropOldest(_ budget: inout RingBudget) {
        let size = entries[first].bytes.count
        byteCount -= size
        budget.used -= size
        entries[first].bytes = []
        first += 1
        if first > 64, first * 2 > entries.count {
            entries.removeFirst(first)
            first = 0
        }
    }
}

/// The rings of a reactor in the order of their last additions: the head was added to longest ago.
final class RingQueue {
    private(set) var first: EventRing?
    private var last: EventRing?

    /// Puts a ring that was just added to behind the others.
    func moveToBack(_ ring: EventRing) {
        guard last !== ring else { return }
        remove(ring)
        ring.previousInQueue = last
        last?.nextInQueue = ring
        last = ring
        if first == nil { first = ring }
    }

    /// Takes a ring out; one that is not here is left alone.
    func remove(_ ring: EventRing) {
        let previous = ring.previousInQueue
        let next = ring.nextInQueue
        guard previous != nil || next != nil || first === ring else { return }
        previous?.nextInQueue = next
        next?.previousInQueue = previous
        if first === ring { first = next }
        if last === ring { last = previous }
        ring.previousInQueue = nil
        ring.nextInQueue = nil
    }
}

/// The bytes of all rings of one reactor.
struct RingBudget {
    var used = 0
    /// What has been cut so far on this reactor, in the measure of `Limits.eventCost`.
    var cost = 0
    /// Events added to any ring so far.
    var appends: UInt64 = 0
}
