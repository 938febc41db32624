import Catalog
import HTTP
import Kinesis
import Reactor
import ShardLog
import Synchronization

/// The subscriptions of one reactor, by shard.
///
/// Stage 8 and stage 10 of a record's life: a commit names the shards that grew; their sleepers
/// wake, and each chooses its next event when its connection can send.
final class FanOut {
    private var feeds: [UInt64: ShardFeed] = [:]
    private(set) var allFeeds = TokenTable<ShardFeed>()
    private(set) var subscriptions = TokenTable<Subscription>()
    private let rings = RingQueue()
    var budget = RingBudget()

    /// The feed of a shard, made for its first subscription.
    func enter(stream: UInt64, shard: ShardState) -> ShardFeed {
        let number = shard.number.rawValue
        if let feed = feeds[number] {
            feed.enter()
            return feed
        }
        let feed = ShardFeed(stream: stream, shard: shard)
        feeds[number] = feed
        feed.token = allFeeds.insert(feed)
        feed.enter()
        return feed
    }

    func add(_ subscription: Subscription) {
        subscription.place = subscriptions.insert(subscription)
    }

    /// Takes a subscription out; its feed goes with the last.
    func remove(_ subscription: Subscription) {
        subscriptions.remove(subscription.place)
        leave(subscription)
    }

    /// Takes back that a subscription has entered its feed.
    func leave(_ subscription: Subscription) {
        let feed = subscription.feed
        guard feed.leave(subscription, budget: &budget) else { return }
        rings.remove(feed.ring)
        allFeeds.remove(feed.token)
        feeds[feed.shard.number.rawValue] = nil
    }

    /// Takes note that the ring of a feed was added to, and keeps the sum of all rings within its
    /// bound: the ring that was added to longest ago gives up its oldest events first. Where very
    /// many small ones make room for a large one, the next additions drop the rest of them.
    func keepBudget(_ ring: EventRing) {
        rings.moveToBack(ring)
        var drops = 0
        while budget.used > Limits.ringBytesPerReactor, drops < Limits.droppedEventsPerAddition,
            let oldest = rings.first
        {
            drops += 1
            oldest.dropOldest(&budget)
            if oldest.byteCount == 0 { rings.remove(oldest) }
        }
    }

    /// The log has published records of this shard, or closed it; answers how many it has woken.
    func advanced(_ shard: ShardNumber) -> Int {
        guard let feed = feeds[shard.rawValue] else { return 1 }
        let sleepers = feed.takeSleepers()
        for subscription in sleepers { subscription.wake() }
        return 1 + sleepers.count
    }

    /// Every subscription of this reactor.
    var all: [Subscription] {
        var all: [Subscription] = []
        subscriptions.forEach { all.append($0) }
        return all
    }
}

extension ReactorGateway {
    /// What a subscription sends next: an event that is there, or one that is cut from the log if
    /// this turn has a share left for that.
    func cut(_ feed: ShardFeed, at position: Position) -> EventCutter.Cut {
        if encoding.isUsedUp, feed.ring.event(at: position) == nil { return .later }
        let before = fanOut.budget
        let cut = feed.cut(
            at: position, now: presentMilliseconds, budget: &fanOut.budget, counters: counters)
        let after = fanOut.budget
        if after.cost != before.cost { encoding.charge(after.cost &- before.cost) }
        if after.appends != before.appends { fanOut.keepBudget(feed.ring) }
        return cut
    }

    /// Encodes a half-sent event of records once more, byte for byte as it was. Touches only what
    /// is in memory.
    func encode(again cut: EventCut, of feed: ShardFeed) -> EventCutter.Cut {
        if encoding.isUsedUp { return .later }
        let again = feed.encode(again: cut)
        if case .event(let entry) = again { encoding.charge(entry.cost) }
        return again
    }

    /// The children of a feed's shard, as SubscribeToShard tells them; empty while it is open as
    /// this reactor sees the catalog.
    func children(of feed: ShardFeed) -> [ChildShard] {
        guard let stream = snapshot.stream(id: feed.stream),
            let shard = stream.shards[feed.shard.id.index], shard.isClosed
        else { return [] }
        feed.shard = shard
        return stream.childShards(of: shard)
    }

    /// Cuts a subscription's next event out of cold pages in the blocking pool: the event comes back,
    /// so it need not be in memory that this reactor finds the pages once more.
    func cutWaiting(
        _ cut: @escaping @Sendable () -> EventCutter.Cut, for subscription: Subscription
    ) {
        subscription.status.stall.store(StallCode.disk.rawValue, ordering: .relaxed)
        do throws(BlockingRefusal) {
            subscription.diskWork = try run(
                .disk, for: subscription.request.connection.jobOwner, .cut(subscription)
            ) { _, _ in
                .cut(cut())
            }
        } catch {
            // Too much waits for the disk: this subscription asks again with the next sweep.
            diskBusy.append(subscription)
        }
    }

