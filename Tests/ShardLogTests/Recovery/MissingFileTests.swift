import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// A file that somebody has removed is noticed: what is missing is told, the rest is served, and
/// nothing that is still somewhere is thrown away.
@Suite struct MissingFileTests {
    private struct Made {
        var disk = SimulatedFileSystem()
        var configuration: ShardLog.Configuration
        var written: [Seen] = []

        var segments: [String] { disk.paths.filter { $0.hasSuffix(".segment") }.sorted() }
        var journals: [String] { disk.paths.filter { $0.hasSuffix(".journal") }.sorted() }
    }

    /// A closed log of one shard with several segments, which no journal file is needed for.
    private func make() throws -> Made {
        let disk = SimulatedFileSystem()
        var configuration = small(TemporaryFolder(), files: disk)
        configuration.segmentBytes = 8 << 10
        configuration.segmentFirstBytes = 4 << 10
        configuration.reserveBytes = 0
        var made = Made(disk: disk, configuration: configuration)
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        for round in 0..<12 {
            let data = [UInt8](repeating: UInt8(round + 1), count: 1500)
            #expect(try bench.put(shard, data).isStored)
        }
        made.written = readAll(shard).records
        try log.close()
        return made
    }

    private func open(_ made: Made, _ disk: SimulatedFileSystem) throws -> ShardLog {
        var configuration = made.configuration
        configuration.files = disk
        return try openLog(configuration)
    }

