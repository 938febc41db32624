import Foundation
import Metrics
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// The one owner of descriptors and mappings: it keeps within its bounds, lives with less, and gives
/// back what nobody needs.
@Suite struct SegmentFilesTests {
    /// More shards than descriptors: each is written twice and read, then again after a restart.
    @Test(arguments: [(descriptors: 24, limit: Int.max), (320, 24), (64, 40)])
    func `many shards live within few descriptors`(
        configured: Int, limit: Int
    ) throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.descriptors = configured
        configuration.mappedSegments = 64
        disk.state.withLock { $0.descriptors = limit }
        let numbers = Array(1...UInt64(100))
        for start in 0..<2 {
            let log = try openLog(configuration)
            let bench = Bench(log)
            for number in numbers {
                let shard = try log.shard(ShardNumber(rawValue: number)) ?? bench.open(number)
                for round in 0..<2 {
                    let byte = UInt8(start * 2 + round)
                    #expect(try bench.put(shard, [UInt8](repeating: byte, count: 500)).isStored)
                }
            }
            log.housekeep()
            for number in numbers {
                let shard = try #require(log.shard(ShardNumber(rawValue: number)))
                let expected = (0..<UInt8(start * 2 + 2)).map { $0 }
                #expect(readAll(shard).records.map { $0.data[0] } == expected)
            }
            #expect(log.health == .accepting)
            let held = log.counters.segmentFiles
            #expect(held.open.value <= configuration.openSegments)
            #expect(held.mapped.value <= 64)
            #expect(held.evictions.value > 0)
            if limit < 100 { #expect(held.lacks.value > 0) }
            try log.close()
        }
        #expect(disk.state.withLock { $0.mostOpen } <= min(limit, configured + 64))
    }

    @Test func `what a removed shard held is given back, and who reads it is safe`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let log = try openLog(small(folder, files: disk))
        let bench = Bench(log)
        let shards = try (1...5).map { try bench.open($0) }
        for shard in shards {
            for round in 0..<20 {
                let data = [UInt8](repeating: UInt8(round), count: 4000)
                #expect(try bench.put(shard, data).isStored)
            }
        }
        log.housekeep()
        let held = log.counters.segmentFiles
        let segments = disk.paths.filter { $0.hasSuffix(".segment") }
        #expect(segments.count > 5)
        #expect(held.mapped.value >= 5)
        // A read is under way in the middle of the removal.
        let shard = shards[0]
        var seen = 0
        let result = shard.read(from: .start, maximumRecords: 3, maximumBytes: 1 << 20) { view in
            if seen == 0 {
                for shard in shards {
                    let removal = ControlEntry(
                        payload: Model.removing(shard.number), removes: [shard.number])
                    let outcome = try? bench.submit(removal)
                    #expect(outcome?.isApplied == true)
                }
                log.housekeep()
                #expect(!disk.paths.contains { $0.hasSuffix(".segment") })
                #expect(held.open.value == 0)
                // The one that is being read, and no other.
                #expect(held.mapped.value <= 1)
            }
            #expect(view.data.count == 4000 && view.data[0] == UInt8(seen))
            seen += 1
            return true
        }
        #expect(seen == 3 && result.next > .start)
        #expect(held.mapped.value == 0)
        // Nothing of it is opened or mapped again.
        _ = shard.read(
            from: .start, maximumRecords: 1, maximumBytes: 1, mayWait: true
        ) { _ in true }
        #expect(held.open.value == 0)
        #expect(held.mapped.value == 0)
        try log.close()
    }

    @Test func `what retention has dropped is given back`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let clock = TestClock()
        var configuration = small(folder, files: disk)
        configuration.wallMilliseconds = clock.now
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        for _ in 0..<40 {
            #expect(try bench.put(shard, [UInt8](repeating: 1, count: 4000)).isStored)
        }
        clock.advance(100_000)
        log.trim(shard, olderThan: clock.now() - 50_000)
        // The committer gives up the last segment between two batches.
        log.waitForSync()
        log.housekeep()
        let held = log.counters.segmentFiles
        #expect(!disk.paths.contains { $0.hasSuffix(".segment") })
        #expect(held.open.value == 0)
        #expect(held.mapped.value == 0)
        #expect(try bench.put(shard, [2]).isStored)
        #expect(readAll(shard, from: shard.horizon).records.map(\.data) == [[2]])
        try log.close()
    }
}
