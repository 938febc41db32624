import Metrics
import Synchronization
import Testing
import TestSupport

@testable import ShardLog

/// Every truncation and every changed byte: a read gives what was written, or an error that says
/// where.
@Suite struct DamageTests {
    /// A small log on a simulated disk, its records by shard, and whether it was closed.
    struct Made {
        var disk: SimulatedFileSystem
        var configuration: ShardLog.Configuration
        var records: [UInt64: [[UInt8]]]

        var journals: [String] { disk.paths.filter { $0.hasSuffix(".journal") } }
        var segments: [String] { disk.paths.filter { $0.hasSuffix(".segment") } }
    }

    /// - Parameter isClosed: false leaves it as a kill would.
    private func make(isClosed: Bool) throws -> Made {
        let disk = SimulatedFileSystem()
        let folder = TemporaryFolder()
        var configuration = small(folder, files: disk)
        configuration.journalFileBytes = 64 << 10
        configuration.segmentBytes = 8 << 10
        configuration.segmentFirstBytes = 4 << 10
        configuration.reserveBytes = 0
        let log = try openLog(configuration)
        let bench = Bench(log)
        var records: [UInt64: [[UInt8]]] = [:]
        let shards = [try bench.open(1), try bench.open(2)]
        for round in 0..<5 {
            for shard in shards {
                let data = [UInt8](repeating: UInt8(round + 1), count: 90 + 200 * round)
                #expect(try bench.put(shard, data).isStored)
                records[shard.number.rawValue, default: []].append(data)
            }
        }
        if isClosed {
            try log.close()
            return Made(disk: disk.copy(), configuration: configuration, records: records)
        }
        let copied = disk.copy()
        try log.close()
        return Made(disk: copied, configuration: configuration, records: records)
    }

    /// What opening and reading a damaged copy showed.
    private enum Shown: Equatable {
        case refused
        /// For each shard a prefix of what was written, whole or followed by an error.
        case read(whole: Bool)
    }

    /// Opens what `change` left and checks that nothing wrong is read.
    private func show(
        _ made: Made, _ what: String, mayCut: Bool, _ change: (SimulatedFileSystem) -> Void
    ) throws -> Shown {
        let disk = made.disk.copy()
        change(disk)
        var configuration = made.configuration
        configuration.files = disk
        let log: ShardLog
        do {
            log = try openLog(configuration)
        } catch {
            #expect(error.file != nil, "\(what): \(error)")
            guard case .damaged = error.reason else { return .refused }
            #expect(error.offset != nil, "\(what): \(error)")
            return .refused
        }
        var isWhole = true
        for (number, written) in made.records {
            guard let shard = log.shard(ShardNumber(rawValue: number)) else {
                // Only the torn end of a log that was not closed may be cut.
                #expect(mayCut, "\(what): shard \(number) is gone")
                isWhole = false
                continue
            }
            let (seen, problem, at) = readAll(shard)
            let data = seen.map(\.data)
            #expect(data == Array(written.prefix(data.count)), "\(what): shard \(number)")
            if data.count < written.count {
                isWhole = false
                #expect(mayCut || problem != nil, "\(what): shard \(number) ends at \(at)")
            }
            // What lies behind a damaged record can still be had, record by record.
            if problem != nil, data.count + 1 < written.count {
                let behind = readAll(shard, from: Position(offset: at.offset)).records
                #expect(behind.isEmpty, "\(what)")
            }
        }
        try log.close()
        return .read(whole: isWhole)
    }

    /// Every place in the long form; else a part of those where something is written.
    private func interesting(_ bytes: [UInt8], _ step: Int) -> [Int] {
        var written: [Int] = []
        var behind = 64
        for place in bytes.indices {
            behind = bytes[place] == 0 ? behind + 1 : 0
            if behind < 8 || place % 4096 == 0 { written.append(place) }
        }
        if isLongRun { return written }
        return stride(from: 0, to: written.count, by: step).map { written[$0] }
    }

    @Test(arguments: [false, true])
    func `a journal cut short is refused`(isClosed: Bool) throws {
        let made = try make(isClosed: isClosed)
        for path in made.journals {
            let bytes = made.disk.contents(path)!
            for length in interesting(bytes, 151) {
                let shown = try show(made, "\(path) cut to \(length)", mayCut: length < 64) {
                    $0.setContents(path, Array(bytes[..<length]))
                }
                #expect(shown == .refused || length < 64, "\(path) cut to \(length)")
            }
        }
    }

