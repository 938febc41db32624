internal import Kinesis
internal import ShardLog

/// A stream came to be, with shards of equal ranges.
struct StreamCreated: Entry {
    static let kind = EntryKind.streamCreated
    /// Version 2 has the distribution and the warm throughput.
    static let version: UInt8 = 2

    var stream: UInt64
    var key: StreamKey
    var partition: String
    var status: StreamStatus
    var mode: StreamMode
    /// The catalog's time, from which the shards' indices count.
    var second: UInt64
    var createdSecond: UInt64
    var retentionHours: UInt32
    var maxRecordKiB: UInt32
    var tags: [ResourceTag]
    /// The number of shard 0; the others follow.
    var firstShard: UInt64
    var shardCount: UInt32
    var distribution = RecordDistributionStrategy.userPartitionKey
    var warmMiBps: UInt32?

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.streamKey(key)
        writer.text(partition)
        writer.status(status)
        writer.mode(mode)
        writer.integer(second)
        writer.integer(createdSecond)
        writer.integer(UInt64(retentionHours))
        writer.integer(UInt64(maxRecordKiB))
        writer.tags(tags)
        writer.integer(firstShard)
        writer.integer(UInt64(shardCount))
        writer.distribution(distribution)
        writer.optional(warmMiBps)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        guard stream >= state.nextStream, firstShard >= state.nextShard, shardCount > 0 else {
            throw CatalogError(.inconsistent("stream \(stream) takes numbers that are taken"))
        }
        guard state.stream(key) == nil else {
            throw CatalogError(.inconsistent("stream \(stream) has a name that is taken"))
        }
        let arn = StreamARN(
            partition: partition, region: key.region, account: key.account, name: key.name)
        var table = ShardTable()
        var open: [ShardState] = []
        for (index, range) in HashRange.uniform(count: Int(shardCount)).enumerated() {
            let shard = state.attached(
                ShardState(
                    id: ShardID(index: UInt32(index)),
                    number: ShardNumber(rawValue: firstShard + UInt64(index)), range: range,
                    createdSecond: createdSecond, openedSecond: second))
            table.set(shard)
            open.append(shard)
        }
        state.insert(
            StreamState(
                id: stream, key: key, arn: arn, status: status, isMade: status != .creating,
                createdSecond: createdSecond,
                settings: StreamSettings(
                    mode: mode, retentionHours: retentionHours, maxRecordKiB: maxRecordKiB,
                    distribution: distribution, warmMiBps: warmMiBps, tags: tags),
                shards: table, open: RoutingTable(open),
                consumers: [], nextShardIndex: shardCount, retiredConsumerSecond: 0))
        state.nextShard = firstShard + UInt64(shardCount)
        state.advance(to: second)
    }

    func shards(in state: CatalogState) -> ShardChanges {
        let opened = Int64(second) * 1000
        return ShardChanges(
            opens: (firstShard..<firstShard + UInt64(shardCount)).map {
                ShardDescription(
                    number: ShardNumber(rawValue: $0), createdMilliseconds: opened)
            })
    }
}

extension StreamCreated {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        key = try reader.streamKey()
        partition = try reader.text()
        status = try reader.streamStatus()
        mode = try reader.streamMode()
        second = try reader.second()
        createdSecond = try reader.second()
        retentionHours = try reader.size()
        maxRecordKiB = try reader.size()
        tags = try reader.tags()
        firstShard = try reader.number()
        let shards = UInt64(CatalogLimits.openShardsPerStream)
        shardCount = UInt32(try reader.integer(atMost: shards))
        guard version >= 2 else { return }
        distribution = try reader.distribution()
        warmMiBps = try reader.optionalSize()
    }

    static func plan(
        _ request: CreateStreamRequest, in state: CatalogState, at second: UInt64,
        under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        let key = request.key
        guard state.stream(key) == nil else { throw .streamExists(key) }
        let mode = request.mode ?? (request.shardCount == nil ? .onDemand : .provisioned)
        if let warm = request.warmMiBps {
            try state.checkWarmThroughput(warm, of: key, mode: mode, at: second)
        }
        guard mode == .onDemand || request.distribution == .userPartitionKey else {
            throw .distributionNeedsOnDemand(key)
        }
        let count = try shardCount(request, mode)
        let sizes = CatalogLimits.defaultRecordKiB...CatalogLimits.largestRecordKiB
        guard sizes.contains(request.maxRecordKiB) else {
            throw .recordSizeOutOfRange(key, requestedKiB: request.maxRecordKiB)
        }
        guard request.tags.count <= CatalogLimits.tagsPerResource else {
            throw .tooManyTags(.stream(key), limit: CatalogLimits.tagsPerResource)
        }
        try state.checkQuotas(for: key, mode: mode, shards: count, under: rules)
        // Above everything that an earlier stream of this name has used, so that neither its
        // sequence numbers nor its consumers' ARNs fit this one.
        let created = max(second, state.retired[key].map { $0 + 1 } ?? 0)
        guard created < SequenceNumber.greatestSecond else { throw .secondsExhausted(key) }
        let entry = StreamCreated(
            stream: state.nextStream, key: key, partition: partition(of: key.region),
            status: rules.passesThroughStates ? .creating : .active, mode: mode, second: second,
            createdSecond: created, retentionHours: CatalogLimits.defaultRetentionHours,
            maxRecordKiB: request.maxRecordKiB, tags: request.tags.inByteOrder(),
            firstShard: state.nextShard, shardCount: UInt32(count),
            distribution: request.distribution, warmMiBps: request.warmMiBps)
        return Plan(entry: entry, result: .streamCreated(entry.stream))
    }

    /// How many shards the stream begins with: enough for the warm throughput if it has one.
    private static func shardCount(
        _ request: CreateStreamRequest, _ mode: StreamMode
    ) throws(CatalogRefusal) -> Int {
        let count: Int
        switch mode {
        case .onDemand:
            let warm = min(Int(request.warmMiBps ?? 0), CatalogLimits.openShardsPerStream)
            count = max(CatalogLimits.onDemandShards, warm)
        case .provisioned:
            guard let requested = request.shardCount else { throw .shardCountMissing(request.key) }
            count = requested
        }
        guard (1...CatalogLimits.openShardsPerStream).contains(count) else {
            throw .shardCountOutOfRange(
                request.key, requested: count, limit: CatalogLimits.openShardsPerStream)
        }
        return count
    }

    /// The first part of the ARN after `arn:`, which the region decides.
    private static func partition(of region: String) -> String {
        if region.hasPrefix("cn-") { return "aws-cn" }
        if region.hasPrefix("us-gov-") { return "aws-us-gov" }
        return "aws"
    }
}
