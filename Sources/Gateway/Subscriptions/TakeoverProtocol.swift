/// One subscription's side of taking a place and of giving it up, step by step.
///
/// For each (consumer, shard) there is a place. Its holder is whoever claimed it last; a newcomer
/// claims it from the holder, asks it to end, and begins when that has answered. The answer means
/// that nobody before the newcomer sends any more. So a holder answers when it has ended itself
/// *and* the one before it has answered: one that was taken over, or whose client has gone, while
/// it was still waiting stays behind as a relay until then. The steps:
///
/// | what happens | who has not ended | who has ended |
/// |---|---|---|
/// | the one before answers | begin | answer, if asked; else give the place back |
/// | a newcomer asks | end; keep who asks | keep who asks; answer if nobody is before it |
/// | it ends | - | as above, if nobody is before it; else stay as a relay |
///
/// Every step is one call, so that tests can take them in every order (as ``SubscriptionSlots``'
/// table is a value). What the protocol promises: at most one of a place's subscriptions sends; a
/// newcomer begins once all before it have ended, whatever happens to those between; and a place
/// that nobody holds any more is free.
struct Tenancy: Hashable {
    /// What is to be done after a step.
    enum Action: Hashable {
        case nothing
        /// The place is ours: begin to send.
        case begin
        /// Nobody before this newcomer sends any more; the tenancy is over.
        case answer(SubscriptionSlots.Holder)
        /// Nobody has asked for the place: give it back; the tenancy is over.
        case giveBack
    }

    /// Whether somebody who held the place before may still send.
    private(set) var isWaiting: Bool
    private(set) var hasEnded = false
    /// Who has asked for the place.
    private(set) var successor: SubscriptionSlots.Holder?

    /// The side of a claim that was granted at once, or that has to wait for a holder.
    init(waits: Bool) {
        isWaiting = waits
    }

    /// Whoever held the place before has answered.
    mutating func placeIsFree() -> Action {
        precondition(isWaiting, "A place was given twice.")
        isWaiting = false
        return hasEnded ? over : .begin
    }

    /// A newcomer asks for the place. The caller then ends the subscription, unless it has.
    mutating func takenOver(by newcomer: SubscriptionSlots.Holder) {
        precondition(successor == nil, "A place has one holder, which is taken over once.")
        successor = newcomer
    }

    /// The subscription sends nothing more, and never will.
    mutating func ended() -> Action {
        precondition(!hasEnded, "A subscription ends once.")
        hasEnded = true
        return isWaiting ? .nothing : over
    }

    private var over: Action { successor.map { .answer($0) } ?? .giveBack }
}

/// A tenancy as its reactor keeps it, under a token that other reactors know. The subscription may
/// be gone while the tenancy is not.
final class Place {
    let key: SubscriptionSlots.Key
    var tenancy: Tenancy
    /// Nil once it has ended.
    var subscription: Subscription?

    init(_ key: SubscriptionSlots.Key, _ tenancy: Tenancy, _ subscription: Subscription) {
        self.key = key
        self.tenancy = tenancy
        self.subscription = subscription
    }
}
