internal import Synchronization

/// What the log takes for the time of day: it stamps arrivals, and nothing expires by another.
///
/// It runs by the monotonic clock and looks at the wall clock once a second. As long as the two
/// agree within a bound it follows the wall clock. A wall clock that is further away, when the log
/// is opened or while it runs, is not believed: the log's time goes on from where it was, until
/// the wall clock has been steady for a while, or the kernel says that it is synchronised by NTP,
/// or the operator accepts it at a start. Nothing expires because the clock was set forward,
/// believed or not: see `RetentionClock`.
final class LogClock: Sendable {
    /// A wall clock that is not believed.
    private struct Doubt {
        /// When it was first seen so, by the monotonic clock.
        var since: Int64
        /// Wall less monotonic clock; steady within a tolerance.
        var offset: Int64
    }

    private struct State {
        var skips: [RetentionClock.Skip]
        /// How far the wall clock has gone ahead in steps too small to be noted.
        var drift: Int64 = 0
        var doubt: Doubt?
        /// How far a clock that is not believed is behind the log's time.
        var behind: Int64 = 0
        var ahead: Int64 = 0
        var notices: [String] = []
        var noticedAt: Int64?
    }

    private let configuration: ShardLog.Configuration
    private let state: Mutex<State>
    /// The log's time less the monotonic clock's. Stored before `lastLook`, so that whoever sees
    /// the later look uses no older offset.
    private let offset: Atomic<Int64>
    /// When the wall clock was last looked at, by the monotonic clock.
    private let lastLook: Atomic<Int64>

    private var rules: ClockRules { configuration.clockRules }

    /// - Parameters:
    ///   - known: the last time that the folder tells of; nil if it tells of none.
    ///   - skips: what does not count, as the folder has it.
    init(
        _ configuration: ShardLog.Configuration, known: Int64?, skips: [RetentionClock.Skip]
    ) {
        self.configuration = configuration
        let monotonic = configuration.monotonicMilliseconds()
        let wall = configuration.wallMilliseconds()
        let isAccepted = configuration.acceptsClock
        let start = isAccepted ? wall : known ?? wall
        offset = Atomic(start - monotonic)
        lastLook = Atomic(monotonic)
        state = Mutex(State(skips: isAccepted ? [] : skips))
        if isAccepted, let known, abs(wall - known) > configuration.clockRules.boundMilliseconds {
            let text = "the clock is accepted: \(Self.span(wall - known)) the last known time"
            state.withLock { $0.notices.append(text) }
        }
        look(at: monotonic, isStart: true)
    }

    /// Milliseconds since 1970. May go back with the wall clock; never jumps further than the
    /// bound without having been confirmed.
    func now() -> Int64 {
        let last = lastLook.load(ordering: .acquiring)
        let offset = offset.load(ordering: .acquiring)
        let monotonic = configuration.monotonicMilliseconds()
        // One comparison for "not yet a second ago" and for "not before it".
        if UInt64(bitPattern: monotonic &- last) < UInt64(rules.lookMilliseconds) {
            return monotonic + offset
        }
        look(at: monotonic, isStart: false)
        return monotonic + self.offset.load(ordering: .acquiring)
    }

    /// Time as retention counts it.
    var retention: RetentionClock {
        let now = now()
        return state.withLock { RetentionClock(now: now - $0.behind, skips: $0.skips) }
    }

    var status: ClockStatus {
        state.withLock { state in
            ClockStatus(
                isBelieved: state.doubt == nil,
                aheadMilliseconds: state.doubt == nil ? 0 : state.ahead,
                uncountedMilliseconds: state.skips.reduce(0) { $0 + $1.to - $1.from })
        }
    }

    /// Lines for the operator since the last call.
    func takeNotices() -> [String] {
        state.withLock { state in
            defer { state.notices.removeAll() }
            return state.notices
        }
    }

