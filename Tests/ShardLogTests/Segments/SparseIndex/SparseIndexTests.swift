import Foundation
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// Finding a place by number and by time looks at little of the disk, and what helps to do so is
/// only a help: without it, or with a wrong one, the answers are the same.
@Suite struct SparseIndexTests {
    /// What a question by number or by time may bring in.
    static let most: UInt64 = 1 << 20

    struct Place: Equatable {
        var position: UInt64
        var index: UInt64
        var arrival: Int64
    }

    private func all(_ shard: Shard) -> [Place] {
        var places: [Place] = []
        _ = shard.read(
            from: shard.horizon, maximumRecords: .max, maximumBytes: .max, mayWait: true
        ) { record in
            places.append(
                Place(
                    position: record.position.offset, index: record.index,
                    arrival: record.arrivalMilliseconds))
            return true
        }
        return places
    }

    /// Records of every size in segments of 8 MiB, two of which are sealed and one is not.
    private func write(
        _ configuration: ShardLog.Configuration, _ clock: TestClock, seed: UInt64
    ) throws -> [Place] {
        var random = SeededGenerator(seed: seed)
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        var bytes = 0
        while bytes < 22 << 20 {
            var last: UInt64 = 0
            for _ in 0..<40 {
                let size =
                    switch Int.random(in: 0..<400, using: &random) {
                    case 0: Int.random(in: 1 << 20...4 << 20, using: &random)
                    case 1..<10: Int.random(in: 60_000...300_000, using: &random)
                    default: Int.random(in: 0...3000, using: &random)
                    }
                let (token, result) = bench.stage(shard, [UInt8](repeating: 7, count: size))
                try #require(result == .staged)
                last = token
                bytes += size
            }
            bench.staging.handOver()
            try bench.wait { bench.outcomes[last] != nil }
            clock.advance(Int64.random(in: 0...20, using: &random))
            log.housekeep()
        }
        let records = all(shard)
        // What is in the segments for good is not brought from the journal again at the next start.
        log.housekeep()
        try log.saveSnapshot(
            Array("open 1 1700000000000".utf8),
            batch: log.appliedBatch.load(ordering: .acquiring))
        log.housekeep()
        try log.close()
        return records
    }

    private func configuration(_ folder: TemporaryFolder, _ clock: TestClock)
        -> ShardLog.Configuration
    {
        var configuration = small(folder, clock)
        configuration.durability = .os
        configuration.journalFileBytes = 4 << 20
        configuration.stagingBytes = 64 << 20
        configuration.segmentBytes = 8 << 20
        configuration.segmentFirstBytes = 64 << 10
        return configuration
    }

