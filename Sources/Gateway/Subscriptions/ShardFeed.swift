import Catalog
import Kinesis
import ShardLog
import Synchronization

/// What one reactor shares between its subscriptions of one shard: the encoded events, and who
/// sleeps until the shard grows.
///
/// Made for the first subscription of a shard on this reactor and dropped with the last.
final class ShardFeed {
    /// The shard as the catalog last showed it; replaced when the catalog changes.
    var shard: ShardState
    /// The stream's name and incarnation, for texts and for finding the shard again.
    let stream: UInt64
    private(set) var subscribers = 0
    private(set) var sleepers: [Subscription] = []
    let ring = EventRing()

    init(stream: UInt64, shard: ShardState) {
        self.stream = stream
        self.shard = shard
    }

    func enter() { subscribers += 1 }

    /// One subscription fewer; answers whether it was the last.
    func leave(_ subscription: Subscription, budget: inout RingBudget) -> Bool {
        subscribers -= 1
        sleepers.removeAll { $0 === subscription }
        guard subscribers == 0 else { return false }
        ring.clear(budget: &budget)
        return true
    }

    /// Lets a subscription sleep at the tail; false if the shard has grown in the meantime.
    func sleep(_ subscription: Subscription, at position: Position, reactor: Int) -> Bool {
        guard shard.log.sleep(reader: reactor, at: position) else { return false }
        park(subscription)
        return true
    }

    /// Lets a subscription sleep until the catalog has changed; the log has nothing to tell it.
    func park(_ subscription: Subscription) {
        if subscription.isAsleep { return }
        subscription.isAsleep = true
        sleepers.append(subscription)
    }

    /// Takes everybody who sleeps.
    func takeSleepers() -> [Subscription] {
        let woken = sleepers
        sleepers = []
        for subscription in woken { subscription.isAsleep = false }
        return woken
    }

    /// What was cut at a position.
    enum Cut {
        case event(EventRing.Entry)
        /// Nothing is published beyond the position.
        case tail
        /// A worker has to bring the pages in first.
        case cold(Range<Position>)
        case trimmed(Position)
        case damaged(String)
    }

    /// The event that starts at `position`: from the ring, or cut from the log up to the ring's
    /// next boundary.
    ///
    /// - Parameter now: node time in milliseconds, for the lag that the event tells.
    func cut(
        at position: Position, now: Int64, budget: inout RingBudget, counters: GatewayCounters
    ) -> Cut {
        if let entry = ring.event(at: position) { return .event(entry) }
        let boundary = ring.boundary(after: position)
        var event = SubscribeToShard.Event(capacity: 4096)
        var lastArrival: Int64 = 0
        var lastIndex: UInt64 = 0
        var count = 0
        var bytes = 0
        let result = shard.log.read(
            from: position, maximumRecords: Limits.eventRecords,
            maximumBytes: Limits.eventBytes
        ) { record in
            event.append(shard, record)
            lastArrival = record.arrivalMilliseconds
            lastIndex = record.index
            count += 1
            bytes += record.data.count + record.partitionKey.count
            return boundary.map { record.next < $0 } ?? true
        }
        switch result.outcome {
        case .trimmed: return .trimmed(result.next)
        case .cold(let range) where count == 0: return .cold(range)
        case .damaged(let at, let reason) where count == 0:
            return .damaged("position \(at): \(reason)")
        case .pending where count == 0: return .tail
        case .ready, .pending, .cold, .damaged: break
        }
        if count == 0 { return .tail }
        let behind = result.next >= shard.log.tail ? 0 : max(0, now - lastArrival)
        let cut = EventCut(
            kind: .records, start: position, end: result.next, count: count,
            continuation: lastIndex, millisBehind: behind, bytes: bytes)
        let entry = EventRing.Entry(
            cut: cut,
            bytes: event.finish(
                .continues(shard.number(index: lastIndex, arrivalMilliseconds: lastArrival)),
                millisBehindLatest: behind))
        ring.append(entry, budget: &budget)
        counters.eventsEncoded.wrappingAdd(1, ordering: .relaxed)
        return .event(entry)
    }

    /// Encodes a half-sent event of records once more, byte for byte as it was.
    func encode(again cut: EventCut) -> Cut {
        precondition(cut.kind == .records, "Events without records are not forgotten.")
        if let entry = ring.event(at: cut.start), entry.cut == cut { return .event(entry) }
        var event = SubscribeToShard.Event(capacity: 4096)
        var lastArrival: Int64 = 0
        var count = 0
        var position = cut.start
        while count < cut.count {
            // A read ends where warm pages end, so one event may take several.
            let result = shard.log.read(
                from: position, maximumRecords: cut.count - count, maximumBytes: .max
            ) { record in
                event.append(shard, record)
                lastArrival = record.arrivalMilliseconds
                count += 1
                return true
            }
            position = result.next
            if count == cut.count { break }
            switch result.outcome {
            case .ready: continue
            case .cold(let range): return .cold(range)
            case .damaged(let at, let reason): return .damaged("position \(at): \(reason)")
            case .pending, .trimmed: return .trimmed(position)
            }
        }
        let number = shard.number(index: cut.continuation, arrivalMilliseconds: lastArrival)
        let bytes = event.finish(.continues(number), millisBehindLatest: cut.millisBehind)
        return .event(EventRing.Entry(cut: cut, bytes: bytes))
    }

    /// A sign of life at a position: no records, and a number to resume after.
    func encodeKeepAlive(_ cut: EventCut) -> [UInt8] {
        var event = SubscribeToShard.Event(capacity: 256)
        return event.finish(
            .continues(shard.continuationNumber(cut.continuation)),
            millisBehindLatest: cut.millisBehind)
    }

    /// The end of a closed shard.
    func encodeEnd(_ cut: EventCut, children: [ChildShard]) -> [UInt8] {
        var event = SubscribeToShard.Event(capacity: 1024)
        return event.finish(.ended(children), millisBehindLatest: cut.millisBehind)
    }
}
