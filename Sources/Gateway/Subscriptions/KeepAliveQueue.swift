/// The subscriptions of a reactor in the order of their last event: the head is the quietest.
///
/// One list instead of a timer for each: every subscription waits the same time, so the order in
/// which they were last served is the order in which they fall due. It is kept to within a
/// tolerance, so that one that is served often is not moved each time.
final class KeepAliveQueue {
    private var head: Subscription?
    private var tail: Subscription?

    /// How much later than another one that stands behind it a subscription may have been served,
    /// nanoseconds: as much later than due is the other asked at most.
    static let tolerance: UInt64 = 50_000_000

    /// The subscription has been served.
    @inline(__always)
    func served(_ subscription: Subscription, now: UInt64) {
        subscription.lastEventAt = now
        if now &- subscription.queuedAt >= Self.tolerance { moveToBack(subscription) }
    }

    func append(_ subscription: Subscription) {
        subscription.queuedAt = subscription.lastEventAt
        subscription.previousInQueue = tail
        subscription.nextInQueue = nil
        tail?.nextInQueue = subscription
        tail = subscription
        if head == nil { head = subscription }
    }

    func remove(_ subscription: Subscription) {
        let previous = subscription.previousInQueue
        let next = subscription.nextInQueue
        guard previous != nil || next != nil || head === subscription else { return }
        previous?.nextInQueue = next
        next?.previousInQueue = previous
        if head === subscription { head = next }
        if tail === subscription { tail = previous }
        subscription.previousInQueue = nil
        subscription.nextInQueue = nil
    }

    private func moveToBack(_ subscription: Subscription) {
        guard tail !== subscription else { return subscription.queuedAt = subscription.lastEventAt }
        remove(subscription)
        append(subscription)
    }

    /// Calls `body` for each subscription whose last event is older than `age` nanoseconds, and
    /// puts it back behind the others; answers whether more than `limit` are due.
    func forEachDue(
        now: UInt64, age: UInt64, limit: Int, _ body: (Subscription) -> Void
    ) -> Bool {
        var left = limit
        while let subscription = head, now >= subscription.lastEventAt &+ age {
            if left == 0 { return true }
            left -= 1
            // Also those that cannot be served now are asked again only after the full time.
            subscription.lastEventAt = now
            moveToBack(subscription)
            body(subscription)
            if head === subscription { break }
        }
        return false
    }
}