    /// Compares the clocks. Whoever comes second uses what the first finds.
    private func look(at monotonic: Int64, isStart: Bool) {
        state.withLock { state in
            let last = lastLook.load(ordering: .relaxed)
            let passed = monotonic - last
            if !isStart, passed >= 0, passed < rules.lookMilliseconds { return }
            let isUnseen = passed < 0 || passed > rules.gapMilliseconds
            if isUnseen {
                // The process or the machine stood still, or the monotonic clock is none: the
                // log's time goes on from where it was.
                offset.add(last - monotonic, ordering: .acquiringAndReleasing)
                state.doubt?.since = monotonic
            }
            let expected = monotonic + offset.load(ordering: .relaxed)
            let wall = configuration.wallMilliseconds()
            let away = wall - expected
            if abs(away) <= rules.boundMilliseconds {
                if state.doubt != nil {
                    state.doubt = nil
                    state.notices.append("the clock agrees with the log's time again")
                }
                follow(away, from: expected, &state)
            } else if isConfirmed(wall, monotonic, &state) {
                state.doubt = nil
                state.notices.append(
                    "the clock is believed now: \(Self.span(away)) the log's time. "
                        + "Retention does not count a time that was skipped; start once with "
                        + "--accept-clock if it did pass")
                follow(away, from: expected, &state)
            } else {
                state.ahead = away
                state.behind = max(0, -away)
                notice(away, monotonic, &state)
            }
            lastLook.store(monotonic, ordering: .releasing)
        }
    }

    private func follow(_ away: Int64, from expected: Int64, _ state: inout State) {
        state.ahead = 0
        state.behind = 0
        guard away != 0 else { return }
        offset.add(away, ordering: .acquiringAndReleasing)
        let now = expected + away
        state.drift += away
        if state.drift >= rules.stepMilliseconds {
            state.skips.add(RetentionClock.Skip(from: now - state.drift, to: now))
            let clock = RetentionClock(now: now, skips: state.skips)
            state.skips.forget(before: clock.cutoff(keeping: rules.longestMilliseconds))
            state.drift = 0
        } else if away < 0 {
            state.skips.cut(to: now)
            if state.drift < -rules.stepMilliseconds { state.drift = 0 }
        }
    }

    /// Whether a clock that is far away is the right one after all.
    private func isConfirmed(_ wall: Int64, _ monotonic: Int64, _ state: inout State) -> Bool {
        if configuration.isClockSynchronized(wall) { return true }
        let offset = wall - monotonic
        if let doubt = state.doubt,
            abs(offset - doubt.offset) <= rules.steadyMilliseconds
        {
            return monotonic - doubt.since >= rules.settlingMilliseconds
        }
        state.doubt = Doubt(since: monotonic, offset: offset)
        return false
    }

    private func notice(_ away: Int64, _ monotonic: Int64, _ state: inout State) {
        guard state.doubt?.since == monotonic else { return }
        // A clock that dances tells it once a minute.
        if let before = state.noticedAt, monotonic - before < 60_000, monotonic >= before { return }
        state.noticedAt = monotonic
        let minutes = rules.settlingMilliseconds / 60_000
        state.notices.append(
            "the clock is \(Self.span(away)) the last known time and is not believed: nothing "
                + "expires or is stamped by it until it has been steady for \(minutes) minutes, "
                + "is synchronised, or is accepted by a start with --accept-clock")
    }

    private static func span(_ milliseconds: Int64) -> String {
        let seconds = milliseconds.magnitude / 1000
        let side = milliseconds < 0 ? "behind" : "ahead of"
        if seconds >= 172_800 { return "\(seconds / 86_400) days \(side)" }
        if seconds >= 7200 { return "\(seconds / 3600) hours \(side)" }
        return "\(seconds / 60) minutes \(side)"
    }
}

/// How a clock is judged. The defaults are those of the server.
public struct ClockRules: Sendable {
    /// How often the wall clock is looked at.
    public var lookMilliseconds: Int64 = 1000
    /// A clock that is further away than this is not believed. A restart, an upgrade and a step
    /// of NTP are nearer; less than the shortest retention by far.
    public var boundMilliseconds: Int64 = 3_600_000
    /// For so long a clock must be steady to be believed. A clock that was wrong at boot is put
    /// right in this time once there is a network.
    public var settlingMilliseconds: Int64 = 600_000
    /// A clock that is slewed counts as steady.
    public var steadyMilliseconds: Int64 = 5000
    /// A step forward from which on it is noted that the time in between was not seen to pass.
    public var stepMilliseconds: Int64 = 1000
    /// With longer between two looks, the time was not seen to pass.
    public var gapMilliseconds: Int64 = 60_000
    /// Nothing is kept for longer: 8,760 hours.
    public var longestMilliseconds: Int64 = 8760 * 3_600_000

    public init() {}
}

/// What is thought of the wall clock.
public struct ClockStatus: Sendable, Hashable {
    /// The log follows the wall clock.
    public var isBelieved: Bool
    /// How far the wall clock is ahead of the log's time, negative if behind; 0 while it is
    /// believed.
    public var aheadMilliseconds: Int64
    /// Time that retention does not count, because nobody saw it pass.
    public var uncountedMilliseconds: Int64
}
