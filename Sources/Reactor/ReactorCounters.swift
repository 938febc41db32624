internal import Synchronization

/// What a reactor counts. It writes, on its own thread; everybody may read at any time.
public final class ReactorCounters: Sendable {
    let turnCount = Counter()
    let eventCount = Counter()
    let staleEventCount = Counter()
    let timerCount = Counter()
    let wakeCount = Counter()
    let lag = LagHistogram()
    let turnTime = LagHistogram()
    let stepTime = InlineArray<5, Counter> { _ in Counter() }
    let acceptCount = Counter()
    let acceptPauseCount = Counter()

    init() {}

    /// Turns of the loop.
    public var turns: UInt64 { turnCount.value }
    /// Readiness events delivered.
    public var events: UInt64 { eventCount.value }
    /// Events skipped because their registration had ended.
    public var staleEvents: UInt64 { staleEventCount.value }
    /// Timers that ran.
    public var timers: UInt64 { timerCount.value }
    /// Turns in which the waker had been used.
    public var wakes: UInt64 { wakeCount.value }
    /// Connections accepted on this reactor.
    public var accepts: UInt64 { acceptCount.value }
    /// How often accepting paused because no descriptor was left, or its owner had no room.
    public var acceptPauses: UInt64 { acceptPauseCount.value }
    /// The longest that a ready event or a due timer has waited, in nanoseconds, since the start.
    public var lagMaximumNanoseconds: UInt64 { lag.maximum }
    /// The sum of all turns' lags, in nanoseconds.
    public var lagTotalNanoseconds: UInt64 { lag.total }

    /// How many turns had a lag of at most each of `lagBoundsNanoseconds`, not cumulative; one more
    /// at the end for what was longer.
    public var lagHistogram: [UInt64] { lag.counts }

    /// The most processor time that a turn has taken, nanoseconds; 0 unless the reactor measures it.
    public var turnMaximumNanoseconds: UInt64 { turnTime.maximum }
    /// The most processor time that a step of this kind has taken, nanoseconds; as for turns.
    public func stepMaximumNanoseconds(_ step: TurnStep) -> UInt64 {
        stepTime[step.rawValue].value
    }
    /// The processor time of all turns, nanoseconds.
    public var turnTotalNanoseconds: UInt64 { turnTime.total }
    /// How many turns took at most so much processor time, as `lagHistogram`.
    public var turnHistogram: [UInt64] { turnTime.counts }

    /// Upper bounds of the buckets of `lagHistogram`: powers of four from 16 µs to 1.07 s.
    public static let lagBoundsNanoseconds: [UInt64] = LagHistogram.bounds
}

/// What a turn consists of.
public enum TurnStep: Int, Sendable, CaseIterable {
    /// One readiness event.
    case event
    /// What other threads have sent, as much as a turn takes of it.
    case messages
    /// One timer.
    case timer
    /// One piece of what was left over from the turn before.
    case leftover
    /// What is written at the end, as much as a turn writes.
    case output

    /// The name by which it is shown.
    public var name: String {
        switch self {
        case .event: "event"
        case .messages: "messages"
        case .timer: "timer"
        case .leftover: "leftover"
        case .output: "output"
        }
    }
}

/// A number that one thread increases and any thread reads.
struct Counter: ~Copyable, Sendable {
    private let count = Atomic<UInt64>(0)

    var value: UInt64 { count.load(ordering: .relaxed) }

    /// Only the owning thread calls this, so load and store need no read-modify-write cycle.
    func add(_ amount: UInt64 = 1) {
        count.store(count.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    func raise(to amount: UInt64) {
        if amount > value { count.store(amount, ordering: .relaxed) }
    }
}

/// Lags by order of magnitude.
struct LagHistogram: ~Copyable, Sendable {
    private static let buckets = 9
    /// 2^14 ns (16 µs), then four times as much each.
    static let bounds: [UInt64] = (0..<UInt64(buckets)).map { 1 << (14 + 2 * $0) }

    private let bucketCounts = InlineArray<10, Counter> { _ in Counter() }
    private let sum = Counter()
    private let highest = Counter()

    var maximum: UInt64 { highest.value }
    var total: UInt64 { sum.value }
    var counts: [UInt64] { (0..<10).map { bucketCounts[$0].value } }

    func record(_ nanoseconds: UInt64) {
        highest.raise(to: nanoseconds)
        sum.add(nanoseconds)
        // Bits of the largest value below, so that a bound falls into its own bucket.
        let bits = nanoseconds <= 1 << 14 ? 14 : 64 - (nanoseconds - 1).leadingZeroBitCount
        let bucket = (bits - 13) / 2
        bucketCounts[min(bucket, Self.buckets)].add()
    }
}
