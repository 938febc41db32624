import Metrics
import Access
import Catalog
import Kinesis
import ShardLog

/// A put whose records are on their way to the log; the request waits for the last of them.
final class PendingPut {
    enum Source {
        case single(PutRecord.Input)
        case batch(PutRecords.Input)

        func hashKey(_ ordinal: Int) -> UInt128 {
            switch self {
            case .single(let input): input.hashKey
            case .batch(let input): input.hashKey(ordinal)
            }
        }

        /// Bytes of a record's data and partition key.
        func size(_ ordinal: Int) -> Int {
            switch self {
            case .single(let input): input.data.count + input.partitionKey.count
            case .batch(let input):
                input.data(ordinal).count + input.partitionKey(ordinal).count
            }
        }
    }

    /// Where a record is, or what became of it.
    enum Fate {
        case staged(ShardState)
        case stored(ShardState, index: UInt64, arrivalMilliseconds: Int64)
        case throttled(ShardState)
        case failed
        /// The stream has gone while the record was on its way.
        case refused(ServiceError)
        /// An injected fault has hit it.
        case injected(ServiceError)
    }

    let request: Request
    let source: Source
    var token: UInt64 = 0
    fileprivate(set) var fates: [Fate] = []
    fileprivate(set) var remaining: Int

    init(request: Request, source: Source) {
        self.request = request
        self.source = source
        switch source {
        case .single: remaining = 1
        case .batch(let input): remaining = input.count
        }
        fates.reserveCapacity(remaining)
    }

    var selector: StreamSelector { source.selector }

    fileprivate func settle(_ ordinal: Int, _ fate: Fate) {
        guard case .staged = fates[ordinal] else {
            preconditionFailure("A record was settled twice.")
        }
        fates[ordinal] = fate
        remaining -= 1
    }
}

/// Stage 5 and stage 9 of a record's life: PutRecord and PutRecords.
///
/// A record is routed by its hash key and encoded into the reactor's staging buffer, which goes to
/// the committer at the end of the turn. The answer waits until the batch that holds the record is
/// durable. A record that reaches the committer after its shard was closed comes back and is
/// routed again with the newer catalog, so a reshard loses nothing and asks nobody to retry.
extension ReactorGateway {
    func putRecord(
        _ request: Request, _ input: PutRecord.Input, _ prepared: PreparedPut? = nil
    ) throws(ServiceError) {
        let stream = try request.writableStream(input.stream)
        if stream.distribution == .userPartitionKey { try input.checkPartitionKey() }
        try input.checkSize(limitBytes: stream.maxRecordBytes)
        let minimum = try minimumIndex(input, stream)
        if input.dryRun { throw .dryRun }
        let pending = PendingPut(request: request, source: .single(input))
        pending.token = waiting.insert(.put(pending))
        request.hold()
        if let prepared, prepared.isFor(stream) {
            stage(pending, prepared, in: stream, minimumIndex: minimum)
        } else {
            stage(pending, 0, in: stream, minimumIndex: minimum)
        }
        finishIfSettled(pending)
    }

    func putRecords(
        _ request: Request, _ input: PutRecords.Input, _ prepared: PreparedPut? = nil
    ) throws(ServiceError) {
        let stream = try request.writableStream(input.stream)
        if stream.distribution == .userPartitionKey { try input.checkPartitionKeys() }
        try input.checkSizes(limitBytes: stream.maxRecordBytes)
        if input.dryRun { throw .dryRun }
        let pending = PendingPut(request: request, source: .batch(input))
        pending.token = waiting.insert(.put(pending))
        request.hold()
        if let prepared, prepared.isFor(stream) {
            stage(pending, prepared, in: stream, minimumIndex: 0)
        } else {
            for ordinal in 0..<input.count { stage(pending, ordinal, in: stream, minimumIndex: 0) }
        }
        finishIfSettled(pending)
    }