    /// Has a subscription's next event, which is a large record, encoded by a thread; once for all
    /// that stand there.
    func cutLarge(for subscription: Subscription) {
        let feed = subscription.feed
        if feed.follow(subscription) { return }
        let (cutter, position, now) = (feed.cutter, subscription.position, presentMilliseconds)
        cutWaiting(
            { cutter.cut(at: position, before: nil, now: now, mayWait: true) }, for: subscription)
        if subscription.diskWork != nil { feed.lead(subscription) }
    }

    /// What a thread has cut, shared with the other subscriptions of the shard, if there still are
    /// any.
    func take(_ cut: EventCutter.Cut, for feed: ShardFeed) -> EventCutter.Cut {
        if case .event(let entry) = cut, feed.subscribers > 0 {
            feed.take(entry, budget: &fanOut.budget, counters: counters)
            fanOut.keepBudget(feed.ring)
        }
        return cut
    }

    /// Tells a feed of a changed catalog: its shard may have closed or gone.
    func catalogChanged(_ feed: ShardFeed) {
        let stream = snapshot.stream(id: feed.stream)
        if let shard = stream?.shards[feed.shard.id.index] {
            feed.shard = shard
            guard shard.isClosed else { return }
        }
        for subscription in feed.takeSleepers() { subscription.wake() }
    }

    /// Tells a subscription of a changed catalog: its stream or consumer may have gone.
    func catalogChanged(_ subscription: Subscription) {
        guard let stream = snapshot.stream(id: subscription.feed.stream),
            stream.status != .deleting
        else {
            let arn = subscription.consumer.arn.stream
            return subscription.end(
                .exception(.streamNotFound(name: arn.name, account: arn.account)))
        }
        let consumer = stream.consumer(id: subscription.consumer.id)
        if consumer == nil || consumer?.status == .deleting {
            let arn = subscription.consumer.arn
            subscription.end(
                .exception(.consumerNotFound(name: arn.name, account: arn.stream.account)))
        }
    }

    /// Lets subscriptions whose turn at the disk did not come ask again, some at a time.
    func retryDisk() {
        let retried = diskBusy.suffix(Limits.sliceItems)
        diskBusy.removeLast(retried.count)
        for subscription in retried { subscription.diskWasBusy() }
    }

    /// Looks at a subscription about once a second: whether its time is over, what its client has
    /// credited, and whether it stands still.
    ///
    /// - Parameter moment: The reactor's nanoseconds.
    func sweep(_ subscription: Subscription, at moment: UInt64, into tally: inout StallTally) {
        if subscription.mustBeCutOff(now: moment) { return cutOff(subscription) }
        noteCredit(subscription)
        let stall: StallCode?
        if subscription.isWaitingForDisk {
            stall = .disk
        } else if let reason = subscription.request.exchange.isStalled {
            subscription.forgetBytes()
            stall = StallCode(reason)
        } else {
            stall = subscription.isHeldByFault ? .fault : nil
        }
        subscription.status.stall.store(stall?.rawValue ?? 0, ordering: .relaxed)
        if let stall {
            tally.stalled[Int(stall.rawValue) - 1] += 1
        } else if node.faults != nil {
            // A fault that held it may be over.
            subscription.wake()
        }
        if subscription.position < subscription.feed.shard.log.tail {
            let behind = presentMilliseconds - subscription.lastSentArrival
            tally.lagMilliseconds = max(tally.lagMilliseconds, UInt64(max(0, behind)))
        }
    }

    /// Shows what a sweep over all subscriptions has found.
    func show(_ tally: StallTally) {
        for (position, count) in tally.stalled.enumerated() {
            counters.stalled[position].set(count)
        }
        counters.lagMilliseconds.store(tally.lagMilliseconds, ordering: .relaxed)
        counters.ringBytes.store(fanOut.budget.used, ordering: .relaxed)
    }

    /// What was sent, and what the client has taken of it, goes to its cursor.
    func noteCredit(_ subscription: Subscription) {
        let sent = subscription.status.sent.load(ordering: .relaxed)
        if sent > 0 {
            node.catalog.noteSent(
                consumer: subscription.consumer.id, shard: subscription.feed.shard.number,
                index: sent, milliseconds: presentMilliseconds)
        }
        let exchange = subscription.request.exchange
        guard
            let taken = exchange.creditedBodyBytes
                ?? subscription.request.connection.acknowledgedBodyBytes(of: exchange),
            let index = subscription.creditedIndex(bodyBytes: taken)
        else { return }
        node.catalog.noteCredited(
            consumer: subscription.consumer.id, shard: subscription.feed.shard.number,
            index: index, milliseconds: presentMilliseconds)
    }
}

/// What stands still, and how far behind the worst is.
struct StallTally {
    /// By `StallCode` less one.
    var stalled = [UInt64](repeating: 0, count: StallCode.allCases.count)
    var lagMilliseconds: UInt64 = 0
}

extension StallCode {
    init(_ reason: StallReason) {
        switch reason {
        case .streamWindow: self = .streamWindow
        case .connectionWindow: self = .connectionWindow
        case .socket: self = .socket
        }
    }
}
