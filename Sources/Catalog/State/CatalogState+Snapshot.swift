internal import Kinesis
internal import ShardLog

// The whole state as bytes, for the log's control snapshot. Equal states have equal bytes.

extension CatalogState {
    /// Version 2 has what streams and consumers can be set to, what is under way in streams, and
    /// commitments; version 3 whether a stream has ever been ACTIVE.
    private static var snapshotVersion: UInt8 { 3 }

    func encoded() -> [UInt8] {
        var writer = EntryWriter()
        writer.byte(Self.snapshotVersion)
        writer.integer(serial)
        writer.byte(hasDiverged ? 1 : 0)
        writer.integer(second)
        writer.integer(nextStream)
        writer.integer(nextShard)
        writer.integer(nextConsumer)
        writer.integer(streams.count)
        streams.visit { _, stream in
            writer.stream(stream)
            return true
        }
        writer.integer(cursors.count)
        cursors.visit { key, cursor in
            writer.cursorKey(key)
            writer.cursor(cursor)
            return true
        }
        writer.integer(retired.count)
        for (key, second) in retired.sorted(by: { $0.key.precedes($1.key) }) {
            writer.streamKey(key)
            writer.integer(second)
        }
        writer.integer(commitments.count)
        for (account, commitment) in commitments.sorted(by: { $0.key < $1.key }) {
            writer.text(account)
            writer.commitment(commitment)
        }
        return writer.bytes
    }

    init(snapshot: [UInt8]) throws(CatalogError) {
        self.init()
        var reader = EntryReader(snapshot)
        let version = try reader.byte()
        guard version <= Self.snapshotVersion else {
            throw CatalogError(.newerSnapshot(version: version), offset: 0)
        }
        guard version > 0 else { throw CatalogError(.malformed("version 0"), offset: 0) }
        serial = try reader.integer()
        hasDiverged = try reader.flag()
        let second = try reader.second()
        let nextStream = try reader.number()
        let nextShard = try reader.number()
        let nextConsumer = try reader.number()
        var shardCount = 0
        var consumerCount = 0
        for _ in 0..<(try reader.count(ofAtLeast: 16)) {
            let stream = try reader.stream(version)
            guard stream.id < nextStream, streams[stream.id] == nil,
                self.stream(stream.key) == nil
            else { throw CatalogError(.malformed("a stream twice"), offset: reader.offset) }
            for shard in stream.shards where shard.number.rawValue >= nextShard {
                throw CatalogError(
                    .malformed("a shard above the last number"), offset: reader.offset)
            }
            for consumer in stream.consumers where consumer.id >= nextConsumer {
                throw CatalogError(
                    .malformed("a consumer above the last number"), offset: reader.offset)
            }
            insert(stream)
            shardCount += stream.shards.count
            consumerCount += stream.consumers.count
            guard consumers.count == consumerCount else {
                throw CatalogError(.malformed("a consumer twice"), offset: reader.offset)
            }
            guard shards.count == shardCount else {
                throw CatalogError(.malformed("a shard number twice"), offset: reader.offset)
            }
        }
        self.nextStream = nextStream
        self.nextShard = nextShard
        self.nextConsumer = nextConsumer
        for _ in 0..<(try reader.count(ofAtLeast: 3)) {
            let key = try reader.cursorKey()
            let cursor = try reader.cursor()
            moveCursor(key) { $0 = cursor }
        }
        var retired: [StreamKey: UInt64] = [:]
        for _ in 0..<(try reader.count(ofAtLeast: 4)) {
            let key = try reader.streamKey()
            retired[key] = try reader.second()
        }
        restore(retired: retired, second: second)
        if version >= 2 {
            for _ in 0..<(try reader.count(ofAtLeast: 3)) {
                let account = try reader.text()
                set(try reader.commitment(), of: account)
            }
        }
        try reader.end()
    }
}

extension StreamKey {
    fileprivate func precedes(_ other: StreamKey) -> Bool {
        (account, region, name) < (other.account, other.region, other.name)
    }
}

extension EntryWriter {
    fileprivate mutating func stream(_ stream: StreamState) {
        integer(stream.id)
        streamKey(stream.key)
        text(stream.arn.partition)
        status(stream.status)
        byte(stream.isMade ? 1 : 0)
        update(stream.update)
        integer(stream.createdSecond)
        settings(stream.settings)
        integer(UInt64(stream.nextShardIndex))
        integer(stream.retiredConsumerSecond)
        integer(stream.shards.count)
        for shard in stream.shards { self.shard(shard) }
        integer(stream.consumers.count)
        for consumer in stream.consumers {
            integer(consumer.id)
            text(consumer.name)
            status(consumer.status)
            integer(consumer.createdSecond)
            tags(consumer.tags)
            optional(consumer.policy)
        }
    }

    private mutating func settings(_ settings: StreamSettings) {
        mode(settings.mode)
        integer(UInt64(settings.retentionHours))
        integer(UInt64(settings.floorMilliseconds))
        integer(UInt64(settings.maxRecordKiB))
        distribution(settings.distribution)
        byte(settings.metrics.rawValue)
        optional(settings.warmMiBps)
        tags(settings.tags)
        optional(settings.policy)
    }

