import Kinesis
import Testing
import TestSupport

@testable import Catalog

@Suite struct RoutingTests {
    @Test(arguments: [1, 2, 3, 4, 7, 64, 65, 1000])
    func `a hash key finds the shard whose range holds it`(count: Int) throws {
        var journal = Journal()
        try journal.perform(create("s", shards: count))
        let stream = try #require(journal.state.stream(key("s")))
        var generator = SeededGenerator(seed: UInt64(count))
        #expect(stream.open.count == count)
        for _ in 0..<2000 {
            let hashKey = UInt128.random(in: .min ... .max, using: &generator)
            #expect(stream.open.shard(for: hashKey).range.contains(hashKey))
        }
        for shard in stream.shards {
            #expect(stream.open.shard(for: shard.range.start) === shard)
            #expect(stream.open.shard(for: shard.range.end) === shard)
        }
        #expect(stream.open.shard(for: 0).id.index == 0)
        #expect(stream.open.shard(for: .max).id.index == UInt32(count - 1))
    }

    @Test func `pages of a large stream follow each other without gap or repetition`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 5000))
        let shards = try #require(journal.state.stream(key("s"))).shards
        var found: [UInt32] = []
        while true {
            let page = shards.page(after: found.last, limit: 999)
            found += page.map(\.id.index)
            if page.count < 999 { break }
        }
        #expect(found == Array(0..<5000))
        #expect(shards.map(\.id.index) == found)
        #expect(shards.page(after: 4999, limit: 10).isEmpty)
        #expect(shards.page(after: .max, limit: 10).isEmpty)
        #expect(shards.page(limit: 0).isEmpty)
    }

    @Test func `names are listed in byte order per account and region`() throws {
        var journal = Journal()
        for name in ["b", "a", "B", "a.b", "a-b", "_", "0"] {
            try journal.perform(create(name))
        }
        try journal.perform(
            .createStream(CreateStreamRequest(key: key("x", region: "eu-west-1"))))
        try journal.perform(
            .createStream(CreateStreamRequest(key: key("a", account: "111111111111"))))
        let snapshot = CatalogSnapshot(journal.state)
        func names(after name: String? = nil, limit: Int = 100) -> [String] {
            snapshot.streams(
                account: "000000000000", region: "us-east-1", after: name, limit: limit
            ).map(\.name)
        }
        #expect(names() == ["0", "B", "_", "a", "a-b", "a.b", "b"])
        #expect(names(after: "a") == ["a-b", "a.b", "b"])
        #expect(names(after: "a+") == ["a-b", "a.b", "b"])
        #expect(names(after: "z") == [])
        #expect(names(limit: 2) == ["0", "B"])
        #expect(snapshot.streamCount == 9)
        #expect(
            snapshot.stream(account: "111111111111", region: "us-east-1", name: "a")?.id == 9)
        #expect(snapshot.stream(account: "111111111111", region: "us-east-1", name: "b") == nil)
        let stream = try #require(snapshot.stream(key("b")))
        #expect(snapshot.stream(id: stream.id) === stream)
        let shard = try #require(stream.shards[0])
        #expect(snapshot.shard(shard.number)?.shard === shard)
        #expect(snapshot.shard(shard.number)?.stream === stream)
    }
}
