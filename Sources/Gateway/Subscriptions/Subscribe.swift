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
        guard !subscriptions.isDraining else { throw .goingDown }
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
                key, now: clock.read(),
                protectedFor: node.scaled(seconds: Limits.takeoverProtectionSeconds))
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
        guard !subscriptions.isDraining else { return request.fail(.goingDown) }
        guard subscriptions.begin(request, consumer, stream, shard, place) else {
            return request.fail(
                .subscriptionExists(
                    account: stream.account, stream: stream.name,
                    shardID: shard.id.description, consumer: consumer.name))
        }
    }
}
