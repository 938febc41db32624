import Access
import Catalog
import Kinesis
import Reactor
import ShardLog
import Wire

/// Operations that read: by polling, and by a subscription.
enum ReadOperations {
    // MARK: GetShardIterator

    /// A stream and one of the shard ids that it may have.
    struct Iterated {
        let stream: StreamState
        let shard: ShardID
    }

    /// A stream that is missing is told as a shard that does not exist; a text that is no shard id
    /// at all has its own answer, also without a stream.
    static func iterated(
        _ context: OperationContext, _ input: GetShardIterator.Input
    ) throws(ServiceError) -> Found<Iterated> {
        let key = try context.key(of: input.stream)
        guard let id = ShardID(lenient: input.shardID) else {
            throw .shardNotFound(shardID: input.shardID, stream: key.name, account: key.account)
        }
        guard let stream = context.catalog.stream(key) else {
            return context.absent(
                input.stream,
                .shardDoesNotExist(
                    shardID: id.description, stream: key.name, account: key.account))
        }
        return Found(
            .stream(stream, ARN: input.stream.arn), .success(Iterated(stream: stream, shard: id)))
    }

    static func getShardIterator(
        _ context: OperationContext, _ found: Iterated, _ input: GetShardIterator.Input
    ) throws(ServiceError) {
        let stream = found.stream
        guard stream.isMade, let shard = stream.shards[found.shard.index] else {
            throw .shardDoesNotExist(
                shardID: found.shard.description, stream: stream.name, account: stream.account)
        }
        let iterator = ShardIterator(
            stream: stream.id, streamName: stream.name, shard: shard.id.index,
            position: try position(input.position, in: shard, of: stream, context),
            issuedMilliseconds: context.presentMilliseconds)
        if input.dryRun { throw .dryRun }
        try context.checkIteratorRate(shard, of: stream)
        context.succeed(
            GetShardIterator.Output(shardIterator: iterator.sealed(with: context.tokenKey))
                .encoded(context.encoding))
    }

    private static func position(
        _ position: StartingPosition, in shard: ShardState, of stream: StreamState,
        _ context: OperationContext
    ) throws(ServiceError) -> ShardIterator.Position {
        switch position {
        case .trimHorizon, .cursor: return .horizon
        case .latest: return .after(index: shard.log.quietPoint().continuation)
        case .atSequenceNumber(let text): return .at(index: try shard.index(of: text, in: stream))
        case .afterSequenceNumber(let text):
            return .after(index: try shard.index(of: text, in: stream))
        case .atTimestamp(let milliseconds):
            try checkNotInFuture(milliseconds, context)
            return .arrival(milliseconds: milliseconds)
        }
    }

    private static func checkNotInFuture(
        _ milliseconds: Int64, _ context: OperationContext
    ) throws(ServiceError) {
        let latest = context.latestMilliseconds
        if milliseconds > latest {
            throw .timestampInFuture(milliseconds: milliseconds, nowMilliseconds: latest)
        }
    }

    // MARK: GetRecords

    /// Where an iterator points.
    struct PointedAt {
        let stream: StreamState
        let shard: ShardState
        let iterator: ShardIterator
    }

    static func pointedAt(
        _ context: OperationContext, _ input: GetRecords.Input
    ) throws(ServiceError) -> Found<PointedAt> {
        guard
            let iterator = ShardIterator.open(
                input.shardIterator.utf8.span, with: context.tokenKey)
        else { throw .invalidShardIterator }
        let now = context.now(after: iterator.issuedMilliseconds)
        if let text = iterator.expiry(
            nowMilliseconds: now, toleratedMilliseconds: context.tokenLifetime)
        {
            throw .expiredIterator(text)
        }
        guard let stream = context.catalog.stream(id: iterator.stream),
            let shard = stream.shards[iterator.shard]
        else {
            throw .shardDoesNotExist(
                shardID: ShardID(index: iterator.shard).description,
                stream: iterator.streamName, account: context.caller.account)
        }
        return try context.find(
            PointedAt(stream: stream, shard: shard, iterator: iterator), ofToken: stream)
    }

    static func getRecords(
        _ context: OperationContext, _ found: PointedAt, _ input: GetRecords.Input
    ) throws(ServiceError) {
        let (stream, shard) = (found.stream, found.shard)
        if let arn = input.arn, arn != stream.arn {
            throw .iteratorOfOtherStream(arn: arn.description)
        }
        if input.dryRun { throw .dryRun }
        try context.checkReadRate(shard, of: stream)
        let page = PageReader(
            stream: stream, shard: shard, iterator: found.iterator, limit: input.limit,
            encoding: context.encoding, now: context.presentMilliseconds,
            clock: context.retentionClock, tokenKey: context.tokenKey,
            rateLimits: context.rateLimits)
        if let answer = page.readInline() { return context.finish(answer) }
        guard context.request.reserveAnswer(page.mostBytes) else { throw .serviceUnavailable }
        try context.run { job in page.readWaiting { job.isWanted } }
    }

    // MARK: SubscribeToShard

    /// The subscription begins when its place in the log is found and the one that held its place
    /// has ended; see `Subscriptions/`.
    static func subscribeToShard(
        _ context: OperationContext, _ found: ConsumerOfStream, _ input: SubscribeToShard.Input
    ) throws(ServiceError) {
        let (stream, consumer) = (found.stream, found.consumer)
        guard !context.isDraining else { throw .goingDown }
        guard stream.status != .deleting else {
            throw .streamNotFound(name: stream.name, account: stream.account)
        }
        guard consumer.status == .active else {
            throw .consumerNotActive(
                name: consumer.name, createdSecond: consumer.createdSecond,
                stream: stream.name, account: stream.account)
        }
        let shard = try stream.shard(input.shardID)
        let start = try start(input.position, of: consumer, in: shard, of: stream, context)
        if input.dryRun {
            guard !context.hasYoungSubscription(consumer, shard) else {
                throw .subscriptionExists(
                    account: stream.account, stream: stream.name,
                    shardID: shard.id.description, consumer: consumer.name)
            }
            throw .dryRun
        }
        try context.checkSubscribeRate(consumer, shard)
        context.subscribe(consumer, to: shard, of: stream, from: start)
    }

    /// What a starting position means for this consumer and shard.
    private static func start(
        _ position: StartingPosition, of consumer: ConsumerState, in shard: ShardState,
        of stream: StreamState, _ context: OperationContext
    ) throws(ServiceError) -> ReadStart {
        switch position {
        case .trimHorizon: return .horizon
        case .latest: return .after(shard.log.quietPoint().continuation)
        case .atSequenceNumber(let text):
            return .at(try shard.index(of: text, in: stream))
        case .afterSequenceNumber(let text):
            let index = try shard.index(of: text, in: stream)
            // A number that the shard has not come to yet means its tip: the client is told a
            // number to resume after that misses nothing.
            let isKnown = shard.isClosed || shard.log.hasGivenOut(index)
            return .after(isKnown ? index : shard.log.quietPoint().continuation)
        case .atTimestamp(let milliseconds):
            try checkNotInFuture(milliseconds, context)
            return .arrival(milliseconds)
        case .cursor:
            let cursor = context.cursor(of: consumer, in: shard)
            if let point = cursor?.resumption { return .after(point.index) }
            // Never here before: a consumer that asks for its cursor must not miss anything.
            return .horizon
        }
    }
}
