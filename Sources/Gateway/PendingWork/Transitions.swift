import Catalog
import Reactor
import ShardLog

/// The end of CREATING, UPDATING and DELETING, when the operator wants them to last.
///
/// The reactor whose request began such a transition completes it in time. What a crash or a full
/// disk has left in it is found by the housekeeper (`Catalog.endOverdueTransitions`), so nothing stays in
/// between.
final class Transitions {
    private let node: Node
    private let reactor: Reactor
    private let waiting: PendingWork
    /// What this reactor will complete, with the entry by which it began.
    private var scheduled: [ResourceInTransition: (since: UInt64, timer: Timer)] = [:]

    init(node: Node, reactor: Reactor, waiting: PendingWork) {
        self.node = node
        self.reactor = reactor
        self.waiting = waiting
    }

    /// Sees to it that every transition of this catalog is completed. Two reactors may see to the
    /// same one: the second finds it complete.
    func schedule(_ snapshot: CatalogSnapshot) {
        let delay = node.settings.stateDelayMilliseconds
        guard delay > 0 else { return }
        for (transition, since) in snapshot.inTransition
        where scheduled[transition]?.since != since {
            // One that somebody else has completed, and another one has begun.
            if let earlier = scheduled[transition] { reactor.cancel(earlier.timer) }
            let timer = Timer { [unowned self] in complete(transition, since) }
            scheduled[transition] = (since, timer)
            reactor.schedule(timer, at: reactor.now &+ UInt64(delay) &* 1_000_000)
        }
    }

    private func complete(_ transition: ResourceInTransition, _ since: UInt64) {
        scheduled[transition] = nil
        // The waiter has this reactor look at the catalog when it is done. Another thread decides
        // what becomes of thousands of shards.
        let token = waiting.insert(.transition)
        let waiter = waiting.waiter(token)
        let reactor = reactor.index
        let result = node.blocking.run(.processor, for: .node) { [node] _ in
            let planned = node.catalog.planned(.endTransition(transition, since: since), waiter)
            node.post(.done(token: token, .planned(planned)), to: reactor)
        }
        // Refused, the housekeeper comes to it.
        if case .failure = result { waiting.remove(token) }
    }
}
