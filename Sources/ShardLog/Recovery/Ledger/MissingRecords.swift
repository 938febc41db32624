internal import Synchronization

/// Records that must be in a shard's log and are not, because a file is gone or too short.
public struct MissingRecords: Sendable, Hashable {
    public var shard: ShardNumber
    /// Where they were.
    public var positions: Range<Position>
    /// They have indices above this; 0 if the shard's first records are among them.
    public var afterIndex: UInt64
    /// And none above this.
    public var throughIndex: UInt64
    /// How many there are, where that is known.
    public var count: UInt64?
    /// None of them arrived later, milliseconds since 1970.
    public var latestArrivalMilliseconds: Int64
}

extension Shard {
    /// What is missing of the shard, in order. An operator is told of it; a reader who comes to it
    /// gets `damaged`, and can go on behind it.
    public var missingRecords: [MissingRecords] {
        missing.withLock { $0 }
    }

    /// The records that are missing at a position.
    public func missingRecords(at position: Position) -> MissingRecords? {
        missing.withLock { $0.first { $0.positions.contains(position) } }
    }

    static let missingReason = "records are missing, because a file of the log is gone or cut"

    /// What to say of a place that was found for "after this number" where records are missing:
    /// an error if one of them comes next, or the place behind them.
    func minding(_ located: Located, afterIndex index: UInt64) -> Located {
        guard mayMiss.load(ordering: .relaxed) else { return located }
        switch located {
        case .damaged(let position, _):
            guard let gap = missingRecords(at: position) else { return located }
            return index >= gap.throughIndex
                ? .found(gap.positions.upperBound)
                : .damaged(gap.positions.lowerBound, reason: Self.missingReason)
        case .found(let position):
            let gaps = missing.withLock { $0 }
            guard let gap = gaps.first(where: { $0.positions.upperBound == position }),
                index >= gap.afterIndex, index < gap.throughIndex
            else { return located }
            return .damaged(gap.positions.lowerBound, reason: Self.missingReason)
        default:
            return located
        }
    }

    /// The same for "what arrived at this time or later", which begins with a record that is there.
    func mindingTime(_ located: Located) -> Located {
        guard mayMiss.load(ordering: .relaxed), case .damaged(let position, _) = located,
            let gap = missingRecords(at: position)
        else { return located }
        return .found(gap.positions.upperBound)
    }

    /// Why a place cannot be read.
    func reason(_ reason: String, at position: UInt64) -> String {
        guard mayMiss.load(ordering: .relaxed),
            missingRecords(at: Position(offset: position)) != nil
        else { return reason }
        return Self.missingReason
    }

    /// Forgets what would have expired by now if it were there.
    func forgetMissing(olderThan arrivalMilliseconds: Int64) {
        guard mayMiss.load(ordering: .relaxed) else { return }
        missing.withLock { missing in
            missing.removeAll { $0.latestArrivalMilliseconds < arrivalMilliseconds }
            mayMiss.store(!missing.isEmpty, ordering: .relaxed)
        }
    }
}