    /// The log's word about one staged record.
    func settle(_ outcome: RecordOutcome) {
        guard case .put(let pending) = waiting[outcome.waiter] else { return }
        let ordinal = Int(outcome.ordinal)
        switch outcome.result {
        case .stored(let index, let arrival):
            guard case .staged(let shard) = pending.fates[ordinal] else {
                preconditionFailure("A record was stored twice.")
            }
            pending.settle(ordinal, .stored(shard, index: index, arrivalMilliseconds: arrival))
        case .shardClosed, .shardGone:
            // The log has published the change that did it.
            refreshSnapshot()
            do throws(ServiceError) {
                let stream = try pending.request.writableStream(pending.selector)
                stage(pending, ordinal, in: stream, minimumIndex: 0)
            } catch {
                pending.settle(ordinal, .refused(error))
            }
        case .failed:
            pending.settle(ordinal, .failed)
        }
        finishIfSettled(pending)
    }

    /// Routes a record and encodes it into the staging buffer.
    private func stage(
        _ pending: PendingPut, _ ordinal: Int, in stream: StreamState, minimumIndex: UInt64
    ) {
        let (shard, hashKey) = route(pending.source, ordinal, in: stream)
        if ordinal < pending.fates.count {
            pending.fates[ordinal] = .staged(shard)
        } else {
            pending.fates.append(.staged(shard))
        }
        if let error = injectedError(pending, stream: stream.name, shard.id) {
            return pending.settle(ordinal, .injected(error))
        }
        guard admitsWrite(shard, bytes: pending.source.size(ordinal)) else {
            return pending.settle(ordinal, .throttled(shard))
        }
        let result: StageResult
        switch pending.source {
        case .single(let input):
            result = staging.append(
                shard.log, waiter: pending.token, ordinal: UInt32(ordinal), hashKey: hashKey,
                partitionKey: input.partitionKey, data: input.data, minimumIndex: minimumIndex)
        case .batch(let input):
            result = staging.append(
                shard.log, waiter: pending.token, ordinal: UInt32(ordinal), hashKey: hashKey,
                partitionKey: input.partitionKey(ordinal), data: input.data(ordinal),
                minimumIndex: minimumIndex)
        }
        switch result {
        case .staged: break
        case .full: pending.settle(ordinal, .throttled(shard))
        case .refusing: pending.settle(ordinal, .failed)
        }
    }

    /// Stages records that a thread has encoded: those whose shards are still the same, as they are.
    private func stage(
        _ pending: PendingPut, _ prepared: PreparedPut, in stream: StreamState, minimumIndex: UInt64
    ) {
        var places: [Int] = []
        places.reserveCapacity(prepared.shards.count)
        for ordinal in prepared.shards.indices {
            guard let shard = prepared.shard(ordinal, in: stream) else {
                stage(pending, ordinal, in: stream, minimumIndex: minimumIndex)
                continue
            }
            pending.fates.append(.staged(shard))
            if let error = injectedError(pending, stream: stream.name, shard.id) {
                pending.settle(ordinal, .injected(error))
            } else if !admitsWrite(shard, bytes: pending.source.size(ordinal)) {
                pending.settle(ordinal, .throttled(shard))
            } else {
                places.append(ordinal)
            }
        }
        staging.append(
            prepared.records, places, waiter: pending.token, minimumIndex: minimumIndex
        ) { ordinal, result in
            guard case .staged(let shard) = pending.fates[ordinal] else { return }
            pending.settle(ordinal, result == .full ? .throttled(shard) : .failed)
        }
    }

    /// The shard of a record: that of its hash key, or the next one in turn if the stream spreads
    /// its records whatever their keys. The record then carries the first key of its shard.
    private func route(
        _ source: PendingPut.Source, _ ordinal: Int, in stream: StreamState
    ) -> (ShardState, UInt128) {
        switch stream.distribution {
        case .userPartitionKey:
            let hashKey = source.hashKey(ordinal)
            return (stream.openShard(for: hashKey), hashKey)
        case .auto:
            spreadRecords &+= 1
            let shard = stream.open[spreadRecords % stream.open.count]
            return (shard, shard.range.start)
        }
    }

