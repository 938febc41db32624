import Access
import Catalog
import System
import Kinesis
import Reactor
import ShardLog
import Wire

/// Polling: GetShardIterator and GetRecords.
extension ReactorGateway {
    func getShardIterator(
        _ request: Request, _ input: GetShardIterator.Input
    ) throws(ServiceError) {
        let (stream, shard) = try iteratorShard(request, input)
        let iterator = ShardIterator(
            stream: stream.id, streamName: stream.name, shard: shard.id.index,
            position: try iteratorPosition(input.position, shard, stream),
            issuedMilliseconds: presentMilliseconds)
        if input.dryRun { throw .dryRun }
        try checkIteratorRate(shard, of: stream)
        request.succeed(
            GetShardIterator.Output(shardIterator: iterator.sealed(with: node.tokenKey))
                .encoded(request.encoding))
    }

    /// The shard to iterate over. A stream that is missing or CREATING is told as a shard that does
    /// not exist; a text that is no shard id at all has its own answer, also without a stream.
    private func iteratorShard(
        _ request: Request, _ input: GetShardIterator.Input
    ) throws(ServiceError) -> (StreamState, ShardState) {
        let key = try request.streamKey(input.stream)
        guard let id = ShardID(lenient: input.shardID) else {
            throw .shardNotFound(shardID: input.shardID, stream: key.name, account: key.account)
        }
        guard let stream = snapshot.stream(key) else {
            if let arn = input.stream.arn { try request.checkOwner(arn) }
            throw .shardDoesNotExist(
                shardID: id.description, stream: key.name, account: key.account)
        }
        // Who may read the stream is told which of its shards are not there.
        try request.authorize(stream, named: input.stream.arn?.description)
        guard stream.status != .creating, let shard = stream.shards[id.index] else {
            throw .shardDoesNotExist(
                shardID: id.description, stream: key.name, account: key.account)
        }
        return (stream, shard)
    }

    private func iteratorPosition(
        _ position: StartingPosition, _ shard: ShardState, _ stream: StreamState
    ) throws(ServiceError) -> ShardIterator.Position {
        switch position {
        case .trimHorizon, .cursor: return .horizon
        case .latest: return .after(index: shard.log.quietPoint().continuation)
        case .atSequenceNumber(let text): return .at(index: try shard.index(of: text, in: stream))
        case .afterSequenceNumber(let text):
            return .after(index: try shard.index(of: text, in: stream))
        case .atTimestamp(let milliseconds):
            try checkNotInFuture(milliseconds)
            return .arrival(milliseconds: milliseconds)
        }
    }

    func checkNotInFuture(_ milliseconds: Int64) throws(ServiceError) {
        let latest = node.log.latestMilliseconds()
        if milliseconds > latest {
            throw .timestampInFuture(milliseconds: milliseconds, nowMilliseconds: latest)
        }
    }

    func getRecords(_ request: Request, _ input: GetRecords.Input) throws(ServiceError) {
        guard
            let iterator = ShardIterator.open(
                input.shardIterator.utf8.span, with: node.tokenKey)
        else { throw .invalidShardIterator }
        let clock = retentionClock
        let now = now(after: iterator.issuedMilliseconds)
        let lifetime = node.settings.timeScale.milliseconds(seconds: Limits.tokenSeconds)
        if let text = iterator.expiry(nowMilliseconds: now, toleratedMilliseconds: lifetime) {
            throw .expiredIterator(text)
        }
        let account = request.caller.account
        let shardID = ShardID(index: iterator.shard).description
        guard let stream = snapshot.stream(id: iterator.stream),
            let shard = stream.shards[iterator.shard]
        else {
            throw .shardDoesNotExist(
                shardID: shardID, stream: iterator.streamName, account: account)
        }
        try request.authorizeToken(of: stream)
        if let arn = input.arn, arn != stream.arn {
            throw .iteratorOfOtherStream(arn: arn.description)
        }
        if input.dryRun { throw .dryRun }
        try checkReadRate(shard, of: stream)
        let page = PageReader(
            stream: stream, shard: shard, iterator: iterator, limit: input.limit,
            encoding: request.encoding, now: presentMilliseconds, clock: clock,
            tokenKey: node.tokenKey,
            rateLimits: node.rateLimits)
        if let answer = page.readInline() { return request.finish(answer) }
        guard request.reserveAnswer(page.mostBytes) else { throw .serviceUnavailable }
        try request.run(.disk, .answer(request)) { _, job in
            .answer(page.readWaiting { job.isWanted })
        }
    }
}

extension GetRecords.Page {
    mutating func append(_ shard: ShardState, _ record: borrowing RecordView) {
        append(
            sequenceNumber: shard.number(
                index: record.index, arrivalMilliseconds: record.arrivalMilliseconds),
            arrivalMilliseconds: record.arrivalMilliseconds, partitionKey: record.partitionKey,
            data: record.data)
    }
}

extension SubscribeToShard.Event {
    mutating func append(_ shard: ShardState, _ record: borrowing RecordView) {
        append(
            sequenceNumber: shard.number(
                index: record.index, arrivalMilliseconds: record.arrivalMilliseconds),
            arrivalMilliseconds: record.arrivalMilliseconds, partitionKey: record.partitionKey,
            data: record.data)
    }
}
