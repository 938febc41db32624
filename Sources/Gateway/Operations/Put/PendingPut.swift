import Access
import Catalog
import Kinesis

/// A put whose records are on their way to the log; the request waits for the last of them.
final class PendingPut {
    /// Where a record is, or what became of it.
    enum RecordState {
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
    let records: PutInput
    /// Under which the log's word about its records comes back.
    var token: UInt64 = 0
    private(set) var states: [RecordState] = []
    private(set) var remaining: Int
    /// What is routed again keeps its order too.
    var refusing = RefusingShards()

    init(request: Request, records: PutInput) {
        self.request = request
        self.records = records
        remaining = records.count
        states.reserveCapacity(remaining)
    }

    /// A record goes to a shard, for the first time or once more.
    func stage(_ ordinal: Int, to shard: ShardState) {
        if ordinal < states.count {
            states[ordinal] = .staged(shard)
        } else {
            states.append(.staged(shard))
        }
    }

    /// The shard that a record was staged for; nil if it is settled.
    func stagedShard(of ordinal: Int) -> ShardState? {
        guard case .staged(let shard) = states[ordinal] else { return nil }
        return shard
    }

    /// It is known what became of a record.
    func settle(_ ordinal: Int, _ state: RecordState) {
        guard case .staged = states[ordinal] else {
            preconditionFailure("A record was settled twice.")
        }
        states[ordinal] = state
        remaining -= 1
    }
}

// MARK: The answer

extension PendingPut {
    /// Counts the records, and answers: every one of them is settled.
    func answer(_ context: OperationContext) {
        meter()
        switch records {
        case .single: answerSingle(context)
        case .batch: answerBatch(context)
        }
    }

    /// Counts the records for their shards; neighbours in one shard are counted together.
    private func meter() {
        var run: (shard: ShardState, isStored: Bool, records: Int, bytes: Int)?
        func close() {
            guard let run else { return }
            if run.isStored {
                run.shard.meter.stored(records: run.records, bytes: run.bytes)
            } else {
                run.shard.meter.refused(records: run.records, bytes: run.bytes)
            }
        }
        for ordinal in states.indices {
            let shard: ShardState
            let isStored: Bool
            switch states[ordinal] {
            case .stored(let state, _, _): (shard, isStored) = (state, true)
            case .throttled(let state): (shard, isStored) = (state, false)
            case .staged, .failed, .refused, .injected: continue
            }
            let bytes = records.size(ordinal)
            if let last = run, last.shard === shard, last.isStored == isStored {
                run = (shard, isStored, last.records + 1, last.bytes + bytes)
            } else {
                close()
                run = (shard, isStored, 1, bytes)
            }
        }
        close()
    }

    private func answerSingle(_ context: OperationContext) {
        switch states[0] {
        case .stored(let shard, let index, let arrival):
            context.succeed(
                PutRecord.Output(
                    shardID: shard.id,
                    sequenceNumber: shard.number(index: index, arrivalMilliseconds: arrival)
                ).encoded(context.encoding))
        case .throttled(let shard): context.fail(throttled(shard))
        case .failed: context.fail(context.writeFailure)
        case .refused(let error), .injected(let error): context.fail(error)
        case .staged: preconditionFailure("A record is not settled.")
        }
    }

    private func answerBatch(_ context: OperationContext) {
        var results: [PutRecords.Result] = []
        results.reserveCapacity(states.count)
        var refused: UInt64 = 0
        for state in states {
            switch state {
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
        if refused > 0 { context.countThrottled(refused) }
        context.succeed(PutRecords.Output(results: results).encoded(context.encoding))
    }

    private func throttled(_ shard: ShardState) -> ServiceError {
        .writeRateExceeded(
            shardID: shard.id.description, stream: records.stream.name,
            account: records.stream.arn?.account ?? request.caller.account)
    }
}
