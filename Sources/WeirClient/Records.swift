public import Kinesis

/// A record as a consumer gets it.
public struct Record: Sendable, Hashable {
    /// The shard that it was read from.
    public var shard: ShardID
    /// Its number in the shard.
    public var sequenceNumber: SequenceNumber
    public var partitionKey: String
    public var data: [UInt8]
    /// When the server took it, in milliseconds since 1970.
    public var arrivalMilliseconds: Int64
}

/// What a subscription pushed at once: records, or none to say that there are none.
public struct SubscriptionEvent: Sendable, Hashable {
    public var shard: ShardID
    public var records: [Record]
    /// From where to resume: behind this number. Nil at the end of the shard.
    public var continuation: SequenceNumber?
    /// How far behind the newest record this is, in milliseconds.
    public var millisBehindLatest: Int64
    /// The shards that continue this one; empty except at its end.
    public var children: [ChildShard]
}

/// A record to be put.
public struct PutEntry: Sendable, Hashable {
    /// At most 10 MiB, together with the key less than the stream's limit.
    public var data: [UInt8]
    /// 1 to 256 characters; records of a key keep their order.
    public var partitionKey: String
    /// Chooses the shard in place of the key's digest.
    public var explicitHashKey: UInt128?

    public init(data: [UInt8], partitionKey: String, explicitHashKey: UInt128? = nil) {
        self.data = data
        self.partitionKey = partitionKey
        self.explicitHashKey = explicitHashKey
    }
}

/// Where a record was stored.
public struct PutReceipt: Sendable, Hashable {
    public var shard: ShardID
    public var sequenceNumber: SequenceNumber
}

/// A stream in a few words.
public struct StreamSummary: Sendable, Hashable {
    public var name: String
    public var arn: StreamARN
    public var status: StreamStatus
    public var openShardCount: Int
    /// The most bytes of a record's data and key together.
    public var recordBytes: Int
    public var consumerCount: Int
}

/// A shard of a stream.
public struct ShardSummary: Sendable, Hashable {
    public var id: ShardID
    /// The shards that it continues, which may be gone: none, one or two.
    public var parents: [ShardID]
    public var range: HashRange
    public var startingSequenceNumber: SequenceNumber
    /// Nil while it is open.
    public var endingSequenceNumber: SequenceNumber?
}

/// A registered consumer.
public struct Consumer: Sendable, Hashable {
    public var arn: ConsumerARN
    public var status: ConsumerStatus
}
