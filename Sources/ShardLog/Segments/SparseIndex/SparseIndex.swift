/// Some of a segment's records, so that a place is found by looking at little of the segment.
///
/// A record is marked if it begins 64 KiB or more behind the last mark, or is that long itself. So
/// what lies between two marks is less than 128 KiB, but for one marked record that is long.
///
/// What this process has written, or brought from the journal into the segment, it has marked as it
/// went (`late`). What was there before comes from the segment's index file or from a walk through
/// the records (`early`).
struct SparseIndex {
    struct Mark: Equatable {
        var position: UInt64
        var index: UInt64
        var arrivalMilliseconds: Int64
        /// Records of the shard before this one.
        var ordinal: UInt64
    }

    /// From the segment's base up to `through`, without a gap.
    private(set) var early: [Mark] = []
    /// Every record below this position has been looked at, or is marked in the file.
    private(set) var through: UInt64
    /// From `lateFrom` on, without a gap.
    private(set) var late: [Mark] = []
    private(set) var lateFrom: UInt64
    private let base: UInt64

    /// How many of the marks the index file has; nil if there is one that was not read yet.
    private var kept: Int? = 0
    /// The early marks are the file's word, which no walk has confirmed.
    private(set) var isFromFile = false
    /// The file goes on behind what was taken of it: with marks of records that were never durable.
    private(set) var mustCutFile = false
    /// Where the records from the journal end so far.
    private var replayedTo: UInt64 = 0
    private var replayDue: UInt64 = 0

    init(base: UInt64, lateFrom: UInt64) {
        self.base = base
        through = base
        self.lateFrom = lateFrom
    }

    var isUnread: Bool { kept == nil }

    /// Bytes of the segment's records, which end at `end`, that no mark tells anything of.
    func gapBytes(below end: UInt64) -> UInt64 {
        let upper = min(lateFrom, end)
        return upper - min(upper, through)
    }

    private var hasGap: Bool { through < lateFrom }

    /// Notes a record that was just written.
    mutating func append(_ mark: Mark) {
        late.append(mark)
    }

    // From before.

    /// The segment has an index file.
    mutating func expectFile() {
        kept = nil
    }

    /// Begins to mark what comes from the journal; answers where the next mark is due.
    mutating func replay(from position: UInt64) -> UInt64 {
        if late.isEmpty || replayedTo != position {
            late = []
            lateFrom = position
            replayDue = position
        }
        return replayDue
    }

    mutating func replayed(_ walk: MarkWalk, to position: UInt64) {
        late += walk.marks
        replayedTo = position
        replayDue = walk.due
    }

    /// Recovery is over: the segment's records end at `end`.
    mutating func begin(at end: UInt64) {
        if !late.isEmpty, replayedTo == end { return }
        late = []
        lateFrom = end
    }

    /// Takes the marks of the index file, which has `bytes`.
    mutating func load(_ marks: [Mark], of bytes: Int) {
        guard kept == nil else { return }
        kept = marks.count
        mustCutFile = bytes > (marks.isEmpty ? 0 : IndexFile.bytes(marks.count))
        guard early.isEmpty, let last = marks.last else { return }
        early = marks
        through = last.position + 1
        isFromFile = true
    }

    /// The file was wrong: a walk begins at the base again.
    mutating func forgetFile() {
        early = []
        through = base
        kept = 0
        isFromFile = false
    }

    /// Takes what a walk found behind `through`, unless another was quicker.
    mutating func extend(_ walk: MarkWalk, to end: UInt64) {
        guard through == walk.start, end > through else { return }
        early += walk.marks
        through = end
    }

    // Into the file.

    enum Owed {
        case nothing
        case load
        case walk
        case write
    }

    /// What has to be done so that the file has what it should: all of a sealed segment, all but
    /// the last 256 KiB of another, and nothing where there is little to be looked at anyway.
    func owed(isSealed: Bool) -> Owed {
        guard let kept else {
            // A sealed segment's is read when somebody asks.
            return isSealed ? .nothing : .load
        }
        if mustCutFile { return .write }
        let reached = late.last?.position ?? max(lateFrom, through)
        let done = kept == 0 ? base : mark(kept - 1).position
        if reached < done + Limits.unkeptIndexBytes, !(isSealed && kept > 0) { return .nothing }
        if hasGap { return .walk }
        return count > kept ? .write : .nothing
    }

