import Catalog
import Kinesis
import Metrics
import ShardLog

/// What one reactor shares between its subscriptions of one shard: the encoded events, and who
/// sleeps until the shard grows.
///
/// Made for the first subscription of a shard on this reactor and dropped with the last.
final class ShardFeed {
    /// The shard as the catalog last showed it; replaced when the catalog changes.
    var shard: ShardState
    /// The stream's name and incarnation, for texts and for finding the shard again.
    let stream: UInt64
    /// Where the fan-out keeps it.
    var token: UInt64 = 0
    private(set) var subscribers = 0
    private(set) var sleepers: [Subscription] = []
    /// For whom a thread encodes a large record, and who waits for the same.
    private var large: (leader: Subscription, followers: [Subscription])?
    let ring = EventRing()

    init(stream: UInt64, shard: ShardState) {
        self.stream = stream
        self.shard = shard
    }

    func enter() { subscribers += 1 }

    /// One subscription fewer; answers whether it was the last.
    func leave(_ subscription: Subscription, budget: inout RingBudget) -> Bool {
        subscribers -= 1
        if subscription.isAsleep { sleepers.removeAll { $0 === subscription } }
        large?.followers.removeAll { $0 === subscription }
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

    /// A large record is being encoded for this subscription.
    func lead(_ subscription: Subscription) {
        if large == nil { large = (subscription, []) }
    }

    /// Lets a subscription wait for what is being encoded for another at the same position; false
    /// if nothing is.
    func follow(_ subscription: Subscription) -> Bool {
        guard let leader = large?.leader, leader !== subscription,
            leader.position == subscription.position
        else { return false }
        large?.followers.append(subscription)
        return true
    }

    /// Those who waited for what was encoded for this subscription, or will not be.
    func takeFollowers(of subscription: Subscription) -> [Subscription] {
        guard let waited = large, waited.leader === subscription else { return [] }
        large = nil
        return waited.followers
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

    /// The children of the shard, as SubscribeToShard tells them; empty while it is open in this
    /// catalog.
    func children(in catalog: CatalogSnapshot) -> [ChildShard] {
        guard let stream = catalog.stream(id: self.stream),
            let shard = stream.shards[self.shard.id.index], shard.isClosed
        else { return [] }
        self.shard = shard
        return stream.childShards(of: shard)
    }

    /// The catalog has changed: the shard may have closed or gone.
    func catalogChanged(_ catalog: CatalogSnapshot) {
        if let shard = catalog.stream(id: stream)?.shards[self.shard.id.index] {
            self.shard = shard
            guard shard.isClosed else { return }
        }
        for subscription in takeSleepers() { subscription.wake() }
    }

    /// The event that starts at `position`: from the ring, or cut from the log up to the ring's
    /// next boundary. Touches only what is in memory.
    ///
    /// - Parameter now: node time in milliseconds, for the lag that the event tells.
    func cut(
        at position: Position, now: Int64, budget: inout RingBudget, counters: GatewayCounters
    ) -> EventCutter.Cut {
        if let entry = ring.event(at: position) { return .event(entry) }
        let cut = cutter.cut(
            at: position, before: ring.boundary(after: position), now: now, mayWait: false)
        if case .event(let entry) = cut {
            budget.cost &+= entry.cost
            take(entry, budget: &budget, counters: counters)
        }
        return cut
    }

    /// Lends a new event to all.
    func take(_ entry: EventRing.Entry, budget: inout RingBudget, counters: GatewayCounters) {
        ring.append(entry, budget: &budget)
        counters.eventsEncoded.add()
    }

    /// Encodes a half-sent event of records once more, byte for byte as it was. Touches only what
    /// is in memory.
    func encode(again cut: EventCut) -> EventCutter.Cut {
        if let entry = ring.event(at: cut.start), entry.cut == cut { return .event(entry) }
        return cutter.encode(again: cut, mayWait: false)
    }

    /// Cuts from the log; the blocking pool can use it.
    var cutter: EventCutter { EventCutter(shard: shard) }

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
