import Catalog
import Kinesis
import Reactor
import ShardLog
import Synchronization

/// SubscribeToShard: from the request to a running subscription.
///
/// Find the consumer and the shard, find the position (on a worker if its pages are cold), claim
/// the place of (consumer, shard), wait until the subscription that held it has ended, then stream.
extension Worker {
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
            start, in: shard, cutoff: stream.cutoff(now: nodeMilliseconds), for: request
        ) { [self] found in
            switch found {
            case .failure(let error): request.fail(error)
            case .success(let position):
                // The catalog may have changed while a worker looked.
                guard let stream = snapshot.stream(id: stream.id),
                    let consumer = stream.consumer(id: consumer.id),
                    let shard = stream.shards[shard.id.index]
                else {
                    return request.fail(
                        .consumerNotFound(name: consumer.name, account: stream.account))
                }
                claim(
                    request, consumer, stream, shard, position,
                    before(position, start, in: shard))
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

    /// An index below the first record at a position, above those before it.
    private func before(
        _ position: Position, _ start: ReadStart, in shard: ShardState
    ) -> UInt64 {
        guard case .arrival = start else { return start.continuation }
        var index: UInt64 = 0
        _ = shard.log.read(from: position, maximumRecords: 1, maximumBytes: 1) { record in
            index = record.index - 1
            return false
        }
        let quiet = shard.log.quietPoint()
        return index == 0 && quiet.tail == position ? quiet.continuation : index
    }

    private func claim(
        _ request: Request, _ consumer: ConsumerState, _ stream: StreamState, _ shard: ShardState,
        _ position: Position, _ continuation: UInt64
    ) {
        guard request.isOpen else { return }
        guard !isDraining else { return request.fail(.goingDown) }
        let key = SubscriptionSlots.Key(consumer: consumer.id, shard: shard.number.rawValue)
        let spread = UInt64.random(in: 0...scaled(seconds: Limits.lifetimeSpreadSeconds))
        let subscription = Subscription(
            request: request, worker: self,
            feed: fanOut.enter(stream: stream.id, shard: shard), consumer: consumer, key: key,
            status: SubscriptionStatus(), position: position, continuation: continuation,
            // It is asked at every event, so at the latest one keep-alive after this.
            expiresAt: reactor.now
                &+ scaled(seconds: Limits.subscriptionSeconds - Limits.keepAliveSeconds) &- spread)
        subscription.token = waiting.insert(.subscription(subscription))
        let holder = SubscriptionSlots.Holder(reactor: index, token: subscription.token)
        let claim = node.slots.claim(
            key, for: holder, status: subscription.status, now: monotonicNow(),
            protectedFor: scaled(seconds: Limits.takeoverProtectionSeconds))
        if case .refused = claim {
            waiting.remove(subscription.token)
            fanOut.remove(subscription)
            return request.fail(
                .subscriptionExists(
                    account: stream.account, stream: stream.name,
                    shardID: shard.id.description, consumer: consumer.name))
        }
        request.subscription = subscription
        fanOut.add(subscription)
        keepAlives.append(subscription)
        counters.subscriptionsOpen.wrappingAdd(1, ordering: .relaxed)
        counters.subscriptionsStarted.wrappingAdd(1, ordering: .relaxed)
        node.catalog.noteOrigin(
            consumer: consumer.id, shard: shard.number, index: continuation,
            milliseconds: nodeMilliseconds)
        switch claim {
        case .granted, .refused: subscription.start()
        case .takeover(let previous):
            counters.subscriptionsTakenOver.wrappingAdd(1, ordering: .relaxed)
            if previous.reactor == index {
                takeOver(previous.token, holder)
            } else {
                node.post(.takenOver(token: previous.token, newcomer: holder), to: previous.reactor)
            }
        }
    }

    /// The place of one of our subscriptions went to a newcomer, who waits for our word.
    func takeOver(_ token: UInt64, _ newcomer: SubscriptionSlots.Holder) {
        if case .subscription(let old) = waiting[token] {
            if old.isWaitingForPlace {
                // It never began; whoever it waited for answers nobody any more.
                old.request.fail(old.activeElsewhere)
                endUnstarted(old)
            } else {
                old.end(.exception(old.activeElsewhere))
            }
        }
        if newcomer.reactor == index {
            placeIsFree(newcomer.token)
        } else {
            node.post(.placeIsFree(token: newcomer.token), to: newcomer.reactor)
        }
    }

    /// The subscription that held the place of this one has ended.
    func placeIsFree(_ token: UInt64) {
        guard case .subscription(let subscription) = waiting[token] else { return }
        subscription.start()
    }

    private func endUnstarted(_ subscription: Subscription) {
        subscription.request.subscription = nil
        subscriptionEnded(subscription)
    }

    /// The exchange of a subscription is over: everything that it held is given back.
    func subscriptionEnded(_ subscription: Subscription) {
        waiting.remove(subscription.token)
        if let work = subscription.diskWork { giveUp(work) }
        keepAlives.remove(subscription)
        noteCredit(subscription)
        fanOut.remove(subscription)
        node.slots.release(
            subscription.key,
            by: SubscriptionSlots.Holder(reactor: index, token: subscription.token))
        counters.subscriptionsOpen.wrappingSubtract(1, ordering: .relaxed)
    }
}
