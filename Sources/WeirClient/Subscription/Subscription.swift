import Kinesis

/// Events that the server pushes, for one task to read.
///
/// An event that is not read keeps its place in the subscription's window: the server sends no
/// more than that, and forgets nobody who is slow. Iterate once; when the last reference is gone
/// the subscription ends.
public final class Subscription: AsyncSequence, Sendable {
    public typealias Element = SubscriptionEvent
    public typealias Failure = ClientError

    private let client: WeirClient
    private let number: UInt64
    private let mailbox = EventMailbox()

    init(
        _ client: WeirClient, consumer: ConsumerARN, shards: [(id: ShardID, parents: [ShardID])],
        from start: StartingPosition, followsChildren: Bool
    ) {
        self.client = client
        let number = client.nextNumber()
        self.number = number
        let mailbox = mailbox
        let isPosted = client.post { loop in
            let group = SubscriptionGroup(
                loop: loop, consumer: consumer, shards: shards, from: start,
                followsChildren: followsChildren, mailbox: mailbox)
            loop.subscriptions[number] = group
            group.begin()
        }
        if !isPosted { mailbox.finish(.failure(.closed)) }
    }

    deinit { cancel() }

    /// Ends the subscription: the server is told, and iteration ends after what was received.
    public func cancel() {
        let number = number
        let isPosted = client.post { loop in
            loop.subscriptions.removeValue(forKey: number)?.end(nil)
        }
        if !isPosted { mailbox.finish(.success(())) }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(subscription: self) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let subscription: Subscription

        /// The next event; nil at the end, and when the task is cancelled.
        public mutating func next() async throws(ClientError) -> SubscriptionEvent? {
            try await subscription.next()
        }
    }

    private func next() async throws(ClientError) -> SubscriptionEvent? {
        guard let delivery = try await mailbox.next() else { return nil }
        let number = number
        let shard = delivery.event.shard
        let credit = delivery.credit
        _ = client.post { loop in loop.subscriptions[number]?.taken(shard, credit) }
        return delivery.event
    }
}
