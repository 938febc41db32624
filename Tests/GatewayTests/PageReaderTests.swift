import Catalog
import Kinesis
import ShardLog
import Testing
import TestSupport
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

    /// What GetRecords answers, made in place if that is possible and else as the blocking pool makes it.
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

    @Test func `a large answer is left to the blocking pool`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let block = [UInt8](repeating: 5, count: 80 << 10)
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

    /// Sizes of data, from none to the largest, and how often each comes.
    private static let sizes: [(range: ClosedRange<Int>, weight: Int)] = [
        (0...0, 10), (1...200, 30), (1000...3000, 20), (60_000...70_000, 4),
        (290_000...310_000, 4), (500_000...1_048_576, 2), ((10 << 20) - 300...(10 << 20) - 200, 1),
    ]

    private static func kind(_ generator: inout SeededGenerator) -> Int {
        var left = Int.random(in: 0..<sizes.reduce(0) { $0 + $1.weight }, using: &generator)
        for (kind, size) in sizes.enumerated() {
            left -= size.weight
            if left < 0 { return kind }
        }
        return 0
    }

    @Test(arguments: [0, 100_000, 3 << 20, 64 << 20])
    func `a catch-up comes to its end in as many pages as it takes`(resident: Int) throws {
        let seed = 0x5eed_0700 + UInt64(resident)
        var generator = SeededGenerator(seed: seed)
        let store = try Store {
            $0.residentBytes = resident
            $0.segmentBytes = 16 << 20
        }
        defer { store.remove() }
        try store.create("s", recordKiB: 10_240)
        var put: [TestRecord] = []
        var indices: [UInt64] = []
        var arrivals: [Int64] = []
        var drawn = [Int](repeating: 0, count: Self.sizes.count)
        for round in 0..<3 {
            var some: [TestRecord] = []
            for number in 0..<70 {
                // One of each of the largest, whatever is drawn.
                let kind =
                    round == 1 && number < 2
                    ? Self.sizes.count - 1 - number : Self.kind(&generator)
                drawn[kind] += 1
                let size = Int.random(in: Self.sizes[kind].range, using: &generator)
                some.append(
                    TestRecord(
                        key: "\(put.count + number)", data: [UInt8](repeating: 9, count: size)))
            }
            let shard = try store.shard("s")
            indices += try store.put(some, into: shard)
            put += some
            arrivals += some.map { _ in shard.log.lastArrivalMilliseconds }
            store.clock.advance(milliseconds: 500)
            if round == 1 { try store.reopen() }
        }
        #expect(drawn.allSatisfy { $0 > 0 }, "seed \(seed): \(drawn)")

        let place = Int.random(in: 0..<put.count, using: &generator)
        let byTime = arrivals.firstIndex(of: arrivals[place])!
        let starts: [(ShardIterator.Position, ReadStart, Int)] = [
            (.horizon, .horizon, 0), (.at(index: indices[place]), .at(indices[place]), place),
            (.after(index: indices[place]), .after(indices[place]), place + 1),
            (.arrival(milliseconds: arrivals[place]), .arrival(arrivals[place]), byTime),
        ]
        for (position, start, first) in starts {
            let limit = [3, 20, 100, 10_000].randomElement(using: &generator)!
            var iterator = try store.iterator(position)
            var seen: [TestRecord] = []
            while seen.count < put.count - first {
                let page = try store.page(
                    iterator, limit: limit, [.json, .cbor].randomElement(using: &generator)!)
                var count = 0
                var bytes = 0
                for record in put[(first + seen.count)...].prefix(limit) {
                    if count > 0, bytes + record.data.count > Limits.pageBytes { break }
                    bytes += record.data.count
                    count += 1
                }
                // Without progress it would never end.
                try #require(page.records.count == count, "seed \(seed), \(position), \(limit)")
                seen += page.records.map(\.record)
                iterator = try store.next(page)
            }
            #expect(seen == Array(put[first...]), "seed \(seed), \(position)")
            // Where a subscription begins, and what it resumes after while it has seen nothing.
            let shard = try store.shard("s")
            let resolved = start.resolve(in: shard, cutoff: 0, mayWait: true)
            let found = try #require(resolved).get()
            if case .arrival = start { #expect(found.continuation == indices[first] - 1) }
            var next: UInt64?
            _ = shard.log.read(
                from: found.position, maximumRecords: 1, maximumBytes: 1, mayWait: true
            ) { record in
                next = record.index
                return false
            }
            #expect(next == (first < put.count ? indices[first] : nil))
        }
    }
}
