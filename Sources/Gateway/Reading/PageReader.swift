import Catalog
import Kinesis
import ShardLog
import System
import Wire

/// One GetRecords: a page of a shard, made on the reactor when it is small and in memory, else on
/// the blocking pool. It is a value, so both make the same answer.
struct PageReader: Sendable {
    let stream: StreamState
    let shard: ShardState
    let iterator: ShardIterator
    let limit: Int
    let encoding: Encoding
    let now: Int64
    /// What retention goes by; up to `now` if nil.
    var clock: RetentionClock?
    let tokenKey: TokenKey
    /// Nil while nothing is limited over time.
    var rateLimits: RateLimits?

    /// What the answer may take in memory: data in base64, keys and numbers.
    var mostBytes: Int {
        let unread = shard.log.bytes(from: shard.log.horizon)
        return Int(min(unread, UInt64(Limits.pageBytes))) / 2 * 3 + Limits.inlineReadBytes
    }

    /// Makes the answer; nil when that needs the blocking pool: pages are cold, or it
    /// would be large.
    func readInline() -> Result<[UInt8], ServiceError>? {
        answer(mayWait: false) { true }
    }

    /// Makes the answer on a thread that may wait for the disk. It ends early, with any answer,
    /// when nobody wants it any more.
    func readWaiting(isWanted: () -> Bool = { true }) -> Result<[UInt8], ServiceError> {
        guard let answer = answer(mayWait: true, isWanted) else {
            preconditionFailure("A read that may wait came to no end.")
        }
        return answer
    }

    private func answer(
        mayWait: Bool, _ isWanted: () -> Bool
    ) -> Result<[UInt8], ServiceError>? {
        let cutoff = stream.cutoff(clock ?? RetentionClock(now: now))
        switch start.locate(in: shard, cutoff: cutoff, mayWait: mayWait) {
        case .cold: return nil
        case .damaged(let position, let reason): return damaged(position, reason)
        case .found(let position):
            let unread = shard.log.tail.offset - min(position.offset, shard.log.tail.offset)
            guard mayWait || unread <= UInt64(Limits.inlineReadBytes) else { return nil }
            return read(from: position, mayWait: mayWait, isWanted)
        }
    }

    private func damaged(_ at: Position, _ reason: String) -> Result<[UInt8], ServiceError> {
        .failure(.damagedLog(shard: shard.id, position: at, reason: shard.problem(at: at, reason)))
    }

    private var start: ReadStart {
        switch iterator.position {
        case .horizon: .horizon
        case .at(let index): .at(index)
        case .after(let index): .after(index)
        case .arrival(let milliseconds): .arrival(milliseconds)
        }
    }

    private func read(
        from first: Position, mayWait: Bool, _ isWanted: () -> Bool
    ) -> Result<[UInt8], ServiceError>? {
        var page = GetRecords.Page(encoding: encoding, capacity: 4096)
        var position = first
        var records = 0
        var bytes = 0
        var keyBytes = 0
        var lastIndex: UInt64 = 0
        var lastArrival: Int64 = 0
        while true {
            // The first record goes into any page; another one only if it fits.
            let result = shard.log.read(
                from: position, maximumRecords: limit, maximumBytes: Limits.pageBytes,
                mayWait: mayWait
            ) { record in
                page.append(shard, record)
                records += 1
                bytes += record.data.count
                keyBytes += record.partitionKey.count
                lastIndex = record.index
                lastArrival = record.arrivalMilliseconds
                return isWanted()
            }
            switch result.outcome {
            case .ready: return finish(isAtTail: false)
            case .pending: return finish(isAtTail: true)
            case .cold: return nil
            case .damaged(let at, let reason): return damaged(at, reason)
            // Retention has passed; the horizon is beyond where this began.
            case .trimmed: position = result.next
            }
        }

        func finish(isAtTail: Bool) -> Result<[UInt8], ServiceError> {
            if records == 0, isAtTail, let closed = shard.closedSecond, shard.log.isClosed {
                let children = stream.childShards(of: shard)
                guard !children.isEmpty else {
                    return .failure(
                        .shardDoesNotExist(
                            shardID: shard.id.description, stream: stream.name,
                            account: stream.account))
                }
                return .success(
                    page.finish(
                        .ended(children),
                        millisBehindLatest: max(0, now - Int64(closed) * 1000)))
            }
            var next = iterator
            if records > 0 { next.position = .after(index: lastIndex) }
            next.issuedMilliseconds = now
            let behind = isAtTail || records == 0 ? 0 : max(0, now - lastArrival)
            shard.meter.read(records: records, bytes: bytes + keyBytes, ageMilliseconds: behind)
            if records > 0 {
                rateLimits?.didRead(
                    shard.number, bytes: bytes + keyBytes, now: MonotonicClock.nanoseconds)
            }
            return .success(
                page.finish(
                    .iterator(next.sealed(with: tokenKey)), millisBehindLatest: behind))
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
