import Catalog
import Kinesis
import ShardLog
import Synchronization
import Wire

/// Delivery cursors as clients see them: ListCursors.
extension Worker {
    func listCursors(_ request: Request, _ input: ListCursors.Input) throws(ServiceError) {
        let stream: StreamState
        var only: UInt64?
        var after: (consumer: UInt64, shard: UInt32)?
        switch input.subject {
        case .consumer(let arn):
            let (found, consumer) = try request.consumer(.arn(arn))
            (stream, only) = (found, consumer.id)
        case .stream(let selector): stream = try request.stream(selector)
        case .token(let text):
            let parts = try open(text, .cursors, parts: 4)
            guard let id = UInt64(parts[0]), let found = snapshot.stream(id: id),
                let consumer = UInt64(parts[2]), let shard = UInt32(parts[3])
            else { throw .invalidNextToken }
            (stream, only, after) = (found, UInt64(parts[1]), (consumer, shard))
        }
        var page: [ListCursors.Cursor] = []
        var token: String?
        let consumers = stream.consumers.sorted { $0.id < $1.id }
        listing: for consumer in consumers where only == nil || consumer.id == only {
            if let after, consumer.id < after.consumer { continue }
            let cursors = node.catalog.cursors(consumer: consumer.id)
            var next = after.flatMap { $0.consumer == consumer.id ? $0.shard : nil }
            for shard in stream.shards {
                if let start = next, shard.id.index <= start { continue }
                next = nil
                guard let cursor = cursors[shard.number] else { continue }
                if page.count == input.limit, let last = page.last {
                    let holder = stream.consumer(named: last.consumer.name)?.id ?? consumer.id
                    token = seal(
                        [
                            "\(stream.id)", only.map { "\($0)" } ?? "", "\(holder)",
                            "\(last.shardID.index)",
                        ], .cursors)
                    break listing
                }
                page.append(shown(cursor, consumer, shard))
            }
        }
        request.succeed(
            ListCursors.Output(cursors: page, nextToken: token).encoded(request.encoding))
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

    /// What the shard has beyond an index. Cold pages are not brought in for it: the lag in time
    /// then counts from the index itself, which carries node time.
    private func lag(
        of shard: ShardState, after index: UInt64
    ) -> (records: Int64, bytes: Int64, milliseconds: Int64) {
        guard index < shard.log.lastIndex else { return (0, 0, 0) }
        guard case .found(let position) = shard.log.position(afterIndex: index) else {
            let seen = Int64(shard.createdSecond) * 1000 + Int64(index >> 20)
            return (1, 1, max(0, nodeMilliseconds - seen))
        }
        guard position < shard.log.tail else { return (0, 0, 0) }
        var arrival = nodeMilliseconds
        _ = shard.log.read(from: position, maximumRecords: 1, maximumBytes: 1) { record in
            arrival = record.arrivalMilliseconds
            return false
        }
        return (
            Int64(shard.log.records(from: position)), Int64(shard.log.bytes(from: position)),
            max(0, nodeMilliseconds - arrival)
        )
    }
}
