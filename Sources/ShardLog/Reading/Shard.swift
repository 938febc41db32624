internal import Synchronization

/// A shard's log as readers see it. Any thread may use it.
///
/// What is published is below the tail. A reader on a reactor touches only bytes that were written
/// a short time ago or that a pool thread has just brought in, so that it never waits for the disk.
public final class Shard: Sendable {
    public let number: ShardNumber
    /// Milliseconds since 1970 from which the indices count.
    public let createdMilliseconds: Int64

    /// Where the log had reached when it was opened; what lies below may not be in memory.
    let residentFrom: UInt64
    let residentBytes: UInt64
    let files: SegmentFiles
    let nodeTime: NodeTime

    /// The tail, a multiple of eight, and in its low bits whether the shard is closed or removed:
    /// one word, so that the wake-up protocol covers all three.
    let word: Atomic<UInt64>
    static let closedBit: UInt64 = 1
    static let removedBit: UInt64 = 2
    static let flagBits: UInt64 = 7

    /// Stored before the word.
    let announcedIndex: Atomic<UInt64>
    // Stored after the word, in the order of `Publication`.
    let publishedIndex: Atomic<UInt64>
    let publishedArrival: Atomic<Int64>
    let settledTail: Atomic<UInt64>
    let publishedRecords: Atomic<UInt64>

    let horizonOffset: Atomic<UInt64>
    /// Nothing that is left arrived before this, as far as retention has looked.
    let trimmedTo = Atomic<Int64>(.min)
    /// One bit for each reader with sleepers.
    let sleepers = Atomic<UInt64>(0)
    /// Bytes staged for this shard and not yet ordered.
    let stagedBytes = Atomic<Int>(0)

    /// By base, contiguous from the horizon to the tail.
    let segments: Mutex<[Segment]>
    /// What was missing when the log was opened and has not expired since.
    let missing: Mutex<[MissingRecords]>
    let mayMiss: Atomic<Bool>
    /// Bytes that readers have brought in from the disk.
    let coldBytes = Atomic<UInt64>(0)

    /// The committer's own view of the tail. Made on the thread that opens the log or on the
    /// committer's, and used by the committer alone once its thread runs.
    nonisolated(unsafe) let writer: ShardWriter

    /// What was known of a shard when its object was made.
    struct Origin {
        var tail: UInt64 = 0
        var records: UInt64 = 0
        var lastIndex: UInt64 = 0
        var lastArrivalMilliseconds: Int64 = 0
        var horizon: UInt64 = 0
        var segments: [Segment] = []
        var missing: [MissingRecords] = []
    }

    init(
        _ description: ShardDescription, _ origin: Origin,
        _ configuration: ShardLog.Configuration, _ nodeTime: NodeTime, _ files: SegmentFiles
    ) {
        number = description.number
        createdMilliseconds = description.createdMilliseconds
        residentFrom = origin.tail
        residentBytes = UInt64(configuration.residentBytes)
        self.files = files
        self.nodeTime = nodeTime
        word = Atomic(origin.tail | (description.isClosed ? Self.closedBit : 0))
        announcedIndex = Atomic(origin.lastIndex)
        publishedIndex = Atomic(origin.lastIndex)
        publishedArrival = Atomic(origin.lastArrivalMilliseconds)
        publishedRecords = Atomic(origin.records)
        settledTail = Atomic(origin.tail)
        horizonOffset = Atomic(origin.horizon)
        segments = Mutex(origin.segments)
        missing = Mutex(origin.missing)
        mayMiss = Atomic(!origin.missing.isEmpty)
        unsafe writer = ShardWriter(description, origin)
    }

    /// No record enters any more: the tail is final.
    public var isClosed: Bool {
        word.load(ordering: .sequentiallyConsistent) & Self.closedBit != 0
    }

    /// The shard was removed; what is mapped can still be read by whoever holds this object.
    public var isRemoved: Bool {
        word.load(ordering: .sequentiallyConsistent) & Self.removedBit != 0
    }

    /// Where the next record will start. Everything below it is published.
    public var tail: Position {
        Position(offset: word.load(ordering: .sequentiallyConsistent) & ~Self.flagBits)
    }

    /// The first position that retention has left.
    public var horizon: Position {
        Position(offset: horizonOffset.load(ordering: .acquiring))
    }

    /// The index of the last published record; 0 if there has been none.
    public var lastIndex: UInt64 {
        publishedIndex.load(ordering: .sequentiallyConsistent)
    }

    /// The arrival of the last published record in milliseconds since 1970; 0 if none.
    public var lastArrivalMilliseconds: Int64 {
        publishedArrival.load(ordering: .sequentiallyConsistent)
    }

