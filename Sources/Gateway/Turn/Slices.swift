import Reactor
import System

/// Work over everything that a reactor has, a few things at a time: the once-a-second look at every
/// connection and subscription, news of the catalog, the drain.
///
/// A piece does some of its work each time it is called. What is left when the share of a turn is
/// used up goes on in the next turn, and whoever became ready meanwhile is served in between.
final class Slices: TurnHandler {
    /// Does a little, some 50 µs at most; answers whether anything is left.
    typealias Piece = () -> Bool

    private let reactor: Reactor
    private let nanosecondsPerTurn: UInt64
    private var pieces: [Piece] = []
    private var isScheduled = false

    init(_ reactor: Reactor, nanosecondsPerTurn: UInt64 = Limits.sliceNanoseconds) {
        self.reactor = reactor
        self.nanosecondsPerTurn = nanosecondsPerTurn
    }

    /// Adds work that begins in the next turn.
    func add(_ piece: @escaping Piece) {
        pieces.append(piece)
        schedule()
    }

    /// Does all that is left, for nobody waits for a turn any more.
    func finish() {
        while !pieces.isEmpty {
            let piece = pieces.removeFirst()
            while piece() {}
        }
    }

    var isEmpty: Bool { pieces.isEmpty }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        reactor.runNextTurn(self)
    }

    func turn() {
        isScheduled = false
        let end = MonotonicClock.nanoseconds &+ nanosecondsPerTurn
        repeat {
            guard let piece = pieces.first else { return }
            // Pieces take turns: one that has much left does not hold up the next.
            pieces.removeFirst()
            if piece() { pieces.append(piece) }
        } while MonotonicClock.nanoseconds < end
        if !pieces.isEmpty { schedule() }
    }
}
