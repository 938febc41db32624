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
    case tooManyTags(TaggedResource, limit: Int)
    /// `current` and `limit` count shards of the node, or open shards of the account in the region,
    /// if `stream` is nil, else open shards of it.
    case shardLimit(
        account: String, region: String, stream: String?, current: Int, limit: Int,
        additional: Int)
    /// As many on-demand streams as the account may have in the region.
    case onDemandQuota(StreamKey, current: Int, limit: Int)
    /// As many streams are CREATING as may be at once.
    case tooManyCreating(limit: Int)
    /// An increase to less than the period so far, in hours.
    case retentionShorter(StreamKey, requested: UInt32, existing: UInt32)
    /// A decrease to more than the period so far, in hours.
    case retentionLonger(StreamKey, requested: UInt32, existing: UInt32)
    case resizeAboveDouble(StreamKey, current: Int, target: Int)
    case resizeBelowHalf(StreamKey, current: Int, target: Int)
    case resizeAboveLimit(StreamKey, current: Int, target: Int, limit: Int)
    /// Only an on-demand stream can spread records without looking at keys.
    case distributionNeedsOnDemand(StreamKey)
    case warmThroughputNeedsOnDemand(StreamKey)
    case warmThroughputNeedsCommitment(StreamKey)
    case warmThroughputOutOfRange(StreamKey, requested: UInt32, limit: UInt32)
    case policyTooLong(bytes: Int, limit: Int)
    /// No resource policy is set on the resource of this ARN.
    case policyNotFound(String)
    /// Consumers are registered, and their deletion was not asked for.
    case streamHasConsumers(StreamKey)
    /// Shards of an on-demand stream are not split or merged by request.
    case streamIsOnDemand(StreamKey)
    /// Shards of a provisioned stream are split only by request.
    case streamIsProvisioned(StreamKey)
    case shardNotFound(StreamKey, shard: ShardID)
    /// The shard has been split or merged already.
    case shardClosed(StreamKey, shard: ShardID)
    /// The key is not above the first of the shard's range by two and below the last.
    case hashKeyOutOfRange(StreamKey, shard: ShardID, key: UInt128, range: HashRange)
    /// The first shard's range does not end where the second's begins.
    case shardsNotAdjacent(StreamKey, shard: ShardID, adjacent: ShardID)
    case consumerExists(StreamKey, name: String)
    case consumerNotFound(StreamKey, name: String)
    /// The consumer is CREATING or DELETING.
    case consumerNotActive(StreamKey, name: String, createdSecond: UInt64)
    case tooManyConsumers(StreamKey, limit: Int)
    /// Too many consumers of the stream are being registered.
    case tooManyConsumersCreating(StreamKey, limit: Int)
    /// As many accounts have settings of their own as may have.
    case tooManyAccounts(limit: Int)
    /// There is no such consumer and shard of one stream any more.
    case cursorNotFound
    /// The node keeps as many cursors as it may.
    case cursorLimit(limit: Int)
    /// The clock, or the chain of shards in this stream, has reached the last second that a
    /// sequence number can carry.
    case secondsExhausted(StreamKey)
    /// A shard that still takes records is not forgotten.
    case shardOpen(StreamKey, shard: ShardID)
    /// There is no stream of this incarnation, or no consumer of this number.
    case incarnationNotFound(UInt64)
    /// The stream or consumer of this number is in a status that it stays in.
    case notInTransition(UInt64)
}

/// What a tag is on.
public enum TaggedResource: Sendable, Hashable {
    case stream(StreamKey)
    case consumer(StreamKey, name: String)
}
