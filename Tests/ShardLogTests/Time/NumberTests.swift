import Foundation
import Glibc
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// Numbers are given out once, whatever clock, crash and durability class do.
@Suite struct NumberTests {
    @Test(arguments: [Durability.commit, .interval(milliseconds: 20), .os])
    func `what was given out is below all that comes after a power cut`(
        durability: Durability
    ) throws {
        for seed in 0..<UInt64(rounds(8)) {
            var random = SeededGenerator(seed: seed)
            let disk = SimulatedFileSystem()
            let folder = TemporaryFolder()
            let clock = TestClock()
            var configuration = small(folder, clock, files: disk)
            configuration.durability = durability
            var highest: [UInt64: UInt64] = [:]
            for life in 0..<4 {
                let log = try openLog(configuration)
                let bench = Bench(log)
                let numbers: [UInt64] = [1, 2]
                for number in numbers where log.shard(ShardNumber(rawValue: number)) == nil {
                    // A shard that the class forgot gets a new number in earnest; here its
                    // creation is made durable first, as a client would see it.
                    _ = try bench.open(number)
                    log.waitForSync()
                }
                for _ in 0..<30 {
                    clock.advance(Int64.random(in: -500...3000, using: &random))
                    let number = numbers.randomElement(using: &random)!
                    let shard = try #require(log.shard(ShardNumber(rawValue: number)))
                    let before = highest[number] ?? 0
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0:
                        let quiet = shard.quietPoint()
                        #expect(quiet.tail == shard.tail)
                        #expect(quiet.continuation >= shard.lastIndex)
                        highest[number] = max(before, quiet.continuation)
                    case 1:
                        log.housekeep()
                    default:
                        guard case .stored(let index, _) = try bench.put(shard, [1]) else {
                            Issue.record("not stored")
                            continue
                        }
                        #expect(index > before, "seed \(seed), life \(life), \(durability)")
                        highest[number] = index
                    }
                }
                // The power goes; the clock comes back anywhere.
                let cut = disk.cutNow()
                let after = SimulatedFileSystem(after: cut, seed: seed &+ UInt64(life) &* 1000)
                try log.close()
                configuration.files = after
                clock.advance(Int64.random(in: -1_000_000...1000, using: &random))
                // The next life works on the rebuilt disk.
                let again = try openLog(configuration)
                let known = again.shardCount
                try again.close()
                if known < 2 { break }
                configuration.files = after
                try continueOn(after, configuration, &highest, seed, clock, &random)
                return
            }
        }
    }

    private func continueOn(
        _ disk: SimulatedFileSystem, _ configuration: ShardLog.Configuration,
        _ highest: inout [UInt64: UInt64], _ seed: UInt64, _ clock: TestClock,
        _ random: inout SeededGenerator
    ) throws {
        let log = try openLog(configuration)
        let bench = Bench(log)
        for (number, before) in highest {
            guard let shard = log.shard(ShardNumber(rawValue: number)) else { continue }
            #expect(shard.quietPoint().continuation >= before, "seed \(seed)")
            guard case .stored(let index, _) = try bench.put(shard, [1]) else {
                Issue.record("not stored")
                continue
            }
            #expect(index > before, "seed \(seed), shard \(number)")
            highest[number] = index
        }
        try log.close()
    }

    @Test func `a continuation number waits at the ceiling until that is extended`() throws {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let log = try openLog(small(folder, clock))
        let bench = Bench(log)
        let shard = try bench.open(1)
        let ceiling = log.nodeTime.durableCeiling.load(ordering: .sequentiallyConsistent)
        clock.advance(1_000_000)
        let stuck = shard.quietPoint().continuation
        #expect(
            stuck == NodeTime.firstIndex(at: ceiling, created: shard.createdMilliseconds) - 1)
        log.housekeep()
        log.waitForSync()
        let free = shard.quietPoint().continuation
        #expect(
            free >= NodeTime.firstIndex(at: clock.now(), created: shard.createdMilliseconds) - 1)
        guard case .stored(let index, _) = try bench.put(shard, [1]) else {
            Issue.record("not stored")
            return
        }
        #expect(index > free)
        try log.close()
    }

    @Test func `a ceiling that was not written for lack of space is not counted on`() throws {
        for seed in 0..<UInt64(8) {
            let folder = TemporaryFolder()
            let disk = SimulatedFileSystem()
            let clock = TestClock()
            var configuration = small(folder, clock, files: disk)
            configuration.durability = .os
            let log = try openLog(configuration)
            let bench = Bench(log)
            let shard = try bench.open(1)
            log.waitForSync()
            #expect(try bench.put(shard, [1]).isStored)
            // The next batch has to extend the ceiling, and finds no space.
            clock.advance(1_000_000)
            disk.fail { operation, path, _ in
                operation == .write && path.contains("/journal/") ? ENOSPC : nil
            }
            #expect(try bench.put(shard, [1]) == .failed)
            disk.fail(nil)
            log.housekeep()
            #expect(log.health == .accepting)
            var given: UInt64 = 0
            if seed % 2 == 0 {
                // Makes durable what was written before, which has the old ceiling.
                log.waitForSync()
                given = shard.quietPoint().continuation
            } else {
                // Nothing syncs this one but the ceiling that it needs.
                guard case .stored(let index, _) = try bench.put(shard, [1]) else {
                    Issue.record("not stored")
                    return
                }
                given = index
            }
            configuration.files = SimulatedFileSystem(after: disk.cutNow(), seed: seed)
            try log.close()
            clock.advance(-1_000_000)
            let again = try openLog(configuration)
            let found = try #require(again.shard(shard.number))
            guard case .stored(let next, _) = try Bench(again).put(found, [2]) else {
                Issue.record("not stored")
                return
            }
            #expect(next > given, "seed \(seed)")
            try again.close()
        }
    }

    @Test func `a batch that recovery finds is above what was given out after it failed`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let clock = TestClock()
        var configuration = small(folder, clock, files: disk)
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        #expect(try bench.put(shard, [1]).isStored)
        disk.fail { operation, path, _ in
            operation == .write && path.contains("/segments/") ? EIO : nil
        }
        #expect(try bench.put(shard, [2]) == .failed)
        clock.advance(1000)
        let quiet = shard.quietPoint()
        #expect(readAll(shard).records.map(\.data) == [[1]])
        configuration.files = disk.copy()
        #expect(throws: LogError.self) { try log.close() }
        let again = try openLog(configuration)
        let found = try #require(again.shard(shard.number))
        let records = readAll(found).records
        #expect(records.map(\.data) == [[1], [2]])
        #expect(try #require(records.last).index > quiet.continuation)
        try again.close()
    }

    @Test func `what is asked while the log is closed is below what the next life gives out`()
        throws
    {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let clock = TestClock()
        let configuration = small(folder, clock, files: disk)
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        let hold = HeldSync(disk)
        let isClosed = Atomic<Bool>(false)
        let ended = DispatchSemaphore(value: 0)
        // A thread of its own: it waits for the disk.
        Thread.detachNewThread {
            isClosed.store((try? log.close()) != nil, ordering: .relaxed)
            ended.signal()
        }
        try hold.wait(bench)
        clock.advance(3000)
        let quiet = shard.quietPoint().continuation
        hold.release()
        ended.wait()
        let wasClosed = isClosed.load(ordering: .relaxed)
        #expect(wasClosed)
        #expect(shard.quietPoint().continuation >= quiet)
        clock.advance(-3000)
        let again = try openLog(configuration)
        let found = try #require(again.shard(shard.number))
        guard case .stored(let index, _) = try Bench(again).put(found, [1]) else {
            Issue.record("not stored")
            return
        }
        #expect(index > quiet)
        try again.close()
    }

    @Test func `a number is known as given out from then on, and not before`() throws {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let configuration = small(folder, clock)
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        clock.advance(100)
        let quiet = shard.quietPoint().continuation
        #expect(quiet > 0 && shard.hasGivenOut(quiet) && !shard.hasGivenOut(quiet + 1))
        guard
            case .stored(let index, _) = try bench.put(shard, [1], minimumIndex: quiet + 5_000_000)
        else { return }
        // Ahead of time, as its producer asked.
        #expect(index > quiet + 5_000_000)
        #expect(shard.hasGivenOut(index) && !shard.hasGivenOut(index + 1))
        try log.close()
        let again = try openLog(configuration)
        let found = try #require(again.shard(shard.number))
        #expect(found.hasGivenOut(index) && found.hasGivenOut(quiet))
        try again.close()
    }

    @Test func `a minimum index is exceeded, and one from the future is ignored`() throws {
        let folder = TemporaryFolder()
        let log = try openLog(small(folder))
        let bench = Bench(log)
        let shard = try bench.open(1)
        guard case .stored(let first, _) = try bench.put(shard, [1]) else { return }
        let ahead = first + 5_000_000
        guard case .stored(let second, _) = try bench.put(shard, [2], minimumIndex: ahead) else {
            return
        }
        #expect(second == ahead + 1)
        guard case .stored(let third, _) = try bench.put(shard, [3], minimumIndex: .max >> 1)
        else { return }
        #expect(third > second && third < second + (1 << 40))
        try log.close()
    }

    @Test func `an idle shard's continuation advances with time and never passes a record`() throws
    {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let log = try openLog(small(folder, clock))
        let bench = Bench(log)
        let shard = try bench.open(1)
        var last: UInt64 = 0
        for step in 0..<50 {
            clock.advance(400)
            let quiet = shard.quietPoint().continuation
            #expect(quiet >= last)
            last = quiet
            if step % 5 == 0 { log.housekeep() }
            if step % 7 == 0 {
                guard case .stored(let index, _) = try bench.put(shard, [1]) else { return }
                #expect(index > last)
                last = index
            }
        }
        #expect(last > 10_000 << 20)
        try log.close()
    }
}
