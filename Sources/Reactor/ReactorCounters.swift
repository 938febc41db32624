public import Metrics

/// What a reactor counts. It writes, on its own thread; everybody may read at any time.
public final class ReactorCounters: Sendable {
    let turnCount = Counter()
    let eventCount = Counter()
    let staleEventCount = Counter()
    let timerCount = Counter()
    let wakeCount = Counter()
    let lag = Histogram(bounds: lagBounds)
    let turnTime = Histogram(bounds: lagBounds)
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
    /// Whether the reactor measures its turns.
    public var hasMeasured: Bool { turnTime.sum > 0 }

    /// Upper bounds of the buckets: powers of four from 16 µs to 1.07 s.
    private static let lagBounds: [UInt64] = (0..<9).map { 1 << (14 + 2 * $0) }

    /// What `/metrics` shows of each reactor.
    public static let metrics: [Metric<ReactorCounters>] = [
        .counter("weir_reactor_turns_total", "Turns of a reactor's loop.") { $0.turns },
        .histogram(
            "weir_loop_lag_seconds", "How long ready events and due timers waited for their turn.",
            in: .nanoseconds
        ) { $0.lag.reading },
    ]

    /// The same, if reactors measure their turns.
    public static let measurements: [Metric<ReactorCounters>] = [
        .histogram("weir_reactor_turn_seconds", "Processor time of a turn.", in: .nanoseconds) {
            $0.turnTime.reading
        },
        .gauge(
            "weir_reactor_turn_max_seconds", "The longest turn since the start.", in: .nanoseconds
        ) { Int(clamping: $0.turnTime.maximum) },
        .gauge(
            "weir_reactor_step_max_seconds", "The longest step of a turn since the start, by kind.",
            in: .nanoseconds, each: TurnStep.allCases, labels: { [("step", $0.name)] }
        ) { Int(clamping: $0.stepTime[$1.rawValue].value) },
    ]

    /// The same, behind what is measured.
    public static let extremes: [Metric<ReactorCounters>] = [
        .gauge(
            "weir_loop_lag_max_seconds", "The longest such wait since the start.", in: .nanoseconds
        ) { Int(clamping: $0.lag.maximum) }
    ]
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
