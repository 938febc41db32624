import Foundation
import Metrics
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// What shards cost, what retention gives back, and what the durability classes do.
@Suite struct CostTests {
    @Test func `four thousand shards without records cost no file`() throws {
        let folder = TemporaryFolder()
        let configuration = small(folder)
        let shards = (1...4000).map { number in
            ShardDescription(
                number: ShardNumber(rawValue: UInt64(number)),
                createdMilliseconds: 1_700_000_000_000)
        }
        let payload = Model.snapshot(shards)
        let log = try openLog(configuration)
        let bench = Bench(log)
        #expect(try bench.submit(ControlEntry(payload: payload, opens: shards)).isApplied)
        log.housekeep()
        let segments = try FileManager.default.contentsOfDirectory(
            atPath: folder.path + "/segments")
        #expect(segments.isEmpty)
        #expect(log.shardCount == 4000)
        try log.close()
        let again = try openLog(configuration)
        #expect(again.shardCount == 4000)
        try again.close()
    }

    @Test func `retention unlinks whole segments and moves the horizon within one`() throws {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let disk = SimulatedFileSystem()
        let log = try openLog(small(folder, clock, files: disk))
        let bench = Bench(log)
        let shard = try bench.open(1)
        for round in 0..<100 {
            clock.advance(1000)
            _ = try bench.put(shard, [UInt8](repeating: UInt8(round), count: 2000))
        }
        let before = disk.paths.filter { $0.hasSuffix(".segment") }.count
        #expect(before >= 3)
        let all = readAll(shard).records
        log.trim(shard, olderThan: all[70].arrival)
        log.housekeep()
        #expect(shard.horizon.offset == all[70].position)
        #expect(disk.paths.filter { $0.hasSuffix(".segment") }.count < before)
        let result = shard.read(from: .start, maximumRecords: 1, maximumBytes: 1) { _ in true }
        #expect(result == ReadResult(next: shard.horizon, outcome: .trimmed))
        #expect(readAll(shard).records == Array(all[70...]))
        log.trim(shard, olderThan: .max)
        #expect(shard.horizon == shard.tail)
        #expect(readAll(shard).records.isEmpty)
        log.waitForSync()
        log.housekeep()
        #expect(!disk.paths.contains { $0.hasSuffix(".segment") })
        #expect(try bench.put(shard, [1]).isStored)
        #expect(readAll(shard).records.count == 1)
        try log.close()
        let again = try openLog(small(folder, clock, files: disk))
        let reopened = try #require(again.shard(shard.number))
        #expect(reopened.tail == shard.tail)
        #expect(readAll(reopened).records.last == readAll(shard).records.last)
        try again.close()
    }

    @Test func `a search above the horizon completes the index of what is below it`() throws {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let disk = SimulatedFileSystem()
        let configuration = small(folder, clock, files: disk)
        var log = try openLog(configuration)
        var bench = Bench(log)
        var shard = try bench.open(1)
        for _ in 0..<10 {
            clock.advance(1000)
            _ = try bench.put(shard, [UInt8](repeating: 1, count: 500))
        }
        let all = readAll(shard).records
        try log.close()
        log = try openLog(configuration)
        bench = Bench(log)
        shard = try #require(log.shard(ShardNumber(rawValue: 1)))
        // The horizon is inside a segment whose index has not been made.
        shard.horizonOffset.store(all[3].position, ordering: .releasing)
        let found = shard.position(afterIndex: all[6].index, mayWait: true)
        #expect(found == .found(Position(offset: all[7].position)))
        log.trim(shard, olderThan: all[8].arrival)
        #expect(shard.horizon.offset == all[8].position)
        try log.close()
    }

