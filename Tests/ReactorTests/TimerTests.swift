import Testing
import TestSupport

@testable import Reactor

struct TimerTests {
    @Test func `timers run in the order of their deadlines, against a sorted model`() {
        for seed in 0..<UInt64(rounds(50)) {
            var random = SeededGenerator(seed: seed)
            var queue = TimerQueue()
            var model: [(deadline: UInt64, timer: Timer)] = []
            let timers = (0..<40).map { _ in Timer {} }
            for _ in 0..<400 {
                let timer = timers.randomElement(using: &random)!
                switch Int.random(in: 0..<4, using: &random) {
                case 0, 1:
                    let deadline = UInt64.random(in: 0..<100, using: &random)
                    queue.schedule(timer, at: deadline)
                    model.removeAll { $0.timer === timer }
                    model.append((deadline, timer))
                case 2:
                    queue.cancel(timer)
                    model.removeAll { $0.timer === timer }
                default:
                    let now = UInt64.random(in: 0..<100, using: &random)
                    let due = queue.takeDue(now)
                    let earliest = model.map(\.deadline).min()
                    #expect(
                        due?.deadline == earliest.flatMap { $0 <= now ? $0 : nil }, "seed \(seed)")
                    model.removeAll { $0.timer === due }
                }
                #expect(queue.count == model.count, "seed \(seed)")
                #expect(
                    timers.filter(\.isScheduled).count == model.count, "seed \(seed)")
            }
        }
    }

    @Test func `a timer runs once its deadline has come, not before`() throws {
        let reactor = try Reactor(index: 0)
        var ranAt: UInt64 = 0
        let deadline = reactor.now + 3_000_000
        let timer = Timer { ranAt = reactor.now }
        reactor.schedule(timer, at: deadline)
        reactor.turn { ranAt != 0 }
        #expect(ranAt >= deadline)
        #expect(!timer.isScheduled)
        #expect(reactor.counters.timers == 1)
    }

    @Test func `a cancelled timer does not run`() throws {
        let reactor = try Reactor(index: 0)
        var ran: [String] = []
        let cancelled = Timer { ran.append("cancelled") }
        let kept = Timer { ran.append("kept") }
        reactor.schedule(cancelled, at: reactor.now)
        reactor.schedule(kept, at: reactor.now + 1_000)
        reactor.cancel(cancelled)
        reactor.cancel(cancelled)
        reactor.turn { !ran.isEmpty }
        #expect(ran == ["kept"])
    }

    @Test func `a timer may cancel another that is due in the same turn`() throws {
        let reactor = try Reactor(index: 0)
        var ran: [Int] = []
        let second = Timer { ran.append(2) }
        let first = Timer {
            ran.append(1)
            reactor.cancel(second)
        }
        reactor.schedule(second, at: reactor.now + 1)
        reactor.schedule(first, at: reactor.now)
        reactor.turn { !ran.isEmpty }
        reactor.takeTurn(longestWaitNanoseconds: 0)
        #expect(ran == [1])
    }

    @Test func `a timer that schedules itself for the past runs once a turn`() throws {
        let reactor = try Reactor(index: 0)
        var runs = 0
        var timer: Timer?
        timer = Timer {
            runs += 1
            reactor.schedule(timer!, at: 0)
        }
        reactor.schedule(timer!, at: 0)
        for turn in 1...3 {
            reactor.takeTurn()
            #expect(runs == turn)
        }
        // It holds the reactor, which holds what is scheduled.
        reactor.cancel(timer!)
        timer = nil
    }

    @Test func `an earlier timer ends a wait that began for a later one`() throws {
        let reactor = try Reactor(index: 0)
        var ran: [Int] = []
        let late = Timer { ran.append(2) }
        let early = Timer { ran.append(1) }
        reactor.schedule(late, at: reactor.now + 3_600_000_000_000)
        reactor.schedule(early, at: reactor.now + 1_000_000)
        reactor.turn { !ran.isEmpty }
        #expect(ran == [1])
        reactor.cancel(late)
    }
}
