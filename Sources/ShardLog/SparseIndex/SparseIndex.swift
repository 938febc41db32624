/// Some of a segment's records, so that a place is found by looking at little of the segment.
///
/// A record is marked if it begins 64 KiB or more behind the last mark, or is that long itself. So
/// what lies between two marks is less than 128 KiB, but for one marked record that is long.
///
/// What this process has written it has noted as it went (`late`). What was there before is known
/// from the segment's index file, from the journal or from a walk through the records (`early`).
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
    /// Every record below this position has been looked at.
    private(set) var through: UInt64
    /// From `lateFrom` on, without a gap.
    private(set) var late: [Mark] = []
    private(set) var lateFrom: UInt64

    init(base: UInt64, lateFrom: UInt64) {
        through = base
        self.lateFrom = lateFrom
    }

    /// Notes a record that was just written.
    mutating func append(_ mark: Mark) {
        late.append(mark)
    }

    /// Nothing was written by this process yet: the segment's records end at `end`.
    mutating func begin(lateFrom end: UInt64) {
        lateFrom = end
    }

    /// Takes what a walk found behind `through`, unless another was quicker.
    mutating func extend(_ walk: MarkWalk, to end: UInt64) {
        guard through == walk.start, end > through else { return }
        early += walk.marks
        through = end
    }

    /// Where to begin to look for the first record that is not before what is sought.
    struct Start {
        /// The last mark before it; nil if it is at the segment's base or behind no mark.
        var mark: Mark?
        /// What is sought is not behind this position.
        var next: UInt64
        /// Some of what lies between has not been looked at yet.
        var isInGap: Bool
    }

    /// - Parameter end: where the segment's records end.
    func start(below end: UInt64, _ isBefore: (UInt64, Int64) -> Bool) -> Start {
        let later = Self.count(late, below: end, isBefore)
        if later > 0 {
            let hasNext = later < late.count && late[later].position < end
            return Start(
                mark: late[later - 1], next: hasNext ? late[later].position : end, isInGap: false)
        }
        let upper = min(lateFrom, end)
        let earlier = Self.count(early, below: upper, isBefore)
        let mark = earlier > 0 ? early[earlier - 1] : nil
        if earlier < early.count, early[earlier].position < upper {
            return Start(mark: mark, next: early[earlier].position, isInGap: false)
        }
        return Start(mark: mark, next: upper, isInGap: through < upper)
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
    /// Where the walk began to find new ones.
    let start: UInt64
    private(set) var marks: [SparseIndex.Mark] = []
    private var due: UInt64
    private var ordinal: UInt64

    /// - Parameters:
    ///   - last: the mark at which the walk begins, which is known already; nil at the base.
    ///   - start: what has been looked at before, up to here.
    init(after last: SparseIndex.Mark?, in header: Segment.Header, start: UInt64) {
        self.start = start
        due = last.map { $0.position + Limits.sparseBytes } ?? header.base
        ordinal = last?.ordinal ?? header.ordinal
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
