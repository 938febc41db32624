internal import Kinesis
internal import ShardLog

/// A shard was closed, and two took its range over: the lower part gets the next free index of
/// the stream, the upper part the one after it.
struct ShardSplit: Entry {
    static let kind = EntryKind.shardSplit

    var stream: UInt64
    /// The index of the shard that was closed.
    var shard: UInt32
    /// The first key of the upper part.
    var hashKey: UInt128
    /// The number of the lower part's shard; the upper part's is the next.
    var firstChild: UInt64
    /// The catalog's time, from which the children's indices count.
    var second: UInt64
    /// The last second of what was closed, not below `second`; the children begin with the next.
    var closedSecond: UInt64

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.integer(UInt64(shard))
        writer.hashKey(hashKey)
        writer.integer(firstChild)
        writer.integer(second)
        writer.integer(closedSecond)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        let present = try state.present(stream)
        guard let parent = present.shards[shard], !parent.isClosed,
            parent.range.start < hashKey, hashKey <= parent.range.end,
            firstChild >= state.nextShard,
            present.nextShardIndex < SequenceNumber.greatestShardIndex - 1,
            closedSecond >= parent.createdSecond
        else {
            throw CatalogError(.inconsistent("shard \(shard) of stream \(stream) is split"))
        }
        let index = present.nextShardIndex
        let children = [
            ShardState(
                id: ShardID(index: index), number: ShardNumber(rawValue: firstChild),
                range: HashRange(start: parent.range.start, end: hashKey - 1), parent: shard,
                createdSecond: closedSecond + 1,
                openedSecond: second),
            ShardState(
                id: ShardID(index: index + 1), number: ShardNumber(rawValue: firstChild + 1),
                range: HashRange(start: hashKey, end: parent.range.end), parent: shard,
                createdSecond: closedSecond + 1,
                openedSecond: second),
        ]
        state.replace([parent], of: present, by: children, closedSecond: closedSecond)
        state.advance(to: second)
    }

    func shards(in state: CatalogState) -> ShardChanges {
        let opened = Int64(second) * 1000
        return ShardChanges(
            opens: (firstChild...firstChild + 1).map {
                ShardDescription(
                    number: ShardNumber(rawValue: $0), createdMilliseconds: opened)
            },
            closes: [state.streams[stream]?.shards[shard]?.number].compactMap { $0 })
    }
}

extension ShardSplit {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        shard = try reader.shardIndex()
        hashKey = try reader.hashKey()
        firstChild = try reader.number()
        second = try reader.second()
        closedSecond = try reader.closedSecond()
    }

    /// Checks in the service's order: stream, status, shard, limits, key.
    static func plan(
        _ key: StreamKey, _ shard: ShardID, _ hashKey: UInt128, in state: CatalogState,
        at second: UInt64, under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        let stream = try state.findActive(key)
        guard stream.mode == .provisioned else { throw .streamIsOnDemand(key) }
        return try plan(stream, shard, hashKey, in: state, at: second, under: rules)
    }

    /// A split that nobody asked for: an on-demand stream has outgrown the shard.
    static func plan(
        automatic id: UInt64, _ shard: ShardID, _ hashKey: UInt128, in state: CatalogState,
        at second: UInt64, under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        guard let stream = state.streams[id] else { throw .incarnationNotFound(id) }
        guard stream.mode == .onDemand else { throw .streamIsProvisioned(stream.key) }
        guard stream.status == .active else {
            throw .streamNotActive(stream.key, status: stream.status)
        }
        return try plan(stream, shard, hashKey, in: state, at: second, under: rules)
    }

    private static func plan(
        _ stream: StreamState, _ shard: ShardID, _ hashKey: UInt128, in state: CatalogState,
        at second: UInt64, under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        let key = stream.key
        let parent = try stream.findOpen(shard)
        try state.checkShardQuota(for: key, additional: 1, under: rules)
        try state.checkRoom(for: 2, key: key)
        guard stream.open.count < CatalogLimits.openShardsPerStream,
            stream.nextShardIndex < SequenceNumber.greatestShardIndex - 1
        else {
            throw .shardLimit(
                account: key.account, region: key.region, stream: key.name,
                current: stream.open.count, limit: CatalogLimits.openShardsPerStream,
                additional: 1)
        }
        guard parent.range.split(at: hashKey) != nil else {
            throw .hashKeyOutOfRange(key, shard: shard, key: hashKey, range: parent.range)
        }
        let entry = try entry(stream, parent, hashKey, in: state, at: second)
        let index = stream.nextShardIndex
        let update = StreamUpdateUnderWay.split(shard: shard.index, hashKey: hashKey)
        return Plan(
            entry: state.begin(update, of: stream, at: second, under: rules) { entry },
            result: .resharded(children: [ShardID(index: index), ShardID(index: index + 1)]))
    }

    /// The entry that splits an open shard at a key inside of its range.
    static func entry(
        _ stream: StreamState, _ parent: ShardState, _ hashKey: UInt128, in state: CatalogState,
        at second: UInt64
    ) throws(CatalogRefusal) -> ShardSplit {
        ShardSplit(
            stream: stream.id, shard: parent.id.index, hashKey: hashKey,
            firstChild: state.nextShard, second: second,
            closedSecond: try stream.closingSecond(of: [parent], at: second))
    }
}
