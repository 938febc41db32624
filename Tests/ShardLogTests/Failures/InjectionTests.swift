import Foundation
import Glibc
import Synchronization
import System
import Testing
import TestSupport

@testable import ShardLog

/// Every call of the log on every kind of file fails once or twice, with every error that passes:
/// no stream stops, nothing that was acknowledged is lost, and the log accepts again by itself.
@Suite struct InjectionTests {
    static let errors = [EIO, EAGAIN, EINTR, ENOSPC, EMFILE, ENFILE, ENOMEM]

    /// Kinds of files, by what their paths contain.
    enum Place: String, CaseIterable {
        case journal = "/journal"
        case segments = "/segments"
        case other = ""

        func holds(_ path: String) -> Bool {
            switch self {
            case .journal, .segments: path.contains(rawValue)
            case .other: !path.contains("/journal") && !path.contains("/segments")
            }
        }
    }

    /// The calls that the log makes there while it runs.
    static let calls: [(SimulatedFileSystem.Operation, Place)] = [
        (.open, .journal), (.open, .segments), (.open, .other), (.write, .journal),
        (.write, .segments), (.write, .other), (.sync, .journal), (.sync, .segments),
        (.sync, .other), (.syncFolder, .journal), (.syncFolder, .segments), (.syncFolder, .other),
        (.rename, .other), (.unlink, .journal), (.unlink, .segments), (.reserve, .journal),
        (.reserve, .segments), (.truncate, .other), (.map, .segments),
    ]

    @Test(arguments: calls)
    func `a call that fails once or twice stops nothing`(
        operation: SimulatedFileSystem.Operation, place: Place
    ) throws {
        var struck = 0
        for round in 0..<rounds(1) {
            for error in Self.errors {
                for times in 1...2 {
                    let run = Run(
                        operation: operation, place: place, error: error, times: times,
                        seed: UInt64(round * 1000 + Int(error) * 10 + times))
                    let isStruck = try run.play()
                    #expect(isStruck, "\(run): the call was never made")
                    struck += isStruck ? 1 : 0
                }
            }
        }
        #expect(struck == rounds(1) * Self.errors.count * 2)
    }

    /// The same while a log is opened: it opens or says why not, and opens the next time.
    @Test(arguments: SimulatedFileSystem.Operation.allCases)
    func `a call that fails while a log is opened costs one start at most`(
        operation: SimulatedFileSystem.Operation
    ) throws {
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        for byte in 0..<30 {
            #expect(
                try bench.put(shard, [UInt8](repeating: UInt8(byte), count: 1000)).isStored)
        }
        let killed = disk.copy()
        try log.close()
        for error in Self.errors {
            for skipped in [0, 1, 2, 5] {
                let left = killed.copy()
                configuration.files = left
                let fault = Fault(
                    operation, Place.allCases, error, times: 1, skipping: skipped)
                left.fail(fault.rule)
                let first = try? openLog(configuration)
                if [EINTR, EAGAIN].contains(error), operation != .sync, operation != .syncFolder {
                    #expect(first != nil)
                }
                try? first?.close()
                left.fail(nil)
                let again = try openLog(configuration)
                let found = try #require(again.shard(shard.number))
                #expect(readAll(found).records.map { Int($0.data[0]) } == Array(0..<30))
                try again.close()
            }
        }
    }
}

/// Some calls of a kind that fail, one after the other.
final class Fault: Sendable {
    private let operation: SimulatedFileSystem.Operation
    private let places: [InjectionTests.Place]
    private let error: Int32
    private let skipping: Int
    private let times: Int
    private let seen = Atomic<Int>(0)

    init(
        _ operation: SimulatedFileSystem.Operation, _ places: [InjectionTests.Place],
        _ error: Int32, times: Int, skipping: Int
    ) {
        self.operation = operation
        self.places = places
        self.error = error
        self.times = times
        self.skipping = skipping
    }

    var rule: @Sendable (SimulatedFileSystem.Operation, String, Int) -> Int32? {
        { [self] operation, path, _ in
            guard operation == self.operation, places.contains(where: { $0.holds(path) }) else {
                return nil
            }
            let count = seen.add(1, ordering: .relaxed).newValue
            return count > skipping && count <= skipping + times ? error : nil
        }
    }

    var hasStruck: Bool { seen.load(ordering: .relaxed) > skipping }

    var isOver: Bool { seen.load(ordering: .relaxed) >= skipping + times }
}

/// A log that is written, read, snapshotted and cleaned up in an order that a seed draws, while a
/// kind of call fails.
private struct Run: CustomStringConvertible {
    let operation: SimulatedFileSystem.Operation
    let place: InjectionTests.Place
    let error: Int32
    let times: Int
    let seed: UInt64

    var description: String {
        "\(operation) on \(place), \(SystemError.text(error)), \(times) times, seed \(seed)"
    }

