import Kinesis
import Reactor
import Synchronization

/// A subscription's place, from the claim to its return: the messages of ``Tenancy`` between
/// reactors.
extension ReactorGateway {
    /// Claims the place of a subscription and begins it, now or when the one before has ended;
    /// false if the place is not to be had.
    func settle(_ subscription: Subscription) -> Bool {
        let place = Place(subscription.key, Tenancy(waits: true), subscription)
        let token = waiting.insert(.place(place))
        let holder = SubscriptionSlots.Holder(reactor: index, token: token)
        let claim = node.slots.claim(
            place.key, for: holder, status: subscription.status, now: monotonicNow(),
            protectedFor: protectsPlaces ? scaled(seconds: Limits.takeoverProtectionSeconds) : 0)
        if case .refused = claim {
            waiting.remove(token)
            return false
        }
        subscription.token = token
        begin(subscription)
        switch claim {
        case .granted, .refused: placeIsFree(token)
        case .takeover(let previous):
            counters.subscriptionsTakenOver.wrappingAdd(1, ordering: .relaxed)
            if previous.reactor == index {
                takeOver(previous.token, holder)
            } else {
                node.post(.takenOver(token: previous.token, newcomer: holder), to: previous.reactor)
            }
        }
        return true
    }

    /// The place of one of our subscriptions went to a newcomer, who waits for our word.
    func takeOver(_ token: UInt64, _ newcomer: SubscriptionSlots.Holder) {
        // Gone, and so is whoever was before it.
        guard case .place(let place) = waiting[token] else { return answer(newcomer) }
        place.tenancy.takenOver(by: newcomer)
        guard let subscription = place.subscription else { return }
        if subscription.isWaitingForPlace {
            // It never began, and has nobody to tell but its own client.
            subscription.request.fail(subscription.activeElsewhere)
            subscriptionEnded(subscription)
        } else {
            subscription.end(
                .exception(subscription.activeElsewhere),
                by: reactor.now &+ scaled(seconds: Limits.takeoverSeconds))
        }
    }

    /// Nobody who held this place before sends any more.
    func placeIsFree(_ token: UInt64) {
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
        if place.tenancy.isWaiting {
            node.slots.unprotect(
                place.key, by: SubscriptionSlots.Holder(reactor: index, token: token))
        }
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
            node.slots.release(
                place.key, by: SubscriptionSlots.Holder(reactor: index, token: token))
        }
    }

    private func answer(_ newcomer: SubscriptionSlots.Holder) {
        if newcomer.reactor == index {
            placeIsFree(newcomer.token)
        } else {
            node.post(.placeIsFree(token: newcomer.token), to: newcomer.reactor)
        }
    }
}
