import Catalog
import Clock
import Kinesis
import ShardLog
import Wire

/// One GetRecords: a page of a shard, made on the reactor when it is small and in memory, else on
/// a worker thread. It is a value, so both make the same answer.
struct PageReader: Sendable {
    let stream: StreamState
    let shard: ShardState
    let iterator: ShardIterator
    let limit: Int
    let encoding: Encoding
    let now: Int64
    let tokenKey: TokenKey
    /// Nil while nothing is limited over time.
    var rateLimits: RateLimits?

    /// What the answer may take in memory: data in base64, keys and numbers.
    var mostBytes: Int {
        let unread = shard.log.bytes(from: shard.log.horizon)
        return Int(min(unread, UInt64(Limits.pageBytes))) / 2 * 3 + Limits.inlineBytes
    }

    /// Makes the answer; nil when that needs a worker: pages are cold, or it would be large.
    func readInline() -> Result<[UInt8], ServiceError>? {
        switch start.locate(in: shard, cutoff: stream.cutoff(now: now)) {
        case .cold: return nil
        case .damaged(let position, let reason):
            return .failure(.damagedLog(shard: shard.id, position: position, reason: reason))
        case .found(let position):
            let unread = shard.log.tail.offset - min(position.offset, shard.log.tail.offset)
            guard unread <= UInt64(Limits.inlineBytes) else { return nil }
            return read(from: position, mayWait: false) { true }
        }
    }

    /// Makes the answer on a thread that may wait for the disk. It ends early, with any answer,
    /// when nobody wants it any more.
    func readWaiting(isWanted: () -> Bool = { true }) -> Result<[UInt8], ServiceError> {
        switch start.locateWaiting(in: shard, cutoff: stream.cutoff(now: now)) {
        case .failure(let error): return .failure(error)
        case .success(let position):
            guard let answer = read(from: position, mayWait: true, isWanted) else {
                preconditionFailure("A read that may wait came to no end.")
            }
            return answer
        }
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
        var isAtTail = false
        loop: while records < limit, isWanted() {
            // The first record goes into any page; another one only if it fits.
            var room = Limits.pageBytes - bytes
            if records > 0 {
                var next = 0
                let peek = shard.log.read(from: position, maximumRecords: 1, maximumBytes: 1) {
                    next = $0.data.count
                    return false
                }
                if peek.next > position, next > room { break loop }
                room = max(room, 1)
            }
            let result = shard.log.read(
                from: position, maximumRecords: limit - records, maximumBytes: room
            ) { record in
                page.append(shard, record)
                records += 1
                bytes += record.data.count
                keyBytes += record.partitionKey.count
                lastIndex = record.index
                lastArrival = record.arrivalMilliseconds
                return true
            }
            position = result.next
            switch result.outcome {
            // Either the page is full, or the pages of the log that are in memory end here.
            case .ready: if mayWait { continue loop } else { break loop }
            case .trimmed: continue loop
            case .pending:
                isAtTail = true
                break loop
            case .damaged(let position, let reason):
                if records > 0 { break loop }
                return .failure(.damagedLog(shard: shard.id, position: position, reason: reason))
            case .cold(let range):
                if !mayWait { return records > 0 ? finish() : nil }
                if case .damaged(let position, let reason) = shard.log.prefault(range) {
                    if records > 0 { break loop }
                    return .failure(
                        .damagedLog(shard: shard.id, position: position, reason: reason))
                }
            }
        }
        return finish()

        func finish() -> Result<[UInt8], ServiceError> {
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