    private mutating func shard(_ shard: ShardState) {
        integer(UInt64(shard.id.index))
        integer(shard.number.rawValue)
        hashKey(shard.range.start)
        hashKey(shard.range.end)
        integer(shard.createdSecond)
        integer(shard.openedSecond)
        // Zero stands for none, one for index 0.
        integer(shard.parent.map { UInt64($0) + 1 } ?? 0)
        integer(shard.adjacentParent.map { UInt64($0) + 1 } ?? 0)
        integer(shard.closedSecond.map { $0 + 1 } ?? 0)
        integer(shard.children.count)
        for child in shard.children { integer(UInt64(child)) }
    }
}

extension EntryReader {
    fileprivate mutating func stream(_ version: UInt8) throws(CatalogError) -> StreamState {
        let id = try number()
        let key = try streamKey()
        let arn = StreamARN(
            partition: try text(), region: key.region, account: key.account, name: key.name)
        let status = try streamStatus()
        let isMade = version < 3 ? status != .creating : try flag()
        let update: StreamUpdateUnderWay?
        let createdSecond: UInt64
        let settings: StreamSettings
        if version < 2 {
            update = nil
            let mode = try streamMode()
            createdSecond = try second()
            let retentionHours = try size()
            let maxRecordKiB = try size()
            settings = StreamSettings(
                mode: mode, retentionHours: retentionHours, maxRecordKiB: maxRecordKiB,
                tags: try tags())
        } else {
            update = try self.update()
            createdSecond = try second()
            settings = try self.settings()
        }
        let nextShardIndex = try shardIndex()
        let retiredConsumerSecond = try second()
        var shards = ShardTable()
        var open: [ShardState] = []
        for _ in 0..<(try count(ofAtLeast: 40)) {
            let shard = try shard()
            guard shards[shard.id.index] == nil, shard.id.index < nextShardIndex else {
                throw CatalogError(.malformed("a shard twice"), offset: offset)
            }
            shards.set(shard)
            if !shard.isClosed { open.append(shard) }
        }
        open.sort { $0.range.start < $1.range.start }
        var next: UInt128? = 0
        for shard in open {
            guard shard.range.start == next else {
                throw CatalogError(.malformed("open shards do not tile"), offset: offset)
            }
            next = shard.range.end == .max ? nil : shard.range.end + 1
        }
        guard next == nil else {
            throw CatalogError(.malformed("open shards do not tile"), offset: offset)
        }
        var consumers: [ConsumerState] = []
        for _ in 0..<(try count(ofAtLeast: 4)) {
            let consumer = try consumer(of: arn, version)
            if let last = consumers.last {
                guard last.name.utf8.lexicographicallyPrecedes(consumer.name.utf8) else {
                    throw CatalogError(.malformed("consumers out of order"), offset: offset)
                }
            }
            consumers.append(consumer)
        }
        return StreamState(
            id: id, key: key, arn: arn, status: status, isMade: isMade, update: update,
            createdSecond: createdSecond, settings: settings, shards: shards,
            open: RoutingTable(open),
            consumers: consumers, nextShardIndex: nextShardIndex,
            retiredConsumerSecond: retiredConsumerSecond)
    }

    private mutating func settings() throws(CatalogError) -> StreamSettings {
        var settings = StreamSettings(mode: try streamMode())
        settings.retentionHours = try size()
        settings.floorMilliseconds = try milliseconds()
        settings.maxRecordKiB = try size()
        settings.distribution = try distribution()
        settings.metrics = try metrics()
        settings.warmMiBps = try optionalSize()
        settings.tags = try tags()
        settings.policy = try optionalText()
        return settings
    }

    private mutating func shard() throws(CatalogError) -> ShardState {
        let id = ShardID(index: try shardIndex())
        let shardNumber = ShardNumber(rawValue: try number())
        let start = try hashKey()
        let end = try hashKey()
        guard start <= end else {
            throw CatalogError(.malformed("an empty range of hash keys"), offset: offset)
        }
        let createdSecond = try second()
        let openedSecond = try second()
        let parent = try optionalIndex()
        let adjacentParent = try optionalIndex()
        let closed = try integer(atMost: SequenceNumber.greatestSecond + 1)
        var children: [UInt32] = []
        for _ in 0..<(try count(ofAtLeast: 1)) { children.append(try shardIndex()) }
        return ShardState(
            id: id, number: shardNumber, range: HashRange(start: start, end: end),
            parent: parent, adjacentParent: adjacentParent, createdSecond: createdSecond,
            openedSecond: openedSecond, closedSecond: closed == 0 ? nil : closed - 1,
            children: children)
    }

    private mutating func consumer(
        of stream: StreamARN, _ version: UInt8
    ) throws(CatalogError) -> ConsumerState {
        let id = try number()
        let name = try text()
        let status = try consumerStatus()
        let createdSecond = try second()
        let tags = version < 2 ? [] : try tags()
        return ConsumerState(
            id: id, name: name,
            arn: ConsumerARN(stream: stream, name: name, createdSecond: createdSecond),
            createdSecond: createdSecond, status: status, tags: tags,
            policy: version < 2 ? nil : try optionalText())
    }

    private mutating func optionalIndex() throws(CatalogError) -> UInt32? {
        let value = try integer(atMost: UInt64(SequenceNumber.greatestShardIndex) + 1)
        return value == 0 ? nil : UInt32(value - 1)
    }
}
