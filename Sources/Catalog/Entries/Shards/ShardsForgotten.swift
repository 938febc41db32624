internal import Kinesis
internal import ShardLog

/// Closed shards whose records have expired are gone; children keep the indices of their parents.
struct ShardsForgotten: Entry {
    static let kind = EntryKind.shardsForgotten

    var stream: UInt64
    /// Indices of closed shards.
    var shards: [UInt32]

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.integer(shards.count)
        for shard in shards { writer.integer(UInt64(shard)) }
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        let present = try state.present(stream)
        var table = present.shards
        var numbers: [ShardNumber] = []
        for index in shards {
            guard let shard = table[index], shard.isClosed else {
                throw CatalogError(
                    .inconsistent("shard \(index) of stream \(stream) is forgotten"))
            }
            numbers.append(shard.number)
            table.remove(index)
        }
        for number in numbers { state.forget(number, of: present) }
        state.update(present.replacing(shards: table))
    }

    func shards(in state: CatalogState) -> ShardChanges {
        let table = state.streams[stream]?.shards
        return ShardChanges(removes: shards.compactMap { table?[$0]?.number })
    }

    func cursors(in state: CatalogState) -> CursorEffects {
        CursorEffects(
            forgottenShards: shards(in: state).removes,
            consumersOfForgottenShards: state.streams[stream]?.consumers.map(\.id) ?? [])
    }
}

extension ShardsForgotten {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        shards = []
        for _ in 0..<(try reader.count(ofAtLeast: 1)) {
            shards.append(try reader.shardIndex())
        }
    }

    static func plan(
        _ id: UInt64, _ shards: [ShardID], in state: CatalogState
    ) throws(CatalogRefusal) -> Plan {
        guard let stream = state.streams[id] else { throw .incarnationNotFound(id) }
        var seen: Set<ShardID> = []
        for shard in shards {
            guard let present = stream.shards[shard.index], seen.insert(shard).inserted else {
                throw .shardNotFound(stream.key, shard: shard)
            }
            guard present.isClosed else { throw .shardOpen(stream.key, shard: shard) }
        }
        return Plan(
            entry: ShardsForgotten(stream: id, shards: shards.map(\.index)),
            result: .shardsForgotten)
    }
}
