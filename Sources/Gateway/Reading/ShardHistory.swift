import Catalog
import Kinesis
import ShardLog

extension StreamState {
    /// Shards in the order of their ids, without those that closed before the retention began.
    func retainedShards(
        after index: UInt32?, limit: Int, cutoff: Int64,
        where isWanted: (ShardState) -> Bool = { _ in true }
    ) -> [ShardState] {
        var page: [ShardState] = []
        guard isMade else { return page }
        shards.visit(after: index) { shard in
            if let end = end(of: shard), end < cutoff { return true }
            if isWanted(shard) { page.append(shard) }
            return page.count < limit
        }
        return page
    }

    /// Whether a shard was open at a moment, milliseconds since 1970. Its life ends with the second
    /// at which its children begin, so at each moment the open shards tile the hash keys.
    func hasOpen(_ shard: ShardState, at moment: Int64) -> Bool {
        guard Int64(shard.createdSecond) * 1000 <= moment else { return false }
        return end(of: shard).map { moment < $0 } ?? true
    }

    /// When a closed shard's children began, milliseconds since 1970; nil while it is open.
    func end(of shard: ShardState) -> Int64? {
        guard let closed = shard.closedSecond else { return nil }
        let child = shard.children.first.flatMap { shards[$0] }
        return Int64(max(closed, child?.createdSecond ?? closed)) * 1000
    }

    /// A StreamCreationTimestamp tells which stream of this name is meant.
    func check(created milliseconds: Int64?) throws(ServiceError) {
        if let milliseconds, milliseconds / 1000 != Int64(createdSecond) {
            throw .streamNotFound(name: name, account: account)
        }
    }
}

extension StreamState {
    /// The children of a closed shard that still exist, with all their parents.
    func childShards(of shard: ShardState) -> [ChildShard] {
        shard.children.compactMap { index in
            guard let child = shards[index] else { return nil }
            let parents = [child.parent, child.adjacentParent].compactMap { $0 }
            return ChildShard(
                id: child.id, parents: parents.map { ShardID(index: $0) }, range: child.range)
        }
    }

    /// The open shard that takes a hash key.
    func openShard(for hashKey: UInt128) -> ShardState { open.shard(for: hashKey) }

    /// The largest data and key of one record, bytes.
    var maxRecordBytes: Int { Int(maxRecordKiB) << 10 }
}

extension ListShards.Filter {
    /// Whether a shard passes. `horizon` is the oldest retained moment, milliseconds since 1970.
    func includes(_ shard: ShardState, of stream: StreamState, horizon: Int64) -> Bool {
        switch self {
        case .fromTrimHorizon: true
        case .atLatest: !shard.isClosed
        case .atTrimHorizon: stream.hasOpen(shard, at: horizon)
        case .atTimestamp(let time): stream.hasOpen(shard, at: max(time, horizon))
        case .fromTimestamp(let time):
            stream.end(of: shard).map { $0 >= max(time, horizon) } ?? true
        }
    }

    var time: Int64? {
        switch self {
        case .atTimestamp(let time), .fromTimestamp(let time): time
        case .atTrimHorizon, .fromTrimHorizon, .atLatest: nil
        }
    }

    /// The filter as it stands in a page token.
    var tokenPart: String {
        switch self {
        case .atTrimHorizon: "h"
        case .fromTrimHorizon: "H"
        case .atLatest: "l"
        case .atTimestamp(let time): "t\(time)"
        case .fromTimestamp(let time): "T\(time)"
        }
    }

    init?(tokenPart: String) {
        switch tokenPart {
        case "h": self = .atTrimHorizon
        case "H": self = .fromTrimHorizon
        case "l": self = .atLatest
        default:
            guard let time = Int64(tokenPart.dropFirst()) else { return nil }
            switch tokenPart.first {
            case "t": self = .atTimestamp(time)
            case "T": self = .fromTimestamp(time)
            default: return nil
            }
        }
    }
}

extension ShardState {
    var listed: ListedShard {
        ListedShard(
            id: id, parent: parent.map { ShardID(index: $0) },
            adjacentParent: adjacentParent.map { ShardID(index: $0) }, range: range,
            startingSequenceNumber: startingSequenceNumber,
            endingSequenceNumber: endingSequenceNumber)
    }
}
