internal import Kinesis

/// Finds the open shard of a hash key.
///
/// The ranges tile 0...2^128-1, so the starts alone decide: the shard is that of the last start
/// that is not above the key. A change copies the table, a reference and 16 bytes a shard.
public struct RoutingTable: Sendable {
    /// The first key of each open shard, ascending; the first is 0.
    private var starts: [UInt128]
    private var shards: [ShardState]

    /// The routes to open shards, which are given in the order of their ranges.
    init(_ shards: [ShardState]) {
        self.shards = shards
        starts = shards.map(\.range.start)
    }

    /// Open shards, at least one.
    public var count: Int { shards.count }

    /// The open shard whose range holds the key.
    public func shard(for hashKey: UInt128) -> ShardState {
        shards[place(of: hashKey)]
    }

    /// The open shard at a place in the order of the ranges, less than `count`.
    public subscript(place: Int) -> ShardState { shards[place] }

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

    /// The shards next to each other from the one that starts at `key` on give way to those that
    /// took their ranges over.
    mutating func replace(_ count: Int, from key: UInt128, by children: [ShardState]) {
        let place = place(of: key)
        shards.replaceSubrange(place..<place + count, with: children)
        starts.replaceSubrange(place..<place + count, with: children.map(\.range.start))
    }
}
