import Reactor

/// Holds one subscription to a rate: it may send while it owes nothing, and is woken when its debt
/// is paid.
final class Pace {
    private var bucket: TokenBucket
    private let reactor: Reactor
    private let timer: Timer

    /// - Parameter wake: Called on the reactor when more may be sent; not after this is gone.
    init(rate: Int, _ reactor: Reactor, wake: @escaping () -> Void) {
        bucket = TokenBucket(rate: rate, now: reactor.now)
        self.reactor = reactor
        timer = Timer(wake)
    }

    deinit { reactor.cancel(timer) }

    /// Whether it has to wait; then it is woken in time.
    func isAhead() -> Bool {
        let time = bucket.solventAt(now: reactor.now)
        guard time > reactor.now else { return false }
        if !timer.isScheduled { reactor.schedule(timer, at: time) }
        return true
    }

    func charge(_ bytes: Int) { bucket.charge(bytes, now: reactor.now) }
}
