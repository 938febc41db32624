import Reactor
import System

/// The monotonic clock as one reactor sees it: once at the beginning of a turn, and again at each
/// answer.
final class TurnClock {
    private let reactor: Reactor
    private var last: UInt64 = 0

    init(_ reactor: Reactor) {
        self.reactor = reactor
    }

    /// When this turn began, nanoseconds.
    var turn: UInt64 { reactor.now }

    /// The clock as it was read last: often enough to see how long a turn has taken.
    var latest: UInt64 { max(last, reactor.now) }

    /// Reads the clock, nanoseconds: for latencies and for how long something takes.
    func read() -> UInt64 {
        last = MonotonicClock.nanoseconds
        return last
    }
}