    /// What SequenceNumberForOrdering asks of the log: an index above a number that one of this
    /// stream's shards has given out. A number of another shard orders nothing here.
    private func minimumIndex(
        _ input: PutRecord.Input, _ stream: StreamState
    ) throws(ServiceError) -> UInt64 {
        guard let text = input.sequenceNumberForOrdering else { return 0 }
        let invalid = ServiceError.orderingNumberInvalid(
            text, stream: stream.name, account: stream.account)
        guard let number = SequenceNumber(text), number.second <= UInt64(nodeMilliseconds) / 1000
        else { throw invalid }
        // A stream that spreads its records has no order between them.
        guard stream.distribution == .userPartitionKey else { return 0 }
        let shard = stream.openShard(for: input.hashKey)
        guard number.shardIndex == shard.id.index,
            number.shardCreatedSecond == shard.createdSecond
        else { return 0 }
        guard shard.log.hasGivenOut(number.index) else { throw invalid }
        return number.index
    }

    private func finishIfSettled(_ pending: PendingPut) {
        guard pending.remaining == 0 else { return }
        waiting.remove(pending.token)
        pending.meter()
        pending.request.letGo()
        switch pending.source {
        case .single: pending.answerSingle()
        case .batch: pending.answerBatch()
        }
    }
}

extension PendingPut {
    /// Counts the records for their shards; neighbours in one shard are counted together.
    fileprivate func meter() {
        var run: (shard: ShardState, isStored: Bool, records: Int, bytes: Int)?
        func close() {
            guard let run else { return }
            if run.isStored {
                run.shard.meter.stored(records: run.records, bytes: run.bytes)
            } else {
                run.shard.meter.refused(records: run.records, bytes: run.bytes)
            }
        }
        for ordinal in fates.indices {
            let shard: ShardState
            let isStored: Bool
            switch fates[ordinal] {
            case .stored(let state, _, _): (shard, isStored) = (state, true)
            case .throttled(let state): (shard, isStored) = (state, false)
            case .staged, .failed, .refused, .injected: continue
            }
            let bytes = source.size(ordinal)
            if let last = run, last.shard === shard, last.isStored == isStored {
                run = (shard, isStored, last.records + 1, last.bytes + bytes)
            } else {
                close()
                run = (shard, isStored, 1, bytes)
            }
        }
        close()
    }

    fileprivate func answerSingle() {
        switch fates[0] {
        case .stored(let shard, let index, let arrival):
            request.succeed(
                PutRecord.Output(
                    shardID: shard.id,
                    sequenceNumber: shard.number(index: index, arrivalMilliseconds: arrival)
                ).encoded(request.encoding))
        case .throttled(let shard): request.fail(throttled(shard))
        case .failed: request.fail(request.gateway.writeFailure)
        case .refused(let error), .injected(let error): request.fail(error)
        case .staged: preconditionFailure("A record is not settled.")
        }
    }

    fileprivate func answerBatch() {
        var results: [PutRecords.Result] = []
        results.reserveCapacity(fates.count)
        var refused: UInt64 = 0
        for fate in fates {
            switch fate {
            case .stored(let shard, let index, let arrival):
                results.append(
                    .stored(
                        shardID: shard.id,
                        sequenceNumber: shard.number(index: index, arrivalMilliseconds: arrival)))
            case .throttled(let shard):
                refused += 1
                results.append(.failed(throttled(shard)))
            case .injected(let error): results.append(.failed(error))
            case .failed, .refused:
                results.append(
                    .failed(ServiceError(.internalFailure, "Internal Service Failure.")))
            case .staged: preconditionFailure("A record is not settled.")
            }
        }
        if refused > 0 {
            request.gateway.counters[.putRecords].throttled.add(refused)
        }
        request.succeed(PutRecords.Output(results: results).encoded(request.encoding))
    }

    private func throttled(_ shard: ShardState) -> ServiceError {
        .writeRateExceeded(
            shardID: shard.id.description, stream: selector.name,
            account: selector.arn?.account ?? request.caller.account)
    }
}

extension ReactorGateway {
    /// What a put is answered when the log did not take it: whether it happened is unknown.
    var writeFailure: ServiceError {
        switch node.log.health {
        case .accepting: break
        case .lacking(let reason):
            return ServiceError(
                .internalFailureException, "The record was not stored: \(reason)")
        case .refusing(let reason):
            return ServiceError(
                .internalFailureException, "The server takes no writes: \(reason)")
        }
        return .internalFailure
    }
}
