/// The committer's side of a shard: what the next record gets, and where it goes.
final class ShardWriter {
    enum State {
        case open
        case closed
        case removed
    }

    var state: State
    /// Where the next record is put; ahead of the published tail while a batch is on its way.
    var position: UInt64
    var lastIndex: UInt64
    var lastArrivalMilliseconds: Int64
    /// Records of the shard, ever.
    var records: UInt64
    /// The segment that the next record goes to, once there is one.
    var segment: Segment?
    /// The position up to which the segment has disk space.
    var reservedEnd: UInt64
    /// Where the next entry of the sparse index is due.
    var nextMark: UInt64
    /// The shard's place in the batch that is being ordered, or -1.
    var slot = -1

    init(_ description: ShardDescription, _ origin: Shard.Origin) {
        state = description.isClosed ? .closed : .open
        position = origin.tail
        lastIndex = origin.lastIndex
        lastArrivalMilliseconds = origin.lastArrivalMilliseconds
        records = origin.records
        segment = origin.segments.last
        // Nothing is reserved as far as this process knows.
        reservedEnd = origin.tail
        nextMark = origin.tail
    }
}
