import Catalog
import Kinesis
import ShardLog
import Testing
import Wire

@testable import Gateway

private let tokenKey = TokenKey(bytes: [UInt8](repeating: 42, count: TokenKey.byteCount))

extension Store {
    fileprivate func iterator(
        _ position: ShardIterator.Position, shard: UInt32 = 0
    ) throws -> ShardIterator {
        ShardIterator(
            stream: try stream("s").id, streamName: "s", shard: shard, position: position,
            issuedMilliseconds: log.nodeMilliseconds())
    }

    /// What GetRecords answers, made in place if that is possible and else as a worker makes it.
    fileprivate func answer(
        _ iterator: ShardIterator, limit: Int = 10_000, _ encoding: Encoding = .json
    ) throws -> Result<[UInt8], ServiceError> {
        let reader = PageReader(
            stream: try stream("s"), shard: try shard("s", iterator.shard), iterator: iterator,
            limit: limit, encoding: encoding, now: log.nodeMilliseconds(), tokenKey: tokenKey)
        let waiting = reader.readWaiting()
        if let inline = reader.readInline() { #expect(inline == waiting) }
        return waiting
    }

    fileprivate func page(
        _ iterator: ShardIterator, limit: Int = 10_000, _ encoding: Encoding = .json
    ) throws -> DecodedPage {
        try DecodedPage(try answer(iterator, limit: limit, encoding).get(), encoding)
    }

    /// The iterator that a page ends with, opened.
    fileprivate func next(_ page: DecodedPage) throws -> ShardIterator {
        let token = try #require(page.next)
        let iterator = ShardIterator.open(token.utf8.span, with: tokenKey)
        return try #require(iterator)
    }
}

struct PageReaderTests {
    @Test(arguments: [Encoding.json, .cbor])
    func `pages of any limit together are what was put`(encoding: Encoding) throws {
        let seed: UInt64 = 0x5eed_0010
        var generator = SeededGenerator(seed: seed)
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        var put: [TestRecord] = []
        for _ in 0..<5 {
            let some = generator.records(30, 0...500)
            try store.put(some, into: shard)
            put += some
            store.clock.advance(milliseconds: 777)
        }
        var seen: [DecodedRecord] = []
        var arrivals: [Int64] = []
        var iterator = try store.iterator(.horizon)
        while seen.count < put.count {
            let limit = Int.random(in: 1...40, using: &generator)
            let page = try store.page(iterator, limit: limit, encoding)
            #expect(page.records.count == min(limit, put.count - seen.count), "seed \(seed)")
            seen += page.records
            arrivals += page.arrivals
            #expect(page.children == nil)
            let behind = try #require(page.millisBehind)
            #expect(seen.count == put.count ? behind == 0 : behind > 0)
            iterator = try store.next(page)
        }
        #expect(seen.map(\.record) == put)
        #expect(seen.map(\.number) == seen.map(\.number).sorted())
        for (record, arrival) in zip(seen, arrivals) {
            #expect(UInt64(arrival) / 1000 == record.number.second)
            #expect(record.number.shardCreatedSecond == shard.createdSecond)
        }
        let empty = try store.page(iterator, encoding)
        #expect(empty.records.isEmpty)
        #expect(empty.millisBehind == 0)
        #expect(try store.next(empty).position == iterator.position)
    }

    @Test func `each kind of iterator begins where it says`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        var indices: [UInt64] = []
        var times: [Int64] = []
        for number in 0..<6 {
            indices += try store.put(
                [TestRecord(key: "\(number)", data: [])], into: shard)
            times.append(shard.log.lastArrivalMilliseconds)
            store.clock.advance(milliseconds: 50)
        }
        func keys(_ position: ShardIterator.Position) throws -> String {
            try store.page(store.iterator(position)).records.map(\.record.key).joined()
        }
        #expect(try keys(.horizon) == "012345")
        #expect(try keys(.at(index: indices[2])) == "2345")
        #expect(try keys(.at(index: indices[2] + 1)) == "345")
        #expect(try keys(.at(index: 0)) == "012345")
        #expect(try keys(.after(index: indices[2])) == "345")
        #expect(try keys(.after(index: 0)) == "012345")
        #expect(try keys(.after(index: indices[5])) == "")
        #expect(try keys(.arrival(milliseconds: times[3])) == "345")
        #expect(try keys(.arrival(milliseconds: times[3] + 1)) == "45")
        #expect(try keys(.arrival(milliseconds: times[0] - 1000)) == "012345")
        #expect(try keys(.arrival(milliseconds: times[5] + 1)) == "")
        // LATEST is fixed when it is issued: what comes later is behind it.
        let latest = try store.iterator(.after(index: shard.log.quietPoint().continuation))
        try store.put([TestRecord(key: "6", data: [])], into: shard)
        #expect(try store.page(latest).records.map(\.record.key) == ["6"])
    }

