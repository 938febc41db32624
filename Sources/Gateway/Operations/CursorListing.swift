import Access
import Catalog
import Kinesis
import Reactor
import ShardLog
import Synchronization
import Wire

/// Delivery cursors as clients see them: ListCursors.
extension ReactorGateway {
    func listCursors(_ request: Request, _ input: ListCursors.Input) throws(ServiceError) {
        let listing = try cursorListing(request, input)
        let limit = input.limit
        let encoding = request.encoding
        // Whoever lags stands in pages that may have to come from the disk.
        try request.run(.disk, .answer(request)) { _, job in
            .answer(.success(listing.page(limit: limit) { job.isWanted }.encoded(encoding)))
        }
    }

    private func cursorListing(
        _ request: Request, _ input: ListCursors.Input
    ) throws(ServiceError) -> CursorListing {
        switch input.subject {
        case .consumer(let arn):
            let (stream, consumer) = try request.consumer(.arn(arn))
            return CursorListing(node: node, stream: stream, only: consumer.id, after: nil)
        case .stream(let selector):
            let stream = try request.stream(selector)
            return CursorListing(node: node, stream: stream, only: nil, after: nil)
        case .token(let text):
            let parts = try open(text, .cursors, parts: 4)
            guard let id = UInt64(parts[0]), let stream = snapshot.stream(id: id),
                let consumer = UInt64(parts[2]), let shard = UInt32(parts[3])
            else { throw .invalidNextToken }
            try request.authorizeToken(of: stream)
            return CursorListing(
                node: node, stream: stream, only: UInt64(parts[1]),
                after: CursorListing.Place(consumer: consumer, shard: shard))
        }
    }
}

/// The cursors of a stream, or of one of its consumers, in the order of consumers and shards. A
/// value that the blocking pool can use.
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
        return PageToken(
            listing: .cursors, issuedMilliseconds: node.log.presentMilliseconds(),
            contents: Array(parts.joined(separator: "/").utf8)
        ).sealed(with: node.tokenKey)
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
