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
    private(set) var subscriptions: [ObjectIdentifier: Subscription] = [:]
    var budget = RingBudget()

    /// The feed of a shard, made for its first subscription.
    func enter(stream: UInt64, shard: ShardState) -> ShardFeed {
        let number = shard.number.rawValue
        let feed = feeds[number] ?? ShardFeed(stream: stream, shard: shard)
        feeds[number] = feed
        feed.enter()
        return feed
    }

    func add(_ subscription: Subscription) {
        subscriptions[ObjectIdentifier(subscription)] = subscription
    }

    /// Takes a subscription out; its feed goes with the last.
    func remove(_ subscription: Subscription) {
        subscriptions[ObjectIdentifier(subscription)] = nil
        leave(subscription)
    }

    /// Takes back that a subscription has entered its feed.
    func leave(_ subscription: Subscription) {
        if subscription.feed.leave(subscription, budget: &budget) {
            feeds[subscription.feed.shard.number.rawValue] = nil
        }
    }

    /// Keeps the sum of all rings within its bound: the ring that was added to longest ago gives
    /// up its oldest events first.
    func keepBudget() {
        while budget.used > Limits.ringBytesPerReactor {
            let oldest = feeds.values.filter { $0.ring.byteCount > 0 }
                .min { $0.ring.lastAppend < $1.ring.lastAppend }
            guard let oldest else { return }
            oldest.ring.dropOldest(&budget)
        }
    }

    /// The log has published records of this shard, or closed it.
    func advanced(_ shard: ShardNumber) {
        guard let feed = feeds[shard.rawValue] else { return }
        for subscription in feed.takeSleepers() { subscription.wake() }
    }

    func forEachFeed(_ body: (ShardFeed) -> Void) {
        for feed in feeds.values { body(feed) }
    }

    /// Every subscription of this reactor.
    var all: [Subscription] { Array(subscriptions.values) }

    func forEach(_ body: (Subscription) -> Void) {
        for subscription in subscriptions.values { body(subscription) }
    }
}

extension Worker {
    /// What a subscription sends next from the log.
    func cut(_ feed: ShardFeed, at position: Position) -> EventCutter.Cut {
        let cut = feed.cut(
            at: position, now: nodeMilliseconds, budget: &fanOut.budget, counters: counters)
        fanOut.keepBudget()
        return cut
    }

    /// The children of a feed's shard, as SubscribeToShard tells them; empty while it is open.
    func children(of feed: ShardFeed) -> [ChildShard] {
        guard feed.shard.closedSecond != nil,
            let stream = snapshot.stream(id: feed.stream)
        else { return [] }
        return stream.childShards(of: feed.shard)
    }

    /// Cuts a subscription's next event out of cold pages on a worker thread: the event comes back,
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

    /// What a worker thread has cut, shared with the other subscriptions of the shard.
    func take(_ cut: EventCutter.Cut, for feed: ShardFeed) -> EventCutter.Cut {
        if case .event(let entry) = cut {
            feed.take(entry, budget: &fanOut.budget, counters: counters)
            fanOut.keepBudget()
        }
        return cut
    }

    /// A changed catalog: shards have closed, consumers and streams have gone.
    func catalogChanged() {
        fanOut.forEachFeed { feed in
            let stream = snapshot.stream(id: feed.stream)
            if let shard = stream?.shards[feed.shard.id.index] {
                feed.shard = shard
                guard shard.isClosed else { return }
            }
            for subscription in feed.takeSleepers() { subscription.wake() }
        }
        fanOut.forEach { subscription in
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
    }

    /// Once a second: what clients have credited goes to the cursors, and what stands still is
    /// counted.
    ///
    /// - Parameter moment: The reactor's nanoseconds.
    func sweepSubscriptions(at moment: UInt64) {
        let retried = diskBusy
        diskBusy = []
        for subscription in retried { subscription.diskWasBusy() }
        var stalled = [UInt64](repeating: 0, count: StallCode.allCases.count)
        var lag: UInt64 = 0
        let now = nodeMilliseconds
        fanOut.forEach { subscription in
            if subscription.mustBeCutOff(now: moment) { return cutOff(subscription) }
            noteCredit(subscription)
            let exchange = subscription.request.exchange
            if subscription.isWaitingForDisk {
                subscription.status.stall.store(StallCode.disk.rawValue, ordering: .relaxed)
                stalled[Int(StallCode.disk.rawValue) - 1] += 1
            } else if let reason = exchange.isStalled {
                let code = StallCode(reason)
                subscription.forgetBytes()
                subscription.status.stall.store(code.rawValue, ordering: .relaxed)
                stalled[Int(code.rawValue) - 1] += 1
            } else if subscription.isHeldByFault {
                subscription.status.stall.store(StallCode.fault.rawValue, ordering: .relaxed)
                stalled[Int(StallCode.fault.rawValue) - 1] += 1
            } else {
                subscription.status.stall.store(0, ordering: .relaxed)
                // A fault that held it may be over.
                if node.faults != nil { subscription.wake() }
            }
            if subscription.position < subscription.feed.shard.log.tail {
                let behind = now - subscription.lastSentArrival
                lag = max(lag, UInt64(max(0, behind)))
            }
        }
        for (position, count) in stalled.enumerated() { counters.stalled[position].set(count) }
        counters.lagMilliseconds.store(lag, ordering: .relaxed)
        counters.ringBytes.store(fanOut.budget.used, ordering: .relaxed)
    }

    /// What was sent, and what the client has taken of it, goes to its cursor.
    func noteCredit(_ subscription: Subscription) {
        let sent = subscription.status.sent.load(ordering: .relaxed)
        if sent > 0 {
            node.catalog.noteSent(
                consumer: subscription.consumer.id, shard: subscription.feed.shard.number,
                index: sent, milliseconds: nodeMilliseconds)
        }
        let exchange = subscription.request.exchange
        guard
            let taken = exchange.creditedBodyBytes
                ?? subscription.request.connection.acknowledgedBodyBytes(of: exchange),
            let index = subscription.creditedIndex(bodyBytes: taken)
        else { return }
        node.catalog.noteCredited(
            consumer: subscription.consumer.id, shard: subscription.feed.shard.number,
            index: index, milliseconds: nodeMilliseconds)
    }
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
