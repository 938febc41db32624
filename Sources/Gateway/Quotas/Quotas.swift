public import Kinesis

/// What accounts, streams and shards may have and do; nil is without a limit.
///
/// AWS's values are those of its "Quotas and limits" page for us-east-1. Rates refill evenly and
/// allow a burst of one second's worth.
public struct Quotas: Sendable, Hashable {
    /// Open shards of an account in a region.
    public var shards: Int?
    /// On-demand streams of an account in a region.
    public var onDemandStreams: Int?
    /// Streams of an account in a region that can be CREATING at once.
    public var creatingStreams: Int?
    /// Consumers of a stream.
    public var consumers: Int?
    /// Consumers of a stream that can be CREATING at once.
    public var creatingConsumers: Int?
    /// Consumers of a stream whose account has a minimum throughput billing commitment.
    public var committedConsumers: Int?

    /// Bytes a second that a shard takes: data and partition keys.
    public var writeBytes: Int?
    /// Records a second that a shard takes.
    public var writeRecords: Int?
    /// Bytes a second that all GetRecords calls of a shard are given: data and partition keys.
    public var readBytes: Int?
    /// GetRecords calls a second of a shard.
    public var readCalls: Int?
    /// GetShardIterator calls a second of a shard.
    public var iteratorCalls: Int?
    /// Bytes a second that each subscription is pushed: data and partition keys.
    public var subscriptionBytes: Int?
    /// SubscribeToShard calls a second of a consumer and shard.
    public var subscribeCalls: Int?

    /// UpdateShardCount calls of a stream in 24 hours.
    public var resizesPerDay: Int?
    /// Changes of a stream's capacity mode in 24 hours.
    public var modeChangesPerDay: Int?
    /// Calls a second of control operations: of an account in a region, or of a stream for those
    /// that AWS counts by stream.
    public var calls: [KinesisOperation: Int] = [:]

    /// No limits.
    public static let none = Quotas()

    /// What AWS allows.
    public static let aws: Quotas = {
        var quotas = Quotas()
        quotas.shards = 20_000
        quotas.onDemandStreams = reportedOnDemandStreams
        quotas.creatingStreams = 5
        quotas.consumers = 20
        quotas.creatingConsumers = 5
        quotas.committedConsumers = 50
        quotas.writeBytes = 1 << 20
        quotas.writeRecords = 1000
        quotas.readBytes = 2 << 20
        quotas.readCalls = 5
        quotas.iteratorCalls = 5
        quotas.subscriptionBytes = 2 << 20
        quotas.subscribeCalls = 1
        quotas.resizesPerDay = 10
        quotas.modeChangesPerDay = 2
        let five: [KinesisOperation] = [
            .createStream, .deleteStream, .listStreams, .addTagsToStream, .removeTagsFromStream,
            .listTagsForStream, .mergeShards, .splitShard, .registerStreamConsumer,
            .deregisterStreamConsumer, .listStreamConsumers, .describeAccountSettings,
            .updateAccountSettings, .updateStreamWarmThroughput,
        ]
        for operation in five { quotas.calls[operation] = 5 }
        quotas.calls[.describeStream] = 10
        quotas.calls[.updateShardCount] = 10
        quotas.calls[.describeStreamSummary] = 20
        quotas.calls[.describeStreamConsumer] = 20
        quotas.calls[.describeLimits] = 1
        quotas.calls[.listShards] = 1000
        return quotas
    }()

    /// What DescribeLimits shows while there is no limit: clients compute with the number.
    static let reportedOnDemandStreams = 50

    public init() {}

    /// Operations whose calls are counted for each stream.
    static let countedByStream: Set<KinesisOperation> = [
        .deregisterStreamConsumer, .listStreamConsumers, .describeStreamConsumer, .listShards,
    ]

    /// Whether anything is limited over time, so that somebody has to keep count.
    var limitsRates: Bool {
        !calls.isEmpty
            || [
                writeBytes, writeRecords, readBytes, readCalls, iteratorCalls, subscriptionBytes,
                subscribeCalls, resizesPerDay, modeChangesPerDay,
            ].contains { $0 != nil }
    }
}