    @Test func `a log that lacks nothing says so, also after retention and restarts`() throws {
        let made = try make()
        for life in 0..<4 {
            let log = try open(made, made.disk)
            let shard = try #require(log.shard(ShardNumber(rawValue: 1)))
            #expect(log.missingRecords.isEmpty && log.recoveryNotes.isEmpty, "life \(life)")
            // The clock of these tests stands still: everything arrived at once.
            if life == 2 { log.trim(shard, olderThan: .max) }
            log.housekeep()
            log.waitForSync()
            log.housekeep()
            if life >= 2 { #expect(shard.horizon == shard.tail && made.segments.isEmpty) }
            try log.close()
        }
    }

    @Test func `a removed segment is told, is an error to read, and can be passed`() throws {
        let made = try make()
        #expect(made.segments.count >= 3)
        for (place, path) in made.segments.enumerated() {
            let disk = made.disk.copy()
            disk.remove(path)
            let log = try open(made, disk)
            let shard = try #require(log.shard(ShardNumber(rawValue: 1)))
            let missing = try #require(log.missingRecords.first, "\(path)")
            #expect(log.missingRecords.count == 1)
            let base = try #require(Segment.parse(name: String(path.suffix(41)))).base
            let next =
                place + 1 < made.segments.count
                ? Segment.parse(name: String(made.segments[place + 1].suffix(41)))!.base
                : shard.tail.offset
            let gone = made.written.filter { base <= $0.position && $0.position < next }
            let left = made.written.filter { $0.position < base || $0.position >= next }
            #expect(missing.positions.lowerBound.offset == base)
            #expect(missing.positions.upperBound.offset == next)
            #expect(missing.throughIndex == gone.last?.index)
            #expect(missing.count == UInt64(gone.count))
            #expect(
                missing.afterIndex == made.written.last { $0.position < base }?.index ?? 0)
            // What is before can be read, and what is behind.
            let before = readAll(shard, from: shard.horizon)
            if place == 0 {
                #expect(before.records == left && before.problem == nil)
            } else {
                #expect(before.records == left.filter { $0.position < base })
                #expect(before.problem?.contains("missing") == true || place + 1 == 0)
            }
            #expect(
                readAll(shard, from: missing.positions.upperBound).records
                    == left.filter { $0.position >= next })
            for record in made.written {
                let located = shard.position(afterIndex: record.index, mayWait: true)
                let following = made.written.first { $0.index > record.index }
                if let following, gone.contains(following) {
                    guard case .damaged(_, let reason) = located else {
                        Issue.record("\(path), after \(record.index): \(located)")
                        continue
                    }
                    #expect(reason.contains("missing"))
                } else {
                    let expected = following?.position ?? shard.tail.offset
                    #expect(located == .found(Position(offset: expected)), "\(path)")
                }
            }
            // It is still missing at the next start, and until it would have expired.
            try log.close()
            let again = try open(made, disk)
            #expect(again.missingRecords == [missing], "\(path)")
            again.trim(again.shard(ShardNumber(rawValue: 1))!, olderThan: .max)
            #expect(again.missingRecords.isEmpty)
            again.housekeep()
            try again.close()
            let last = try open(made, disk)
            #expect(last.missingRecords.isEmpty, "\(path)")
            try last.close()
        }
    }

    @Test func `a segment that was cut short is told`() throws {
        let made = try make()
        let path = made.segments[1]
        made.disk.setContents(path, Array(made.disk.contents(path)!.prefix(4096 + 1700)))
        let log = try open(made, made.disk)
        let missing = try #require(log.missingRecords.first)
        let base = Segment.parse(name: String(path.suffix(41)))!.base
        #expect(missing.positions.lowerBound.offset > base)
        try log.close()
    }

    @Test(arguments: [false, true])
    func `a newest journal file that is gone is told, and its records are taken from the segments`(
        isEmptied: Bool
    ) throws {
        let disk = SimulatedFileSystem()
        var configuration = small(TemporaryFolder(), files: disk)
        configuration.reserveBytes = 0
        var log = try openLog(configuration)
        var bench = Bench(log)
        _ = try bench.open(1)
        // The shard is in a snapshot, as it would be after a while.
        let batch = log.publishedBatch.load(ordering: .acquiring)
        try log.saveSnapshot(Array("open 1 1700000000000".utf8), batch: batch)
        try log.close()
        log = try openLog(configuration)
        bench = Bench(log)
        let shard = try #require(log.shard(ShardNumber(rawValue: 1)))
        var data: [[UInt8]] = []
        for round in 0..<100 {
            let bytes = [UInt8](repeating: UInt8(round), count: 300)
            #expect(try bench.put(shard, bytes).isStored)
            data.append(bytes)
        }
        let quiet = shard.quietPoint().continuation
        // A file that was begun within the last second is not known yet.
        log.housekeep()
        let copied = disk.copy()
        try log.close()
        // What is killed here has its newest journal file taken away.
        let newest = copied.paths.filter { $0.hasSuffix(".journal") }.max {
            sequence($0, copied) < sequence($1, copied)
        }!
        if isEmptied { copied.setContents(newest, []) } else { copied.remove(newest) }
        configuration.files = copied
        for life in 0..<3 {
            let found = try openLog(configuration)
            let shard = try #require(found.shard(ShardNumber(rawValue: 1)))
            #expect(readAll(shard).records.map(\.data) == data, "life \(life)")
            // A kill before the snapshot forgets nothing; after it all is as it should be.
            #expect(found.recoveryNotes.isEmpty == (life == 2), "\(found.recoveryNotes)")
            #expect(found.wantsSnapshotAtOnce == (life < 2))
            if life == 0 {
                let killed = copied.copy()
                try found.close()
                configuration.files = killed
                continue
            }
            if life == 1 { try found.saveSnapshot(Array("open 1 1700000000000".utf8), batch: 0) }
            #expect(!found.wantsSnapshotAtOnce)
            let bench = Bench(found)
            guard case .stored(let index, _) = try bench.put(shard, [1]) else {
                Issue.record("not stored")
                return
            }
            #expect(index > quiet)
            data.append([1])
            try found.close()
        }
    }

    private func sequence(_ path: String, _ disk: SimulatedFileSystem) -> UInt64 {
        let bytes = disk.contents(path) ?? []
        return Journal.Header(bytes.span)?.sequence ?? 0
    }

    @Test func `a folder is locked itself, whatever becomes of the file in it`() throws {
        let folder = TemporaryFolder()
        let log = try openLog(small(folder))
        try RealFileSystem().unlink(folder.path + "/lock")
        let error = #expect(throws: LogError.self) { try openLog(small(folder)) }
        #expect(error?.reason == .locked)
        try log.close()
        try openLog(small(folder)).close()
    }

    @Test(arguments: ["moved", "journal"])
    func `a folder that is taken away under the log stops it`(what: String) throws {
        let folder = TemporaryFolder()
        let log = try openLog(small(folder))
        let bench = Bench(log)
        let shard = try bench.open(1)
        #expect(try bench.put(shard, [1]).isStored)
        log.housekeep()
        #expect(log.health == .accepting)
        let files = RealFileSystem()
        // Inside another one, which goes with the test.
        let elsewhere = TemporaryFolder()
        try files.makeFolder(elsewhere.path)
        let moved = elsewhere.path + "/moved"
        if what == "moved" {
            try files.rename(folder.path, to: moved)
            // Another in its place does not help.
            try files.makeFolder(folder.path)
        } else {
            for name in try files.list(folder.path + "/journal") {
                try files.unlink(folder.path + "/journal/" + name)
            }
        }
        log.housekeep()
        guard case .refusing(let reason) = log.health else {
            Issue.record("still accepting")
            return
        }
        #expect(reason.contains("removed or replaced"))
        #expect(log.takeNotices().count == 1)
        #expect(bench.stage(shard, [2]).result != .staged)
        #expect(throws: LogError.self) { try log.close() }
    }

    /// Without a look of the housekeeper in between.
    @Test(arguments: [Durability.commit, .interval(milliseconds: 1_000), .os])
    func `nothing is acknowledged out of a journal that was deleted`(durability: Durability)
        throws
    {
        let folder = TemporaryFolder()
        var configuration = small(folder)
        configuration.durability = durability
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        #expect(try bench.put(shard, [1]).isStored)
        let files = RealFileSystem()
        for name in try files.list(folder.path + "/journal") {
            try files.unlink(folder.path + "/journal/" + name)
        }
        #expect(try !bench.put(shard, [2]).isStored)
        #expect(log.health.reason?.contains("removed or replaced") == true)
        log.housekeep()
        #expect(log.takeNotices().count == 1)
        #expect(throws: LogError.self) { try log.close() }
    }

    @Test func `the ledger is read as it was written, and not with a changed byte`() throws {
        let ledger = Ledger(
            logMilliseconds: 1, ceilingMilliseconds: 2, journalSequence: 3, batch: 4,
            skips: [RetentionClock.Skip(from: 5, to: 6)], keptFrom: [7: 8, 9: 10])
        let bytes = ledger.encoded()
        #expect(Ledger(bytes.span) == ledger)
        for place in bytes.indices where !(8..<12).contains(place) {
            var changed = bytes
            changed[place] ^= 8
            #expect(Ledger(changed.span) == nil, "at \(place)")
        }
        for length in bytes.indices {
            let short = Array(bytes[..<length])
            #expect(Ledger(short.span) == nil)
        }
    }
}
