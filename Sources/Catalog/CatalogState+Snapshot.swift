internal import Kinesis
internal import ShardLog

// The whole state as bytes, for the log's control snapshot. Equal states have equal bytes.

extension CatalogState {
    private static var snapshotVersion: UInt8 { 1 }

    func encoded() -> [UInt8] {
        var writer = EntryWriter()
        writer.byte(Self.snapshotVersion)
        writer.integer(serial)
        writer.byte(isAdrift ? 1 : 0)
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
        return writer.bytes
    }

    init(snapshot: [UInt8]) throws(CatalogError) {
        self.init()
        var reader = EntryReader(snapshot)
        let version = try reader.byte()
        guard version == Self.snapshotVersion else {
            throw CatalogError(.newerSnapshot(version: version), offset: 0)
        }
        serial = try reader.integer()
        isAdrift = try reader.flag()
        let second = try reader.second()
        let nextStream = try reader.number()
        let nextShard = try reader.number()
        let nextConsumer = try reader.number()
        var shardCount = 0
        var consumerCount = 0
        for _ in 0..<(try reader.count(ofAtLeast: 16)) {
            let stream = try reader.stream()
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
        mode(stream.mode)
        integer(stream.createdSecond)
        integer(UInt64(stream.retentionHours))
        integer(UInt64(stream.maxRecordKiB))
        tags(stream.tags)
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
        }
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
    fileprivate mutating func stream() throws(CatalogError) -> StreamState {
        let id = try number()
        let key = try streamKey()
        let arn = StreamARN(
            partition: try text(), region: key.region, account: key.account, name: key.name)
        let status = try streamStatus()
        let mode = try streamMode()
        let createdSecond = try second()
        let retentionHours = try size()
        let maxRecordKiB = try size()
        let tags = try tags()
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
            let consumer = try consumer(of: arn)
            if let last = consumers.last {
                guard last.name.utf8.lexicographicallyPrecedes(consumer.name.utf8) else {
                    throw CatalogError(.malformed("consumers out of order"), offset: offset)
                }
            }
            consumers.append(consumer)
        }
        return StreamState(
            id: id, key: key, arn: arn, status: status, createdSecond: createdSecond, mode: mode,
            retentionHours: retentionHours, maxRecordKiB: maxRecordKiB, tags: tags,
            shards: shards,
            open: RoutingTable(open),
            consumers: consumers, nextShardIndex: nextShardIndex,
            retiredConsumerSecond: retiredConsumerSecond)
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

    private mutating func consumer(of stream: StreamARN) throws(CatalogError) -> ConsumerState {
        let id = try number()
        let name = try text()
        let status = try consumerStatus()
        let createdSecond = try second()
        return ConsumerState(
            id: id, name: name,
            arn: ConsumerARN(stream: stream, name: name, createdSecond: createdSecond),
            createdSecond: createdSecond, status: status)
    }

    private mutating func optionalIndex() throws(CatalogError) -> UInt32? {
        let value = try integer(atMost: UInt64(SequenceNumber.greatestShardIndex) + 1)
        return value == 0 ? nil : UInt32(value - 1)
    }
}
