import Access
import Catalog
import Kinesis
import ShardLog
import Synchronization

/// Where calls meet their limits. Each is one look at a nil while nothing is limited over time.
extension OperationContext {
    /// Counts the call for its caller's account; those of Weir's own operations are not limited.
    func checkCallRate() throws(ServiceError) {
        guard let limits = rateLimits, case .kinesis(let operation) = operation else { return }
        guard
            limits.admitsCall(
                operation, account: caller.account, region: caller.region, now: monotonicNow())
        else { throw .callRateExceeded(operation) }
    }

    /// Counts a call of an operation for the stream that it is about.
    func checkCallRate(_ operation: KinesisOperation, of stream: StreamState) throws(ServiceError) {
        guard let limits = rateLimits else { return }
        guard limits.admitsCall(operation, stream: stream.id, now: monotonicNow()) else {
            throw .callRateExceeded(operation)
        }
    }

    /// Whether a shard takes so many more bytes.
    func admitsWrite(_ shard: ShardState, bytes: Int) -> Bool {
        guard let limits = rateLimits else { return true }
        return limits.admitsWrite(shard.number, bytes: bytes, now: monotonicNow())
    }

    /// Counts a GetRecords call.
    func checkReadRate(_ shard: ShardState, of stream: StreamState) throws(ServiceError) {
        guard let limits = rateLimits else { return }
        guard limits.admitsRead(shard.number, now: monotonicNow()) else {
            shard.meter.readsThrottled.wrappingAdd(1, ordering: .relaxed)
            throw .readRateExceeded(shard, stream)
        }
    }

    /// Counts a GetShardIterator call.
    func checkIteratorRate(_ shard: ShardState, of stream: StreamState) throws(ServiceError) {
        guard let limits = rateLimits else { return }
        guard limits.admitsIterator(shard.number, now: monotonicNow()) else {
            throw .readRateExceeded(shard, stream)
        }
    }

    /// Counts a SubscribeToShard call.
    func checkSubscribeRate(
        _ consumer: ConsumerState, _ shard: ShardState
    ) throws(ServiceError) {
        guard let limits = rateLimits else { return }
        guard
            limits.admitsSubscribe(consumer: consumer.id, shard.number, now: monotonicNow())
        else {
            throw .subscribeRateExceeded(
                consumer: consumer.name, shardID: shard.id.description)
        }
    }

    /// Refuses what has been done to a stream too often in the last 24 hours.
    func checkChangesOfDay(
        _ operation: KinesisOperation, of stream: StreamState
    ) throws(ServiceError) {
        guard
            let remaining = rateLimits?.remainingToday(
                operation, stream: stream.id, now: monotonicNow())
        else { return }
        guard remaining > 0 else {
            throw .tooManyChangesOfDay(operation, stream: stream.name, account: stream.account)
        }
    }

    func countChangeOfDay(_ operation: KinesisOperation, of stream: StreamState) {
        rateLimits?.didChange(operation, stream: stream.id, now: monotonicNow())
    }
}

extension ServiceError {
    fileprivate static func readRateExceeded(
        _ shard: ShardState, _ stream: StreamState
    ) -> ServiceError {
        .readRateExceeded(
            shardID: shard.id.description, stream: stream.name, account: stream.account)
    }
}
