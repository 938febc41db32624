import Foundation
import Glibc
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// A full disk: what there is is used, what must work works from the reserve, and the state is told
/// once when it begins and once when it ends.
@Suite struct FullDiskTests {
    /// Every change of health that was told.
    private final class Told: Sendable {
        let all = Mutex<[Health]>([])

        init(_ log: ShardLog) {
            log.observeHealth { health in self.all.withLock { $0.append(health) } }
        }

        var names: [String] { all.withLock { $0.map(\.name) } }
    }

    private func configuration(
        _ folder: TemporaryFolder, _ disk: SimulatedFileSystem
    ) -> ShardLog.Configuration {
        var configuration = small(folder, files: disk)
        configuration.journalFileBytes = 2 << 20
        configuration.segmentBytes = 2 << 20
        configuration.reserveBytes = 4 << 20
        return configuration
    }

    /// The second step of a segment does not fit, then the second file of the journal.
    @Test(arguments: [
        (900_000, [10, 100_000, 400_000, 250_000, 10]),
        (2_300_000, [Int](repeating: 100_000, count: 12) + [10]),
    ])
    func `growth takes what there is`(free: Int, sizes: [Int]) throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let log = try openLog(configuration(folder, disk))
        let told = Told(log)
        let bench = Bench(log)
        let shard = try bench.open(1)
        disk.state.withLock { $0.capacity = $0.used + free }
        var stored = 0
        for size in sizes {
            let result = try bench.put(shard, [UInt8](repeating: 1, count: size))
            #expect(result.isStored, "\(size) bytes")
            stored += 1
        }
        #expect(readAll(shard).records.count == stored)
        #expect(told.names.isEmpty)
        try log.close()
    }

    @Test func `a small record is not refused because a large one was`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let log = try openLog(configuration(folder, disk))
        let told = Told(log)
        let bench = Bench(log)
        let shard = try bench.open(1)
        log.housekeep()
        disk.state.withLock { $0.capacity = $0.used + 1_500_000 }
        #expect(try bench.put(shard, [UInt8](repeating: 1, count: 3 << 20)) == .failed)
        for _ in 0..<5 {
            #expect(try bench.put(shard, [UInt8](repeating: 1, count: 10)).isStored)
            log.housekeep()
            // Twice what was lacking is not free: it does not go back and forth.
            #expect(log.health.name == "lacking")
        }
        #expect(told.names == ["lacking"])
        disk.state.withLock { $0.capacity = nil }
        log.housekeep()
        #expect(try bench.put(shard, [UInt8](repeating: 1, count: 3 << 20)).isStored)
        #expect(told.names == ["lacking", "accepting"])
        try log.close()
    }

    @Test func `changes, deletes and snapshots work from the reserve, and deleting heals`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let log = try openLog(configuration(folder, disk))
        let told = Told(log)
        let bench = Bench(log)
        let shard = try bench.open(1)
        let doomed = try bench.open(2)
        for _ in 0..<40 {
            #expect(try bench.put(doomed, [UInt8](repeating: 1, count: 100_000)).isStored)
        }
        log.housekeep()
        disk.state.withLock { $0.capacity = $0.used + (1 << 20) }
        // Until nothing more goes in.
        var isFull = false
        for _ in 0..<2000 where !isFull {
            let (token, result) = bench.stage(shard, [UInt8](repeating: 2, count: 20_000))
            guard result == .staged else { break }
            bench.staging.handOver()
            try bench.wait { bench.outcomes[token] != nil }
            isFull = bench.outcomes[token] == .failed
        }
        #expect(told.names == ["lacking"])
        for round in 0..<80 {
            // Large ones, so that the journal has to grow again and again.
            let entry = ControlEntry(payload: [UInt8](repeating: 1, count: 60_000))
            #expect(try bench.submit(entry).isApplied, "change \(round)")
            if round % 10 == 0 {
                let described = [shard, doomed].map {
                    ShardDescription(
                        number: $0.number, createdMilliseconds: $0.createdMilliseconds)
                }
                try log.saveSnapshot(
                    Model.snapshot(described), batch: log.appliedBatch.load(ordering: .acquiring))
                log.housekeep()
                log.waitForSync()
                log.housekeep()
            }
        }
        #expect(told.names == ["lacking"], "it does not flap while the disk is full")
        let removal = ControlEntry(
            payload: Model.removing(doomed.number), removes: [doomed.number])
        #expect(try bench.submit(removal).isApplied)
        log.housekeep()
        log.housekeep()
        #expect(told.names == ["lacking", "accepting"])
        #expect(try bench.put(shard, [UInt8](repeating: 2, count: 20_000)).isStored)
        #expect(log.healthChanges == 2)
        try log.close()
    }

    @Test func `journal files are used again while removals wait for the disk`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.journalFileBytes = 64 << 10
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        let doomed = try bench.open(2)
        #expect(try bench.put(doomed, [1]).isStored)
        let removal = ControlEntry(
            payload: Model.removing(doomed.number), removes: [doomed.number])
        #expect(try bench.submit(removal).isApplied)
        // A removal that takes as long as it likes, on a thread of its own.
        let entered = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        disk.state.withLock { state in
            state.before = { operation, path in
                guard operation == .unlink, path.hasSuffix(".segment") else { return }
                entered.signal()
                gate.wait()
            }
        }
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            log.tidy()
            ended.signal()
        }
        #expect(entered.wait(timeout: .now() + 30) == .success)
        for _ in 0..<60 {
            #expect(try bench.put(shard, [UInt8](repeating: 1, count: 4000)).isStored)
            log.keepJournal()
            log.waitForSync()
            try log.saveSnapshot(
                Model.snapshot([
                    ShardDescription(
                        number: shard.number, createdMilliseconds: shard.createdMilliseconds)
                ]), batch: log.appliedBatch.load(ordering: .acquiring))
        }
        // 480 KB went through files of 64 KiB.
        #expect(log.journal.fullCount < 4)
        gate.signal()
        #expect(ended.wait(timeout: .now() + 30) == .success)
        disk.state.withLock { $0.before = nil }
        try log.close()
    }
}
