import Foundation
import Glibc
import Metrics
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// The disk says no.
@Suite struct FailureTests {
    @Test func `a record is neither acknowledged nor published while the sync is held`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let log = try openLog(small(folder, files: disk))
        let bench = Bench(log)
        let shard = try bench.open(1)
        let hold = HeldSync(disk)
        let (token, result) = bench.stage(shard, [1, 2, 3])
        #expect(result == .staged)
        bench.staging.handOver()
        log.submit(ControlEntry(payload: [9]), waiter: Waiter(reader: 0, token: 777))
        try hold.wait(bench)
        bench.drain()
        #expect(bench.outcomes[token] == nil && bench.controls[777] == nil)
        #expect(shard.tail == .start && shard.lastIndex == 0)
        #expect(readAll(shard).records.isEmpty)
        #expect(shard.sleep(reader: 0, at: .start))
        hold.release()
        try bench.wait { bench.outcomes[token] != nil && bench.controls[777] != nil }
        #expect(bench.advanced == [shard.number])
        #expect(readAll(shard).records.map(\.data) == [[1, 2, 3]])
        try log.close()
    }

    @Test func `a sync that is due and fails is not tried without end`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.durability = .interval(milliseconds: 20)
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        disk.fail { operation, path, _ in
            operation == .sync && path.contains("/journal/") ? EIO : nil
        }
        // Acknowledged when it is written, and then its sync is due.
        #expect(try bench.put(shard, [1]).isStored)
        let deadline = Date().addingTimeInterval(30)
        while log.health == .accepting, Date() < deadline { Thread.sleep(forTimeInterval: 0.01) }
        #expect(log.health != .accepting)
        // A committer that is busy with it for ever never comes to its end.
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            try? log.close()
            ended.signal()
        }
        #expect(ended.wait(timeout: .now() + 30) == .success)
    }

    @Test func `a batch that failed once goes to a fresh journal file`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        #expect(try bench.put(shard, [1]).isStored)
        let failed = Atomic<Bool>(false)
        disk.fail { operation, path, _ in
            guard operation == .sync, path.contains("/journal/"),
                !failed.exchange(true, ordering: .relaxed)
            else { return nil }
            return EIO
        }
        #expect(try bench.put(shard, [2]).isStored)
        #expect(try bench.put(shard, [3]).isStored)
        #expect(log.health == .accepting)
        #expect(log.counters.journalRetries.value == 1)
        // As after a kill, before and after the close.
        configuration.files = disk.copy()
        let killed = try openLog(configuration)
        let again = try #require(killed.shard(shard.number))
        #expect(readAll(again).records.map(\.data) == [[1], [2], [3]])
        try killed.close()
        try log.close()
    }

    @Test func `a journal that cannot be synced refuses writes and is read on`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let log = try openLog(small(folder, files: disk))
        let bench = Bench(log)
        let shard = try bench.open(1)
        #expect(try bench.put(shard, [1]).isStored)
        disk.fail { operation, path, _ in
            operation == .sync && path.contains("/journal/") ? EIO : nil
        }
        #expect(try bench.put(shard, [2]) == .failed)
        #expect(try bench.submit(ControlEntry(payload: [1])) == .failed)
        guard case .refusing(let reason) = log.health else {
            Issue.record("it accepts")
            return
        }
        #expect(reason.contains("fdatasync"))
        #expect(bench.stage(shard, [3]).result == .refusing)
        #expect(readAll(shard).records.map(\.data) == [[1]])
        #expect(reason.contains("every second"))
        // It lasts as long as the disk fails, and no longer.
        for _ in 0..<3 {
            log.housekeep()
            log.waitForSync()
            #expect(log.health != .accepting)
        }
        var killed = small(folder)
        killed.files = disk.copy()
        disk.fail(nil)
        log.housekeep()
        log.waitForSync()
        #expect(log.health == .accepting && log.healthChanges == 2)
        #expect(try bench.put(shard, [4]).isStored)
        // What nobody knew of is decided by then: it is not in the log, now nor later.
        #expect(readAll(shard).records.map(\.data) == [[1], [4]])
        try log.close()
        let again = try openLog(small(folder, files: disk))
        let reopened = try #require(again.shard(shard.number))
        #expect(readAll(reopened).records.map(\.data) == [[1], [4]])
        try again.close()
        // A recovery that comes before decides as well.
        let recovered = try openLog(killed)
        let decided = try #require(recovered.shard(shard.number))
        let found = readAll(decided).records.map(\.data)
        #expect(found == [[1]] || found == [[1], [2]])
        try recovered.close()
    }

    @Test func `a full disk fails puts with a reason and passes when there is space again`()
        throws
    {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        let log = try openLog(small(folder, files: disk))
        let bench = Bench(log)
        let shard = try bench.open(1)
        let doomed = try bench.open(2)
        #expect(try bench.put(doomed, [UInt8](repeating: 1, count: 30_000)).isStored)
        log.housekeep()
        let used = disk.state.withLock { state in
            state.capacity = state.used
            return state.used
        }
        var last = RecordOutcome.Result.failed
        var stored = 0
        for _ in 0..<100 {
            let (token, result) = bench.stage(shard, [UInt8](repeating: 2, count: 3000))
            guard result == .staged else { break }
            bench.staging.handOver()
            try bench.wait { bench.outcomes[token] != nil }
            last = bench.outcomes[token]!
            if last.isStored { stored += 1 }
        }
        #expect(last == .failed)
        guard case .lacking(let reason) = log.health else {
            Issue.record("it accepts")
            return
        }
        #expect(reason.contains("No space left"))
        #expect(bench.stage(shard, [1]).result == .refusing)
        // A delete and a snapshot work all the same.
        let removal = ControlEntry(
            payload: Model.removing(doomed.number), removes: [doomed.number])
        #expect(try bench.submit(removal).isApplied)
        let batch = log.appliedBatch.load(ordering: .acquiring)
        try log.saveSnapshot(
            Model.snapshot([
                ShardDescription(
                    number: shard.number, createdMilliseconds: shard.createdMilliseconds)
            ]), batch: batch)
        disk.state.withLock { $0.capacity = used + (2 << 20) }
        log.housekeep()
        #expect(log.health == .accepting)
        #expect(try bench.put(shard, [5]).isStored)
        let (records, problem, _) = readAll(shard)
        #expect(problem == nil && records.count == stored + 1)
        try log.close()
    }

    @Test(arguments: [false, true])
    func `a log on a full disk is opened from its reserve, read and deleted from`(
        isClosed: Bool
    ) throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.reserveBytes = 1 << 20
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        for _ in 0..<20 {
            #expect(try bench.put(shard, [UInt8](repeating: 1, count: 3000)).isStored)
        }
        log.housekeep()
        // Not a byte is free, and the killed one's segments have to be written again.
        var left = disk.copy()
        try log.close()
        if isClosed { left = disk }
        for path in left.paths where !isClosed && path.hasSuffix(".segment") {
            try left.unlink(path)
        }
        left.state.withLock { $0.capacity = $0.used }
        configuration.files = left
        let again = try openLog(configuration)
        let reopened = try #require(again.shard(shard.number))
        #expect(readAll(reopened).records.count == 20)
        let after = Bench(again)
        let removal = ControlEntry(
            payload: Model.removing(shard.number), removes: [shard.number])
        #expect(try after.submit(removal).isApplied)
        again.housekeep()
        #expect(!left.paths.contains { $0.hasSuffix(".segment") })
        try again.close()
    }

    @Test func `a segment that cannot be synced is put into a new file`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.journalFileBytes = 64 << 10
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        let failed = Atomic<Int>(0)
        disk.fail { operation, path, _ in
            guard operation == .sync, path.hasSuffix(".segment"),
                failed.add(1, ordering: .relaxed).newValue == 1
            else { return nil }
            return EIO
        }
        for round in 0..<40 {
            #expect(try bench.put(shard, [UInt8](repeating: UInt8(round), count: 2000)).isStored)
            if round % 5 == 0 { log.housekeep() }
        }
        log.housekeep()
        #expect(log.counters.segmentRewrites.value >= 1)
        #expect(log.health == .accepting)
        #expect(readAll(shard).records.map { Int($0.data[0]) } == Array(0..<40))
        try log.close()
        let again = try openLog(configuration)
        let reopened = try #require(again.shard(shard.number))
        #expect(readAll(reopened).records.map { Int($0.data[0]) } == Array(0..<40))
        try again.close()
    }

    @Test func `segments that can never be synced cost no record`() throws {
        for seed in 0..<UInt64(4) {
            let folder = TemporaryFolder()
            let disk = SimulatedFileSystem()
            var configuration = small(folder, files: disk)
            configuration.journalFileBytes = 64 << 10
            let log = try openLog(configuration)
            let bench = Bench(log)
            let shard = try bench.open(1)
            disk.fail { operation, path, _ in
                operation == .sync && path.contains(".segment") ? EIO : nil
            }
            var stored: [UInt8] = []
            for round in 0..<60 {
                let (token, result) = bench.stage(
                    shard, [UInt8](repeating: UInt8(round), count: 2000))
                guard result == .staged else { break }
                bench.staging.handOver()
                try bench.wait { bench.outcomes[token] != nil }
                if bench.outcomes[token]!.isStored { stored.append(UInt8(round)) }
                if round % 3 == 0 { log.housekeep() }
                if round % 10 == 0, log.health == .accepting {
                    let batch = log.appliedBatch.load(ordering: .acquiring)
                    try log.saveSnapshot(Array("open 1 1700000000000".utf8), batch: batch)
                }
            }
            #expect(log.health.reason?.contains("cannot be synced") == true)
            #expect(stored.count == 60)
            #expect(readAll(shard).records.map { $0.data[0] } == stored)
            try? log.close()
            configuration.files = SimulatedFileSystem(after: disk.cutNow(), seed: seed)
            let again = try openLog(configuration)
            let reopened = try #require(again.shard(shard.number))
            let found = readAll(reopened).records.map { $0.data[0] }
            #expect(found.starts(with: stored))
            try again.close()
        }
    }

    @Test func `a failing folder sync makes opening fail`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        disk.fail { operation, _, _ in operation == .syncFolder ? EIO : nil }
        let error = #expect(throws: LogError.self) { try openLog(small(folder, files: disk)) }
        #expect(error?.reason == .system(errno: EIO, operation: "fsync"))
    }

    @Test func `a second log on the same folder is refused`() throws {
        let folder = TemporaryFolder()
        let log = try openLog(small(folder))
        let error = #expect(throws: LogError.self) { try openLog(small(folder)) }
        #expect(error?.reason == .locked)
        try log.close()
        try openLog(small(folder)).close()
    }

    @Test func `a newer format is refused, and so is what is not ours`() throws {
        let folder = TemporaryFolder()
        try openLog(small(folder)).close()
        let file = folder.path + "/format"
        try Data("weir log 3\n".utf8).write(to: URL(fileURLWithPath: file))
        let newer = #expect(throws: LogError.self) { try openLog(small(folder)) }
        #expect(newer?.reason == .newerFormat(found: 3, supported: 2))
        try Data("something\n".utf8).write(to: URL(fileURLWithPath: file))
        let foreign = #expect(throws: LogError.self) { try openLog(small(folder)) }
        guard case .foreign? = foreign?.reason else {
            Issue.record("\(String(describing: foreign))")
            return
        }
    }

    @Test func `staging beyond the budget is answered full, and passes`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.stagingBytes = 1 << 20
        configuration.stagingAgeMilliseconds = 600_000
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shards = try (1...5).map { try bench.open($0) }
        let hold = HeldSync(disk)
        #expect(bench.stage(shards[0], [1]).result == .staged)
        bench.staging.handOver()
        try hold.wait(bench)
        var staged = 0
        // One shard gets a share only.
        while bench.stage(shards[0], [UInt8](repeating: 1, count: 9000)).result == .staged {
            staged += 1
        }
        #expect(staged > 10 && staged * 9000 <= 1 << 18)
        var last: UInt64 = 0
        for shard in shards.dropFirst() {
            while true {
                let (token, result) = bench.stage(shard, [UInt8](repeating: 1, count: 9000))
                guard result == .staged else { break }
                last = token
                staged += 1
            }
        }
        #expect(staged * 9000 <= 1 << 20)
        #expect(log.counters.refusedFull.value > 0)
        bench.staging.handOver()
        hold.release()
        try bench.wait { bench.outcomes[last] != nil }
        let all = bench.outcomes.values.allSatisfy { $0.isStored }
        #expect(all)
        #expect(log.counters.stagedBytes.load(ordering: .relaxed) == 0)
        #expect(try bench.put(shards[0], [1]).isStored)
        try log.close()
    }

    @Test func `nothing more is staged when what waits has become too old`() throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.stagingAgeMilliseconds = 0
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        let hold = HeldSync(disk)
        let (token, result) = bench.stage(shard, [1])
        #expect(result == .staged)
        bench.staging.handOver()
        try hold.wait(bench)
        #expect(bench.stage(shard, [2]).result == .full)
        bench.staging.handOver()
        hold.release()
        try bench.wait { bench.outcomes[token] != nil }
        #expect(try bench.put(shard, [3]).isStored)
        try log.close()
    }
}

/// Holds the journal's syncs where they begin, until it is released.
struct HeldSync {
    let disk: SimulatedFileSystem
    private let entered = DispatchSemaphore(value: 0)
    private let gate = DispatchSemaphore(value: 0)

    init(_ disk: SimulatedFileSystem) {
        self.disk = disk
        let (entered, gate) = (entered, gate)
        disk.state.withLock { state in
            state.before = { operation, path in
                guard operation == .sync, path.contains("/journal/") else { return }
                entered.signal()
                gate.wait()
            }
        }
    }

    /// Waits until a sync is held. None comes when the committer had to fail the batch before it
    /// was written; then the log says why.
    func wait(_ bench: Bench) throws {
        if entered.wait(timeout: .now() + 30) == .success { return }
        bench.drain()
        Issue.record("no sync of the journal came: \(bench.log.health), \(bench.outcomes)")
        throw Bench.Lost()
    }

    func release() {
        disk.state.withLock { $0.before = nil }
        gate.signal()
    }
}

extension RecordOutcome.Result {
    var isStored: Bool { if case .stored = self { true } else { false } }
}

extension ControlOutcome {
    var isApplied: Bool { if case .applied = self { true } else { false } }
}
