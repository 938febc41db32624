internal import Kinesis
internal import ShardLog

/// A stream got another number of shards, by splits and merges that are one change.
///
/// The shards that come of the steps have the stream's next indices and the log's numbers from
/// `firstChild` on, in the order of the steps, the lower part of a split first.
struct ShardsResized: Entry {
    static let kind = EntryKind.shardsResized

    var stream: UInt64
    var firstChild: UInt64
    /// The catalog's time, from which the new shards' indices count.
    var second: UInt64
    /// A setting that changes with the shards.
    var setting: StreamSetting?
    var steps: [ResizeStep]

    func encode(into writer: inout EntryWriter) {
        writer.integer(stream)
        writer.integer(firstChild)
        writer.integer(second)
        writer.byte(setting == nil ? 0 : 1)
        if let setting { writer.setting(setting) }
        writer.integer(steps.count)
        for step in steps {
            switch step {
            case .split(let shard, let hashKey, let closedSecond):
                writer.byte(1)
                writer.integer(UInt64(shard))
                writer.hashKey(hashKey)
                writer.integer(closedSecond)
            case .merge(let lower, let upper, let closedSecond):
                writer.byte(2)
                writer.integer(UInt64(lower))
                writer.integer(UInt64(upper))
                writer.integer(closedSecond)
            }
        }
    }

    func apply(to state: inout CatalogState) throws(CatalogError) {
        var present = try state.present(stream)
        guard firstChild >= state.nextShard, let (closed, added) = outcome(of: present) else {
            throw CatalogError(.inconsistent("the shards of stream \(stream) are resized"))
        }
        if let setting { present = present.with(setting) }
        state.replaceShards(of: present, by: closed, added: added)
        state.advance(to: second)
    }

    func shards(in state: CatalogState) -> ShardChanges {
        guard let present = state.streams[stream], let (closed, added) = outcome(of: present) else {
            return ShardChanges()
        }
        return ShardChanges(opens: added.map(\.description), closes: closed.map(\.number))
    }

    private func outcome(
        of stream: StreamState
    ) -> (closed: [ShardState], added: [ShardState])? {
        var resizing = Resizing(stream, firstNumber: firstChild, second: second)
        for step in steps { guard resizing.take(step) else { return nil } }
        return resizing.outcome()
    }
}

extension ShardsResized {
    init(from reader: inout EntryReader, version: UInt8) throws(CatalogError) {
        stream = try reader.number()
        firstChild = try reader.number()
        second = try reader.second()
        setting = try reader.flag() ? try reader.streamSetting() : nil
        steps = []
        for _ in 0..<(try reader.count(ofAtLeast: 4)) {
            switch try reader.byte() {
            case 1:
                let shard = try reader.shardIndex()
                let hashKey = try reader.hashKey()
                steps.append(
                    .split(
                        shard: shard, hashKey: hashKey, closedSecond: try reader.closedSecond()))
            case 2:
                let lower = try reader.shardIndex()
                let upper = try reader.shardIndex()
                steps.append(
                    .merge(
                        lower: lower, upper: upper, closedSecond: try reader.closedSecond()))
            default:
                throw CatalogError(.malformed("an unknown step"), offset: reader.offset - 1)
            }
        }
    }
}
