import Reactor
import ShardLog
import Synchronization

/// Events that a thread of the blocking pool cuts, because their pages may be cold or their record
/// is large.
final class ColdEvents {
    private let node: Node
    private let waiting: PendingWork
    private let feeds: Feeds
    /// Subscriptions that found no room in the lane.
    private var busy: [Subscription] = []

    init(node: Node, waiting: PendingWork, feeds: Feeds) {
        self.node = node
        self.waiting = waiting
        self.feeds = feeds
    }

    /// Has a subscription's next event cut: it comes back, so it need not be in memory that this
    /// reactor finds the pages once more.
    func cut(
        for subscription: Subscription, _ cut: @escaping @Sendable () -> EventCutter.Cut
    ) {
        subscription.status.stall.store(StallCode.disk.rawValue, ordering: .relaxed)
        do throws(BlockingRefusal) {
            subscription.diskWork = try waiting.run(
                .disk, for: subscription.request.connection.jobOwner, .cut(subscription)
            ) { _, _ in
                .cut(cut())
            }
        } catch {
            // Too much waits for the disk: this subscription asks again with the next sweep.
            busy.append(subscription)
        }
    }

    /// Has a subscription's next event, which is a large record, encoded; once for all that stand
    /// there.
    func encodeLarge(for subscription: Subscription) {
        let feed = subscription.feed
        if feed.follow(subscription) { return }
        let (cutter, position) = (feed.cutter, subscription.position)
        let now = node.log.presentMilliseconds()
        cut(for: subscription) {
            cutter.cut(at: position, before: nil, now: now, mayWait: true)
        }
        if subscription.diskWork != nil { feed.lead(subscription) }
    }

    /// A thread has cut the next event of a subscription, and of those who wait for the same.
    func answered(_ subscription: Subscription, _ cut: EventCutter.Cut) {
        for follower in subscription.feed.takeFollowers(of: subscription) {
            follower.diskAnswered(cut)
        }
        feeds.take(cut, for: subscription.feed)
        subscription.diskAnswered(cut)
        // Somebody else's turn has come.
        if let next = busy.popLast() { next.diskWasBusy() }
    }

    /// A subscription is over: its work is given up, and those who waited for the same ask again.
    func forget(_ subscription: Subscription) {
        if let work = subscription.diskWork { waiting.giveUp(work) }
        for follower in subscription.feed.takeFollowers(of: subscription) { follower.diskWasBusy() }
    }

    /// Lets subscriptions that found no room ask again, some at a time.
    func retry() {
        let retried = busy.suffix(Limits.sliceItems)
        busy.removeLast(retried.count)
        for subscription in retried { subscription.diskWasBusy() }
    }
}
