import Kinesis
import System
import Testing
import Wire

@testable import Bench

@Suite struct ScheduleTests {
    @Test func `messages are due at even distances, however late they are taken`() {
        var schedule = Schedule(start: 1_000, perSecond: 1e9 / 250)
        #expect(schedule.take(999) == nil)
        #expect(schedule.take(1_000) == 1_000)
        #expect(schedule.take(1_249) == nil)
        // Three were missed; each keeps the time at which it was due.
        #expect([0, 1, 2].map { _ in schedule.take(1_760) } == [1_250, 1_500, 1_750])
        #expect(schedule.take(1_760) == nil && schedule.next == 2_000 && schedule.sent == 4)
    }

    @Test func `a rate that is no whole number of nanoseconds does not drift`() {
        let schedule = Schedule(start: 0, perSecond: 3)
        #expect(schedule.due(3) == 1_000_000_000)
        #expect(schedule.due(3_000_000) == 1_000_000_000_000_000)
        #expect(schedule.due(1) == 333_333_333)
    }

    @Test func `the measured part begins after the warm-up`() {
        let window = MeasuredWindow(begin: 10, warmUpSeconds: 1, seconds: 2)
        #expect(window.start == 1_000_000_010 && window.end == 3_000_000_010)
        #expect(!window.contains(1_000_000_009) && window.contains(1_000_000_010))
        #expect(!window.contains(3_000_000_010) && window.seconds == 2)
    }
}

@Suite struct LatencyTests {
    @Test func `percentiles are those of what was recorded`() {
        var latencies = Latencies()
        #expect(latencies.microseconds(50) == 0 && latencies.maxMicroseconds == 0)
        for value in 1...1_000 { latencies.record(UInt64(value) * 1_000) }
        #expect(latencies.count == 1_000)
        for (percentile, expected) in [(50.0, 500.0), (90, 900), (99, 990), (100, 1_000)] {
            let found = latencies.microseconds(percentile)
            #expect(abs(found - expected) / expected < 0.002, "\(percentile): \(found)")
        }
    }

    @Test func `what is late counts from when it was due, and nothing is early`() {
        var latencies = Latencies()
        latencies.record(due: 1_000_000, now: 3_000_000)
        latencies.record(due: 5, now: 4)
        #expect(abs(latencies.maxMicroseconds - 2_000) < 2 && latencies.count == 2)
        latencies.record(.max)
        #expect(latencies.maxMicroseconds >= 59_900_000)
    }
}

@Suite struct ProcessTests {
    @Test func `CPU is read behind a name that holds anything`() throws {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 1234 567 0 0 20 0 3 0 99 1 2"
        let times = try #require(ProcessTimes(stat: Array(stat.utf8)))
        #expect(times.userTicks == 1_234 && times.systemTicks == 567)
        var later = times
        later.userTicks += 50
        later.systemTicks += 25
        #expect(later.seconds(since: times) > 0)
        for broken in ["", "42 (x", "42 (x) S 1 2", "42 (x) S 1 2 3 4 5 6 7 8 9 10 u s 0"] {
            #expect(ProcessTimes(stat: Array(broken.utf8)) == nil, "\(broken)")
        }
    }

    @Test func `our own process has used CPU`() throws {
        let meter = try #require(try? WholeFile.bytes("/proc/self/stat", limit: 65_536))
        #expect(ProcessTimes(stat: meter) != nil)
        #expect(throws: SystemError(errno: 2, operation: "open")) {
            try WholeFile.bytes("/proc/self/no-such-file", limit: 10)
        }
    }

    @Test func `memory that no file backs is read`() {
        let status = "Name:\tx\nVmRSS:\t  99 kB\nRssAnon:\t    1234 kB\nRssFile:\t 5 kB\n"
        #expect(ProcessMemory.anonymousBytes(status: Array(status.utf8)) == 1_234 << 10)
        #expect(ProcessMemory.anonymousBytes(status: Array("RssAnon: x kB".utf8)) == nil)
        #expect(ProcessMemory.anonymousBytes(status: []) == nil)
    }

    @Test func `memory is never called durable`() {
        #expect(DiskProbe.name(ofMagic: 0x0102_1994) == "tmpfs")
        #expect(DiskProbe.name(ofMagic: 0xEF53) == "ext4")
        #expect(DiskProbe.name(ofMagic: 0x1234) == "type 0x1234")
        #expect(!DiskProbe.outlivesPower("tmpfs") && !DiskProbe.outlivesPower("ramfs"))
        #expect(DiskProbe.outlivesPower("ext4"))
    }
}

