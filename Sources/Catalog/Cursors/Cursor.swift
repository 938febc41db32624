internal import ShardLog

/// A place in a shard: behind the record of this index. Reading resumes with the first record
/// whose index is above it; 0 is the shard's beginning.
public struct CursorPoint: Sendable, Hashable {
    public var index: UInt64
    /// When that record arrived, or the node time of a place that is no record's; milliseconds
    /// since 1970, from which the lag in time is told. 0 if unknown.
    public var milliseconds: Int64

    public init(index: UInt64, milliseconds: Int64) {
        self.index = index
        self.milliseconds = Swift.max(milliseconds, 0)
    }
}

/// The place of a consumer in a shard.
public struct Cursor: Sendable, Hashable {
    /// Behind which the consumer's first subscription started; does not change.
    public var origin: CursorPoint?
    /// The last place that was sent; never goes back.
    public var sent: CursorPoint?
    /// The last place whose bytes the client has taken; never goes back.
    public var credited: CursorPoint?
    /// What the consumer says it is done with; it may say an earlier place than before.
    public var committed: CursorPoint?

    public init(
        origin: CursorPoint? = nil, sent: CursorPoint? = nil, credited: CursorPoint? = nil,
        committed: CursorPoint? = nil
    ) {
        self.origin = origin
        self.sent = sent
        self.credited = credited
        self.committed = committed
    }

    /// Where a subscription that starts at the cursor resumes: records may come again, none is
    /// left out. Nil if the consumer was never here.
    public var resumption: CursorPoint? { committed ?? credited ?? origin }

    var isEmpty: Bool { origin == nil && sent == nil && credited == nil && committed == nil }

    /// This cursor with no place behind the record of `index`, the last that a recovery found.
    func clamped(to index: UInt64) -> Cursor {
        func clamped(_ point: CursorPoint?) -> CursorPoint? {
            guard let point else { return nil }
            return CursorPoint(
                index: Swift.min(point.index, index), milliseconds: point.milliseconds)
        }
        return Cursor(
            origin: clamped(origin), sent: clamped(sent), credited: clamped(credited),
            committed: clamped(committed))
    }
}

/// Which cursor: a consumer and a shard of its stream.
struct CursorKey: Sendable, Hashable, Comparable {
    var consumer: UInt64
    var shard: ShardNumber

    static func < (left: CursorKey, right: CursorKey) -> Bool {
        (left.consumer, left.shard) < (right.consumer, right.shard)
    }
}
