import Kinesis
import ShardLog
import Synchronization

/// Who has used how much of what: the buckets of shards, streams and accounts, one set for the
/// whole node. It exists only while something is limited over time, so that a node without limits
/// pays for none.
///
/// A bucket that is full again is dropped, because a new one is the same; so memory follows what
/// was used in the last second. The counts of a day are kept in memory and begin anew with a start.
final class RateLimits: Sendable {
    let quotas: Quotas
    private let used: Mutex<Used>

    /// What has a bucket.
    fileprivate enum Subject: Hashable {
        case writtenBytes(ShardNumber)
        case writtenRecords(ShardNumber)
        case readBytes(ShardNumber)
        case reads(ShardNumber)
        case iterators(ShardNumber)
        case subscribes(consumer: UInt64, ShardNumber)
        case accountCalls(KinesisOperation, account: String, region: String)
        case streamCalls(KinesisOperation, stream: UInt64)
    }

    fileprivate struct Day: Hashable {
        var operation: KinesisOperation
        var stream: UInt64
    }

    fileprivate struct Used {
        var buckets: [Subject: TokenBucket] = [:]
        /// When a stream was resized or changed its mode, oldest first, nanoseconds.
        var days: [Day: [UInt64]] = [:]
        var sweptAt: UInt64 = 0
    }

    fileprivate static let dayNanoseconds: UInt64 = 86_400_000_000_000
    private static let sweepNanoseconds: UInt64 = 1_000_000_000

    init(_ quotas: Quotas) {
        self.quotas = quotas
        used = Mutex(Used())
    }

    /// Lets a record into a shard, or not; one that is not let in costs nothing.
    func admitsWrite(_ shard: ShardNumber, bytes: Int, now: UInt64) -> Bool {
        used.withLock { used in
            Self.sweep(&used, now)
            // Both have to have room before either is charged.
            if let rate = quotas.writeBytes {
                guard used.bucket(.writtenBytes(shard), rate, now, { $0.canTake(bytes, now: now) })
                else { return false }
            }
            if let rate = quotas.writeRecords {
                guard used.bucket(.writtenRecords(shard), rate, now, { $0.take(1, now: now) })
                else { return false }
            }
            if let rate = quotas.writeBytes {
                used.bucket(.writtenBytes(shard), rate, now) { $0.charge(bytes, now: now) }
            }
            return true
        }
    }

    /// Lets a GetRecords call read from a shard: one more call, and nothing owed for bytes.
    func admitsRead(_ shard: ShardNumber, now: UInt64) -> Bool {
        used.withLock { used in
            Self.sweep(&used, now)
            if let rate = quotas.readBytes {
                guard used.bucket(.readBytes(shard), rate, now, { $0.solventAt(now: now) <= now })
                else { return false }
            }
            guard let rate = quotas.readCalls else { return true }
            return used.bucket(.reads(shard), rate, now) { $0.take(1, now: now) }
        }
    }

    /// A GetRecords call was given so many bytes of a shard.
    func didRead(_ shard: ShardNumber, bytes: Int, now: UInt64) {
        guard let rate = quotas.readBytes else { return }
        used.withLock { used in
            used.bucket(.readBytes(shard), rate, now) { $0.charge(bytes, now: now) }
        }
    }

    func admitsIterator(_ shard: ShardNumber, now: UInt64) -> Bool {
        admits(.iterators(shard), quotas.iteratorCalls, now)
    }

    func admitsSubscribe(consumer: UInt64, _ shard: ShardNumber, now: UInt64) -> Bool {
        admits(.subscribes(consumer: consumer, shard), quotas.subscribeCalls, now)
    }

    /// Lets an account call an operation; those that are counted by stream are let through.
    func admitsCall(
        _ operation: KinesisOperation, account: String, region: String, now: UInt64
    ) -> Bool {
        guard !Quotas.countedByStream.contains(operation) else { return true }
        return admits(
            .accountCalls(operation, account: account, region: region), quotas.calls[operation],
            now)
    }

    /// Lets a stream be asked by an operation that is counted by stream.
    func admitsCall(_ operation: KinesisOperation, stream: UInt64, now: UInt64) -> Bool {
        admits(.streamCalls(operation, stream: stream), quotas.calls[operation], now)
    }

    /// How often a stream may still be changed by this operation in the 24 hours before `now`: nil
    /// if it is one of those that are not counted by the day.
    func remainingToday(_ operation: KinesisOperation, stream: UInt64, now: UInt64) -> Int? {
        guard let limit = limitOfDay(operation) else { return nil }
        return used.withLock { used in
            let times = used.today(Day(operation: operation, stream: stream), now)
            return max(0, limit - times.count)
        }
    }

    /// A stream was changed by this operation.
    func didChange(_ operation: KinesisOperation, stream: UInt64, now: UInt64) {
        guard limitOfDay(operation) != nil else { return }
        used.withLock { used in
            let day = Day(operation: operation, stream: stream)
            used.days[day] = used.today(day, now) + [now]
        }
    }

    private func limitOfDay(_ operation: KinesisOperation) -> Int? {
        if operation == .updateShardCount { return quotas.resizesPerDay }
        if operation == .updateStreamMode { return quotas.modeChangesPerDay }
        return nil
    }

    private func admits(_ subject: Subject, _ rate: Int?, _ now: UInt64) -> Bool {
        guard let rate else { return true }
        return used.withLock { used in
            Self.sweep(&used, now)
            return used.bucket(subject, rate, now) { $0.take(1, now: now) }
        }
    }

    /// Buckets that are kept now; for tests.
    var bucketCount: Int { used.withLock { $0.buckets.count } }

    /// Drops what is full again, once a second.
    private static func sweep(_ used: inout Used, _ now: UInt64) {
        guard now > used.sweptAt, now - used.sweptAt >= sweepNanoseconds else { return }
        used.sweptAt = now
        used.buckets = used.buckets.filter { entry in
            var bucket = entry.value
            return !bucket.isFull(now: now)
        }
        used.days = used.days.filter { entry in
            entry.value.last.map { now - min(now, $0) < dayNanoseconds } ?? false
        }
    }
}

extension RateLimits.Used {
    /// Works on a bucket, which begins full.
    @discardableResult
    fileprivate mutating func bucket<Result>(
        _ subject: RateLimits.Subject, _ rate: Int, _ now: UInt64,
        _ body: (inout TokenBucket) -> Result
    ) -> Result {
        body(&buckets[subject, default: TokenBucket(rate: rate, now: now)])
    }

    /// The times of the last 24 hours.
    fileprivate func today(_ day: RateLimits.Day, _ now: UInt64) -> [UInt64] {
        (days[day] ?? []).filter { now - min(now, $0) < RateLimits.dayNanoseconds }
    }
}
