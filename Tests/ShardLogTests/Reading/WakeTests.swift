import Foundation
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// The wake-up protocol in every order that its accesses can have.
@Suite struct WakeTests {
    /// The shared memory as plain values: the steps are interleaved by the test.
    final class Cells: WakeCells {
        var tail: UInt64 = 0
        var bit = false

        func setBit() { bit = true }
        func loadTail() -> UInt64 { tail }
        func storeTail(_ tail: UInt64) { self.tail = tail }
        func takeBits() -> Bool {
            defer { bit = false }
            return bit
        }
    }

    /// All ways to merge so many steps of one and of the other.
    private func merges(_ left: Int, _ right: Int) -> [[Bool]] {
        if left == 0 { return [Array(repeating: false, count: right)] }
        if right == 0 { return [Array(repeating: true, count: left)] }
        return merges(left - 1, right).map { [true] + $0 }
            + merges(left, right - 1).map { [false] + $0 }
    }

    @Test func `nobody sleeps through a tail that moved`() {
        // Two publications against a sleeper that starts at either position.
        var count = 0
        for order in merges(2, 4) {
            for position: UInt64 in [0, 8] {
                let cells = Cells()
                var sleeper = Sleeper(at: position)
                var publishers = [Publisher(tail: 8), Publisher(tail: 16)]
                var wokenAt: [Int] = []
                var sleptAt: Int?
                for (time, isSleeper) in order.enumerated() {
                    if isSleeper {
                        sleeper.step(cells)
                        if sleeper.isDone { sleptAt = time }
                    } else if publishers[0].isDone {
                        publishers[1].step(cells)
                        if publishers[1].state == .done(wakes: true) { wokenAt.append(time) }
                    } else {
                        publishers[0].step(cells)
                        if publishers[0].state == .done(wakes: true) { wokenAt.append(time) }
                    }
                }
                count += 1
                #expect(sleeper.isDone && publishers[1].isDone && sleptAt != nil)
                // Whoever sleeps is woken: before it knew that it sleeps, or after; either way a
                // wake is on its way, since the tail is beyond its position.
                if sleeper.state == .asleep {
                    #expect(!wokenAt.isEmpty, "order \(order), position \(position)")
                }
            }
        }
        #expect(count == 30)
    }

    @Test func `a sleeper is told once of a batch, of a close and of a removal`() throws {
        let folder = TemporaryFolder()
        let log = try openLog(small(folder))
        let bench = Bench(log)
        let shard = try bench.open(1)
        #expect(shard.sleep(reader: 0, at: shard.tail))
        _ = try bench.put(shard, [1])
        #expect(bench.advanced == [shard.number])
        _ = try bench.put(shard, [1])
        #expect(bench.advanced == [shard.number])
        #expect(!shard.sleep(reader: 0, at: .start))
        bench.advanced = []
        #expect(shard.sleep(reader: 0, at: shard.tail))
        _ = try bench.submit(
            ControlEntry(payload: Model.closing(shard.number), closes: [shard.number]))
        #expect(bench.advanced == [shard.number] && shard.isClosed)
        // A closed shard has nothing to wait for but its removal.
        #expect(!shard.sleep(reader: 0, at: shard.tail))
        _ = try bench.submit(
            ControlEntry(payload: Model.removing(shard.number), removes: [shard.number]))
        #expect(shard.isRemoved)
        try log.close()
    }

    @Test func `a reader that sleeps and reads in turn misses nothing under load`() async throws {
        let folder = TemporaryFolder()
        var configuration = small(folder)
        // Nobody takes files back here: what is put, a page a batch, has to fit in those there may be.
        configuration.journalFileBytes = 64 << 20
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        let total = rounds(400)
        let seen = Task.detached { () -> Int in
            // A reader of its own with a bell of its own.
            let bell = Bench.Bell()
            let staging = log.staging(reader: 1) { bell.ring() }
            var position = Position.start
            var count = 0
            while count < total {
                let result = shard.read(
                    from: position, maximumRecords: 10, maximumBytes: 1 << 20
                ) { _ in
                    count += 1
                    return true
                }
                position = result.next
                if result.outcome == .pending, count < total,
                    shard.sleep(reader: 1, at: position)
                {
                    guard bell.wait() else { return -1 }
                    staging.drain(
                        completed: { _ in }, control: { _, _ in }, advanced: { _ in })
                }
            }
            return count
        }
        for round in 0..<total { _ = try bench.put(shard, [UInt8(truncatingIfNeeded: round)]) }
        #expect(await seen.value == total)
        try log.close()
    }

    @Test func `outcomes that are taken in parts come once each, and none is left behind`() throws {
        let folder = TemporaryFolder()
        let log = try openLog(small(folder))
        let bench = Bench(log)
        let shard = try bench.open(1)
        var tokens: Set<UInt64> = []
        func put(_ count: Int) {
            for number in 0..<count {
                let (token, result) = bench.stage(shard, [UInt8(truncatingIfNeeded: number)])
                #expect(result == .staged)
                tokens.insert(token)
            }
            bench.staging.handOver()
        }
        bench.outcomes = [:]
        put(100)
        var parts = 0
        var isOver = false
        let limit = Date().addingTimeInterval(20)
        // Another batch comes while the first is half taken: its wake is used up by then.
        while !isOver, Date() < limit {
            let (count, isLeft) = bench.drain(limit: 7)
            #expect(count <= 7)
            if count == 7 { parts += 1 }
            if parts == 3, tokens.count == 100 { put(50) }
            if !isLeft, bench.outcomes.count == tokens.count { isOver = true }
            if !isLeft, !isOver { usleep(1_000) }
        }
        #expect(tokens.count == 150)
        #expect(Set(bench.outcomes.keys) == tokens)
        #expect(parts >= 14)
        try log.close()
    }
}
