import Catalog
import HTTP
import Kinesis
import Metrics
import Reactor
import ShardLog
import Synchronization

/// The subscriptions of one reactor, from their place to their end.
///
/// Stage 8 and stage 10 of a record's life: a commit names the shards that grew (`advanced`); their
/// sleepers wake, and each chooses its next event when its connection can send. Beside that every
/// subscription hears of a changed catalog, is asked for a sign of life when it is quiet, and is
/// looked at once a second.
final class Subscriptions {
    private let node: Node
    private let reactor: Reactor
    private let clock: TurnClock
    private let counters: GatewayCounters
    private let catalog: CatalogView
    private let slices: Slices
    private var table = TokenTable<Subscription>()
    private let feeds: Feeds
    private let share: EncodingShare
    private let keepAlives = KeepAliveQueue()
    private let cold: ColdEvents
    /// Who holds which place.
    let places: Places
    private var keepAliveTimer: Timer?
    private var drainTimer: Timer?
    /// No subscription begins any more.
    private(set) var isDraining = false
    private var isSweeping = false
    /// They hear of a changed catalog; whether it has changed again meanwhile.
    private var news: (isUnderWay: Bool, isOutdated: Bool) = (false, false)

    init(
        node: Node, reactor: Reactor, clock: TurnClock, catalog: CatalogView, slices: Slices,
        waiting: PendingWork
    ) {
        self.node = node
        self.reactor = reactor
        self.clock = clock
        self.catalog = catalog
        self.slices = slices
        counters = node.counters[reactor.index]
        share = EncodingShare(reactor)
        feeds = Feeds(counters, share)
        cold = ColdEvents(node: node, waiting: waiting, feeds: feeds)
        places = Places(node: node, index: reactor.index, clock: clock, waiting: waiting)
        let timer = Timer { [unowned self] in askQuiet() }
        keepAliveTimer = timer
        reactor.schedule(timer, at: reactor.now &+ node.scaled(seconds: 0.25))
    }

    /// Every subscription.
    var all: [Subscription] {
        var all: [Subscription] = []
        table.forEach { all.append($0) }
        return all
    }

    /// Bytes of encoded events that are kept for them.
    var ringBytes: Int { feeds.ringBytes }

    // MARK: Coming and going

    /// Has a request become a subscription of a consumer that may read the shard: finds the position,
    /// in the blocking pool if its pages are cold, claims the place of (consumer, shard), waits until
    /// the subscription that held it has ended, then streams.
    func subscribe(
        _ request: Request, _ consumer: ConsumerState, _ stream: StreamState, _ shard: ShardState,
        _ start: ReadStart
    ) {
        start.locate(
            in: shard, cutoff: stream.cutoff(node.log.retentionClock), for: request
        ) { [self] found in
            switch found {
            case .failure(let error): request.fail(error)
            case .success(let place):
                // The catalog may have changed while a thread looked.
                guard let stream = catalog.snapshot.stream(id: stream.id),
                    let consumer = stream.consumer(id: consumer.id),
                    let shard = stream.shards[shard.id.index]
                else {
                    return request.fail(
                        .consumerNotFound(name: consumer.name, account: stream.account))
                }
                claim(request, consumer, stream, shard, place)
            }
        }
    }

    private func claim(
        _ request: Request, _ consumer: ConsumerState, _ stream: StreamState, _ shard: ShardState,
        _ place: ReadPlace
    ) {
        guard request.isOpen else { return }
        guard !isDraining else { return request.fail(.goingDown) }
        guard begin(request, consumer, stream, shard, place) else {
            return request.fail(
                .subscriptionExists(
                    account: stream.account, stream: stream.name,
                    shardID: shard.id.description, consumer: consumer.name))
        }
    }

    /// Begins a subscription, now or when the one before has ended; false if its place is not to be
    /// had.
    private func begin(
        _ request: Request, _ consumer: ConsumerState, _ stream: StreamState, _ shard: ShardState,
        _ start: ReadPlace
    ) -> Bool {
        let spread = UInt64.random(in: 0...node.scaled(seconds: Limits.lifetimeSpreadSeconds))
        let life = node.scaled(seconds: Limits.subscriptionSeconds - Limits.endSeconds)
        let subscription = Subscription(
            request: request, home: self, node: node, reactor: reactor,
            feed: feeds.enter(stream: stream.id, shard: shard), consumer: consumer,
            position: start.position, continuation: start.continuation,
            expiresAt: reactor.now &+ life &- spread)
        guard let claim = places.claim(subscription) else {
            feeds.leave(subscription)
            return false
        }
        begin(subscription)
        places.proceed(claim, subscription.token)
        return true
    }

