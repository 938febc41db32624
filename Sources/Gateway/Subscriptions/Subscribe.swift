import Catalog
import HTTP
import Kinesis
import Reactor
import ShardLog
import Synchronization

/// SubscribeToShard: from the request to a running subscription.
///
/// Find the consumer and the shard, find the position (in the blocking pool if its pages are cold),
/// claim the place of (consumer, shard), wait until the subscription that held it has ended, then stream.
extension ReactorGateway {
    func subscribe(_ request: Request, _ input: SubscribeToShard.Input) throws(ServiceError) {
        guard !isDraining else { throw .goingDown }
        let (stream, consumer) = try request.consumer(.arn(input.consumer))
        guard stream.status != .deleting else {
            throw .streamNotFound(name: stream.name, account: stream.account)
        }
        guard consumer.status == .active else {
            throw .consumerNotActive(
                name: consumer.name, createdSecond: consumer.createdSecond,
                stream: stream.name, account: stream.account)
        }
        let shard = try request.shard(input.shardID, of: stream)
        let start = try subscriptionStart(input.position, consumer, shard, stream)
        if input.dryRun {
            let key = SubscriptionSlots.Key(consumer: consumer.id, shard: shard.number.rawValue)
            if node.slots.isProtected(
                key, now: monotonicNow(),
                protectedFor: scaled(seconds: Limits.takeoverProtectionSeconds))
            {
                throw .subscriptionExists(
                    account: stream.account, stream: stream.name,
                    shardID: shard.id.description, consumer: consumer.name)
            }
            throw .dryRun
        }
        try checkSubscribeRate(consumer, shard)
        locate(
            start, in: shard, cutoff: stream.cutoff(retentionClock), for: request
        ) { [self] found in
            switch found {
            case .failure(let error): request.fail(error)
            case .success(let place):
                // The catalog may have changed while a thread looked.
                guard let stream = snapshot.stream(id: stream.id),
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

    /// What a starting position means for this consumer and shard.
    private func subscriptionStart(
        _ position: StartingPosition, _ consumer: ConsumerState,
        _ shard: ShardState, _ stream: StreamState
    ) throws(ServiceError) -> ReadStart {
        switch position {
        case .trimHorizon: return .horizon
        case .latest: return .after(shard.log.quietPoint().continuation)
        case .atSequenceNumber(let text):
            return .at(try shard.index(of: text, in: stream))
        case .afterSequenceNumber(let text):
            let index = try shard.index(of: text, in: stream)
            // A number that the shard has not come to yet means its tip: the client is told a
            // number to resume after that misses nothing.
            let isKnown = shard.isClosed || shard.log.hasGivenOut(index)
            return .after(isKnown ? index : shard.log.quietPoint().continuation)
        case .atTimestamp(let milliseconds):
            try checkNotInFuture(milliseconds)
            return .arrival(milliseconds)
        case .cursor:
            let cursor = node.catalog.cursor(consumer: consumer.id, shard: shard.number)
            if let point = cursor?.resumption { return .after(point.index) }
            // Never here before: a consumer that asks for its cursor must not miss anything.
            return .horizon
        }
    }

    private func claim(
        _ request: Request, _ consumer: ConsumerState, _ stream: StreamState, _ shard: ShardState,
        _ place: ReadPlace
    ) {
        guard request.isOpen else { return }
        guard !isDraining else { return request.fail(.goingDown) }
        let spread = UInt64.random(in: 0...scaled(seconds: Limits.lifetimeSpreadSeconds))
        let subscription = Subscription(
            request: request, gateway: self,
            feed: fanOut.enter(stream: stream.id, shard: shard), consumer: consumer,
            position: place.position, continuation: place.continuation,
            expiresAt: reactor.now
                &+ scaled(seconds: Limits.subscriptionSeconds - Limits.endSeconds) &- spread)
        guard settle(subscription) else {
            fanOut.leave(subscription)
            return request.fail(
                .subscriptionExists(
                    account: stream.account, stream: stream.name,
                    shardID: shard.id.description, consumer: consumer.name))
        }
    }

    /// A subscription that has its place, or will.
    func begin(_ subscription: Subscription) {
        subscription.request.subscription = subscription
        subscription.request.connection.subscriptions += 1
        fanOut.add(subscription)
        keepAlives.append(subscription)
        counters.subscriptionsOpen.wrappingAdd(1, ordering: .relaxed)
        counters.subscriptionsStarted.wrappingAdd(1, ordering: .relaxed)
        node.catalog.noteOrigin(
            consumer: subscription.consumer.id, shard: subscription.feed.shard.number,
            index: subscription.continuation, milliseconds: presentMilliseconds)
    }

    /// Ends a subscription whose client does not let it end: its time is over, and no byte goes
    /// out. Its stream is reset, which needs no window; on HTTP/1.1 the connection is closed. The
    /// subscription is over at once, whether the peer ever hears of it or not.
    func cutOff(_ subscription: Subscription) {
        counters.subscriptionsCutOff.wrappingAdd(1, ordering: .relaxed)
        subscription.stop()
        subscription.request.exchange.reset(.cancel)
        subscription.request.connection.markDirty()
        if subscription.request.subscription === subscription { subscriptionEnded(subscription) }
    }

    /// The exchange of a subscription is over, or it sends nothing more: everything that it held is
    /// given back.
    func subscriptionEnded(_ subscription: Subscription) {
        subscription.request.subscription = nil
        subscription.request.connection.subscriptions -= 1
        if let work = subscription.diskWork { giveUp(work) }
        // Those who waited for the same ask again.
        for follower in subscription.feed.takeFollowers(of: subscription) { follower.diskWasBusy() }
        keepAlives.remove(subscription)
        noteCredit(subscription)
        fanOut.remove(subscription)
        counters.subscriptionsOpen.wrappingSubtract(1, ordering: .relaxed)
        leave(subscription.token)
    }
}
