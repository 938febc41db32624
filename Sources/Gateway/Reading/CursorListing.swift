import Catalog
import Kinesis
import ShardLog
import Synchronization

/// The cursors of a stream, or of one of its consumers, in the order of consumers and shards. A
/// value that a worker thread can use.
struct CursorListing: Sendable {
    /// Where a page ended.
    struct Place: Sendable {
        var consumer: UInt64
        var shard: UInt32
    }

    let node: Node
    let stream: StreamState
    /// The one consumer to show; nil for all.
    let only: UInt64?
    let after: Place?

    /// At most `limit` cursors; may wait for the disk. It ends early when nobody wants them any
    /// more.
    func page(limit: Int, isWanted: () -> Bool) -> ListCursors.Output {
        var page: [ListCursors.Cursor] = []
        var last: Place?
        let consumers = stream.consumers.sorted { $0.id < $1.id }
        for consumer in consumers where only == nil || consumer.id == only {
            if let after, consumer.id < after.consumer { continue }
            let cursors = node.catalog.cursors(consumer: consumer.id)
            for shard in stream.shards where isWanted() {
                if let after, consumer.id == after.consumer, shard.id.index <= after.shard {
                    continue
                }
                guard let cursor = cursors[shard.number] else { continue }
                if page.count == limit, let last {
                    return ListCursors.Output(cursors: page, nextToken: token(last))
                }
                page.append(shown(cursor, consumer, shard))
                last = Place(consumer: consumer.id, shard: shard.id.index)
            }
        }
        return ListCursors.Output(cursors: page, nextToken: nil)
    }

    private func token(_ place: Place) -> String {
        let parts = [
            "\(stream.id)", only.map { "\($0)" } ?? "", "\(place.consumer)", "\(place.shard)",
        ]
        return PageSealer(key: node.tokenKey, now: node.log.presentMilliseconds())
            .seal(parts, .cursors)
    }

    /// A cursor with what the running subscription, if there is one, knows better.
    private func shown(
        _ cursor: Cursor, _ consumer: ConsumerState, _ shard: ShardState
    ) -> ListCursors.Cursor {
        let status = node.slots.status(
            SubscriptionSlots.Key(consumer: consumer.id, shard: shard.number.rawValue))
        let sent = max(
            status?.sent.load(ordering: .relaxed) ?? 0, cursor.sent?.index ?? 0,
            cursor.credited?.index ?? 0)
        let credited = max(
            status?.credited.load(ordering: .relaxed) ?? 0, cursor.credited?.index ?? 0)
        let lag = lag(of: shard, after: max(sent, cursor.origin?.index ?? 0))
        let stall = StallCode(rawValue: status?.stall.load(ordering: .relaxed) ?? 0)
        return ListCursors.Cursor(
            consumer: consumer.arn, shardID: shard.id,
            sent: sent == 0 ? nil : shard.continuationNumber(sent),
            credited: credited == 0 ? nil : shard.continuationNumber(credited),
            committed: cursor.committed.map { shard.continuationNumber($0.index) },
            recordsBehind: lag.records, bytesBehind: lag.bytes, millisBehind: lag.milliseconds,
            subscriptionOpen: status != nil, stallReason: lag.bytes > 0 ? stall?.name : nil)
    }

    /// What the shard has beyond an index. A log that cannot be read there tells no lag.
    private func lag(
        of shard: ShardState, after index: UInt64
    ) -> (records: Int64, bytes: Int64, milliseconds: Int64) {
        let clock = node.log.retentionClock
        let now = clock.now
        guard index < shard.log.lastIndex,
            case .found(let position) = ReadStart.after(index).locate(
                in: shard, cutoff: stream.cutoff(clock), mayWait: true),
            position < shard.log.tail
        else { return (0, 0, 0) }
        var arrival = now
        _ = shard.log.read(
            from: position, maximumRecords: 1, maximumBytes: 1, mayWait: true
        ) { record in
            arrival = record.arrivalMilliseconds
            return false
        }
        return (
            Int64(shard.log.records(from: position)), Int64(shard.log.bytes(from: position)),
            max(0, now - arrival)
        )
    }
}
