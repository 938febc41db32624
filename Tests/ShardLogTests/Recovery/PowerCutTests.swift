import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// The disk as power cuts leave it: what was synced, and any subset of the rest.
@Suite struct PowerCutTests {
    /// What a client knows when the power goes.
    struct Known {
        var shards: [UInt64: [UInt64: [UInt8]]] = [:]
        var order: [UInt64: [UInt64]] = [:]
        var controls: [[UInt8]] = []
        var quiet: [UInt64: UInt64] = [:]
    }

    @Test(arguments: 0..<UInt64(rounds(24)))
    func `every acknowledged record and change survives a power cut`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let disk = SimulatedFileSystem()
        let folder = TemporaryFolder()
        let clock = TestClock()
        var configuration = small(folder, clock, files: disk)
        configuration.journalFileBytes = 64 << 10
        configuration.segmentBytes = 16 << 10
        let cutAt = Int.random(in: 1...400, using: &random)
        disk.state.withLock { $0.cutAt = cutAt }
        var known = Known()
        do {
            let log = try openLog(configuration)
            try run(log, &known, &random, clock)
        } catch {
            // The power went while the log was being opened or used.
        }
        // The wall clock may come back wrong.
        clock.advance(Int64.random(in: -30_000...30_000, using: &random))
        let cut = disk.cutNow()
        for again in 0..<UInt64(3) {
            configuration.files = SimulatedFileSystem(after: cut, seed: seed &* 31 &+ again)
            try verify(configuration, known, "seed \(seed).\(again), cut at \(cutAt)")
        }
    }

    @Test(arguments: 0..<16)
    func `a journal file is used again only when the disk knows that it is not needed`(
        lead: Int
    ) throws {
        let disk = SimulatedFileSystem()
        let folder = TemporaryFolder()
        var configuration = small(folder, files: disk)
        configuration.journalFileBytes = 64 << 10
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        let data = [UInt8](repeating: 7, count: 3000)
        func put(_ count: Int) throws {
            for _ in 0..<count { #expect(try bench.put(shard, data).isStored) }
        }
        func housekeep() throws {
            try log.saveSnapshot(
                Array("open 1 1700000000000".utf8),
                batch: log.appliedBatch.load(ordering: .acquiring))
            log.housekeep()
        }
        // Fifteen batches fill a file. The housekeeper comes for the first time, frees the full ones
        // and finds no other, `lead` batches behind the beginning of one: for one lead the very
        // next batch goes into a file that has just become free.
        try put(30 + lead)
        try housekeep()
        let cuts = Mutex<[SimulatedFileSystem.Cut]>([])
        disk.state.withLock { state in
            state.before = { [unowned disk] operation, path in
                guard operation == .sync, path.contains("/journal/") else { return }
                let cut = disk.cutNow()
                cuts.withLock { $0.append(cut) }
            }
        }
        try put(3)
        disk.state.withLock { $0.before = nil }
        try log.close()
        for (place, cut) in cuts.withLock({ $0 }).enumerated() {
            for seed in 0..<UInt64(10) {
                configuration.files = SimulatedFileSystem(after: cut, seed: seed)
                let again = try openLog(configuration)
                let reopened = try #require(again.shard(shard.number))
                let count = readAll(reopened).records.count
                #expect(count >= 30 + lead, "cut \(place), seed \(seed)")
                try again.close()
            }
        }
    }

    private func run(
        _ log: ShardLog, _ known: inout Known, _ random: inout SeededGenerator, _ clock: TestClock
    ) throws {
        let bench = Bench(log)
        var open: [UInt64] = []
        var next: UInt64 = 1
        defer { try? log.close() }
        for _ in 0..<120 {
            clock.advance(Int64.random(in: 0...2000, using: &random))
            switch Int.random(in: 0..<20, using: &random) {
            case 0, 1:
                let shard = ShardDescription(
                    number: ShardNumber(rawValue: next), createdMilliseconds: clock.now())
                next += 1
                let payload = Model.opening(shard)
                guard
                    case .applied = try bench.submit(
                        ControlEntry(payload: payload, opens: [shard]))
                else { return }
                known.controls.append(payload)
                open.append(shard.number.rawValue)
                known.shards[shard.number.rawValue] = [:]
            case 2 where open.count > 1:
                // A split: one closes, two open, as one change.
                let parent = ShardNumber(rawValue: open.removeFirst())
                let children = (0..<2).map { child in
                    ShardDescription(
                        number: ShardNumber(rawValue: next + UInt64(child)),
                        createdMilliseconds: clock.now())
                }
                next += 2
                let payload =
                    Model.closing(parent) + Array("\n".utf8)
                    + Model.opening(children[0]) + Array("\n".utf8) + Model.opening(children[1])
                guard
                    case .applied = try bench.submit(
                        ControlEntry(payload: payload, opens: children, closes: [parent]))
                else { return }
                known.controls.append(payload)
                for child in children {
                    open.append(child.number.rawValue)
                    known.shards[child.number.rawValue] = [:]
                }
            case 3:
                let cursor = Array("cursor \(next) \(clock.now())".utf8)
                guard case .applied = try bench.submit(ControlEntry(payload: cursor)) else {
                    return
                }
                known.controls.append(cursor)
            case 4, 5:
                log.housekeep()
            case 6:
                let batch = log.appliedBatch.load(ordering: .acquiring)
                // All payloads so far, so that none may be missing afterwards.
                let all = known.controls.reduce(into: [UInt8]()) { $0 += $1 + [10] }
                try log.saveSnapshot(all, batch: batch)
            case 7:
                for number in open {
                    guard let shard = log.shard(ShardNumber(rawValue: number)) else { continue }
                    known.quiet[number] = shard.quietPoint().continuation
                }
            default:
                guard let number = open.randomElement(using: &random),
                    let shard = log.shard(ShardNumber(rawValue: number))
                else { continue }
                var staged: [(UInt64, [UInt8])] = []
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    let data = random.bytes(Int.random(in: 0...700, using: &random))
                    let (token, result) = bench.stage(shard, data)
                    guard result == .staged else { return }
                    staged.append((token, data))
                }
                bench.staging.handOver()
                let last = staged.last!.0
                try bench.wait { bench.outcomes[last] != nil }
                for (token, data) in staged {
                    guard case .stored(let index, _)? = bench.outcomes[token] else { return }
                    known.shards[number]![index] = data
                    known.order[number, default: []].append(index)
                }
            }
        }
    }

    private func verify(
        _ configuration: ShardLog.Configuration, _ known: Known, _ what: String
    ) throws {
        var restored: [UInt8] = []
        let log: ShardLog
        do {
            log = try ShardLog.open(
                configuration,
                restore: { snapshot, payloads in
                    restored = (snapshot ?? []) + payloads.reduce(into: []) { $0 += $1 + [10] }
                    return Model.shards(snapshot, payloads)
                },
                apply: { _, _ in })
        } catch {
            Issue.record("\(what): \(error)")
            return
        }
        let lines = Set(
            String(decoding: restored, as: UTF8.self).split(separator: "\n").map(String.init))
        for control in known.controls {
            for line in String(decoding: control, as: UTF8.self).split(separator: "\n") {
                #expect(lines.contains(String(line)), "\(what): \(line)")
            }
        }
        let bench = Bench(log)
        for (number, records) in known.shards {
            guard let shard = log.shard(ShardNumber(rawValue: number)) else {
                Issue.record("\(what): shard \(number) is gone")
                continue
            }
            let (seen, problem, at) = readAll(shard)
            #expect(problem == nil, "\(what): shard \(number) at \(at)")
            let found = Dictionary(uniqueKeysWithValues: seen.map { ($0.index, $0.data) })
            for (index, data) in records {
                #expect(found[index] == data, "\(what): shard \(number), index \(index)")
            }
            let acknowledged = Set(known.order[number] ?? [])
            #expect(seen.map(\.index).filter(acknowledged.contains) == known.order[number] ?? [])
            guard !shard.isClosed else { continue }
            let highest = max(seen.last?.index ?? 0, known.quiet[number] ?? 0)
            guard case .stored(let index, _) = try bench.put(shard, [1]) else {
                Issue.record("\(what): no record can be put")
                continue
            }
            #expect(index > highest, "\(what): shard \(number)")
        }
        try log.close()
    }
}