    @Test(arguments: [64 << 20, 1 << 20])
    func `a page ends before ten mebibytes of data are passed`(resident: Int) throws {
        let store = try Store { $0.residentBytes = resident }
        defer { store.remove() }
        let shard = try #require(try store.create("s", recordKiB: 10_240).shards[0])
        let mebibyte = 1 << 20
        let sizes = [
            4 * mebibyte, 6 * mebibyte,  // exactly full
            9 * mebibyte, mebibyte + 1,  // one byte too many
            9 * mebibyte - 1,  // with the one before exactly full
            10 * mebibyte - 256, 300,
        ]
        let put = sizes.enumerated().map {
            TestRecord(key: "\($0.offset)", data: [UInt8](repeating: 5, count: $0.element))
        }
        try store.put(put, into: shard)
        var iterator = try store.iterator(.horizon)
        var counts: [Int] = []
        var seen: [TestRecord] = []
        while seen.count < put.count {
            let page = try store.page(iterator, .cbor)
            counts.append(page.records.count)
            seen += page.records.map(\.record)
            iterator = try store.next(page)
        }
        #expect(seen == put)
        #expect(counts == [2, 1, 2, 1, 1])
    }

    @Test func `a large answer is left to a worker`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let block = [UInt8](repeating: 5, count: 600 << 10)
        try store.put([TestRecord(key: "a", data: block)], into: shard)
        func inline() throws -> Result<[UInt8], ServiceError>? {
            PageReader(
                stream: try store.stream("s"), shard: shard, iterator: try store.iterator(.horizon),
                limit: 10, encoding: .json, now: store.clock.now, tokenKey: tokenKey
            ).readInline()
        }
        #expect(try inline() != nil)
        try store.put([TestRecord(key: "b", data: block)], into: shard)
        #expect(try inline() == nil)
        #expect(try store.page(store.iterator(.horizon)).records.map(\.record.key) == ["a", "b"])
    }

    @Test func `the end of a closed shard names its children and gives no iterator`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s", shards: 2).shards[0])
        try store.put([TestRecord(key: "a", data: [1])], into: shard)
        try store.split("s", 0)
        let first = try store.page(store.iterator(.horizon))
        #expect(first.records.map(\.record.key) == ["a"])
        #expect(first.children == nil)
        let end = try store.page(try store.next(first))
        #expect(end.records.isEmpty)
        #expect(end.next == nil)
        #expect(end.children == ["shardId-000000000002", "shardId-000000000003"])
        store.clock.advance(seconds: 2)
        try store.merge("s", 3, 1)
        for parent in [UInt32(3), 1] {
            let merged = try store.page(store.iterator(.horizon, shard: parent))
            #expect(merged.next == nil)
            #expect(merged.children == ["shardId-000000000004"])
        }
    }

    @Test func `expired records are not shown, though they are still on the disk`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let old = try store.put([TestRecord(key: "old", data: [1])], into: shard)
        store.clock.advance(seconds: 3600)
        try store.put([TestRecord(key: "young", data: [1])], into: shard)
        let start = shard.log.horizon
        store.clock.advance(seconds: 23 * 3600 + 60)
        for position in [
            ShardIterator.Position.horizon, .at(index: old[0]), .at(index: 0), .after(index: 0),
            .arrival(milliseconds: 0),
        ] {
            let page = try store.page(store.iterator(position))
            #expect(page.records.map(\.record.key) == ["young"], "\(position)")
        }
        store.clock.advance(seconds: 3600)
        #expect(try store.page(store.iterator(.horizon)).records.isEmpty)
        #expect(shard.log.horizon == start)
    }

    @Test func `a trimmed place goes on at the horizon`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let indices = try store.put(
            (0..<4).map { TestRecord(key: "\($0)", data: []) }, into: shard)
        store.clock.advance(seconds: 10)
        try store.put([TestRecord(key: "4", data: [])], into: shard)
        store.log.trim(shard.log, olderThan: store.clock.now)
        for position in [ShardIterator.Position.horizon, .at(index: indices[1])] {
            let page = try store.page(store.iterator(position))
            #expect(page.records.map(\.record.key) == ["4"])
        }
    }
}
