public import Kinesis
public import ShardLog

/// A change that somebody asks for.
public enum CatalogChange: Sendable {
    case createStream(CreateStreamRequest)
    /// Frees everything the stream has, its name included. With consumers only if
    /// `enforceConsumerDeletion`.
    case deleteStream(StreamKey, enforceConsumerDeletion: Bool)
    case splitShard(StreamKey, shard: ShardID, newStartingHashKey: UInt128)
    /// `shard` and `adjacent` must be next to each other, in this order.
    case mergeShards(StreamKey, shard: ShardID, adjacent: ShardID)
    case registerConsumer(StreamKey, name: String)
    /// The consumer of this name; if a second is given, only the one that was created then.
    case deregisterConsumer(StreamKey, name: String, createdSecond: UInt64? = nil)
    /// The consumer is done with everything up to this point, which may be an earlier one than
    /// the last it said. That the point is one of the shard's is the caller's to check.
    case commitCursor(consumer: UInt64, shard: ShardNumber, CursorPoint)
    /// Drops closed shards from the stream of this incarnation. That nothing of them is left to
    /// read is the caller's to check.
    case forgetShards(stream: UInt64, shards: [ShardID])
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

    public init(
        key: StreamKey, shardCount: Int? = nil, mode: StreamMode? = nil,
        maxRecordKiB: UInt32 = CatalogLimits.defaultRecordKiB, tags: [ResourceTag] = []
    ) {
        self.key = key
        self.shardCount = shardCount
        self.mode = mode
        self.maxRecordKiB = maxRecordKiB
        self.tags = tags
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
    case consumerRegistered(ConsumerState)
    case consumerDeregistered(ConsumerState)
    case cursorCommitted
    case shardsForgotten
}
