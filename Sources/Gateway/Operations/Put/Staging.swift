import Access
import Catalog
import Kinesis
import ShardLog

/// The way of a put's records into the staging buffer, and what comes back from the log.
extension OperationContext {
    /// The log's word about one staged record.
    func settle(_ pending: PendingPut, _ outcome: RecordOutcome) {
        let ordinal = Int(outcome.ordinal)
        switch outcome.result {
        case .stored(let index, let arrival):
            guard let shard = pending.stagedShard(of: ordinal) else {
                preconditionFailure("A record was stored twice.")
            }
            pending.settle(ordinal, .stored(shard, index: index, arrivalMilliseconds: arrival))
        case .shardClosed, .shardGone:
            // The log has published the change that did it.
            refreshCatalog()
            reroute(pending, ordinal)
        case .failed:
            pending.settle(ordinal, .failed)
        }
        finishIfSettled(pending)
    }

    /// Routes a record again whose shard takes none any more.
    private func reroute(_ pending: PendingPut, _ ordinal: Int) {
        do throws(ServiceError) {
            let stream = try find(pending.records.stream).subject.get()
            try stream.checkWritable()
            stage(pending, ordinal, in: stream, minimumIndex: 0, &pending.refusing)
        } catch {
            pending.settle(ordinal, .refused(error))
        }
    }

    /// Routes a record and encodes it into the staging buffer.
    func stage(
        _ pending: PendingPut, _ ordinal: Int, in stream: StreamState, minimumIndex: UInt64,
        _ refusing: inout RefusingShards
    ) {
        let (shard, hashKey) = route(pending.records, ordinal, in: stream)
        pending.stage(ordinal, to: shard)
        if let error = injectedError(stream: stream.name, shard.id) {
            return pending.settle(ordinal, .injected(error))
        }
        guard !refusing.contains(shard),
            admitsWrite(shard, bytes: pending.records.size(ordinal))
        else {
            refusing.insert(shard)
            return pending.settle(ordinal, .throttled(shard))
        }
        let result: StageResult
        switch pending.records {
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
        case .full:
            refusing.insert(shard)
            pending.settle(ordinal, .throttled(shard))
        case .refusing: pending.settle(ordinal, .failed)
        }
    }

    /// Stages records that a thread has encoded: those whose shards are still the same, as they are.
    func stage(
        _ pending: PendingPut, _ prepared: PreparedPut, in stream: StreamState, minimumIndex: UInt64
    ) {
        var refusing = RefusingShards()
        var places: [Int] = []
        places.reserveCapacity(prepared.shards.count)
        for ordinal in prepared.shards.indices {
            guard let shard = prepared.shard(ordinal, in: stream) else {
                stage(pending, ordinal, in: stream, minimumIndex: minimumIndex, &refusing)
                continue
            }
            pending.stage(ordinal, to: shard)
            if let error = injectedError(stream: stream.name, shard.id) {
                pending.settle(ordinal, .injected(error))
            } else if refusing.contains(shard)
                || !admitsWrite(shard, bytes: pending.records.size(ordinal))
            {
                refusing.insert(shard)
                pending.settle(ordinal, .throttled(shard))
            } else {
                places.append(ordinal)
            }
        }
        staging.append(
            prepared.records, places, waiter: pending.token, minimumIndex: minimumIndex
        ) { ordinal, result in
            guard let shard = pending.stagedShard(of: ordinal) else { return }
            pending.settle(ordinal, result == .full ? .throttled(shard) : .failed)
        }
    }

    /// The shard of a record: that of its hash key, or the next one in turn if the stream spreads
    /// its records whatever their keys. The record then carries the first key of its shard.
    private func route(
        _ records: PutInput, _ ordinal: Int, in stream: StreamState
    ) -> (ShardState, UInt128) {
        switch stream.distribution {
        case .userPartitionKey:
            let hashKey = records.hashKey(ordinal)
            return (stream.openShard(for: hashKey), hashKey)
        case .auto:
            let shard = stream.open[nextTurn() % stream.open.count]
            return (shard, shard.range.start)
        }
    }

    func finishIfSettled(_ pending: PendingPut) {
        guard pending.remaining == 0 else { return }
        forget(pending)
        pending.answer(self)
    }

    /// What a fault has for one record of a put.
    private func injectedError(stream: String, _ shard: ShardID) -> ServiceError? {
        guard let faults, case .kinesis(let operation) = operation else { return nil }
        return faults.verdict(
            recordOf: operation, stream: stream, shard: shard, FaultTable.Owner(caller),
            now: faultTime)
    }

    /// What a put is answered when the log did not take it: whether it happened is unknown.
    var writeFailure: ServiceError {
        switch logHealth {
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
