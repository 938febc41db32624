import Catalog
import Kinesis
import ShardLog

/// Cuts events out of a shard's log. It is a value, so that a reactor and a pool thread make the
/// same of the same place.
struct EventCutter: Sendable {
    let shard: ShardState

    /// What was cut at a position.
    enum Cut: Sendable {
        case event(EventRing.Entry)
        /// Nothing is published beyond the position.
        case tail
        /// It takes a thread that may wait for the disk. Never the answer to one that may.
        case cold
        /// It is too large to be encoded on a reactor. Never the answer to a thread that may wait.
        case large
        /// This turn has encoded enough.
        case later
        case trimmed(Position)
        case damaged(String)
    }

    /// The event that starts at `position`: as large as an event may be, or up to `boundary`.
    ///
    /// - Parameters:
    ///   - now: node time in milliseconds, for the lag that the event tells.
    ///   - mayWait: whether this thread may wait for the disk.
    func cut(at position: Position, before boundary: Position?, now: Int64, mayWait: Bool) -> Cut {
        var event = SubscribeToShard.Event(capacity: 4096)
        var lastArrival: Int64 = 0
        var lastIndex: UInt64 = 0
        var count = 0
        var bytes = 0
        var isLarge = false
        let result = shard.log.read(
            from: position, maximumRecords: Limits.eventRecords,
            maximumBytes: Limits.eventBytes, mayWait: mayWait
        ) { record in
            if !mayWait, record.data.count > Limits.inlineRecordBytes {
                // Behind others it does not come: they are a megabyte with it.
                isLarge = true
                return false
            }
            event.append(shard, record)
            lastArrival = record.arrivalMilliseconds
            lastIndex = record.index
            count += 1
            bytes += record.data.count + record.partitionKey.count
            if event.cost >= Limits.eventCost { return false }
            return boundary.map { record.next < $0 } ?? true
        }
        if isLarge { return .large }
        switch result.outcome {
        case .trimmed: return .trimmed(result.next)
        case .cold: return .cold
        case .damaged(let at, let reason):
            return .damaged("position \(at): \(shard.problem(at: at, reason))")
        case .pending where count == 0: return .tail
        case .ready, .pending: break
        }
        let behind = result.next >= shard.log.tail ? 0 : max(0, now - lastArrival)
        let cut = EventCut(
            kind: .records, start: position, end: result.next, count: count,
            continuation: lastIndex, millisBehind: behind, bytes: bytes)
        let cost = event.cost
        return .event(
            EventRing.Entry(
                cut: cut,
                bytes: event.finish(
                    .continues(
                        shard.number(index: lastIndex, arrivalMilliseconds: lastArrival)),
                    millisBehindLatest: behind),
                cost: cost))
    }

    /// Encodes a half-sent event of records once more, byte for byte as it was.
    ///
    /// - Parameter mayWait: whether this thread may wait for the disk.
    func encode(again cut: EventCut, mayWait: Bool) -> Cut {
        precondition(cut.kind == .records, "Events without records are not forgotten.")
        // Of one record and its key, or of many that are a megabyte at most.
        if !mayWait, cut.count == 1, cut.bytes > Limits.inlineRecordBytes { return .large }
        var event = SubscribeToShard.Event(capacity: 4096)
        var lastArrival: Int64 = 0
        var count = 0
        let result = shard.log.read(
            from: cut.start, maximumRecords: cut.count, maximumBytes: .max, mayWait: mayWait
        ) { record in
            event.append(shard, record)
            lastArrival = record.arrivalMilliseconds
            count += 1
            return true
        }
        guard count == cut.count else {
            switch result.outcome {
            case .cold: return .cold
            case .damaged(let at, let reason):
                return .damaged("position \(at): \(shard.problem(at: at, reason))")
            case .trimmed: return .trimmed(result.next)
            // What followed the first records could not be read, and will be said why.
            case .ready where !mayWait: return .cold
            case .ready, .pending: return .damaged("position \(result.next)")
            }
        }
        let number = shard.number(index: cut.continuation, arrivalMilliseconds: lastArrival)
        let cost = event.cost
        let bytes = event.finish(.continues(number), millisBehindLatest: cut.millisBehind)
        return .event(EventRing.Entry(cut: cut, bytes: bytes, cost: cost))
    }
}

extension SubscribeToShard.Event {
    /// What it has cost a reactor so far, in bytes of base64.
    fileprivate var cost: Int {
        byteCount + count * Limits.eventCostPerRecord
            + escapedByteCount * Limits.eventCostPerEscapedByte
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
