/// Finds the open shard of a hash key.
///
/// The ranges tile 0...2^128-1, so the starts alone decide: the shard is that of the last start
/// that is not above the key.
public struct RoutingTable: Sendable {
    /// The first key of each open shard, ascending; the first is 0.
    private var starts: [UInt128] = []
    /// The index of each open shard, in the same order.
    private var indices: [UInt32] = []
    private var shards = ShardTable()

    init() {}

    /// The routes to open shards in the order of their ranges.
    init(starts: [UInt128], indices: [UInt32]) {
        self.starts = starts
        self.indices = indices
    }

    /// These routes, into the shards of a stream's next version.
    func over(_ shards: ShardTable) -> RoutingTable {
        var table = self
        table.shards = shards
        return table
    }

    /// Open shards, at least one.
    public var count: Int { indices.count }

    /// The open shard whose range holds the key.
    public func shard(for hashKey: UInt128) -> ShardState {
        guard let shard = shards[indices[place(of: hashKey)]] else {
            preconditionFailure("an open shard is not in its stream")
        }
        return shard
    }

    /// The open shard at a place in the order of the ranges, less than `count`.
    public subscript(place: Int) -> ShardState {
        guard let shard = shards[indices[place]] else {
            preconditionFailure("an open shard is not in its stream")
        }
        return shard
    }

    private func place(of hashKey: UInt128) -> Int {
        let starts = starts.span
        var low = 0
        var length = starts.count
        while length > 1 {
            let half = length / 2
            if starts[low + half] <= hashKey { low += half }
            length -= half
        }
        return low
    }

    /// One shard gives way to two.
    mutating func split(at key: UInt128, lower: UInt32, upper: UInt32) {
        let place = place(of: key)
        indices[place] = lower
        starts.insert(key, at: place + 1)
        indices.insert(upper, at: place + 1)
    }

    /// The shard that starts at `key` and the one before it give way to one.
    mutating func merge(at key: UInt128, into child: UInt32) {
        let place = place(of: key)
        starts.remove(at: place)
        indices.remove(at: place)
        indices[place - 1] = child
    }
}
