import Catalog
import Foundation
import Kinesis
import ShardLog
import Testing
import TestSupport

@testable import Gateway

/// A random history of splits and merges, and what ListShards says of every second of it.
private final class History {
    let gate: Gate
    let client: Client
    var generator: SeededGenerator
    let start: Int64

    init(seed: UInt64, steps: Int, shards: Int) throws {
        let store = try Store()
        gate = try Gate(store)
        generator = SeededGenerator(seed: seed)
        client = try gate.connect()
        try store.create("s", shards: shards)
        start = Int64(try store.stream("s").createdSecond)
        for _ in 0..<steps {
            // Several changes within a second, and seconds without any.
            store.clock.advance(milliseconds: Int64.random(in: 0...1800, using: &generator))
            try reshard(store)
        }
        store.clock.advance(seconds: 60)
    }

    private func reshard(_ store: Store) throws {
        let open = try store.stream("s").shards.filter { !$0.isClosed }
            .sorted { $0.range.start < $1.range.start }
        let place = Int.random(in: 0..<open.count, using: &generator)
        if open.count < 4 || Bool.random(using: &generator) && open.count < 12 {
            let range = open[place].range
            let key = UInt128.random(in: range.start + 1...range.end, using: &generator)
            guard key > range.start + 1, key < range.end else { return }
            try store.perform(
                .splitShard(Store.key("s"), shard: open[place].id, newStartingHashKey: key))
        } else if place + 1 < open.count {
            try store.merge("s", open[place].id.index, open[place + 1].id.index)
        }
    }

    /// The shards that a filter lets through, over as many pages as it takes.
    func list(_ filter: [String: Any]?, pageSize: Int? = nil) throws -> [[String: Any]] {
        var input: [String: Any] = ["StreamName": "s"]
        input["ShardFilter"] = filter
        input["MaxResults"] = pageSize
        var shards: [[String: Any]] = []
        while true {
            let output = try client.output("ListShards", input)
            let page = try #require(output["Shards"] as? [[String: Any]])
            if let pageSize { #expect(page.count <= pageSize) }
            shards += page
            guard let token = output["NextToken"] as? String else { return shards }
            input = ["NextToken": token]
            input["MaxResults"] = pageSize
        }
    }

    func ids(_ filter: [String: Any]?, pageSize: Int? = nil) throws -> [String] {
        try list(filter, pageSize: pageSize).map { try #require($0["ShardId"] as? String) }
    }

    /// Whether shards take every hash key exactly once.
    func tiles(_ shards: [[String: Any]]) throws -> Bool {
        let ranges = try shards.map { shard in
            let range = try #require(shard["HashKeyRange"] as? [String: String])
            return HashRange(
                start: try #require(UInt128(range["StartingHashKey"] ?? "")),
                end: try #require(UInt128(range["EndingHashKey"] ?? "")))
        }
        return HashTiling(ranges.sorted { $0.start < $1.start }) != nil
    }
}

struct ShardHistoryTests {
    @Test func `at every moment of a history the open shards tile the hash keys`() throws {
        for round in 0..<rounds(2) {
            let seed = 0x5eed_0020 + UInt64(round)
            let history = try History(seed: seed, steps: 25, shards: 2)
            defer { history.gate.remove() }
            let now = history.gate.store.log.nodeMilliseconds()
            var moment = history.start * 1000
            while moment <= now {
                let shards = try history.list(
                    ["Type": "AT_TIMESTAMP", "Timestamp": Double(moment) / 1000])
                #expect(try history.tiles(shards), "seed \(seed), \(moment)")
                moment += moment % 1000 == 0 ? 999 : 1
            }
            #expect(try history.tiles(history.list(["Type": "AT_LATEST"])))
        }
    }

    @Test func `at the edge of retention no shard is missing, whatever the millisecond`() throws {
        let seed: UInt64 = 0x5eed_0030
        let history = try History(seed: seed, steps: 12, shards: 2)
        defer { history.gate.remove() }
        let store = history.gate.store
        let first = history.start * 1000
        // The horizon moves through the history in steps that are no whole seconds.
        store.clock.advance(milliseconds: first + 24 * 3_600_000 - store.log.nodeMilliseconds())
        for _ in 0..<70 {
            store.clock.advance(milliseconds: 331)
            let shards = try history.list(["Type": "AT_TRIM_HORIZON"])
            #expect(
                try history.tiles(shards),
                "seed \(seed), \(store.log.nodeMilliseconds() - 24 * 3_600_000 - first) ms")
        }
    }

    @Test func `filters of a time and its neighbours agree`() throws {
        let seed: UInt64 = 0x5eed_0040
        let history = try History(seed: seed, steps: 20, shards: 3)
        defer { history.gate.remove() }
        let all = try history.ids(nil)
        #expect(all == all.sorted())
        #expect(try history.ids(["Type": "FROM_TRIM_HORIZON"]) == all)
        let open = Set(try history.ids(["Type": "AT_LATEST"]))
        #expect(
            open
                == Set(
                    try history.gate.store.stream("s").shards.filter { !$0.isClosed }
                        .map(\.id.description)))
        let first = Double(history.start)
        #expect(
            try history.ids(["Type": "AT_TIMESTAMP", "Timestamp": first])
                == history.ids(["Type": "AT_TRIM_HORIZON"]))
        #expect(try history.ids(["Type": "FROM_TIMESTAMP", "Timestamp": first]) == all)
        // What is open at a time or later is what is open at that time and what was made since.
        for second in stride(from: first, through: first + 20, by: 3) {
            let at = Set(try history.ids(["Type": "AT_TIMESTAMP", "Timestamp": second]))
            let from = try history.ids(["Type": "FROM_TIMESTAMP", "Timestamp": second])
            let made = Set(
                try history.gate.store.stream("s").shards
                    .filter { Double($0.createdSecond) > second }.map(\.id.description))
            #expect(at.isSubset(of: from), "seed \(seed), \(second)")
            #expect(made.isSubset(of: from), "seed \(seed), \(second)")
            #expect(open.isSubset(of: from), "seed \(seed), \(second)")
        }
        let after = try history.ids(["Type": "AFTER_SHARD_ID", "ShardId": all[4]])
        #expect(after == Array(all[5...]))
    }

