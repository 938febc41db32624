internal import Kinesis
internal import ShardLog

/// Two shards next to each other were closed, and one, with the next free index of the stream,
/// took their ranges over.
struct ShardsMerged: Entry {
    static let kind = EntryKind.shardsMerged

    var stream: UInt64
    /// The index of the shard with the lower range: the child's parent.
    var lower: UInt32
    /// The index of the shard with the upper range: the child's adjacent parent.
    var upper: UInt32
    /// The number of the child's shard.
    var child: UInt64
    /// The catalog's time, from which the children's indices count.
    var second: UInt64
    /// The last second of what was closed, not below `second`; the children begin with the next.
    var closedSecond: UInt64

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.integer(UInt64(lower))
        writer.integer(UInt64(upper))
        writer.integer(child)
        writer.integer(second)
        writer.integer(closedSecond)
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        let present = try state.present(stream)
        guard let first = present.shards[lower], let last = present.shards[upper],
            !first.isClosed, !last.isClosed, let range = first.range.merged(with: last.range),
            child >= state.nextShard,
            present.nextShardIndex < SequenceNumber.greatestShardIndex,
            closedSecond >= first.createdSecond,
            closedSecond >= last.createdSecond
        else {
            throw CatalogError(
                .inconsistent("shards \(lower) and \(upper) of stream \(stream) are merged"))
        }
        let index = present.nextShardIndex
        let merged = ShardState(
            id: ShardID(index: index), number: ShardNumber(rawValue: child), range: range,
            parent: lower, adjacentParent: upper, createdSecond: closedSecond + 1,
            openedSecond: second)
        state.replace(
            [first, last], of: present, by: [merged], closedSecond: closedSecond)
        state.advance(to: second)
    }

    func shards(in state: CatalogState) -> ShardChanges {
        let shards = state.streams[stream]?.shards
        return ShardChanges(
            opens: [
                ShardDescription(
                    number: ShardNumber(rawValue: child),
                    createdMilliseconds: Int64(second) * 1000)
            ],
            closes: [shards?[lower]?.number, shards?[upper]?.number].compactMap { $0 })
    }
}

extension ShardsMerged {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        lower = try reader.shardIndex()
        upper = try reader.shardIndex()
        child = try reader.number()
        second = try reader.second()
        closedSecond = try reader.closedSecond()
    }

    static func plan(
        _ key: StreamKey, _ shard: ShardID, _ adjacent: ShardID, in state: CatalogState,
        at second: UInt64, under rules: CatalogRules
    ) throws(CatalogRefusal) -> Plan {
        let stream = try state.findActive(key)
        guard stream.mode == .provisioned else { throw .streamIsOnDemand(key) }
        let lower = try stream.findOpen(shard)
        let upper = try stream.findOpen(adjacent)
        // The two stay in the list until their records have expired.
        try state.checkRoom(for: 1, key: key)
        guard lower.range.merged(with: upper.range) != nil else {
            throw .shardsNotAdjacent(key, shard: shard, adjacent: adjacent)
        }
        guard stream.nextShardIndex < SequenceNumber.greatestShardIndex else {
            throw .shardLimit(
                account: key.account, region: key.region, stream: key.name,
                current: stream.open.count, limit: CatalogLimits.openShardsPerStream,
                additional: 1)
        }
        let entry = try entry(stream, lower, upper, in: state, at: second)
        let update = StreamUpdateUnderWay.merge(lower: shard.index, upper: adjacent.index)
        return Plan(
            entry: state.begin(update, of: stream, at: second, under: rules) { entry },
            result: .resharded(children: [ShardID(index: stream.nextShardIndex)]))
    }

    /// The entry that merges two open shards next to each other.
    static func entry(
        _ stream: StreamState, _ lower: ShardState, _ upper: ShardState, in state: CatalogState,
        at second: UInt64
    ) throws(CatalogRefusal) -> ShardsMerged {
        ShardsMerged(
            stream: stream.id, lower: lower.id.index, upper: upper.id.index,
            child: state.nextShard, second: second,
            closedSecond: try stream.closingSecond(of: [lower, upper], at: second))
    }
}
