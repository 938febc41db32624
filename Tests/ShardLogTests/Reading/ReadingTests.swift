import Foundation
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// Reading against an array: records of every size, pages of every limit, from every distance
/// behind the tail, with much or little of the shard in memory, before and after restarts.
@Suite struct ReadingTests {
    /// What was drawn; a class that never comes is a fault of the test.
    struct Drawn {
        private(set) var counts: [String: Int] = [:]

        mutating func note(_ name: String) { counts[name, default: 0] += 1 }

        func expectAll(_ names: [String]) {
            for name in names { #expect(counts[name, default: 0] > 0, "never drawn: \(name)") }
        }
    }

    static let sizes: [(name: String, range: ClosedRange<Int>, weight: Int)] = [
        ("no data", 0...0, 6), ("tiny", 1...100, 20), ("small", 101...2000, 40),
        ("medium", 2001...63_000, 16), ("around a mark", 64_000...67_000, 6),
        ("long", 100_000...600_000, 6), ("mebibytes", 900_000...1_200_000, 2),
        ("greatest", (10 << 20) - 3...10 << 20, 1),
    ]
    static let limits = [1, 3, 100, 1000, 10_000]
    static let byteLimits = [1, 64 << 10, 1 << 20, 10 << 20]
    static let residents = [0, 16 << 10, 300 << 10, 2 << 20, 64 << 20]
    static let segments = [64 << 10, 1 << 20, 8 << 20, 64 << 20]

    /// What is looked at of a record: its bytes are proved by its checksum.
    struct Entry: Equatable {
        var index: UInt64
        var arrival: Int64
        var position: UInt64
        var bytes: Int
        /// Every byte of the data, as far as there are any.
        var fill: UInt8

        init(index: UInt64, arrival: Int64, position: UInt64, bytes: Int, fill: UInt8) {
            self.index = index
            self.arrival = arrival
            self.position = position
            self.bytes = bytes
            self.fill = bytes == 0 ? 0 : fill
        }

        init(_ record: borrowing RecordView) {
            let data = record.data
            let count = data.count
            self.init(
                index: record.index, arrival: record.arrivalMilliseconds,
                position: record.position.offset, bytes: count,
                fill: count == 0 ? 0 : data[count - 1])
        }
    }

    final class Life {
        var configuration: ShardLog.Configuration
        var log: ShardLog
        var bench: Bench
        var shard: Shard
        var records: [Entry] = []
        var hasRestarted = false

        init(_ configuration: ShardLog.Configuration) throws {
            self.configuration = configuration
            log = try openLog(configuration)
            bench = Bench(log)
            shard = try bench.open(1)
        }

        func restart(resident: Int) throws {
            try log.close()
            configuration.residentBytes = resident
            log = try openLog(configuration)
            bench = Bench(log)
            shard = try #require(log.shard(ShardNumber(rawValue: 1)))
            hasRestarted = true
        }

        func put(_ sizes: [Int], fill: UInt8) throws {
            var tokens: [(token: UInt64, bytes: Int)] = []
            for size in sizes {
                let (token, result) = bench.stage(
                    shard, [UInt8](repeating: fill, count: size))
                guard result == .staged else { throw Bench.Lost() }
                tokens.append((token, size))
            }
            bench.staging.handOver()
            try bench.wait { tokens.allSatisfy { bench.outcomes[$0.token] != nil } }
            for (token, bytes) in tokens {
                guard case .stored(let index, let arrival)? = bench.outcomes[token] else {
                    throw Bench.Lost()
                }
                let position = records.last.map {
                    $0.position + UInt64(Record.length(key: 3, data: $0.bytes))
                }
                records.append(
                    Entry(
                        index: index, arrival: arrival, position: position ?? 0, bytes: bytes,
                        fill: fill))
            }
        }

        /// How many records a read from `first` on has to visit.
        func count(from first: Int, limit: Int, bytes: Int) -> Int {
            var count = 0
            var sum = 0
            while first + count < records.count, count < limit {
                let size = records[first + count].bytes
                if count > 0, sum + size > bytes { break }
                sum += size
                count += 1
            }
            return count
        }

        func position(_ place: Int) -> Position {
            place < records.count
                ? Position(offset: records[place].position) : shard.tail
        }
    }

