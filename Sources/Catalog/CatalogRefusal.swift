public import Kinesis

/// Why a change was not made, with the values that its message needs.
public enum CatalogRefusal: Error, Sendable, Hashable {
    /// The log takes no writes, for this reason.
    case refusing(reason: String)
    case streamExists(StreamKey)
    case streamNotFound(StreamKey)
    case streamNotActive(StreamKey, status: StreamStatus)
    /// A provisioned stream needs a count of shards.
    case shardCountMissing(StreamKey)
    /// Less than one shard, or more than a stream can have open.
    case shardCountOutOfRange(StreamKey, requested: Int, limit: Int)
    case recordSizeOutOfRange(StreamKey, requestedKiB: UInt32)
    case tooManyTags(StreamKey, limit: Int)
    /// `current` and `limit` count shards of the node if `stream` is nil, else open shards of it.
    case shardLimit(
        account: String, region: String, stream: String?, current: Int, limit: Int,
        additional: Int)
    /// Consumers are registered, and their deletion was not asked for.
    case streamHasConsumers(StreamKey)
    /// Shards of an on-demand stream are not split or merged by request.
    case streamIsOnDemand(StreamKey)
    case shardNotFound(StreamKey, shard: ShardID)
    /// The shard has been split or merged already.
    case shardClosed(StreamKey, shard: ShardID)
    /// The key is not above the first of the shard's range by two and below the last.
    case hashKeyOutOfRange(StreamKey, shard: ShardID, key: UInt128, range: HashRange)
    /// The first shard's range does not end where the second's begins.
    case shardsNotAdjacent(StreamKey, shard: ShardID, adjacent: ShardID)
    case consumerExists(StreamKey, name: String)
    case consumerNotFound(StreamKey, name: String)
    case tooManyConsumers(StreamKey, limit: Int)
    /// There is no such consumer and shard of one stream any more.
    case cursorNotFound
    /// The node keeps as many cursors as it may.
    case cursorLimit(limit: Int)
    /// The clock, or the chain of shards in this stream, has reached the last second that a
    /// sequence number can carry.
    case secondsExhausted(StreamKey)
    /// A shard that still takes records is not forgotten.
    case shardOpen(StreamKey, shard: ShardID)
    /// There is no stream of this incarnation.
    case incarnationNotFound(UInt64)
}
