internal import Kinesis

/// What can be changed about a stream besides its shards and consumers.
struct StreamSettings: Sendable, Hashable {
    var mode: StreamMode
    var retentionHours: UInt32 = CatalogLimits.defaultRetentionHours
    /// What arrived before this stays expired although a longer retention would show it again,
    /// milliseconds since 1970: an increase reaches back no further than the period before it.
    var floorMilliseconds: Int64 = 0
    /// Kibibytes of a record's data and key together, at most.
    var maxRecordKiB: UInt32 = CatalogLimits.defaultRecordKiB
    var distribution: RecordDistributionStrategy = .userPartitionKey
    var metrics: ShardLevelMetrics = []
    /// Write throughput that an on-demand stream is kept ready for; nil if none was asked for.
    var warmMiBps: UInt32?
    /// By key in byte order.
    var tags: [ResourceTag] = []
    /// The resource policy as the client wrote it.
    var policy: String?
}

/// One change of a stream's settings as it was decided.
enum StreamSetting: Sendable, Hashable {
    case retention(hours: UInt32, floorMilliseconds: Int64)
    case maxRecord(kiB: UInt32)
    case distribution(RecordDistributionStrategy)
    case metrics(ShardLevelMetrics)
    /// With the write throughput that an on-demand stream is kept ready for. A stream that leaves
    /// this mode leaves what only that mode has.
    case mode(StreamMode, warmMiBps: UInt32?)
    case warmThroughput(miBps: UInt32?)
    /// All tags, by key in byte order.
    case tags([ResourceTag])
    case policy(String?)
}

extension StreamSettings {
    mutating func set(_ setting: StreamSetting) {
        switch setting {
        case .retention(let hours, let floor):
            retentionHours = hours
            floorMilliseconds = floor
        case .maxRecord(let kiB): maxRecordKiB = kiB
        case .distribution(let strategy): distribution = strategy
        case .metrics(let metrics): self.metrics = metrics
        case .mode(let mode, let warmMiBps):
            self.mode = mode
            self.warmMiBps = warmMiBps
            if mode == .provisioned { distribution = .userPartitionKey }
        case .warmThroughput(let miBps): warmMiBps = miBps
        case .tags(let tags): self.tags = tags
        case .policy(let policy): self.policy = policy
        }
    }
}

extension [ResourceTag] {
    /// These tags and others, whose values win; by key in byte order. Keys are told apart by their
    /// bytes, not as texts: U+00C5 and U+212B are two.
    func adding(_ others: [ResourceTag]) -> [ResourceTag] {
        var tags: [[UInt8]: ResourceTag] = [:]
        for tag in self + others { tags[Array<UInt8>(tag.key.utf8)] = tag }
        return Array(tags.values).inByteOrder()
    }

    /// These tags without those of the given keys.
    func removing(_ keys: [String]) -> [ResourceTag] {
        let keys = Set(keys.map { Array<UInt8>($0.utf8) })
        return filter { !keys.contains(Array<UInt8>($0.key.utf8)) }
    }

    func inByteOrder() -> [ResourceTag] {
        sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }
}
