import Synchronization
import Testing
import TestSupport

@testable import ShardLog

private let hour: Int64 = 3_600_000
private let day = 24 * hour

/// The log's time against a wall clock that does what it likes.
@Suite struct LogClockTests {
    private func clock(
        _ test: TestClock, known: Int64? = nil, skips: [RetentionClock.Skip] = [],
        _ change: (inout ShardLog.Configuration) -> Void = { _ in }
    ) -> LogClock {
        var configuration = small(TemporaryFolder(), test)
        configuration.clockRules = ClockRules()
        change(&configuration)
        return LogClock(configuration, known: known, skips: skips)
    }

    /// Lets time pass as it does, looked at every second or seldom.
    private func run(_ log: LogClock, _ test: TestClock, _ milliseconds: Int64) {
        var left = milliseconds
        while left > 0 {
            let step = min(left, 30_000)
            test.advance(step)
            _ = log.now()
            left -= step
        }
    }

    @Test func `a clock that is right is followed`() {
        let test = TestClock()
        let log = clock(test)
        run(log, test, day)
        #expect(log.now() == test.now())
        #expect(
            log.status
                == ClockStatus(
                    isBelieved: true, aheadMilliseconds: 0, uncountedMilliseconds: 0))
        #expect(log.takeNotices().isEmpty)
    }

    @Test func `a jump of two days for a second stamps nothing and is told`() {
        let test = TestClock()
        let log = clock(test)
        run(log, test, hour)
        let before = test.now()
        test.jump(2 * day)
        test.advance(1001)
        #expect(log.now() == before + 1001)
        #expect(!log.status.isBelieved && log.status.aheadMilliseconds == 2 * day)
        #expect(log.takeNotices().count == 1)
        test.jump(-2 * day)
        test.advance(1001)
        #expect(log.now() == before + 2002 && log.status.isBelieved)
        #expect(log.retention.cutoff(keeping: day) == before + 2002 - day)
        #expect(log.takeNotices().count == 1)
    }

    @Test func `a steady clock is believed after a while, and what it skipped does not count`() {
        let test = TestClock()
        let log = clock(test)
        run(log, test, 2 * day)
        let before = test.now()
        test.jump(21 * day)
        run(log, test, 9 * 60_000)
        #expect(log.now() == before + 9 * 60_000)
        run(log, test, 2 * 60_000)
        #expect(log.now() == test.now() && log.status.isBelieved)
        // Eleven minutes have passed, and no day.
        #expect(log.retention.cutoff(keeping: day) == before + 11 * 60_000 - day)
        #expect(log.retention.age(of: before) == 11 * 60_000)
        run(log, test, day)
        #expect(log.retention.cutoff(keeping: day) == test.now() - day)
        #expect(log.retention.cutoff(keeping: 2 * day) == before + 11 * 60_000 - day)
        // Found wrong, it goes back at once when it is near again.
        test.jump(-21 * day)
        run(log, test, 11 * 60_000)
        #expect(log.now() == test.now())
        #expect(log.retention.now <= test.now())
    }

    @Test func `a clock that dances is never believed`() {
        let test = TestClock()
        let log = clock(test)
        let start = test.now()
        for round in 0..<200 {
            test.jump(round % 2 == 0 ? 2 * day : -2 * day + 10_000)
            run(log, test, 60_000)
        }
        #expect(log.now() - start - 200 * 60_000 <= 100 * 10_000)
        #expect(log.takeNotices().count <= 500)
    }

    @Test func `a start is judged by the last known time`() {
        let test = TestClock()
        let known = test.now()
        test.jump(2 * day)
        let log = clock(test, known: known)
        #expect(log.now() == known && !log.status.isBelieved)
        // What was synchronised by NTP, or was accepted, is right.
        let synchronized = clock(test, known: known) { $0.isClockSynchronized = { _ in true } }
        #expect(synchronized.now() == known + 2 * day && synchronized.status.isBelieved)
        #expect(synchronized.retention.cutoff(keeping: day) == known - day)
        let accepted = clock(test, known: known) { $0.acceptsClock = true }
        #expect(accepted.now() == known + 2 * day)
        #expect(accepted.retention.cutoff(keeping: day) == known + day)
        // A short time off is followed, and does not count either.
        let near = clock(test, known: known + 2 * day - 60_000)
        #expect(near.now() == test.now())
        #expect(near.retention.cutoff(keeping: day) == test.now() - 60_000 - day)
    }

    @Test func `a clock behind expires nothing while it is doubted, nor after`() {
        let test = TestClock()
        let known = test.now()
        test.jump(-2 * day)
        let log = clock(test, known: known)
        #expect(log.now() == known)
        #expect(log.retention.cutoff(keeping: day) == known - 3 * day)
        run(log, test, 11 * 60_000)
        #expect(log.now() == test.now())
        #expect(log.retention.cutoff(keeping: day) == test.now() - day)
    }

    @Test func `a monotonic clock that jumps is not trusted`() {
        let test = TestClock()
        let log = clock(test)
        run(log, test, hour)
        let before = test.now()
        // Suspended, or a clock that somebody plays with: both go ahead alike.
        test.advance(2 * day)
        #expect(log.now() == before && !log.status.isBelieved)
        test.advance(-2 * day)
        #expect(log.now() == before && log.status.isBelieved)
    }

    /// What retention must never do, whatever the clock does: let go what has not been there for
    /// its time. Real time is the test's; the clock's offset is drawn.
    @Test func `nothing expires early, whatever the clock does`() {
        var drawn: [String: Int] = [:]
        for seed in 0..<UInt64(rounds(60)) {
            var random = SeededGenerator(seed: seed)
            let test = TestClock()
            var real: Int64 = 0
            var log = clock(test)
            var stamped: [(stamp: Int64, real: Int64)] = []
            var last = Int64.min
            let keeping = 24 * hour
            for step in 0..<80 {
                let kind = Int.random(in: 0..<10, using: &random)
                switch kind {
                case 0:
                    drawn["ahead", default: 0] += 1
                    test.jump(Int64.random(in: 1...30 * day, using: &random))
                case 1:
                    drawn["back", default: 0] += 1
                    test.jump(-Int64.random(in: 1...30 * day, using: &random))
                case 2:
                    drawn["small", default: 0] += 1
                    test.jump(Int64.random(in: -2 * hour...2 * hour, using: &random))
                case 3:
                    drawn["restart", default: 0] += 1
                    // The ledger may be older than the last stamp, as after a kill.
                    let age = Int64.random(in: 0...600_000, using: &random)
                    let known = log.now() - age
                    var skips = log.retention.skips
                    skips.cut(to: known)
                    let off = Int64.random(in: 0...10 * day, using: &random)
                    test.advance(off)
                    real += off
                    if Bool.random(using: &random) {
                        test.jump(Int64.random(in: -3 * day...3 * day, using: &random))
                    }
                    log = clock(test, known: known, skips: skips) {
                        let isSynchronized = Int.random(in: 0..<4, using: &random) == 0
                        $0.isClockSynchronized = { _ in isSynchronized }
                    }
                default:
                    drawn["passing", default: 0] += 1
                    let time = Int64.random(in: 1...20 * hour, using: &random)
                    run(log, test, time)
                    real += time
                }
                last = max(last, log.now())
                stamped.append((last, real))
                let cutoff = log.retention.cutoff(keeping: keeping)
                for record in stamped where record.stamp < cutoff {
                    #expect(
                        real - record.real >= keeping - 2000,
                        "seed \(seed), step \(step): kept \(real - record.real) ms")
                }
            }
        }
        #expect(drawn.count == 5 && drawn.values.allSatisfy { $0 > 100 })
    }

    @Test func `what does not count is bounded, and never counts for less`() {
        var random = SeededGenerator(seed: 7)
        var skips: [RetentionClock.Skip] = []
        var exact: [RetentionClock.Skip] = []
        var now: Int64 = 0
        for _ in 0..<1000 {
            now += Int64.random(in: 1...100_000, using: &random)
            let to = now + Int64.random(in: 1...100_000, using: &random)
            skips.add(RetentionClock.Skip(from: now, to: to))
            exact.append(RetentionClock.Skip(from: now, to: to))
            now = to
            #expect(skips.count <= 256)
        }
        for keeping in stride(from: Int64(0), to: 100_000_000, by: 777_777) {
            let bounded = RetentionClock(now: now, skips: skips).cutoff(keeping: keeping)
            #expect(bounded <= RetentionClock(now: now, skips: exact).cutoff(keeping: keeping))
        }
    }
}
