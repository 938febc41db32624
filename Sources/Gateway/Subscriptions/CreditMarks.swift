/// Which events a client has taken, told from how many body bytes it has credited.
///
/// Each sent event leaves a mark (body bytes up to its end, index it reaches). Marks are bounded:
/// when they are full every second one goes, which makes the credited position coarser and never
/// later than the truth.
struct CreditMarks {
    private struct Mark {
        var bytes: UInt64
        var index: UInt64
    }

    private var marks: [Mark] = []
    /// The index up to which the client has returned credit; 0 before the first event.
    private(set) var credited: UInt64 = 0

    /// An event that ends at body byte `bytes` reaches `index`.
    mutating func sent(bytes: UInt64, index: UInt64) {
        if marks.count == Limits.creditMarks {
            var kept = 0
            // The later of each pair stays: credit for it implies credit for the earlier.
            for position in stride(from: 1, to: marks.count, by: 2) {
                marks[kept] = marks[position]
                kept += 1
            }
            marks.removeLast(marks.count - kept)
        }
        marks.append(Mark(bytes: bytes, index: index))
    }

    /// The client has credited `bytes` body bytes in all; answers whether the index moved.
    mutating func acknowledge(bytes: UInt64) -> Bool {
        var passed = 0
        while passed < marks.count, marks[passed].bytes <= bytes { passed += 1 }
        guard passed > 0 else { return false }
        credited = marks[passed - 1].index
        marks.removeFirst(passed)
        return true
    }
}
