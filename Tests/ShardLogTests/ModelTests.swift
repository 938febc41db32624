import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// The log against arrays.
@Suite struct ModelTests {
    struct Entry: Equatable {
        var index: UInt64
        var arrival: Int64
        var data: [UInt8]
    }

    struct Kept {
        var description: ShardDescription
        var records: [Entry] = []
        /// Records that retention may have taken.
        var trimmed = 0
    }

    @Test(arguments: 0..<UInt64(rounds(5)))
    func `a random workload reads back as from arrays, over restarts`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let disk = SimulatedFileSystem()
        let folder = TemporaryFolder()
        let clock = TestClock()
        var configuration = small(folder, clock, files: disk)
        configuration.journalFileBytes = 64 << 10
        configuration.segmentBytes = 32 << 10
        configuration.residentBytes = 8 << 10
        var model: [UInt64: Kept] = [:]
        var nextShard: UInt64 = 1
        var log = try openLog(configuration)
        var bench = Bench(log)
        for step in 0..<200 {
            clock.advance(Int64.random(in: -2...50, using: &random))
            // In an order that is the same in every run of the seed.
            let all = model.values.sorted { $0.description.number < $1.description.number }
            let open = all.filter { !$0.description.isClosed }
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<4 where model.count < 12:
                let shard = try bench.open(nextShard, created: clock.now())
                model[nextShard] = Kept(
                    description: ShardDescription(
                        number: shard.number, createdMilliseconds: shard.createdMilliseconds))
                nextShard += 1
            case 4..<80:
                guard !open.isEmpty else { continue }
                var staged: [(UInt64, UInt64, [UInt8])] = []
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    let number = open.randomElement(using: &random)!.description.number
                    let size = Int.random(in: 0..<20, using: &random) == 0 ? 9000 : 300
                    let data = random.bytes(Int.random(in: 0...size, using: &random))
                    let shard = try #require(log.shard(number))
                    let (token, result) = bench.stage(shard, data)
                    try #require(result == .staged)
                    staged.append((token, number.rawValue, data))
                }
                bench.staging.handOver()
                let last = staged.last!.0
                try bench.wait { bench.outcomes[last] != nil }
                for (token, number, data) in staged {
                    guard case .stored(let index, let arrival)? = bench.outcomes[token] else {
                        Issue.record("seed \(seed): not stored")
                        continue
                    }
                    model[number]!.records.append(
                        Entry(index: index, arrival: arrival, data: data))
                }
            case 80..<83:
                guard let kept = open.randomElement(using: &random) else { continue }
                let number = kept.description.number
                _ = try bench.submit(
                    ControlEntry(payload: Model.closing(number), closes: [number]))
                model[number.rawValue]!.description.isClosed = true
                let shard = try #require(log.shard(number))
                #expect(try bench.put(shard, [1]) == .shardClosed)
            case 83..<85:
                guard let kept = all.randomElement(using: &random) else { continue }
                let number = kept.description.number
                let shard = try #require(log.shard(number))
                _ = try bench.submit(
                    ControlEntry(payload: Model.removing(number), removes: [number]))
                model[number.rawValue] = nil
                #expect(log.shard(number) == nil)
                #expect(try bench.put(shard, [1]) == .shardGone)
            case 85..<89:
                try log.close()
                log = try openLog(configuration)
                bench = Bench(log)
            case 89..<92:
                // A kill: nothing is said goodbye to.
                var killed = configuration
                killed.files = disk.copy()
                let again = try openLog(killed)
                try check(again, model, seed, &random)
                try again.close()
            case 92..<95:
                let batch = log.appliedBatch.load(ordering: .acquiring)
                try log.saveSnapshot(
                    Model.snapshot(model.values.map(\.description)), batch: batch)
                #expect(!log.wantsSnapshot)
            case 95..<97:
                guard let kept = all.randomElement(using: &random),
                    let entry = kept.records.randomElement(using: &random)
                else { continue }
                let number = kept.description.number
                let shard = try #require(log.shard(number))
                log.trim(shard, olderThan: entry.arrival)
                let trimmed = kept.records.firstIndex { $0.arrival >= entry.arrival }!
                model[number.rawValue]!.trimmed = max(kept.trimmed, trimmed)
                // A restart forgets how far an earlier one went, until the next.
                let left = readAll(shard).records.count
                #expect(left <= kept.records.count - trimmed, "seed \(seed)")
                #expect(
                    left >= kept.records.count - max(kept.trimmed, trimmed), "seed \(seed)")
            default:
                log.housekeep()
            }
            if step % 20 == 0 { try check(log, model, seed, &random) }
        }
        try check(log, model, seed, &random)
        try log.close()
    }

    private func check(
        _ log: ShardLog, _ model: [UInt64: Kept], _ seed: UInt64, _ random: inout SeededGenerator
    ) throws {
        #expect(log.shardCount == model.count)
        for (number, kept) in model.sorted(by: { $0.key < $1.key }) {
            let shard = try #require(log.shard(ShardNumber(rawValue: number)))
            #expect(shard.isClosed == kept.description.isClosed)
            let (records, problem, at) = readAll(shard)
            #expect(problem == nil, "seed \(seed), shard \(number), at \(at)")
            let seen = records.map {
                Entry(index: $0.index, arrival: $0.arrival, data: $0.data)
            }
            // Retention is forgotten by a restart as far as whole segments remain.
            let lost = kept.records.count - seen.count
            #expect(lost >= 0 && lost <= kept.trimmed, "seed \(seed), shard \(number)")
            #expect(seen == Array(kept.records.suffix(seen.count)), "seed \(seed)")
            for (before, after) in zip(seen, seen.dropFirst()) {
                #expect(before.index < after.index && before.arrival <= after.arrival)
            }
            guard let entry = seen.randomElement(using: &random) else { continue }
            let place = seen.firstIndex(of: entry)!
            let next = place + 1 < records.count ? records[place + 1].position : shard.tail.offset
            #expect(
                shard.position(afterIndex: entry.index, mayWait: true)
                    == .found(Position(offset: next)), "seed \(seed)")
            let first = records.first { $0.arrival >= entry.arrival }!
            #expect(
                shard.position(arrivalAtLeast: entry.arrival, mayWait: true)
                    == .found(Position(offset: first.position)), "seed \(seed)")
            #expect(
                shard.position(arrivalAtLeast: .max, mayWait: true) == .found(shard.tail))
        }
    }
}
