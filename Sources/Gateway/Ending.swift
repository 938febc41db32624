import HTTP
import Reactor

/// How a reactor's work ends: subscriptions spread over a time, then whatever is still open.
extension ReactorGateway {
    func drain(_ milliseconds: UInt64) {
        isDraining = true
        reception?.stop()
        reception = nil
        endSubscriptions(over: milliseconds)
        forEachConnection(Limits.sliceItems) { $0.drain() }
    }

    /// The last turn is over. Nobody is served any more, so that nothing has to be cut up.
    func ended() {
        isDraining = true
        let (left, _) = connections.slice(from: 0, count: connections.places)
        for connection in left { connection.close(.shutdown) }
        slices.finish()
        encoding.forget()
    }

    /// Closes every connection; what came in the meantime is closed as it comes.
    func closeAll() {
        isDraining = true
        reception?.stop()
        reception = nil
        drainTimer.map { reactor.cancel($0) }
        drainTimer = nil
        forEachConnection(1) { $0.close(.shutdown) }
    }

    private func forEachConnection(_ count: Int, _ body: @escaping (Connection) -> Void) {
        var place: Int? = 0
        slices.add { [unowned self] in
            guard let start = place else { return false }
            let (some, next) = connections.slice(from: start, count: count)
            for connection in some { body(connection) }
            place = next
            return true
        }
    }

    /// Ends every subscription. The ends are spread, so that clients do not all come back at once.
    private func endSubscriptions(over milliseconds: UInt64) {
        let ticks = max(1, milliseconds / Limits.drainTickMilliseconds)
        let count = fanOut.subscriptions.places / Int(ticks) + 1
        var place: Int? = 0
        let timer = Timer { [unowned self] in
            guard let start = place else { return drainTimer = nil }
            let (some, next) = fanOut.subscriptions.slice(from: start, count: count)
            for subscription in some { subscription.end(.clean) }
            place = next
            if let drainTimer {
                reactor.schedule(
                    drainTimer, at: reactor.now &+ Limits.drainTickMilliseconds * 1_000_000)
            }
        }
        drainTimer = timer
        reactor.schedule(timer, at: reactor.now)
    }
}
