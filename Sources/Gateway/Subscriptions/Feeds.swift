import Catalog
import Kinesis
import Reactor
import ShardLog
import Synchronization

/// What the subscriptions of one reactor share: a feed for each shard that one of them reads, and
/// the bound on all their encoded events.
final class Feeds {
    private let counters: GatewayCounters
    private let share: EncodingShare
    private var byShard: [UInt64: ShardFeed] = [:]
    private var table = TokenTable<ShardFeed>()
    private let rings = RingQueue()
    // Taken out to be changed: in place it would cost a check at run time at each use.
    private var budget = RingBudget()

    init(_ counters: GatewayCounters, _ share: EncodingShare) {
        self.counters = counters
        self.share = share
    }

    /// The feed of a shard, made for its first subscription.
    func enter(stream: UInt64, shard: ShardState) -> ShardFeed {
        let number = shard.number.rawValue
        if let feed = byShard[number] {
            feed.enter()
            return feed
        }
        let feed = ShardFeed(stream: stream, shard: shard)
        byShard[number] = feed
        feed.token = table.insert(feed)
        feed.enter()
        return feed
    }

    /// A subscription has left its feed, which goes with the last.
    func leave(_ subscription: Subscription) {
        let feed = subscription.feed
        var left = budget
        let wasLast = feed.leave(subscription, budget: &left)
        budget = left
        guard wasLast else { return }
        rings.remove(feed.ring)
        table.remove(feed.token)
        byShard[feed.shard.number.rawValue] = nil
    }

    /// Bytes of encoded events that are kept.
    var ringBytes: Int { budget.used }

    /// Some of the feeds; see `TokenTable.slice`.
    func slice(from place: Int, count: Int) -> (elements: [ShardFeed], next: Int?) {
        table.slice(from: place, count: count)
    }

    /// The log has published records of this shard, or closed it; answers how many it has woken.
    func advanced(_ shard: ShardNumber) -> Int {
        guard let feed = byShard[shard.rawValue] else { return 1 }
        let sleepers = feed.takeSleepers()
        for subscription in sleepers { subscription.wake() }
        return 1 + sleepers.count
    }

    // MARK: Events

    /// What a subscription sends next: an event that is there, or one that is cut from the log if
    /// this turn has a share left for that.
    ///
    /// - Parameter now: the time of day in milliseconds, for the lag that the event tells.
    func cut(_ feed: ShardFeed, at position: Position, now: Int64) -> EventCutter.Cut {
        if share.isUsedUp, feed.ring.event(at: position) == nil { return .later }
        var after = budget
        let (cost, appends) = (after.cost, after.appends)
        let cut = feed.cut(at: position, now: now, budget: &after, counters: counters)
        budget = after
        if after.cost != cost { share.charge(after.cost &- cost) }
        if after.appends != appends { keepBudget(feed.ring) }
        return cut
    }

    /// Encodes a half-sent event of records once more, byte for byte as it was. Touches only what
    /// is in memory.
    func encode(again cut: EventCut, of feed: ShardFeed) -> EventCutter.Cut {
        if share.isUsedUp { return .later }
        let again = feed.encode(again: cut)
        if case .event(let entry) = again { share.charge(entry.cost) }
        return again
    }

    /// What a thread has cut, shared with the other subscriptions of the shard, if there still are
    /// any.
    func take(_ cut: EventCutter.Cut, for feed: ShardFeed) {
        guard case .event(let entry) = cut, feed.subscribers > 0 else { return }
        var after = budget
        feed.take(entry, budget: &after, counters: counters)
        budget = after
        keepBudget(feed.ring)
    }

    /// Takes note that the ring of a feed was added to, and keeps the sum of all rings within its
    /// bound: the ring that was added to longest ago gives up its oldest events first. Where very
    /// many small ones make room for a large one, the next additions drop the rest of them.
    private func keepBudget(_ ring: EventRing) {
        rings.moveToBack(ring)
        guard budget.used > Limits.ringBytesPerReactor else { return }
        var left = budget
        var drops = 0
        while left.used > Limits.ringBytesPerReactor, drops < Limits.droppedEventsPerAddition,
            let oldest = rings.first
        {
            drops += 1
            oldest.dropOldest(&left)
            if oldest.byteCount == 0 { rings.remove(oldest) }
        }
        budget = left
    }
}
