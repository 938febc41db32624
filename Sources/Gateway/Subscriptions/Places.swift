import Kinesis
import Metrics
import Reactor

/// The places of one reactor's subscriptions, from the claim to the return: the messages of
/// ``Tenancy`` between reactors.
final class Places {
    private let node: Node
    private let index: Int
    private let clock: TurnClock
    private let waiting: PendingWork
    /// Whether a young subscription is not taken over; tests do not wait for it to be older.
    var protects = true

    init(node: Node, index: Int, clock: TurnClock, waiting: PendingWork) {
        self.node = node
        self.index = index
        self.clock = clock
        self.waiting = waiting
    }

    /// How long a subscription is not taken over, nanoseconds.
    var protection: UInt64 {
        protects ? node.scaled(seconds: Limits.takeoverProtectionSeconds) : 0
    }

    /// Claims the place of a subscription; nil if it is not to be had. The caller begins the
    /// subscription and then calls `proceed`.
    func claim(_ subscription: Subscription) -> SubscriptionSlots.Claim? {
        let place = Place(subscription.key, Tenancy(waits: true), subscription)
        let token = waiting.insert(.place(place))
        let claim = node.slots.claim(
            place.key, for: holder(token), status: subscription.status, now: clock.read(),
            protectedFor: protection)
        if case .refused = claim {
            waiting.remove(token)
            return nil
        }
        subscription.token = token
        return claim
    }

    /// Starts a subscription that has claimed its place, now or when the one before has ended.
    func proceed(_ claim: SubscriptionSlots.Claim, _ token: UInt64) {
        switch claim {
        case .granted, .refused: isFree(token)
        case .takeover(let previous):
            node.counters[index].subscriptionsTakenOver.add()
            if previous.reactor == index {
                takeOver(previous.token, holder(token))
            } else {
                node.post(
                    .takenOver(token: previous.token, newcomer: holder(token)),
                    to: previous.reactor)
            }
        }
    }

    /// The place of one of our subscriptions went to a newcomer, who waits for our word.
    func takeOver(_ token: UInt64, _ newcomer: SubscriptionSlots.Holder) {
        // Gone, and so is whoever was before it.
        guard case .place(let place) = waiting[token] else { return answer(newcomer) }
        place.tenancy.takenOver(by: newcomer)
        place.subscription?.losePlace()
    }

    /// Nobody who held this place before sends any more.
    func isFree(_ token: UInt64) {
        guard case .place(let place) = waiting[token] else {
            preconditionFailure("A place that waits is kept.")
        }
        act(place.tenancy.placeIsFree(), place, token)
    }

    /// The subscription under this token sends nothing more.
    func leave(_ token: UInt64) {
        guard case .place(let place) = waiting[token] else {
            preconditionFailure("A subscription has a place.")
        }
        place.subscription = nil
        if place.tenancy.isWaiting { node.slots.unprotect(place.key, by: holder(token)) }
        act(place.tenancy.ended(), place, token)
    }

    private func act(_ action: Tenancy.Action, _ place: Place, _ token: UInt64) {
        switch action {
        case .nothing: break
        case .begin: place.subscription?.start()
        case .answer(let newcomer):
            waiting.remove(token)
            answer(newcomer)
        case .giveBack:
            // A newcomer may have claimed it already; its message finds nobody here.
            waiting.remove(token)
            node.slots.release(place.key, by: holder(token))
        }
    }

    private func answer(_ newcomer: SubscriptionSlots.Holder) {
        if newcomer.reactor == index {
            isFree(newcomer.token)
        } else {
            node.post(.placeIsFree(token: newcomer.token), to: newcomer.reactor)
        }
    }

    private func holder(_ token: UInt64) -> SubscriptionSlots.Holder {
        SubscriptionSlots.Holder(reactor: index, token: token)
    }
}
