public import Kinesis
public import ShardLog

/// A stream as of one version of the catalog; never changes.
public final class StreamState: Sendable {
    /// The incarnation: a number that no other stream of the node has or will have.
    public let id: UInt64
    public let key: StreamKey
    public let arn: StreamARN
    public let status: StreamStatus
    /// Whether it has ever been ACTIVE. Until then clients are told of no shards, also when it is
    /// deleted while it is CREATING.
    public let isMade: Bool
    /// What an UPDATING stream is to become; nil in every other status.
    let update: StreamUpdateUnderWay?
    /// Seconds since 1970, above every second that an earlier stream of the same name has used.
    public let createdSecond: UInt64
    let settings: StreamSettings
    /// Open and closed shards that are not forgotten yet, by index.
    public let shards: ShardTable
    /// Hash keys to open shards.
    public let open: RoutingTable
    /// By name in byte order.
    public let consumers: [ConsumerState]
    /// The index of the next shard; indices of forgotten shards are not given again.
    let nextShardIndex: UInt32
    /// The highest second that is part of a consumer's ARN, of those that are gone.
    let retiredConsumerSecond: UInt64

    public var mode: StreamMode { settings.mode }
    public var retentionHours: UInt32 { settings.retentionHours }
    /// Kibibytes of a record's data and key together, at most.
    public var maxRecordKiB: UInt32 { settings.maxRecordKiB }
    public var distribution: RecordDistributionStrategy { settings.distribution }
    /// The shard-level metrics that are shown.
    public var metrics: ShardLevelMetrics { settings.metrics }
    /// Write throughput that the stream is kept ready for, MiB a second; nil if none was asked for.
    public var warmMiBps: UInt32? { settings.warmMiBps }
    /// By key in byte order.
    public var tags: [ResourceTag] { settings.tags }
    /// The resource policy as the client wrote it; nil if there is none.
    public var policy: String? { settings.policy }

    public var name: String { key.name }
    public var account: String { key.account }
    public var region: String { key.region }
    /// Bytes of a record's data and key together, at most.
    public var maxRecordBytes: Int { Int(maxRecordKiB) * 1024 }
    public var openShardCount: Int { open.count }

    /// What arrived before this has expired, milliseconds since 1970.
    public func cutoff(_ clock: RetentionClock) -> Int64 {
        let cutoff = clock.cutoff(keeping: Int64(retentionHours) * 3_600_000)
        guard settings.floorMilliseconds > cutoff else { return cutoff }
        // A floor was at least the shortest retention old when it was set. One that is younger was
        // set by a clock that was ahead.
        let shortest = clock.cutoff(keeping: Int64(Limits.leastRetentionHours) * 3_600_000)
        return max(cutoff, min(settings.floorMilliseconds, shortest))
    }

    /// The same at a moment up to which all time was seen to pass.
    public func cutoff(now: Int64) -> Int64 {
        cutoff(RetentionClock(now: now))
    }

    init(
        id: UInt64, key: StreamKey, arn: StreamARN, status: StreamStatus, isMade: Bool,
        update: StreamUpdateUnderWay? = nil, createdSecond: UInt64, settings: StreamSettings,
        shards: ShardTable, open: RoutingTable, consumers: [ConsumerState],
        nextShardIndex: UInt32, retiredConsumerSecond: UInt64
    ) {
        self.id = id
        self.key = key
        self.arn = arn
        self.status = status
        self.isMade = isMade
        self.update = update
        self.createdSecond = createdSecond
        self.settings = settings
        self.shards = shards
        self.open = open
        self.consumers = consumers
        self.nextShardIndex = nextShardIndex
        self.retiredConsumerSecond = retiredConsumerSecond
    }

    /// The consumer of this name.
    public func consumer(named name: String) -> ConsumerState? {
        let place = place(ofConsumer: name)
        return place < consumers.count && consumers[place].name == name ? consumers[place] : nil
    }

    /// The place of the first consumer whose name is not below `name`.
    func place(ofConsumer name: String) -> Int {
        var low = 0
        var high = consumers.count
        while low < high {
            let middle = (low + high) / 2
            if consumers[middle].name.utf8.lexicographicallyPrecedes(name.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The consumer of this number.
    public func consumer(id: UInt64) -> ConsumerState? {
        consumers.first { $0.id == id }
    }

    /// The highest second that anything of this stream carries in an ARN or sequence number.
    ///
    /// A later stream of the same name starts above it, so that neither its sequence numbers nor
    /// its consumers' ARNs can be taken for this one's.
    var highestSecond: UInt64 {
        var highest = Swift.max(createdSecond, retiredConsumerSecond)
        for consumer in consumers { highest = Swift.max(highest, consumer.createdSecond) }
        for shard in shards { highest = Swift.max(highest, shard.createdSecond) }
        return highest
    }

    /// This stream with some of its parts replaced. Whatever gives it a status says what is under
    /// way in it too.
    func replacing(
        shards: ShardTable? = nil, open: RoutingTable? = nil, consumers: [ConsumerState]? = nil,
        nextShardIndex: UInt32? = nil, retiredConsumerSecond: UInt64? = nil
    ) -> StreamState {
        StreamState(
            id: id, key: key, arn: arn, status: status, isMade: isMade, update: update,
            createdSecond: createdSecond, settings: settings,
            shards: shards ?? self.shards, open: open ?? self.open,
            consumers: consumers ?? self.consumers,
            nextShardIndex: nextShardIndex ?? self.nextShardIndex,
            retiredConsumerSecond: retiredConsumerSecond ?? self.retiredConsumerSecond)
    }

    /// This stream in another status.
    func with(status: StreamStatus, update: StreamUpdateUnderWay? = nil) -> StreamState {
        StreamState(
            id: id, key: key, arn: arn, status: status, isMade: isMade || status == .active,
            update: update, createdSecond: createdSecond, settings: settings, shards: shards,
            open: open, consumers: consumers, nextShardIndex: nextShardIndex,
            retiredConsumerSecond: retiredConsumerSecond)
    }

    /// This stream with a setting changed.
    func with(_ setting: StreamSetting) -> StreamState {
        var settings = settings
        settings.set(setting)
        return StreamState(
            id: id, key: key, arn: arn, status: status, isMade: isMade, update: update,
            createdSecond: createdSecond, settings: settings, shards: shards, open: open,
            consumers: consumers, nextShardIndex: nextShardIndex,
            retiredConsumerSecond: retiredConsumerSecond)
    }

    /// This stream with what was under way in it done.
    var updated: StreamState { status == .updating ? with(status: .active) : self }
}