    /// Marks without a gap before them.
    private var count: Int { early.count + (hasGap ? 0 : late.count) }

    private func mark(_ place: Int) -> Mark {
        place < early.count ? early[place] : late[place - early.count]
    }

    /// How many marks the file has, and those behind.
    var unkept: (kept: Int, marks: [Mark]) {
        let kept = kept ?? 0
        return (kept, (kept..<max(kept, count)).map { mark($0) })
    }

    mutating func keep(_ more: Int, behind kept: Int) {
        guard self.kept == kept else { return }
        self.kept = kept + more
        mustCutFile = false
    }

    // Questions.

    /// Where to begin to look for the first record that is not before what is sought.
    struct Start {
        /// The last mark before it; nil if there is none.
        var mark: Mark?
        /// What is sought is not behind this position.
        var next: UInt64
        /// Some of what lies between has not been looked at yet: from `through` on.
        var isInGap: Bool
        var through: UInt64
    }

    /// - Parameter end: where the segment's records end.
    func start(below end: UInt64, _ isBefore: (UInt64, Int64) -> Bool) -> Start {
        let later = Self.count(late, below: end, isBefore)
        if later > 0 {
            let hasNext = later < late.count && late[later].position < end
            return Start(
                mark: late[later - 1], next: hasNext ? late[later].position : end,
                isInGap: false, through: through)
        }
        let upper = min(lateFrom, end)
        let earlier = Self.count(early, below: upper, isBefore)
        let mark = earlier > 0 ? early[earlier - 1] : nil
        if earlier < early.count, early[earlier].position < upper {
            return Start(
                mark: mark, next: early[earlier].position, isInGap: false, through: through)
        }
        return Start(mark: mark, next: upper, isInGap: through < upper, through: through)
    }

    /// Where to begin to close the gap.
    var gapStart: Start {
        Start(mark: early.last, next: lateFrom, isInGap: hasGap, through: through)
    }

    /// The last mark at or below a position.
    func mark(below position: UInt64) -> Mark? {
        for marks in [late, early] {
            let count = marks.countOfFirst { $0.position <= position }
            if count > 0 { return marks[count - 1] }
        }
        return nil
    }

    private static func count(
        _ marks: [Mark], below end: UInt64, _ isBefore: (UInt64, Int64) -> Bool
    ) -> Int {
        marks.countOfFirst { $0.position < end && isBefore($0.index, $0.arrivalMilliseconds) }
    }
}

extension Array {
    /// How many elements at the start have a property that none has behind the first without it.
    func countOfFirst(where hasProperty: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if hasProperty(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Marks the records of a segment in their order.
struct MarkWalk {
    /// What begins here or behind is new.
    let start: UInt64
    private(set) var marks: [SparseIndex.Mark] = []
    private(set) var due: UInt64
    /// Records of the shard before the next one.
    private var ordinal: UInt64

    init(start: UInt64, due: UInt64, ordinal: UInt64) {
        self.start = start
        self.due = due
        self.ordinal = ordinal
    }

    /// From the last mark on, or from the segment's base.
    /// - Parameter isSkipped: the marked record itself is not part of the walk.
    init(from start: SparseIndex.Start, in header: Segment.Header, isSkipped: Bool) {
        self.init(
            start: start.through,
            due: start.mark.map { $0.position + Limits.sparseBytes } ?? header.base,
            ordinal: (start.mark?.ordinal ?? header.ordinal) + (isSkipped ? 1 : 0))
    }

    static func isDue(at position: UInt64, length: UInt64, due: UInt64) -> Bool {
        position >= due || length >= Limits.sparseBytes
    }

    mutating func note(_ header: Record.Header, at position: UInt64) {
        if position >= start, Self.isDue(at: position, length: UInt64(header.length), due: due) {
            marks.append(
                SparseIndex.Mark(
                    position: position, index: header.index,
                    arrivalMilliseconds: header.arrivalMilliseconds, ordinal: ordinal))
            due = position + Limits.sparseBytes
        }
        ordinal += 1
    }
}