    @Test func `a removed shard's files go`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let log = try openLog(small(folder, files: disk))
        let bench = Bench(log)
        let shard = try bench.open(1)
        _ = try bench.put(shard, [1])
        #expect(disk.paths.contains { $0.hasSuffix(".segment") })
        _ = try bench.submit(
            ControlEntry(payload: Model.removing(shard.number), removes: [shard.number]))
        // Whoever has the shard reads on.
        #expect(readAll(shard).records.map(\.data) == [[1]])
        log.housekeep()
        #expect(!disk.paths.contains { $0.hasSuffix(".segment") })
        try log.close()
    }

    @Test func `the journal is recycled once snapshot and segments hold what it held`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.journalFileBytes = 64 << 10
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        for _ in 0..<200 {
            _ = try bench.put(shard, [UInt8](repeating: 1, count: 3000))
            log.housekeep()
            if log.wantsSnapshot {
                let batch = log.appliedBatch.load(ordering: .acquiring)
                try log.saveSnapshot(Array("open 1 1700000000000".utf8), batch: batch)
            }
        }
        #expect(disk.paths.filter { $0.hasSuffix(".journal") }.count <= 5)
        #expect(log.counters.segmentSyncs.value > 0)
        // At rest, what is full is soon nobody's.
        for _ in 0..<6 {
            log.housekeep()
            log.waitForSync()
            if log.wantsSnapshot {
                let batch = log.appliedBatch.load(ordering: .acquiring)
                try log.saveSnapshot(Array("open 1 1700000000000".utf8), batch: batch)
            }
        }
        #expect(log.journal.fullCount == 0)
        try log.close()
        let again = try openLog(configuration)
        let reopened = try #require(again.shard(shard.number))
        #expect(readAll(reopened).records.count == 200)
        try again.close()
    }

    @Test func `the journal begins with a short file and goes on with ones made ready`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.journalFileBytes = 64 << 20
        func lengths() throws -> [UInt64] {
            try disk.paths.filter { $0.hasSuffix(".journal") }.sorted().map {
                try disk.open($0, create: false).size()
            }
        }
        let log = try openLog(configuration)
        #expect(try lengths() == [1 << 20])
        log.housekeep()
        #expect(try lengths() == [1 << 20, 8 << 20])
        let bench = Bench(log)
        let shard = try bench.open(1)
        for _ in 0..<300 { _ = try bench.put(shard, [1]) }
        // The short file is full; it does not make the next one longer.
        log.housekeep()
        #expect(try lengths() == [1 << 20, 8 << 20, 8 << 20])
        try log.close()
    }

    @Test func `a log that is killed after every start can still be started`() throws {
        let folder = TemporaryFolder()
        var disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        let lives = Limits.journalFiles + 3
        for life in 0..<lives {
            configuration.files = disk
            let log = try openLog(configuration)
            #expect(log.wantsSnapshotAtOnce == (life > Limits.journalFilesAtStart))
            let bench = Bench(log)
            let shard = try log.shard(ShardNumber(rawValue: 1)) ?? bench.open(1)
            #expect(try bench.put(shard, [UInt8(life)]).isStored)
            let killed = disk.copy()
            try log.close()
            disk = killed
        }
        configuration.files = disk
        let log = try openLog(configuration)
        let shard = try #require(log.shard(ShardNumber(rawValue: 1)))
        #expect(readAll(shard).records.map(\.data) == (0..<lives).map { [UInt8($0)] })
        // With a snapshot none of them is needed.
        try log.saveSnapshot(Array("open 1 1700000000000".utf8), batch: 0)
        log.removeOldJournals()
        #expect(!log.wantsSnapshotAtOnce)
        #expect(disk.paths.count { $0.hasSuffix(".journal") } <= 1 + Limits.spareJournalFiles)
        try log.close()
        let again = try openLog(configuration)
        let reopened = try #require(again.shard(shard.number))
        #expect(readAll(reopened).records.count == lives)
        try again.close()
    }

    @Test func `the class os acknowledges without a sync, and interval syncs later`() throws {
        for durability in [Durability.os, .interval(milliseconds: 1)] {
            let folder = TemporaryFolder()
            let disk = SimulatedFileSystem()
            var configuration = small(folder, files: disk)
            configuration.durability = durability
            let log = try openLog(configuration)
            let bench = Bench(log)
            let shard = try bench.open(1)
            let before = log.counters.journalSyncs.reading.count
            for round in 0..<20 { #expect(try bench.put(shard, [UInt8(round)]).isStored) }
            if durability == .os {
                #expect(log.counters.journalSyncs.reading.count == before)
                #expect(
                    log.durableBatch.load(ordering: .acquiring)
                        < log.publishedBatch.load(ordering: .acquiring))
            } else {
                // The timer's sync comes without any more records.
                while log.durableBatch.load(ordering: .acquiring)
                    < log.publishedBatch.load(ordering: .acquiring)
                {
                    Thread.sleep(forTimeInterval: 0.001)
                }
            }
            // A kill is not a power cut: the kernel has it.
            var killed = configuration
            killed.files = disk.copy()
            let again = try openLog(killed)
            let reopened = try #require(again.shard(shard.number))
            #expect(readAll(reopened).records.count == 20)
            try again.close()
            try log.close()
        }
    }

    @Test func `cold bytes are read only by who may wait`() throws {
        let folder = TemporaryFolder()
        var configuration = small(folder)
        configuration.residentBytes = 16 << 10
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        for round in 0..<60 {
            _ = try bench.put(shard, [UInt8](repeating: UInt8(round), count: 2000))
        }
        let cold = shard.read(from: .start, maximumRecords: 1, maximumBytes: 1) { _ in true }
        #expect(cold == ReadResult(next: .start, outcome: .cold))
        #expect(shard.coldBytes.load(ordering: .relaxed) == 0)
        var seen = 0
        let read = shard.read(
            from: .start, maximumRecords: 5, maximumBytes: 1 << 20, mayWait: true
        ) { _ in
            seen += 1
            return true
        }
        #expect(read.outcome == .ready && seen == 5)
        #expect(shard.coldBytes.load(ordering: .relaxed) > 0)
        // What one has brought in is nobody else's.
        let again = shard.read(from: .start, maximumRecords: 1, maximumBytes: 1) { _ in true }
        #expect(again.outcome == .cold)
        #expect(readAll(shard).records.count == 60)
        #expect(shard.records(from: shard.tail) == 0)
        let estimate = shard.records(from: .start)
        #expect(estimate > 50 && estimate < 70)
        #expect(shard.bytes(from: .start) == shard.tail.offset)
        try log.close()
    }
}