    /// True if the fault struck.
    func play() throws -> Bool {
        var random = SeededGenerator(seed: seed)
        let folder = TemporaryFolder()
        let disk = SimulatedFileSystem()
        var configuration = small(folder, files: disk)
        configuration.journalFileBytes = 64 << 10
        configuration.segmentBytes = 12 << 10
        configuration.segmentFirstBytes = 4 << 10
        // Few descriptors, so that segments are opened again and again.
        configuration.descriptors = 24
        let log = try openLog(configuration)
        let bench = Bench(log)
        var writer = Writer(bench: bench, shards: try (1...10).map { try bench.open($0) })
        try writer.put(count: 10, &random)
        log.housekeep()
        let fault = Fault(
            operation, [place], error, times: times, skipping: Int.random(in: 0...1, using: &random)
        )
        disk.fail(fault.rule)
        var doomed: UInt64 = 100
        for step in 0..<160 where step < 12 || !fault.isOver {
            // Bursts make the journal grow, and quiet after them lets it shrink.
            if step % 24 == 3 {
                for _ in 0..<20 { try writer.put(count: 1, &random) }
            }
            try writer.put(count: 6, &random)
            switch step % 4 {
            case 0:
                log.housekeep()
                log.waitForSync()
                log.housekeep()
            case 1:
                // A shard comes and goes, with a segment.
                doomed += 1
                if let shard = try? bench.open(doomed) {
                    _ = try bench.put(shard, [1])
                    let removal = ControlEntry(
                        payload: Model.removing(shard.number), removes: [shard.number])
                    _ = try bench.submit(removal)
                }
            case 2:
                let described = writer.shards.map {
                    ShardDescription(
                        number: $0.number, createdMilliseconds: $0.createdMilliseconds)
                }
                try? log.saveSnapshot(
                    Model.snapshot(described), batch: log.appliedBatch.load(ordering: .acquiring))
            default:
                for shard in writer.shards { _ = readAll(shard) }
            }
        }
        let isStruck = fault.hasStruck
        disk.fail(nil)
        for _ in 0..<6 where log.health != .accepting {
            log.housekeep()
            log.waitForSync()
        }
        #expect(log.health == .accepting, "\(self)")
        // What was staged while the fault struck may have been refused; not everything was.
        #expect(writer.stored * 2 > writer.failed, "\(self): \(writer.failed) failed")
        // What fails once is made good by itself, unless it is told that the disk is full.
        if times == 1, error != ENOSPC { #expect(writer.failed == 0, "\(self)") }
        let before = writer.failed
        try writer.put(count: 10, &random)
        #expect(writer.failed == before, "\(self)")
        writer.check(log, "\(self)")
        try log.close()
        let again = try openLog(configuration)
        writer.check(again, "\(self), opened again")
        try again.close()
        return isStruck
    }

    /// Puts numbered records and knows which of them were acknowledged.
    private struct Writer {
        let bench: Bench
        let shards: [Shard]
        var acknowledged: [ShardNumber: [UInt32]] = [:]
        var unknown: Set<UInt32> = []
        var next: UInt32 = 0
        var stored: Int { acknowledged.values.reduce(0) { $0 + $1.count } }
        var failed: Int { unknown.count }

        mutating func put(count: Int, _ random: inout SeededGenerator) throws {
            var waiting: [(ShardNumber, UInt32, UInt64)] = []
            for _ in 0..<count {
                let shard = shards.randomElement(using: &random)!
                var data = (0..<4).map { UInt8(truncatingIfNeeded: next >> (8 * UInt32($0))) }
                data += [UInt8](repeating: 7, count: Int.random(in: 0...700, using: &random))
                let (token, result) = bench.stage(shard, data)
                if result == .staged {
                    waiting.append((shard.number, next, token))
                } else {
                    unknown.insert(next)
                }
                next += 1
            }
            bench.staging.handOver()
            try bench.wait { waiting.allSatisfy { bench.outcomes[$0.2] != nil } }
            for (shard, number, token) in waiting {
                if bench.outcomes[token]?.isStored == true {
                    acknowledged[shard, default: []].append(number)
                } else {
                    unknown.insert(number)
                }
            }
        }

        /// All that were acknowledged are there once, in order, and nothing that nobody put.
        func check(_ log: ShardLog, _ what: String) {
            for shard in shards {
                guard let now = log.shard(shard.number) else {
                    Issue.record("\(what): shard \(shard.number) is gone")
                    continue
                }
                let (records, problem, _) = readAll(now)
                #expect(problem == nil, "\(what)")
                let found = records.map { record in
                    record.data.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                }
                let known = acknowledged[shard.number] ?? []
                #expect(found.filter { !unknown.contains($0) } == known, "\(what)")
                #expect(Set(found).count == found.count, "\(what)")
            }
        }
    }
}