    /// A number that separates what was published from all that comes; see `QuietCells`.
    public func quietPoint() -> QuietPoint {
        var asker = Asker(created: createdMilliseconds)
        let cells = ShardCells(shard: self)
        while !asker.isDone { asker.step(cells) }
        if asker.isNearCeiling { nodeTime.wantCeiling() }
        return QuietPoint(
            continuation: asker.continuation, tail: Position(offset: asker.tail))
    }

    /// Whether the number can have left the process: true of the index of every record that was
    /// ever read and of every continuation, false of what is still to come.
    public func hasGivenOut(_ index: UInt64) -> Bool {
        var recognition = Recognition(index, created: createdMilliseconds)
        let cells = ShardCells(shard: self)
        while true {
            if let isKnown = recognition.isKnown { return isKnown }
            recognition.step(cells)
        }
    }

    /// Asks that `reader` be told by `advanced` when the shard's tail moves beyond `position` or
    /// the shard is closed or removed. False if that has happened already: do not sleep.
    public func sleep(reader: Int, at position: Position) -> Bool {
        var sleeper = Sleeper(at: position.offset)
        let cells = ShardCells(shard: self, bit: 1 << UInt64(reader))
        while !sleeper.isDone { sleeper.step(cells) }
        return sleeper.state == .asleep
    }

    /// Bytes of records, headers included, from `position` to the tail.
    public func bytes(from position: Position) -> UInt64 {
        let tail = self.tail.offset
        return tail - min(tail, position.offset)
    }

    /// About how many records there are from `position` to the tail; exact at the tail.
    public func records(from position: Position) -> UInt64 {
        let total = publishedRecords.load(ordering: .sequentiallyConsistent)
        let end = tail.offset
        guard position.offset < end else { return 0 }
        guard let segment = segment(at: max(position.offset, horizon.offset)) else { return 0 }
        let mark = segment.mark(below: position.offset)
        guard total > mark.ordinal, end > mark.position else { return 1 }
        // Records between the mark and the tail, less what the same density has before `position`.
        let share =
            Double(position.offset - min(position.offset, mark.position))
            / Double(end - mark.position)
        return max(1, total - mark.ordinal - UInt64(Double(total - mark.ordinal) * share))
    }
}

/// The memory of the wake-up protocol and of quiet points, in the shard.
struct ShardCells: WakeCells {
    let shard: Shard
    let bit: UInt64
    /// The readers whose bits `takeBits` took.
    let taken: Taken?

    final class Taken {
        var readers: UInt64 = 0
    }

    init(shard: Shard, bit: UInt64 = 0, taken: Taken? = nil) {
        self.shard = shard
        self.bit = bit
        self.taken = taken
    }

    func setBit() {
        shard.sleepers.bitwiseOr(bit, ordering: .sequentiallyConsistent)
    }

    /// The whole word: a close or a removal counts as a move of the tail.
    func loadTail() -> UInt64 {
        shard.word.load(ordering: .sequentiallyConsistent)
    }

    func storeTail(_ tail: UInt64) {
        shard.word.store(tail, ordering: .sequentiallyConsistent)
    }

    func takeBits() -> Bool {
        // Mostly nobody sleeps, and a load does not take the cache line away from the readers.
        if shard.sleepers.load(ordering: .sequentiallyConsistent) == 0 { return false }
        let readers = shard.sleepers.exchange(0, ordering: .sequentiallyConsistent)
        taken?.readers = readers
        return readers != 0
    }
}

extension ShardCells: QuietCells {
    func now() -> Int64 {
        shard.nodeTime.now()
    }

    func loadOrderingSince() -> Int64 {
        shard.nodeTime.orderingSince.load(ordering: .sequentiallyConsistent)
    }

    func loadDurableCeiling() -> Int64 {
        shard.nodeTime.durableCeiling.load(ordering: .sequentiallyConsistent)
    }

    func loadLast(_ measure: Measure) -> UInt64 {
        switch measure {
        case .index: shard.publishedIndex.load(ordering: .sequentiallyConsistent)
        case .arrival:
            UInt64(max(0, shard.publishedArrival.load(ordering: .sequentiallyConsistent)))
        }
    }

    func loadAnnouncedIndex() -> UInt64 {
        shard.announcedIndex.load(ordering: .sequentiallyConsistent)
    }

    func storeAnnouncedIndex(_ index: UInt64) {
        shard.announcedIndex.store(index, ordering: .sequentiallyConsistent)
    }

    func storeLastIndex(_ index: UInt64) {
        shard.publishedIndex.store(index, ordering: .sequentiallyConsistent)
    }

    func storeLastArrival(_ milliseconds: Int64) {
        shard.publishedArrival.store(milliseconds, ordering: .sequentiallyConsistent)
    }

    func loadSettledTail() -> UInt64 {
        shard.settledTail.load(ordering: .sequentiallyConsistent)
    }

    func storeSettledTail(_ tail: UInt64) {
        shard.settledTail.store(tail, ordering: .sequentiallyConsistent)
    }
}
