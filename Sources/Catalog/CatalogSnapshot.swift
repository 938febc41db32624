public import ShardLog

/// The catalog as of one version; never changes. Versions share what did not change.
public final class CatalogSnapshot: Sendable {
    let state: CatalogState

    init(_ state: CatalogState) {
        self.state = state
    }

    /// Streams of the node.
    public var streamCount: Int { state.streams.count }
    /// Shards of the node, open and closed.
    public var shardCount: Int { state.shards.count }

    /// The streams and consumers that are in a status which they do not stay in, with the number of
    /// the entry by which it began.
    public var inTransition: [ResourceInTransition: UInt64] { state.inTransition }

    /// The consumers that go when nobody reads as them, by their numbers, each with its stream.
    public var ephemeralConsumers: [UInt64: UInt64] {
        var found: [UInt64: UInt64] = [:]
        state.ephemerals.visit { consumer, stream in
            found[consumer] = stream
            return true
        }
        return found
    }

    /// What an account has in a region.
    public func usage(account: String, region: String) -> AccountUsage {
        state.usages[AccountRegion(account: account, region: region)] ?? AccountUsage()
    }

    /// An account's throughput commitment.
    public func commitment(account: String) -> Commitment {
        state.commitments[account] ?? Commitment()
    }

    public func stream(account: String, region: String, name: String) -> StreamState? {
        guard let names = state.names[AccountRegion(account: account, region: region)],
            let id = names[name]
        else { return nil }
        return state.streams[id]
    }

    public func stream(_ key: StreamKey) -> StreamState? {
        state.stream(key)
    }

    /// The stream of this incarnation.
    public func stream(id: UInt64) -> StreamState? {
        state.streams[id]
    }

    /// The shard of this number, with its stream.
    public func shard(_ number: ShardNumber) -> (stream: StreamState, shard: ShardState)? {
        guard let place = state.shards[number], let stream = state.streams[place.stream],
            let shard = stream.shards[place.index]
        else { return nil }
        return (stream, shard)
    }

    /// At most `limit` streams of an account in a region by name in byte order, all above `name`
    /// if one is given, which need not exist.
    public func streams(
        account: String, region: String, after name: String? = nil, limit: Int
    ) -> [StreamState] {
        var page: [StreamState] = []
        guard limit > 0, let names = state.names[AccountRegion(account: account, region: region)]
        else { return page }
        names.visit(from: name) { found, id in
            if found == name { return true }
            if let stream = state.streams[id] { page.append(stream) }
            return page.count < limit
        }
        return page
    }

    /// Visits every stream of the node in the order of their incarnations, until `body` returns
    /// false.
    public func visitStreams(_ body: (StreamState) -> Bool) {
        state.streams.visit { _, stream in body(stream) }
    }
}