@Suite struct PayloadTests {
    @Test(arguments: [32, 33, 40, 64, 1_024, 4_099])
    func `a payload says when it was due and that it is whole`(_ bytes: Int) throws {
        var payloads = BenchPayload(bytes: bytes, seed: 7)
        let payload = payloads.make(due: 123, number: 456)
        #expect(payload.count == bytes)
        #expect(
            BenchPayload.check(payload.span) == BenchPayload.Header(due: 123, number: 456))
        #expect(payloads.make(due: 123, number: 456) != payload)
    }

    @Test func `a byte that is not what was put is noticed`() {
        var payloads = BenchPayload(bytes: 100, seed: 1)
        let payload = payloads.make(due: 1, number: 2)
        for index in 16..<payload.count {
            var changed = payload
            changed[index] ^= 0x10
            #expect(BenchPayload.check(changed.span) == nil, "byte \(index)")
        }
        #expect(BenchPayload.check(payload.span.extracting(..<99)) == nil)
        #expect(BenchPayload.check(payload.span.extracting(..<8)) == nil)
    }
}

private func number(_ index: UInt64) -> SequenceNumber {
    SequenceNumber(
        shardCreatedSecond: 1_790_000_000, shardIndex: 0, index: index, second: 1_790_000_000)
}

/// An event as the server writes it, with records that check.
private func event(
    _ indices: ClosedRange<UInt64>, due: UInt64 = 5, lag: Int64 = 0
) -> (frame: [UInt8], payload: [UInt8]) {
    var payloads = BenchPayload(bytes: 200, seed: 3)
    var event = SubscribeToShard.Event(capacity: 4_096)
    for index in indices {
        let data = payloads.make(due: due, number: index)
        let key = Array(BenchKey.make(index).utf8)
        event.append(
            sequenceNumber: number(index), arrivalMilliseconds: 1_790_000_000_123,
            partitionKey: key.span, data: data.span)
    }
    let frame = event.finish(
        .continues(number(indices.upperBound)), millisBehindLatest: lag)
    let payload = (try? EventStreamDecoder.decode(frame.span))?.first?.payload ?? []
    return (frame, payload)
}

@Suite struct ReceiverTests {
    private func scan(
        _ payload: [UInt8], after last: SequenceNumber? = nil
    ) throws(RecordScanner.Fault) -> (records: Int, bytesPerRecord: Int, due: [UInt64]) {
        var scratch: [UInt8] = []
        var due: [UInt64] = []
        var scanner = RecordScanner(payload.span, after: last)
        try scanner.scan(&scratch) { due.append($0.due) }
        return (scanner.records, scanner.bytesPerRecord, due)
    }

    @Test func `records are checked and counted`() throws {
        let found = try scan(event(1...7).payload)
        #expect(found.records == 7 && found.due == [UInt64](repeating: 5, count: 7))
        #expect(try scan(event(1...1).payload).bytesPerRecord == found.bytesPerRecord)
    }

