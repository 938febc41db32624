internal import Kinesis

/// How changes are taken: what the operator has set, beside the bounds of ``CatalogLimits``.
public struct CatalogRules: Sendable, Hashable {
    /// Whether streams and consumers pass through CREATING, UPDATING and DELETING, which somebody
    /// then ends by ``CatalogChange/endTransition(_:since:)``; otherwise each change is made at once.
    public var passesThroughStates = false
    /// Open shards of an account in a region.
    public var shardsPerAccount = Int.max
    /// On-demand streams of an account in a region.
    public var onDemandStreamsPerAccount = Int.max
    /// Streams of an account in a region that can be CREATING at once.
    public var creatingStreamsPerAccount = Int.max
    /// Consumers of a stream, at most ``CatalogLimits/consumersPerStream``.
    public var consumersPerStream = CatalogLimits.consumersPerStream
    /// Consumers of a stream that can be CREATING at once.
    public var creatingConsumersPerStream = Int.max
    /// Consumers of a stream whose account has a ``Commitment`` in force.
    public var consumersPerCommittedStream = CatalogLimits.consumersPerStream
    /// When on-demand streams scale by themselves; nil if never.
    public var scaling: OnDemandScaling?

    public init() {}
}

/// What an account has in a region.
public struct AccountUsage: Sendable, Hashable {
    /// Open shards of streams of either mode.
    public var openShards = 0
    public var onDemandStreams = 0
    /// Streams in CREATING.
    public var creatingStreams = 0

    /// Counts a stream in, or out.
    mutating func count(_ stream: StreamState, _ sign: Int) {
        openShards += sign * stream.open.count
        if stream.mode == .onDemand { onDemandStreams += sign }
        if stream.status == .creating { creatingStreams += sign }
    }

    var isEmpty: Bool { self == AccountUsage() }
}
