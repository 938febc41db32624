import Reactor

/// How much is encoded for subscriptions in one turn.
///
/// A connection asks its streams for bytes until it has a record of TLS full, and each may have an
/// event to be cut first: with windows of a few bytes, or sockets that take little, a turn would
/// encode a megabyte for each. Whoever comes when the share is used up asks again in one of the next
/// turns, in the order of coming. What is already in a ring is not counted.
final class EncodingShare: TurnHandler {
    private let reactor: Reactor
    private var spent = 0
    private var waiting: [Subscription] = []
    private var first = 0
    private var isScheduled = false

    init(_ reactor: Reactor) {
        self.reactor = reactor
    }

    /// Begins with the share of another turn.
    func begin() { spent = 0 }

    /// Takes note of what an event has cost, in bytes (`Limits.eventCost`).
    func charge(_ cost: Int) { spent = spent + cost }

    var isUsedUp: Bool { spent >= Limits.encodingCostPerTurn }

    /// Wakes a subscription when there is a share again.
    func wait(_ subscription: Subscription) {
        waiting.append(subscription)
        schedule()
    }

    /// Forgets who waits.
    func forget() { (waiting, first) = ([], 0) }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        reactor.runNextTurn(self)
    }

    func turn() {
        isScheduled = false
        let end = min(first + Limits.sliceItems, waiting.count)
        for place in first..<end { waiting[place].wake() }
        first = end
        guard first < waiting.count else {
            waiting.removeAll(keepingCapacity: true)
            first = 0
            return
        }
        if first > waiting.count / 2 {
            waiting.removeFirst(first)
            first = 0
        }
        schedule()
    }
}