    /// A subscription that has its place, or will.
    private func begin(_ subscription: Subscription) {
        subscription.request.subscription = subscription
        subscription.request.connection.subscriptionBegan()
        subscription.place = table.insert(subscription)
        keepAlives.append(subscription)
        counters.subscriptionsOpen.add()
        counters.subscriptionsStarted.add()
        node.catalog.noteOrigin(
            consumer: subscription.consumer.id, shard: subscription.feed.shard.number,
            index: subscription.continuation, milliseconds: node.log.presentMilliseconds())
    }

    /// The exchange of a subscription is over, or it sends nothing more: everything that it held is
    /// given back.
    func ended(_ subscription: Subscription) {
        subscription.request.subscription = nil
        subscription.request.connection.subscriptionEnded()
        cold.forget(subscription)
        keepAlives.remove(subscription)
        noteCredit(subscription)
        table.remove(subscription.place)
        feeds.leave(subscription)
        counters.subscriptionsOpen.subtract()
        places.leave(subscription.token)
    }

    /// Ends a subscription whose client does not let it end: its time is over, and no byte goes
    /// out. Its stream is reset, which needs no window; on HTTP/1.1 the connection is closed. The
    /// subscription is over at once, whether the peer ever hears of it or not.
    private func cutOff(_ subscription: Subscription) {
        counters.subscriptionsCutOff.add()
        subscription.stop()
        subscription.request.exchange.reset(.cancel)
        subscription.request.connection.markDirty()
        if subscription.request.subscription === subscription { ended(subscription) }
    }

    /// Cuts the subscriptions that a fault is for.
    func cut(_ fault: Fault, _ owner: FaultTable.Owner) {
        for subscription in all
        where subscription.owner == owner && fault.concerns(subscription.subject) {
            subscription.request.exchange.reset(.internalError)
            subscription.request.connection.markDirty()
        }
    }

    // MARK: Events

    /// A turn's share of encoding begins.
    func beginShare() { share.begin() }

    /// The log has published records of this shard, or closed it; answers how many it has woken.
    func advanced(_ shard: ShardNumber) -> Int { feeds.advanced(shard) }

    /// What a subscription sends next.
    func nextEvent(of subscription: Subscription) -> EventCutter.Cut {
        feeds.cut(
            subscription.feed, at: subscription.position, now: node.log.presentMilliseconds())
    }

    /// A half-sent event of a subscription once more, byte for byte as it was.
    func again(_ cut: EventCut, of subscription: Subscription) -> EventCutter.Cut {
        feeds.encode(again: cut, of: subscription.feed)
    }

    /// Wakes a subscription when there is a share of a turn again.
    func waitForShare(_ subscription: Subscription) { share.wait(subscription) }

    /// Has a subscription's event cut by a thread that may wait.
    func waitForDisk(
        _ subscription: Subscription, _ cut: @escaping @Sendable () -> EventCutter.Cut
    ) {
        cold.cut(for: subscription, cut)
    }

    /// Has a subscription's next event, which is a large record, encoded by a thread.
    func waitForLarge(_ subscription: Subscription) { cold.encodeLarge(for: subscription) }

    /// A thread has cut the next event of a subscription.
    func diskAnswered(_ subscription: Subscription, _ cut: EventCutter.Cut) {
        cold.answered(subscription, cut)
    }

    /// A subscription has sent a whole event.
    @inline(__always)
    func served(_ subscription: Subscription) { keepAlives.served(subscription, now: reactor.now) }

    // MARK: The catalog

    /// The children of a subscription's shard; nil if there may be some that this reactor's catalog
    /// does not know yet, empty if there is nothing left to follow.
    func children(of subscription: Subscription) -> [ChildShard]? {
        let children = subscription.feed.children(in: catalog.snapshot)
        return children.isEmpty && !catalog.isCurrent ? nil : children
    }

    /// Shards have closed, consumers and streams have gone: every feed and subscription looks, some
    /// at a time. What a subscription decides at the end of its shard does not wait for this.
    func catalogChanged() {
        news.isOutdated = news.isUnderWay
        guard !news.isUnderWay, table.count > 0 else { return }
        news.isUnderWay = true
        var nextFeed: Int? = 0
        var nextSubscription: Int? = 0
        slices.add { [unowned self] in
            if let place = nextFeed {
                let (some, next) = feeds.slice(from: place, count: Limits.sliceItems)
                for feed in some { feed.catalogChanged(catalog.snapshot) }
                nextFeed = next
                return true
            }
            if let place = nextSubscription {
                let (some, next) = table.slice(from: place, count: Limits.sliceItems)
                for subscription in some { subscription.catalogChanged(catalog.snapshot) }
                nextSubscription = next
                return true
            }
            news.isUnderWay = false
            if news.isOutdated { catalogChanged() }
            return false
        }
    }

