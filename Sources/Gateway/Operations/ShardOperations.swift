import Catalog
import Kinesis
import ShardLog

/// Operations that list shards and change how a stream is divided into them.
enum ShardOperations {
    /// The stream whose shard is to be split. A text that can be no shard's id is told first.
    static func splitting(
        _ context: OperationContext, _ input: SplitShard.Input
    ) throws(ServiceError) -> Found<StreamState> {
        try check(input.shardID, of: input.stream, context)
        return try context.find(input.stream)
    }

    /// The same for the two that are to be merged.
    static func merging(
        _ context: OperationContext, _ input: MergeShards.Input
    ) throws(ServiceError) -> Found<StreamState> {
        try check(input.shardID, of: input.stream, context)
        try check(input.adjacentShardID, of: input.stream, context)
        return try context.find(input.stream)
    }

    private static func check(
        _ text: String, of stream: StreamSelector, _ context: OperationContext
    ) throws(ServiceError) {
        guard ShardID(lenient: text) == nil else { return }
        let key = try context.key(of: stream)
        throw .shardNotFound(shardID: text, stream: key.name, account: key.account)
    }

    static func splitShard(
        _ context: OperationContext, _ stream: StreamState, _ input: SplitShard.Input
    ) throws(ServiceError) {
        let shard = try stream.shardID(input.shardID)
        // A key above 2^128 - 1 is beyond every shard, as the last key is; whatever else is wrong
        // is found first.
        let change = CatalogChange.splitShard(
            stream.key, shard: shard, newStartingHashKey: input.newStartingHashKey ?? .max)
        func refusal(_ refusal: CatalogRefusal) -> ServiceError? {
            guard case .hashKeyOutOfRange(_, _, _, let range) = refusal else { return nil }
            return .splitKeyOutOfRange(
                text: input.newStartingHashKeyText, shardID: shard.description,
                stream: stream.name, account: stream.account, range: range)
        }
        try context.submit(change, refusal: refusal)
    }

    static func mergeShards(
        _ context: OperationContext, _ stream: StreamState, _ input: MergeShards.Input
    ) throws(ServiceError) {
        let shard = try stream.shardID(input.shardID)
        let adjacent = try stream.shardID(input.adjacentShardID)
        try context.submit(.mergeShards(stream.key, shard: shard, adjacent: adjacent))
    }

    static func updateShardCount(
        _ context: OperationContext, _ stream: StreamState, _ input: UpdateShardCount.Input
    ) throws(ServiceError) {
        try context.checkChangesOfDay(.updateShardCount, of: stream)
        let encoding = context.encoding
        let change = CatalogChange.updateStream(stream.key, .shardCount(input.targetShardCount))
        try context.submit(
            change,
            answer: { result in
                guard case .resharding(let current, let target) = result else { return [] }
                context.countChangeOfDay(.updateShardCount, of: stream)
                return UpdateShardCount.Output(
                    stream: stream.arn, currentShardCount: current, targetShardCount: target
                ).encoded(encoding)
            })
    }

    /// A page of a stream's shards.
    struct Listing {
        let stream: StreamState
        let filter: ListShards.Filter
        /// The shard that the page begins behind, as a token or the request says it.
        var after: UInt32?
        var start: String?
        var created: Int64?
    }

    static func listing(
        _ context: OperationContext, _ input: ListShards.Input
    ) throws(ServiceError) -> Found<Listing> {
        switch input.start {
        case .stream(let selector, let filter, let start, let created):
            let found = try context.find(selector)
            return Found(
                found.resource,
                found.subject.map {
                    Listing(stream: $0, filter: filter, start: start, created: created)
                })
        case .token(let text, let arn):
            let parts = try context.open(text, .shards, parts: 3)
            guard let id = UInt64(parts[0]), let filter = ListShards.Filter(tokenPart: parts[1]),
                let after = UInt32(parts[2])
            else { throw .invalidNextToken }
            guard let stream = context.catalog.stream(id: id), arn == nil || arn == stream.arn
            else { throw .invalidNextToken }
            return try context.find(
                Listing(stream: stream, filter: filter, after: after), ofToken: stream)
        }
    }

    static func listShards(
        _ context: OperationContext, _ listing: Listing, _ input: ListShards.Input
    ) throws(ServiceError) {
        let (stream, filter) = (listing.stream, listing.filter)
        try stream.check(created: listing.created)
        let start = try listing.start.map { (text) throws(ServiceError) in
            try stream.shardID(text).index
        }
        let after = start ?? listing.after
        guard stream.status == .active || stream.status == .updating else {
            throw .streamNotActive(
                name: stream.name, account: stream.account, status: stream.status)
        }
        try context.checkCallRate(.listShards, of: stream)
        let latest = context.latestMilliseconds
        if let time = filter.time, time > latest {
            throw .shardFilterInFuture(milliseconds: time, nowMilliseconds: latest)
        }
        let cutoff = stream.cutoff(context.retentionClock)
        let (limit, encoding, sealer) = (input.limit, context.encoding, context.sealer)
        try context.succeed(about: min(limit, stream.shards.count)) {
            var shards = stream.retainedShards(after: after, limit: limit + 1, cutoff: cutoff) {
                filter.includes(
                    $0, of: stream, horizon: max(cutoff, Int64(stream.createdSecond) * 1000))
            }
            var token: String?
            if shards.count > limit {
                shards.removeLast()
                token = shards.last.map {
                    sealer.seal(["\(stream.id)", filter.tokenPart, "\($0.id.index)"], .shards)
                }
            }
            return ListShards.Output(shards: shards.map(\.listed), nextToken: token)
                .encoded(encoding)
        }
    }
}