    /// Opens the log as after a start, asks one question by number and one by time for a record,
    /// and answers what each brought in.
    private func ask(
        _ shard: Shard, for place: Int, of records: [Place]
    ) -> (byNumber: UInt64, byTime: UInt64) {
        let record = records[place]
        let first = records.firstIndex { $0.arrival >= record.arrival }!
        let before = shard.coldBytes.load(ordering: .relaxed)
        #expect(
            shard.position(afterIndex: record.index - 1, mayWait: true)
                == .found(Position(offset: record.position)))
        let between = shard.coldBytes.load(ordering: .relaxed)
        #expect(
            shard.position(arrivalAtLeast: record.arrival, mayWait: true)
                == .found(Position(offset: records[first].position)))
        return (between - before, shard.coldBytes.load(ordering: .relaxed) - between)
    }

    private func indexFiles(_ folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path + "/segments")
            .filter { $0.hasSuffix(".index") }.sorted().map { folder.path + "/segments/" + $0 }
    }

    @Test(arguments: [UInt64(1), 2])
    func `the first question after a start brings in a mebibyte at most`(seed: UInt64) throws {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let configuration = configuration(folder, clock)
        let records = try write(configuration, clock, seed: seed)
        #expect(try indexFiles(folder).count >= 3)
        var random = SeededGenerator(seed: seed)
        // The last place is in the segment that is still written.
        for place in (0..<6).map({ _ in Int.random(in: 0..<records.count, using: &random) })
            + [0, records.count - 1]
        {
            let log = try openLog(configuration)
            let shard = try #require(log.shard(ShardNumber(rawValue: 1)))
            let asked = ask(shard, for: place, of: records)
            #expect(asked.byNumber <= Self.most, "place \(place) of \(records.count)")
            #expect(asked.byTime <= Self.most, "place \(place) of \(records.count)")
            try log.close()
        }
    }

    /// What can become of an index file.
    enum Harm: CaseIterable {
        case none, missing, empty, cut, torn, flipped, swapped, longer, zeros
    }

    @Test(arguments: Harm.allCases)
    func `an index file that is missing or wrong misleads nobody and is made again`(harm: Harm)
        throws
    {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let configuration = configuration(folder, clock)
        let records = try write(configuration, clock, seed: 3)
        let files = try indexFiles(folder)
        let good = try files.map { try #require(FileManager.default.contents(atPath: $0)) }
        var random = SeededGenerator(seed: 4)
        for (place, path) in files.enumerated() {
            var bytes = [UInt8](good[place])
            switch harm {
            case .none: break
            case .missing: try FileManager.default.removeItem(atPath: path)
            case .empty: bytes = []
            case .cut: bytes.removeLast(bytes.count / 2 / 40 * 40)
            case .torn: bytes.removeLast(bytes.count / 2)
            case .flipped:
                let at = Int.random(in: 0..<bytes.count, using: &random)
                bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case .swapped: bytes = [UInt8](good[(place + 1) % good.count])
            case .longer: bytes += bytes.suffix(40)
            case .zeros: bytes = [UInt8](repeating: 0, count: bytes.count)
            }
            if harm != .missing { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
        }
        var log = try openLog(configuration)
        var shard = try #require(log.shard(ShardNumber(rawValue: 1)))
        var greatest: UInt64 = 0
        for _ in 0..<20 {
            let place = Int.random(in: 0..<records.count, using: &random)
            let asked = ask(shard, for: place, of: records)
            greatest = max(greatest, asked.byNumber, asked.byTime)
        }
        // So much it would be without the files.
        if harm == .missing { #expect(greatest > 2 * Self.most) }
        #expect(all(shard) == records)
        // A slice a round.
        for _ in 0..<16 { log.housekeep() }
        try log.close()
        for (place, path) in files.enumerated() {
            let again = try #require(FileManager.default.contents(atPath: path))
            // What was made again may differ in where it has its marks, not in what it is good for.
            if harm == .none { #expect(again.starts(with: good[place])) }
            #expect(again.count > good[place].count / 2)
        }
        log = try openLog(configuration)
        shard = try #require(log.shard(ShardNumber(rawValue: 1)))
        for _ in 0..<20 {
            let place = Int.random(in: 0..<records.count, using: &random)
            let asked = ask(shard, for: place, of: records)
            #expect(asked.byNumber <= Self.most && asked.byTime <= Self.most, "\(place)")
        }
        try log.close()
    }

    @Test func `an index that leads to other records is taken back`() throws {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let configuration = configuration(folder, clock)
        let records = try write(configuration, clock, seed: 5)
        let path = try #require(try indexFiles(folder).first)
        let bytes = [UInt8](try #require(FileManager.default.contents(atPath: path)))
        // With good checksums, as if a part of an older life of the file had come back.
        let unharmed = try openLog(configuration)
        let shard = try #require(unharmed.shard(ShardNumber(rawValue: 1)))
        let header = try #require(shard.segments.withLock { $0.first?.header })
        let end = shard.segments.withLock { $0[1].base }
        var marks = IndexFile.marks(bytes.span, of: header, below: end)
        try unharmed.close()
        #expect(IndexFile.bytes(marks.count) == bytes.count)
        for place in 1..<marks.count where place % 3 == 0 { marks[place].position += 8 }
        let wrong = IndexFile.header(header) + IndexFile.entries(marks[...], of: header)
        try Data(wrong).write(to: URL(fileURLWithPath: path))
        let log = try openLog(configuration)
        let opened = try #require(log.shard(ShardNumber(rawValue: 1)))
        for place in stride(from: 0, to: records.count, by: records.count / 50) {
            _ = ask(opened, for: place, of: records)
        }
        try log.close()
    }

    @Test func `an index file goes with its segment`() throws {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let configuration = configuration(folder, clock)
        let records = try write(configuration, clock, seed: 6)
        let before = try indexFiles(folder).count
        // One of no segment goes at the next start.
        let stray = folder.path + "/segments/" + IndexFile.name(shard: 99, base: 0)
        try Data([1]).write(to: URL(fileURLWithPath: stray))
        let log = try openLog(configuration)
        #expect(!FileManager.default.fileExists(atPath: stray))
        let shard = try #require(log.shard(ShardNumber(rawValue: 1)))
        log.trim(shard, olderThan: records[records.count * 3 / 4].arrival)
        log.housekeep()
        #expect(try indexFiles(folder).count < before)
        let bench = Bench(log)
        _ = try bench.submit(
            ControlEntry(payload: Model.removing(shard.number), removes: [shard.number]))
        log.housekeep()
        #expect(try indexFiles(folder).isEmpty)
        try log.close()
    }

    @Test func `retention drops whole segments without a look at the disk`() throws {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let configuration = configuration(folder, clock)
        let records = try write(configuration, clock, seed: 7)
        for path in try indexFiles(folder) { try FileManager.default.removeItem(atPath: path) }
        let log = try openLog(configuration)
        let shard = try #require(log.shard(ShardNumber(rawValue: 1)))
        let bases = shard.segments.withLock { $0.map(\.base) }
        let last = try #require(bases.last)
        try #require(shard.tail.offset - last > 1 << 20)
        // In the middle of the last segment, in which there is no index to be had.
        let place = (records.firstIndex { $0.position == last }! + records.count) / 2
        log.trim(shard, olderThan: records[place].arrival)
        #expect(shard.horizon.offset == last)
        #expect(shard.segments.withLock { $0.count } == 1)
        #expect(shard.coldBytes.load(ordering: .relaxed) == 0)
        // Once there is one, the horizon goes on, and no more than a mebibyte is brought in.
        for _ in 0..<16 { log.housekeep() }
        let before = shard.coldBytes.load(ordering: .relaxed)
        #expect(log.trim(shard, olderThan: records[place].arrival))
        #expect(shard.coldBytes.load(ordering: .relaxed) - before <= Self.most)
        let first = records.first { $0.arrival >= records[place].arrival }!
        #expect(shard.horizon.offset == first.position)
        // Nothing is looked for while little could be dropped.
        #expect(!log.trim(shard, olderThan: records[place].arrival + 1, slack: 10))
        #expect(shard.horizon.offset == first.position)
        log.trim(shard, olderThan: .max)
        #expect(shard.horizon == shard.tail)
        try log.close()
    }

    @Test func `entries are as they are written down`() {
        let header = Segment.Header(
            shard: 0x0102, base: 4096, fullBytes: 64 << 20, ordinal: 9, firstIndex: 77,
            firstArrivalMilliseconds: 1_700_000_000_000)
        let marks = [
            SparseIndex.Mark(
                position: 4096, index: 77, arrivalMilliseconds: 1_700_000_000_000, ordinal: 9),
            SparseIndex.Mark(
                position: 70_000, index: 99, arrivalMilliseconds: 1_700_000_000_001, ordinal: 20),
        ]
        let bytes = IndexFile.header(header) + IndexFile.entries(marks[...], of: header)
        #expect(bytes.count == 32 + 2 * 40)
        #expect(bytes.prefix(8).elementsEqual("WEIRIDX1".utf8))
        #expect(IndexFile.marks(bytes.span, of: header, below: 1 << 20) == marks)
        #expect(IndexFile.marks(bytes.span, of: header, below: 70_000) == [marks[0]])
        // Every cut and every flipped bit leaves a beginning of it, or nothing.
        for length in 0..<bytes.count {
            let cut = Array(bytes.prefix(length))
            let found = IndexFile.marks(cut.span, of: header, below: .max)
            #expect(found == Array(marks.prefix(max(0, length - 32) / 40)))
        }
        for bit in 0..<bytes.count * 8 {
            var wrong = bytes
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            let found = IndexFile.marks(wrong.span, of: header, below: .max)
            #expect(found == Array(marks.prefix(found.count)))
        }
    }
}