    @Test(arguments: 0..<UInt64(rounds(6)))
    func `reading is as from an array, whatever is in memory`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var drawn = Drawn()
        let folder = TemporaryFolder()
        let clock = TestClock()
        var configuration = small(folder, clock)
        configuration.durability = .os
        configuration.journalFileBytes = 32 << 20
        configuration.stagingBytes = 256 << 20
        configuration.residentBytes = Self.residents[Int(seed) % Self.residents.count]
        configuration.segmentBytes = Self.segments[Int(seed / 2) % Self.segments.count]
        let life = try Life(configuration)
        for round in 0..<12 {
            var sizes: [Int] = []
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                sizes.append(size(&random, &drawn))
            }
            try life.put(sizes, fill: UInt8(round))
            clock.advance(Int64.random(in: 0...40, using: &random))
            for _ in 0..<8 { try read(life, &random, &drawn) }
            for _ in 0..<8 { try find(life, &random, &drawn) }
            if round % 4 == 3 {
                try catchUp(life, &random)
                life.log.housekeep()
                try life.restart(resident: Self.residents.randomElement(using: &random)!)
            }
        }
        var all: [Entry] = []
        let result = life.shard.read(
            from: .start, maximumRecords: .max, maximumBytes: .max, mayWait: true
        ) { record in
            all.append(Entry(record))
            return true
        }
        #expect(result.outcome == .pending && all == life.records)
        try life.log.close()
        drawn.expectAll([
            "waiting", "inline", "cold", "at the tail", "in memory", "before a restart",
            "after a restart", "found",
        ])
    }

    private func size(_ random: inout SeededGenerator, _ drawn: inout Drawn) -> Int {
        var place = Int.random(in: 0..<Self.sizes.reduce(0) { $0 + $1.weight }, using: &random)
        for size in Self.sizes {
            place -= size.weight
            if place < 0 {
                drawn.note(size.name)
                return Int.random(in: size.range, using: &random)
            }
        }
        return 0
    }

    /// One read from anywhere.
    private func read(_ life: Life, _ random: inout SeededGenerator, _ drawn: inout Drawn) throws {
        let total = life.records.count
        let first =
            switch Int.random(in: 0..<10, using: &random) {
            case 0: total
            case 1...3: Int.random(in: max(0, total - 40)...total, using: &random)
            default: Int.random(in: 0...total, using: &random)
            }
        let limit = Self.limits.randomElement(using: &random)!
        let bytes = Self.byteLimits.randomElement(using: &random)!
        let mayWait = Bool.random(using: &random)
        drawn.note(mayWait ? "waiting" : "inline")
        drawn.note(life.hasRestarted ? "after a restart" : "before a restart")
        let start = life.position(first)
        var seen: [Entry] = []
        let coldBefore = life.shard.coldBytes.load(ordering: .relaxed)
        let result = life.shard.read(
            from: start, maximumRecords: limit, maximumBytes: bytes, mayWait: mayWait
        ) { record in
            seen.append(Entry(record))
            return true
        }
        let cold = life.shard.coldBytes.load(ordering: .relaxed) - coldBefore
        let count = life.count(from: first, limit: limit, bytes: bytes)
        if start == life.shard.tail {
            drawn.note("at the tail")
            #expect(result == ReadResult(next: start, outcome: .pending))
            return
        }
        if !mayWait, start.offset < life.shard.residentMark {
            drawn.note("cold")
            #expect(result == ReadResult(next: start, outcome: .cold))
            #expect(seen.isEmpty && cold == 0)
            return
        }
        drawn.note("in memory")
        #expect(seen == Array(life.records[first..<first + count]))
        #expect(result.next == life.position(first + count))
        #expect(result.outcome == (result.next == life.shard.tail ? .pending : .ready))
        // Each byte is brought in once, and little that is not wanted: a mebibyte ahead at most.
        let walked = result.next.offset - start.offset
        #expect(cold <= walked + Limits.mostReadBytes + 2 * Limits.firstReadBytes)
    }

    /// One question by number and one by time.
    private func find(_ life: Life, _ random: inout SeededGenerator, _ drawn: inout Drawn) throws {
        let place = Int.random(in: 0..<life.records.count, using: &random)
        let record = life.records[place]
        // A record's own number, or one between two.
        let index = record.index - UInt64.random(in: 0...1, using: &random)
        let after = life.records.firstIndex { $0.index > index } ?? life.records.count
        let time = record.arrival + Int64.random(in: -1...1, using: &random)
        let arrived = life.records.firstIndex { $0.arrival >= time } ?? life.records.count
        for mayWait in [false, true] {
            let byIndex = life.shard.position(afterIndex: index, mayWait: mayWait)
            let byTime = life.shard.position(arrivalAtLeast: time, mayWait: mayWait)
            for (found, place) in [(byIndex, after), (byTime, arrived)] {
                if case .cold = found, !mayWait { continue }
                drawn.note("found")
                #expect(found == .found(life.position(place)))
            }
        }
    }

    /// From the start to the tail by pages of one limit, in exactly as many as there are, by
    /// several readers at once: none can take another's progress.
    private func catchUp(_ life: Life, _ random: inout SeededGenerator) throws {
        let limit = Self.limits[1...].randomElement(using: &random)!
        let bytes = Self.byteLimits[1...].randomElement(using: &random)!
        var pages = 0
        var place = 0
        while place < life.records.count {
            place += life.count(from: place, limit: limit, bytes: bytes)
            pages += 1
        }
        let shard = life.shard
        let most = pages
        let total = life.records.count
        let faults = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 3) { _ in
            var position = Position.start
            var records = 0
            var pages = 0
            while records < total, pages < most {
                let result = shard.read(
                    from: position, maximumRecords: limit, maximumBytes: bytes, mayWait: true
                ) { _ in
                    records += 1
                    return true
                }
                pages += 1
                position = result.next
            }
            if records != total || position != shard.tail {
                faults.withLock { $0.append("\(records) of \(total) in \(pages) of \(most)") }
            }
        }
        #expect(faults.withLock { $0 } == [])
    }

    @Test func `every size of record was drawn`() throws {
        var random = SeededGenerator(seed: 0)
        var drawn = Drawn()
        for _ in 0..<2000 { _ = size(&random, &drawn) }
        drawn.expectAll(Self.sizes.map(\.name))
    }
}
