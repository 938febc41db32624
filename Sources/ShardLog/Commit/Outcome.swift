/// What became of the attempt to stage a record.
public enum StageResult: Sendable, Hashable {
    /// In the buffer; its outcome comes through `drain`.
    case staged
    /// Over the staging budget, or what is staged has waited too long: try again later.
    case full
    /// The log takes no writes at present; `ShardLog.health` says why.
    case refusing
}

/// What became of a staged record.
public struct RecordOutcome: Sendable, Hashable {
    public enum Result: Sendable, Hashable {
        /// Durable as the node's class promises, and published.
        case stored(index: UInt64, arrivalMilliseconds: Int64)
        /// The shard was closed before the record was ordered; nothing was written.
        case shardClosed
        /// The shard was removed before the record was ordered; nothing was written.
        case shardGone
        /// Not acknowledged: the disk refused it. It may still be found by the next recovery.
        case failed
    }

    /// The number that came with the record.
    public var waiter: UInt64
    /// The place in its request that came with the record.
    public var ordinal: UInt32
    public var result: Result
}