    @Test func `a record that comes again or out of order is noticed`() {
        #expect(throws: RecordScanner.Fault.order) {
            try scan(event(3...4).payload, after: number(3))
        }
    }

    @Test func `data that is not what was put is noticed`() {
        var payload = event(1...1).payload
        let start = payload.firstRange(of: Array("\"Data\":\"".utf8))?.upperBound ?? 0
        payload[start + 80] = payload[start + 80] == 0x41 ? 0x42 : 0x41
        #expect(throws: RecordScanner.Fault.digest) { try scan(payload) }
        #expect(throws: RecordScanner.Fault.malformed) { try scan(Array("{\"Records\":[{".utf8)) }
    }

    @Test func `lengths alone give the number of records, wherever reads end`() throws {
        let sizes: [ClosedRange<UInt64>] = [1...1, 2...9, 10...10, 11...200]
        var stream = EventStream.initialResponse
        for (index, size) in sizes.enumerated() {
            stream += event(size, lag: [0, 9, 12_345, 7][index]).frame
        }
        let length = try scan(event(1...3).payload).bytesPerRecord
        for size in [1, 3, 7, 8, 100, 16_384, stream.count] {
            var counter = FrameCounter()
            if size % 2 == 1 { counter.bytesPerRecord = length }
            for start in stride(from: 0, to: stream.count, by: size) {
                counter.take(stream.span.extracting(start..<min(start + size, stream.count)))
            }
            // Known late, what came before is counted then.
            counter.bytesPerRecord = length
            #expect(counter.records == 200, "\(size) bytes a read")
            #expect(counter.messages == 5 && counter.bytes == UInt64(stream.count))
        }
    }

    @Test func `the floor's bytes are those of a record in an event of ten`() throws {
        let tenth = event(1...10).frame.count / 10
        #expect(abs(FloorFrame.bytes(recordBytes: 200) - tenth) <= 1)
        // A saturated subscriber was seen to have 1,530 a record of 1 KiB, give or take its lag.
        #expect((1_500...1_580).contains(FloorFrame.bytes(recordBytes: 1_024)))
    }

    @Test func `the floor's frames are counted, and their times read, wherever reads end`() {
        for frameBytes in [64, 200, 1_536] {
            var frame = FloorFrame(bytes: frameBytes)
            var stream: [UInt8] = [0, 0, 0, 0]
            for due in 1...50 { frame.append(due: UInt64(due) << 40 | 7, to: &stream) }
            #expect(stream.count == 4 + 50 * frameBytes)
            for size in [1, 3, 4, 11, 12, 13, 63, 1_000, stream.count] {
                var checking = FloorReader(frameBytes: frameBytes, checks: true)
                var counting = FloorReader(frameBytes: frameBytes, checks: false)
                var due: [UInt64] = []
                for start in stride(from: 0, to: stream.count, by: size) {
                    let part = stream.span.extracting(start..<min(start + size, stream.count))
                    checking.take(part) { due.append($0) }
                    counting.take(part) { _ in }
                }
                #expect(due == (1...50).map { UInt64($0) << 40 | 7 }, "\(size) bytes a read")
                #expect(checking.records == 50 && counting.records == 50)
                #expect(checking.bytes == counting.bytes && checking.hasJoined)
            }
        }
    }

    @Test func `the floor's ring gives what was appended, across its end`() {
        let ring = FloorRing()
        // Prime, so that appends end everywhere.
        let piece = (0..<10_007).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var appended: UInt64 = 0
        while appended < UInt64(FloorRing.bytes) + 200_000 {
            ring.append(piece.span)
            appended += UInt64(piece.count)
            #expect(ring.head == appended)
            let start = appended - UInt64(piece.count)
            guard
                start % UInt64(FloorRing.bytes) > UInt64(FloorRing.bytes) - 20_000
                    || start % UInt64(FloorRing.bytes) < 20_000
            else { continue }
            let isSame = ring.withBytes(at: start, count: piece.count) { read in
                piece.indices.allSatisfy { read[$0] == piece[$0] }
            }
            #expect(isSame, "at \(start)")
        }
    }

    @Test func `a put's answer says how many records failed`() {
        #expect(Producer.failedCount(Array("{\"FailedRecordCount\":0,\"Re".utf8)) == 0)
        #expect(Producer.failedCount(Array("{\"FailedRecordCount\":17,\"Re".utf8)) == 17)
        #expect(Producer.failedCount(Array("{\"Records\":[]}".utf8)) == nil)
        #expect(Producer.failedCount([]) == nil)
    }
}

@Suite struct ReportTests {
    @Test func `numbers have the digits that say something`() {
        #expect(Figure.decimal(0) == "0.000" && Figure.decimal(1.234) == "1.23")
        #expect(Figure.decimal(12.34) == "12.3" && Figure.decimal(1_234.5) == "1,235")
        #expect(Figure.decimal(-0.5) == "-0.500" && Figure.fixed(9.999, 2) == "10.00")
        #expect(Figure.grouped(0) == "0" && Figure.grouped(1_000_000) == "1,000,000")
        #expect(Figure.time(999) == "999 µs" && Figure.time(12_345) == "12.3 ms")
    }

    @Test func `a report is one object`() {
        var report = BenchReport("x\"y")
        report.number("n", 1.5, "n")
        report.text("t", "v", "t")
        #expect(
            report.json.hasPrefix("{\"bench\":\"x\\\"y\",\"build\":")
                && report.json.hasSuffix("\"n\":1.5,\"t\":\"v\"}"))
    }
}
