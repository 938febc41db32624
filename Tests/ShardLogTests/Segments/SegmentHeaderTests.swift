import Testing
import TestSupport

@testable import ShardLog

/// The header of a segment is there twice, and what an older format wrote is read and mended.
@Suite struct SegmentHeaderTests {
    private struct Made {
        var disk: SimulatedFileSystem
        var configuration: ShardLog.Configuration
        var data: [[UInt8]] = []

        var segments: [String] { disk.paths.filter { $0.hasSuffix(".segment") } }
    }

    /// A closed log of one shard with several segments; the journal has been taken over by them.
    private func make() throws -> Made {
        let disk = SimulatedFileSystem()
        let folder = TemporaryFolder()
        var configuration = small(folder, files: disk)
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
            made.data.append(data)
        }
        try log.close()
        return made
    }

    private func read(_ made: Made, _ disk: SimulatedFileSystem) throws -> (
        data: [[UInt8]], problem: String?, notes: [String]
    ) {
        var configuration = made.configuration
        configuration.files = disk
        let log = try openLog(configuration)
        let (seen, problem, _) = readAll(log.shard(ShardNumber(rawValue: 1))!)
        try log.close()
        return (seen.map(\.data), problem, log.recoveryNotes)
    }

    @Test func `no changed bit of a segment's first page takes a record`() throws {
        let made = try make()
        #expect(made.segments.count >= 3)
        var noticed = 0
        let inHeader = stride(from: 0, to: Segment.Header.bytes, by: isLongRun ? 1 : 5)
        let places =
            inHeader.flatMap { [$0, 2048 + $0] } + stride(from: 100, to: 4096, by: 700)
        for path in made.segments.prefix(isLongRun ? 8 : 1) {
            let bytes = made.disk.contents(path)!
            for place in places {
                let disk = made.disk.copy()
                var changed = bytes
                changed[place] ^= 1 << UInt8(place % 8)
                disk.setContents(path, changed)
                let (data, problem, notes) = try read(made, disk)
                #expect(data == made.data && problem == nil, "\(path) at \(place)")
                if !notes.isEmpty { noticed += 1 }
                let isHeader = place % 2048 < Segment.Header.bytes
                #expect(notes.isEmpty != isHeader, "\(path) at \(place): \(notes)")
                // It has been mended: the next start has nothing to say.
                let second = try read(made, disk)
                #expect(second.notes.isEmpty && second.data == made.data)
                let mended = Array(disk.contents(path)![..<Segment.Header.bytes])
                #expect(mended == Array(bytes[..<Segment.Header.bytes]))
            }
        }
        #expect(noticed > 20)
    }

    @Test func `with both copies gone the segment's records are an error`() throws {
        let made = try make()
        let path = made.segments.sorted()[1]
        var bytes = made.disk.contents(path)!
        bytes[20] ^= 1
        bytes[2048 + 30] ^= 1
        made.disk.setContents(path, bytes)
        let (data, problem, _) = try read(made, made.disk)
        #expect(problem != nil && data.count > 0 && data.count < made.data.count)
    }

    @Test func `a folder of format 1 is opened, read, mended and written`() throws {
        let made = try make()
        for path in made.disk.paths { asFormat1(path, made.disk) }
        for path in made.segments {
            #expect(made.disk.contents(path)![2048..<4096].allSatisfy { $0 == 0 })
        }
        let first = try read(made, made.disk)
        #expect(first.data == made.data && first.problem == nil && first.notes.isEmpty)
        let format = made.disk.paths.first { $0.hasSuffix("/format") }!
        #expect(made.disk.contents(format)! == Array("weir log 2\n".utf8))
        for path in made.segments {
            // Either copy will do now.
            let disk = made.disk.copy()
            var bytes = disk.contents(path)!
            bytes[17] ^= 1
            disk.setContents(path, bytes)
            #expect(try read(made, disk).data == made.data)
        }
        var configuration = made.configuration
        configuration.files = made.disk
        let log = try openLog(configuration)
        let bench = Bench(log)
        let shard = log.shard(ShardNumber(rawValue: 1))!
        for _ in 0..<8 {
            #expect(try bench.put(shard, [UInt8](repeating: 9, count: 1500)).isStored)
        }
        #expect(readAll(shard).records.count == made.data.count + 8)
        try log.close()
        #expect(try read(made, made.disk).data.count == made.data.count + 8)
    }

    /// Makes of a file what the first format would have written.
    private func asFormat1(_ path: String, _ disk: SimulatedFileSystem) {
        guard var bytes = disk.contents(path) else { return }
        if path.hasSuffix("/format") {
            bytes = Array("weir log 1\n".utf8)
        } else if path.hasSuffix(".segment") {
            for place in 64..<4096 { bytes[place] = 0 }
            bytes[8] = 1
            var writer = ByteWriter()
            writer.append(bytes)
            writer.replace(crc32c(0, bytes.span.extracting(16..<72)), at: 12)
            bytes = writer.bytes
        } else if path.hasSuffix(".journal") || path.hasSuffix("/snapshot") {
            // The checksums do not cover the version.
            for page in stride(from: 0, to: bytes.count, by: 4096)
            where Array(bytes[page..<page + 4]) == Array("WEIR".utf8) {
                bytes[page + 8] = 1
            }
        } else {
            return
        }
        disk.setContents(path, bytes)
    }
}
