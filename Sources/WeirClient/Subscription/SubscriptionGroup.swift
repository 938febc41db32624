import Kinesis

/// The subscriptions behind one `Subscription`: to a single shard, or to all shards of a stream and
/// those that continue them.
final class SubscriptionGroup {
    private let loop: ClientLoop
    private let consumer: ConsumerARN
    private let mailbox: EventMailbox
    private let start: StartingPosition
    private var lineage: ShardLineage
    private let initial: Set<ShardID>
    private let followsChildren: Bool
    private var running: [ShardID: ShardSubscription] = [:]

    init(
        loop: ClientLoop, consumer: ConsumerARN, shards: [(id: ShardID, parents: [ShardID])],
        from start: StartingPosition, followsChildren: Bool, mailbox: EventMailbox
    ) {
        self.loop = loop
        self.consumer = consumer
        self.start = start
        self.followsChildren = followsChildren
        self.mailbox = mailbox
        lineage = ShardLineage(shards)
        initial = Set(shards.map(\.id))
    }

    func begin() {
        for id in lineage.begin() {
            let subscription = ShardSubscription(
                id, of: consumer, from: position(of: id), loop: loop, owner: self)
            running[id] = subscription
            subscription.start()
        }
    }

    /// A shard that came up on the way is read from its beginning, unless the server knows better.
    private func position(of id: ShardID) -> StartingPosition {
        if initial.contains(id) || start == .cursor { start } else { .trimHorizon }
    }

    /// An event was taken by the reader.
    func taken(_ shard: ShardID, _ credit: ShardSubscription.EventCredit) {
        running[shard]?.taken(credit)
    }

    /// Ends all of it.
    func end(_ error: ClientError?) {
        let subscriptions = running
        running = [:]
        for subscription in subscriptions.values { subscription.cancel() }
        mailbox.finish(error.map { .failure($0) } ?? .success(()))
    }
}

extension SubscriptionGroup: ShardSubscriptionOwner {
    func received(
        _ event: SubscriptionEvent, credit: ShardSubscription.EventCredit,
        from subscription: ShardSubscription
    ) {
        mailbox.post(EventMailbox.Delivery(event: event, credit: credit))
    }

    func finished(_ subscription: ShardSubscription, children: [ChildShard]) {
        running[subscription.shard] = nil
        lineage.finish(subscription.shard, children: followsChildren ? children : [])
        guard lineage.count <= Limits.followedShards else {
            return end(.response("more than \(Limits.followedShards) shards in one subscription"))
        }
        begin()
        if running.isEmpty { end(nil) }
    }

    func failed(_ subscription: ShardSubscription, _ error: ClientError) {
        running[subscription.shard] = nil
        end(error)
    }
}