    @Test func `pages of any size are the whole list, filter and all`() throws {
        let seed: UInt64 = 0x5eed_0050
        let history = try History(seed: seed, steps: 15, shards: 2)
        defer { history.gate.remove() }
        let filters: [[String: Any]?] = [
            nil, ["Type": "AT_LATEST"],
            ["Type": "AT_TIMESTAMP", "Timestamp": Double(history.start + 7)],
            ["Type": "FROM_TIMESTAMP", "Timestamp": Double(history.start + 7)],
            ["Type": "AFTER_SHARD_ID", "ShardId": "shardId-000000000003"],
        ]
        for filter in filters {
            let whole = try history.ids(filter)
            for size in [1, 2, 3, 7] {
                #expect(try history.ids(filter, pageSize: size) == whole, "seed \(seed)")
            }
        }
    }

    @Test func `a page token expires, is of its listing only, and cannot be made up`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s", shards: 3)
        try store.create("t", shards: 3)
        let client = try gate.connect()
        let first = try client.output("ListShards", ["StreamName": "s", "MaxResults": 2])
        let token = try #require(first["NextToken"] as? String)
        store.clock.advance(seconds: 300)
        let second = try client.output("ListShards", ["NextToken": token])
        #expect((second["Shards"] as? [Any])?.count == 1)
        #expect(second["NextToken"] == nil)
        store.clock.advance(milliseconds: 1)
        #expect(
            try client.refusal("ListShards", ["NextToken": token]).code
                == "ExpiredNextTokenException")
        let fresh = try client.output("ListShards", ["StreamName": "s", "MaxResults": 2])
        let other = try #require(fresh["NextToken"] as? String)
        #expect(
            try client.refusal("ListStreams", ["NextToken": other]).code
                == "InvalidArgumentException")
        #expect(
            try client.refusal("ListShards", ["NextToken": String(other.reversed())]).code
                == "InvalidArgumentException")
        // The token means its stream, not one of the same name that was made since.
        try store.perform(.deleteStream(Store.key("s"), enforceConsumerDeletion: false))
        try store.create("s", shards: 3)
        #expect(
            try client.refusal("ListShards", ["NextToken": other]).code
                == "InvalidArgumentException")
    }

    @Test func `a time to come is refused`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s")
        let client = try gate.connect()
        let future = Double(store.clock.now + 1000) / 1000
        for type in ["AT_TIMESTAMP", "FROM_TIMESTAMP"] {
            let input: [String: Any] = [
                "StreamName": "s", "ShardFilter": ["Type": type, "Timestamp": future],
            ]
            #expect(try client.refusal("ListShards", input).code == "InvalidArgumentException")
        }
    }
}
