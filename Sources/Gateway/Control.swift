import Access
import Catalog
import Kinesis
import ShardLog
import Wire

/// Operations that change the catalog: validated at once, answered when the change is durable.
extension Worker {
    func createStream(_ request: Request, _ input: CreateStream.Input) throws(ServiceError) {
        let key = StreamKey(
            account: request.caller.account, region: request.caller.region, name: input.name)
        let change = CreateStreamRequest(
            key: key, shardCount: input.shardCount, mode: input.mode,
            maxRecordKiB: UInt32(input.maxRecordKiB), tags: input.tags,
            distribution: input.distribution, warmMiBps: input.warmMiBps.map { UInt32($0) })
        try submit(request, .createStream(change))
    }

    func deleteStream(_ request: Request, _ input: DeleteStream.Input) throws(ServiceError) {
        let stream = try request.stream(input.stream)
        let change = CatalogChange.deleteStream(
            stream.key, enforceConsumerDeletion: input.enforceConsumerDeletion)
        try submit(request, change)
    }

    func splitShard(_ request: Request, _ input: SplitShard.Input) throws(ServiceError) {
        let stream = try request.stream(input.stream)
        let shard = try request.reshardable(input.shardID, of: stream)
        guard let hashKey = input.newStartingHashKey else {
            // Above 2^128 - 1, so beyond any shard; the shard itself is looked at first.
            let state = try request.shard(input.shardID, of: stream)
            throw .splitKeyOutOfRange(
                text: input.newStartingHashKeyText, shardID: state.id.description,
                stream: stream.name, account: stream.account, range: state.range)
        }
        let change = CatalogChange.splitShard(
            stream.key, shard: shard, newStartingHashKey: hashKey)
        try submit(request, change)
    }

    func mergeShards(_ request: Request, _ input: MergeShards.Input) throws(ServiceError) {
        let stream = try request.stream(input.stream)
        let shard = try request.reshardable(input.shardID, of: stream)
        let adjacent = try request.reshardable(input.adjacentShardID, of: stream)
        let change = CatalogChange.mergeShards(stream.key, shard: shard, adjacent: adjacent)
        try submit(request, change)
    }

    func registerConsumer(
        _ request: Request, _ input: RegisterStreamConsumer.Input
    ) throws(ServiceError) {
        let stream = try request.stream(StreamSelector(arn: input.stream))
        let encoding = request.encoding
        let change = CatalogChange.registerConsumer(
            stream.key, name: input.consumerName, tags: input.tags)
        try submit(request, change) { result in
            guard case .consumerRegistered(let consumer) = result else { return [] }
            // The consumer can be used at once; AWS says CREATING here and clients expect it.
            return RegisterStreamConsumer.Output(
                consumer: ListedConsumer(arn: consumer.arn, status: .creating)
            ).encoded(encoding)
        }
    }

    func deregisterConsumer(
        _ request: Request, _ input: DeregisterStreamConsumer.Input
    ) throws(ServiceError) {
        let (stream, consumer) = try request.consumer(input.consumer)
        try checkCallRate(.deregisterStreamConsumer, of: stream)
        let change = CatalogChange.deregisterConsumer(
            stream.key, name: consumer.name, createdSecond: consumer.createdSecond)
        try submit(request, change)
    }

    func commitCursor(_ request: Request, _ input: CommitCursor.Input) throws(ServiceError) {
        let (stream, consumer) = try request.consumer(.arn(input.consumer))
        let shard = try request.shard(input.shardID, of: stream)
        let index = try shard.index(of: input.sequenceNumber, in: stream)
        guard
            shard.log.hasGivenOut(index)
                || (shard.isClosed && index == ShardState.endIndex)
        else {
            throw .cursorAhead(input.sequenceNumber, shardID: shard.id.description)
        }
        let point = CursorPoint(index: index, milliseconds: nodeMilliseconds)
        let change = CatalogChange.commitCursor(
            consumer: consumer.id, shard: shard.number, point)
        try submit(request, change)
    }

    /// Hands a change to the catalog. The answer waits until it is durable and published; it is
    /// empty unless `output` makes one of the result.
    func submit(
        _ request: Request, _ change: CatalogChange,
        output: (CatalogResult) -> [UInt8] = { _ in [] }
    ) throws(ServiceError) {
        let pending = PendingChange(request: request)
        let token = waiting.insert(.control(pending))
        do throws(CatalogRefusal) {
            let result = try node.catalog.perform(
                change, waiter: Waiter(reader: index, token: token))
            pending.answer = output(result)
        } catch {
            waiting.remove(token)
            throw ServiceError(error)
        }
    }

    /// The log's word about a change.
    func controlSettled(_ token: UInt64, _ outcome: ControlOutcome) {
        guard case .control(let pending) = waiting.remove(token) else { return }
        switch outcome {
        case .applied:
            refreshSnapshot()
            scheduleSettling()
            pending.request.succeed(pending.answer)
        case .failed:
            pending.request.fail(.internalFailure)
        }
    }
}

/// A change that was handed to the log, and what its request is answered when it is durable.
final class PendingChange {
    let request: Request
    var answer: [UInt8] = []

    init(request: Request) {
        self.request = request
    }
}