    // MARK: Once in a while

    private func askQuiet() {
        let isLeft = keepAlives.forEachDue(
            now: reactor.now, age: node.scaled(seconds: Limits.keepAliveSeconds),
            limit: Limits.sliceItems
        ) {
            $0.keepAliveDue()
        }
        guard let keepAliveTimer else { return }
        let pause = isLeft ? 0 : node.scaled(seconds: 0.25)
        reactor.schedule(keepAliveTimer, at: reactor.now &+ pause)
    }

    /// Looks at every subscription, some at a time. A look that takes longer than a second is
    /// followed by the next, not joined by it.
    func sweep() {
        guard !isSweeping else { return }
        isSweeping = true
        cold.retry()
        var place: Int? = 0
        var tally = StallTally()
        slices.add { [unowned self] in
            guard let start = place else {
                show(tally)
                isSweeping = false
                return false
            }
            let (some, next) = table.slice(from: start, count: Limits.sliceItems)
            for subscription in some { look(at: subscription, now: reactor.now, &tally) }
            place = next
            return true
        }
    }

    /// Looks whether a subscription's time is over, what its client has credited, and whether it
    /// stands still.
    ///
    /// - Parameter now: The reactor's nanoseconds.
    func look(at subscription: Subscription, now: UInt64, _ tally: inout StallTally) {
        if subscription.mustBeCutOff(now: now) { return cutOff(subscription) }
        noteCredit(subscription)
        let stall = subscription.findStall()
        if stall == nil, node.faults != nil {
            // A fault that held it may be over.
            subscription.wake()
        }
        let isBehind = subscription.position < subscription.feed.shard.log.tail
        tally.add(
            stall,
            lag: isBehind
                ? node.log.presentMilliseconds() - subscription.lastSentArrival : 0)
    }

    /// Shows what a look at all subscriptions has found.
    func show(_ tally: StallTally) {
        for (position, count) in tally.stalled.enumerated() {
            counters.stalled[position].set(count)
        }
        counters.lagMilliseconds.set(tally.lagMilliseconds)
        counters.ringBytes.set(feeds.ringBytes)
    }

    /// What was sent, and what the client has taken of it, goes to its cursor.
    private func noteCredit(_ subscription: Subscription) {
        let now = node.log.presentMilliseconds()
        let sent = subscription.status.sent.load(ordering: .relaxed)
        if sent > 0 {
            node.catalog.noteSent(
                consumer: subscription.consumer.id, shard: subscription.feed.shard.number,
                index: sent, milliseconds: now)
        }
        let exchange = subscription.request.exchange
        guard
            let taken = exchange.creditedBodyBytes
                ?? subscription.request.connection.acknowledgedBodyBytes(of: exchange),
            let index = subscription.creditedIndex(bodyBytes: taken)
        else { return }
        node.catalog.noteCredited(
            consumer: subscription.consumer.id, shard: subscription.feed.shard.number,
            index: index, milliseconds: now)
    }

    // MARK: The end

    /// Begins no subscription any more, and ends every one. The ends are spread, so that clients do
    /// not all come back at once.
    func drain(over milliseconds: UInt64) {
        isDraining = true
        let ticks = max(1, milliseconds / Limits.drainTickMilliseconds)
        let count = table.places / Int(ticks) + 1
        var place: Int? = 0
        let timer = Timer { [unowned self] in
            guard let start = place else { return drainTimer = nil }
            let (some, next) = table.slice(from: start, count: count)
            for subscription in some { subscription.end(.clean) }
            place = next
            if let drainTimer {
                reactor.schedule(
                    drainTimer, at: reactor.now &+ Limits.drainTickMilliseconds * 1_000_000)
            }
        }
        drainTimer = timer
        reactor.schedule(timer, at: reactor.now)
    }

    /// Their connections are going to be closed.
    func stopDraining() {
        isDraining = true
        drainTimer.map { reactor.cancel($0) }
        drainTimer = nil
    }

    /// The reactor has ended.
    func end() {
        isDraining = true
        share.forget()
    }
}

/// What stands still, and how far behind the worst is.
struct StallTally {
    /// By `StallCode` less one.
    private(set) var stalled = [Int](repeating: 0, count: StallCode.allCases.count)
    private(set) var lagMilliseconds = 0

    /// - Parameter lag: Milliseconds.
    mutating func add(_ stall: StallCode?, lag: Int64) {
        if let stall { stalled[Int(stall.rawValue) - 1] += 1 }
        lagMilliseconds = max(lagMilliseconds, Int(max(0, lag)))
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