    @Test func `a journal whose end was never written shows a prefix`() throws {
        let made = try make(isClosed: false)
        var cut = 0
        for path in made.journals {
            let bytes = made.disk.contents(path)!
            for length in interesting(bytes, 41) {
                let shown = try show(made, "\(path) torn at \(length)", mayCut: true) { disk in
                    let zeros = [UInt8](repeating: 0, count: bytes.count - length)
                    disk.setContents(path, Array(bytes[..<length]) + zeros)
                }
                if shown == .read(whole: false) { cut += 1 }
            }
        }
        #expect(cut > 10)
    }

    @Test func `every changed byte of a closed log's journal is refused or harmless`() throws {
        let made = try make(isClosed: true)
        for path in made.journals {
            let bytes = made.disk.contents(path)!
            for place in interesting(bytes, 31) {
                let shown = try show(made, "\(path) at \(place)", mayCut: false) { disk in
                    var changed = bytes
                    changed[place] ^= 1 << UInt8(place % 8)
                    disk.setContents(path, changed)
                }
                #expect(shown != .read(whole: false), "\(path) at \(place)")
            }
        }
    }

    @Test func `every changed byte of a segment is an error that names the position`() throws {
        let made = try make(isClosed: true)
        var errors = 0
        for path in made.segments {
            let bytes = made.disk.contents(path)!
            for place in interesting(bytes, 53) {
                let shown = try show(made, "\(path) at \(place)", mayCut: false) { disk in
                    var changed = bytes
                    changed[place] ^= 1 << UInt8(place % 8)
                    disk.setContents(path, changed)
                }
                if shown == .read(whole: false) { errors += 1 }
            }
        }
        #expect(errors > 10)
    }

    @Test func `every truncation of a segment is an error that names the position`() throws {
        let made = try make(isClosed: true)
        for path in made.segments {
            let bytes = made.disk.contents(path)!
            for length in interesting(bytes, 101) {
                _ = try show(made, "\(path) cut to \(length)", mayCut: false) { disk in
                    disk.setContents(path, Array(bytes[..<length]))
                }
            }
        }
    }

    @Test func `segments that are lost or torn are written again from the journal`() throws {
        let made = try make(isClosed: false)
        for path in made.segments {
            let shown = try show(made, path, mayCut: false) { disk in
                disk.setContents(path, [])
            }
            #expect(shown == .read(whole: true), "\(path)")
            let torn = try show(made, path, mayCut: false) { disk in
                var bytes = disk.contents(path)!
                for place in 0..<min(bytes.count, 600) { bytes[place] = 0 }
                disk.setContents(path, bytes)
            }
            #expect(torn == .read(whole: true), "\(path)")
        }
    }

    @Test func `every changed byte of a snapshot is refused`() throws {
        let disk = SimulatedFileSystem()
        let folder = TemporaryFolder()
        var configuration = small(folder, files: disk)
        let log = try openLog(configuration)
        let bench = Bench(log)
        _ = try bench.open(1)
        let batch = log.counters.commits.value
        try log.saveSnapshot(Array("open 1 1700000000000".utf8), batch: batch + 1)
        try log.close()
        let path = folder.path + "/snapshot"
        let bytes = disk.contents(path)!
        for place in bytes.indices {
            let copied = disk.copy()
            var changed = bytes
            changed[place] ^= 0x10
            copied.setContents(path, changed)
            configuration.files = copied
            #expect(throws: LogError.self, "at \(place)") { try openLog(configuration) }
        }
    }

    @Test func `a segment cut short under the log's feet is an error, not a signal`() throws {
        let folder = TemporaryFolder()
        var configuration = small(folder)
        configuration.segmentBytes = 1 << 20
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = try bench.open(1)
        for _ in 0..<50 { _ = try bench.put(shard, [UInt8](repeating: 7, count: 3000)) }
        #expect(readAll(shard).records.count == 50)
        let name = Segment.name(shard: 1, base: 0)
        let file = try RealFileSystem().open(folder.path + "/segments/" + name, create: false)
        try file.truncate(length: 40_000)
        let (records, problem, at) = readAll(shard)
        #expect(problem != nil && records.count < 50)
        #expect(at.offset < 40_000 && at.offset > 30_000)
        #expect(records.allSatisfy { $0.data == [UInt8](repeating: 7, count: 3000) })
        try log.close()
    }
}
