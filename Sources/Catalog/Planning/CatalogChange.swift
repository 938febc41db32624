public import Kinesis
public import ShardLog

/// A change that somebody asks for.
public enum CatalogChange: Sendable {
    case createStream(CreateStreamRequest)
    /// Frees everything the stream has, its name included. With consumers only if
    /// `enforceConsumerDeletion`.
    case deleteStream(StreamKey, enforceConsumerDeletion: Bool)
    case splitShard(StreamKey, shard: ShardID, newStartingHashKey: UInt128)
    /// Splits a shard of the on-demand stream of this incarnation, which it has outgrown.
    case scaleUp(stream: UInt64, shard: ShardID, at: UInt128)
    /// `shard` and `adjacent` must be next to each other, in this order.
    case mergeShards(StreamKey, shard: ShardID, adjacent: ShardID)
    case updateStream(StreamKey, StreamUpdate)
    case registerConsumer(StreamKey, name: String, tags: [ResourceTag] = [])
    /// The consumer of this name; if a second is given, only the one that was created then.
    case updateConsumer(StreamKey, name: String, createdSecond: UInt64?, ConsumerUpdate)
    /// Begins or ends an account's throughput commitment.
    case updateCommitment(account: String, isEnabled: Bool)
    /// The consumer of this name; if a second is given, only the one that was created then.
    case deregisterConsumer(StreamKey, name: String, createdSecond: UInt64? = nil)
    /// The consumer is done with everything up to this point, which may be an earlier one than
    /// the last it said. That the point is one of the shard's is the caller's to check.
    case commitCursor(consumer: UInt64, shard: ShardNumber, CursorPoint)
    /// Drops closed shards from the stream of this incarnation. That nothing of them is left to
    /// read is the caller's to check.
    case forgetShards(stream: UInt64, shards: [ShardID])
    /// Ends the status that a stream or consumer passes through: what was being created is ACTIVE,
    /// what was being updated is changed and ACTIVE, what was being deleted is gone. With the number
    /// of an entry only the status that began by it.
    case endTransition(ResourceInTransition, since: UInt64? = nil)
}

/// A change of what a stream is set to; all need an ACTIVE stream.
public enum StreamUpdate: Sendable, Hashable {
    /// To at least the present period. What has expired stays expired.
    case increaseRetention(hours: UInt32)
    /// To at most the present period. What is older expires at once.
    case decreaseRetention(hours: UInt32)
    /// Adds tags; one with a key that is there replaces it.
    case tag([ResourceTag])
    /// Removes the tags of these keys, as far as they are there.
    case untag([String])
    case enableMetrics(ShardLevelMetrics)
    case disableMetrics(ShardLevelMetrics)
    /// Kibibytes of data and key together, 1024 to 10240; what is stored stays.
    case maxRecordSize(kiB: UInt32)
    case distribution(RecordDistributionStrategy)
    /// With the write throughput that an on-demand stream shall be ready for, if any.
    case mode(StreamMode, warmMiBps: UInt32?)
    /// Write throughput that an on-demand stream shall be ready for: it gets a shard for each MiB
    /// a second, as far as it has fewer.
    case warmThroughput(miBps: UInt32)
    /// As many open shards of equal ranges: between half and double the present number.
    case shardCount(Int)
    /// Sets the resource policy, in place of one that is there.
    case policy(String)
    /// Removes the resource policy that is there.
    case deletePolicy
}

/// A change of what a consumer is set to; all need an ACTIVE consumer.
public enum ConsumerUpdate: Sendable, Hashable {
    /// Adds tags; one with a key that is there replaces it.
    case tag([ResourceTag])
    /// Removes the tags of these keys, as far as they are there.
    case untag([String])
    /// Sets the resource policy, in place of one that is there.
    case policy(String)
    /// Removes the resource policy that is there.
    case deletePolicy
}

/// What a new stream shall be.
public struct CreateStreamRequest: Sendable {
    public var key: StreamKey
    /// Needed for a provisioned stream, ignored for an on-demand one.
    public var shardCount: Int?
    /// By default provisioned if there is a count, else on demand.
    public var mode: StreamMode?
    /// Kibibytes of a record's data and key together, 1024 to 10240.
    public var maxRecordKiB: UInt32
    public var tags: [ResourceTag]
    public var distribution: RecordDistributionStrategy
    /// Write throughput that an on-demand stream shall be ready for, MiB a second.
    public var warmMiBps: UInt32?

    public init(
        key: StreamKey, shardCount: Int? = nil, mode: StreamMode? = nil,
        maxRecordKiB: UInt32 = CatalogLimits.defaultRecordKiB, tags: [ResourceTag] = [],
        distribution: RecordDistributionStrategy = .userPartitionKey, warmMiBps: UInt32? = nil
    ) {
        self.key = key
        self.shardCount = shardCount
        self.mode = mode
        self.maxRecordKiB = maxRecordKiB
        self.tags = tags
        self.distribution = distribution
        self.warmMiBps = warmMiBps
    }
}

/// What an accepted change gives back at once. It holds when the waiter is told so, not before.
public enum CatalogResult: Sendable, Hashable {
    /// A stream of this incarnation was made.
    case streamCreated(UInt64)
    /// The stream of this incarnation is gone.
    case streamDeleted(UInt64)
    /// The shards that took over, lower range first.
    case resharded(children: [ShardID])
    /// The open shards before, and those that there will be.
    case resharding(current: Int, target: Int)
    case streamUpdated
    case metricsChanged(before: ShardLevelMetrics, after: ShardLevelMetrics)
    /// The write throughput that the stream was ready for, and that it shall be, MiB a second.
    case warmThroughput(current: Int, target: Int)
    case consumerRegistered(ConsumerState)
    case consumerDeregistered(ConsumerState)
    case consumerUpdated
    case commitmentChanged(Commitment)
    case cursorCommitted
    case shardsForgotten
    case transitionEnded
}
