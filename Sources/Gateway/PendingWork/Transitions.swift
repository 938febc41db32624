import Catalog
import Reactor
import ShardLog

/// The end of CREATING, UPDATING and DELETING, when the operator wants them to last.
///
/// The reactor whose request began such a status ends it in time. What a crash or a full disk has
/// left in it is found by the housekeeper (`Catalog.settleOverdue`), so nothing stays in between.
extension ReactorGateway {
    /// Sees to it that what is not settled will be. Two reactors may see to the same one: the
    /// second finds it settled.
    func scheduleSettling() {
        let delay = node.settings.stateDelayMilliseconds
        guard delay > 0 else { return }
        for (unsettled, since) in snapshot.unsettled where settling[unsettled]?.since != since {
            // A status that somebody else has ended, and another one has begun.
            if let earlier = settling[unsettled] { reactor.cancel(earlier.timer) }
            let timer = Timer { [unowned self] in settle(unsettled, since) }
            settling[unsettled] = (since, timer)
            reactor.schedule(timer, at: reactor.now &+ UInt64(delay) &* 1_000_000)
        }
    }

    private func settle(_ unsettled: Unsettled, _ since: UInt64) {
        settling[unsettled] = nil
        // The waiter has this reactor look at the catalog when it is done. Another thread decides
        // what becomes of thousands of shards.
        let token = waiting.insert(.settling)
        let waiter = Waiter(reader: index, token: token)
        let reactor = index
        let result = node.blocking.run(.processor, for: .node) { [node] _ in
            let planned = node.catalog.planned(.settle(unsettled, since: since), waiter)
            node.post(.done(token: token, .planned(planned)), to: reactor)
        }
        // Refused, the housekeeper comes to it.
        if case .failure = result { waiting.remove(token) }
    }
}
