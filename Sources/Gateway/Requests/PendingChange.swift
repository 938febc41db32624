import Access
import Catalog
import Kinesis
import Reactor
import ShardLog
import Wire

/// Operations that change the catalog: validated at once, answered when the change is durable.
extension ReactorGateway {
    func createStream(_ request: Request, _ input: CreateStream.Input) throws(ServiceError) {
        let key = StreamKey(
            account: request.caller.account, region: request.caller.region, name: input.name)
        let change = CreateStreamRequest(
            key: key, shardCount: input.shardCount, mode: input.mode,
            maxRecordKiB: UInt32(input.maxRecordKiB), tags: input.tags,
            distribution: input.distribution, warmMiBps: input.warmMiBps.map { UInt32($0) })
        try checkLegal(input.tags, of: key)
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
        // A key above 2^128 - 1 is beyond every shard, as the last key is; whatever else is wrong
        // is found first.
        let change = CatalogChange.splitShard(
            stream.key, shard: shard, newStartingHashKey: input.newStartingHashKey ?? .max)
        func told(_ refusal: CatalogRefusal) -> ServiceError? {
            guard case .hashKeyOutOfRange(_, _, _, let range) = refusal else { return nil }
            return .splitKeyOutOfRange(
                text: input.newStartingHashKeyText, shardID: shard.description,
                stream: stream.name, account: stream.account, range: range)
        }
        try submit(request, change, told: told)
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
        try checkLegal(input.tags, of: stream.key)
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
        let point = CursorPoint(index: index, milliseconds: presentMilliseconds)
        let change = CatalogChange.commitCursor(
            consumer: consumer.id, shard: shard.number, point)
        try submit(request, change)
    }

    /// Hands a change to the catalog. The answer waits until it is durable and published; it is
    /// empty unless `output` makes one of the result. A refusal has its usual text unless `told` has
    /// another.
    func submit(
        _ request: Request, _ change: CatalogChange,
        output: @escaping (CatalogResult) -> [UInt8] = { _ in [] },
        told: @escaping (CatalogRefusal) -> ServiceError? = { _ in nil }
    ) throws(ServiceError) {
        let pending = PendingChange(request: request, output: output, told: told)
        if !isLarge(change) {
            let token = waiting.insert(.control(pending))
            do throws(CatalogRefusal) {
                let result = try node.catalog.performAtOnce(
                    change, waiter: Waiter(reader: index, token: token))
                if let result {
                    pending.answer = output(result)
                    return
                }
            } catch {
                waiting.remove(token)
                throw told(error) ?? ServiceError(error)
            }
            waiting.remove(token)
        }
        // It is about many shards, or the catalog is busy with one that is.
        let reactor = index
        try request.run(.processor, .control(pending)) { [node] token, _ in
            .planned(node.catalog.planned(change, Waiter(reader: reactor, token: token)))
        }
    }

    /// Whether it takes longer than a turn may to decide what a change does to each shard.
    private func isLarge(_ change: CatalogChange) -> Bool {
        func open(_ key: StreamKey) -> Int { snapshot.stream(key)?.open.count ?? 0 }
        let shards =
            switch change {
            case .createStream(let asked): max(asked.shardCount ?? 0, Int(asked.warmMiBps ?? 0))
            case .deleteStream(let key, _): snapshot.stream(key)?.shards.count ?? 0
            case .updateStream(let key, .shardCount(let target)): max(open(key), target)
            case .updateStream(let key, .warmThroughput(let miBps)): max(open(key), Int(miBps))
            case .updateStream(let key, .mode(_, let miBps?)): max(open(key), Int(miBps))
            default: 0
            }
        return shards > Limits.inlineShards
    }

    /// The blocking pool has handed a large change to the log, which may have answered first.
    func planned(_ token: UInt64, _ result: Result<CatalogResult, CatalogRefusal>) {
        guard case .control(let pending) = waiting[token] else {
            // A status that could not be ended: it has ended, or the housekeeper comes back.
            if case .failure = result { waiting.remove(token) }
            return
        }
        pending.request.workEnded()
        switch result {
        case .success(let result):
            pending.answer = pending.output(result)
            if let outcome = pending.outcome { controlSettled(token, outcome) }
        case .failure(let refusal):
            waiting.remove(token)
            pending.request.fail(pending.told(refusal) ?? ServiceError(refusal))
        }
    }

    /// The log's word about a change.
    func controlSettled(_ token: UInt64, _ outcome: ControlOutcome) {
        if case .control(let pending) = waiting[token], pending.answer == nil {
            pending.outcome = outcome
            return
        }
        guard case .control(let pending) = waiting.remove(token) else { return }
        switch outcome {
        case .applied:
            refreshSnapshot()
            transitions.schedule(snapshot)
            pending.request.succeed(pending.answer ?? [])
        case .failed:
            pending.request.fail(.internalFailure)
        }
    }
}

/// A change that was handed to the log, and what its request is answered when it is durable.
final class PendingChange {
    let request: Request
    /// Makes the answer of the result, and the error of a refusal that has a text of its own.
    let output: (CatalogResult) -> [UInt8]
    let told: (CatalogRefusal) -> ServiceError?
    /// Nil until the catalog has said what it makes of the change.
    var answer: [UInt8]?
    /// The log's word, if it came before the catalog's.
    var outcome: ControlOutcome?

    init(
        request: Request, output: @escaping (CatalogResult) -> [UInt8],
        told: @escaping (CatalogRefusal) -> ServiceError?
    ) {
        self.request = request
        self.output = output
        self.told = told
    }
}

extension Catalog {
    /// `perform` as a value.
    func planned(
        _ change: CatalogChange, _ waiter: Waiter
    ) -> Result<CatalogResult, CatalogRefusal> {
        do throws(CatalogRefusal) {
            return .success(try perform(change, waiter: waiter))
        } catch {
            return .failure(error)
        }
    }
}
