import Catalog
import Foundation
import HTTP
import Kinesis
import Testing
import TestSupport

@testable import Gateway

/// A cursor as ListCursors tells it.
private struct ListedCursor: Equatable {
    var consumer: String
    var shard: String
    var sent: SequenceNumber?
    var credited: SequenceNumber?
    var committed: SequenceNumber?
    var isOpen: Bool
    var recordsBehind: Int

    init(_ object: [String: Any]) throws {
        func number(_ key: String) -> SequenceNumber? {
            (object[key] as? String).flatMap { SequenceNumber($0) }
        }
        consumer = try #require(object["ConsumerName"] as? String)
        shard = try #require(object["ShardId"] as? String)
        sent = number("SentSequenceNumber")
        credited = number("CreditedSequenceNumber")
        committed = number("CommittedSequenceNumber")
        isOpen = try #require(object["SubscriptionOpen"] as? Bool)
        recordsBehind = try #require(object["RecordsBehind"] as? Int)
    }
}

extension Client {
    /// All cursors, page by page.
    fileprivate func cursors(
        _ subject: [String: Any], pageSize: Int? = nil
    ) throws -> [ListedCursor] {
        var input = subject
        var all: [ListedCursor] = []
        while true {
            input["MaxResults"] = pageSize
            let output = try self.output("ListCursors", input)
            let page = try #require(output["Cursors"] as? [[String: Any]])
            if let pageSize { #expect(page.count <= pageSize) }
            all += try page.map { try ListedCursor($0) }
            guard let token = output["NextToken"] as? String else { return all }
            #expect(!page.isEmpty)
            input = ["NextToken": token]
        }
    }

    fileprivate func keys(
        _ consumer: ConsumerState, from type: String, count: Int
    ) throws -> [String] {
        let reply = try subscribe(consumer, from: type)
        try gate.turn("\(count) records") { try reply.records().count >= count }
        gate.settle()
        let keys = try reply.records().map(\.record.key)
        reset(reply)
        try gate.turn("the end") { gate.subscriptions.isEmpty }
        return keys
    }
}

struct CursorTests {
    @Test func `what is credited is never more than the client gave credit for`() throws {
        for round in 0..<rounds(2) {
            let seed = 0x5eed_0090 + UInt64(round)
            var generator = SeededGenerator(seed: seed)
            let store = try Store()
            let gate = try Gate(store)
            defer { gate.remove() }
            let shard = try #require(try store.create("s").shards[0])
            let consumer = try store.register("c")
            let other = try gate.connect()
            let client = try gate.connect(
                .slow(window: Int32.random(in: 500...5000, using: &generator)))
            let reply = try client.subscribe(consumer)
            var consumed = 0
            var last: UInt64 = 0
            for _ in 0..<30 {
                let count = Int.random(in: 1...4, using: &generator)
                try store.put(generator.records(count, 0...300), into: shard)
                gate.settle()
                let part = Int.random(in: 0...(reply.body.count - consumed), using: &generator)
                client.credit(reply, part)
                consumed += part
                gate.settle()
                gate.gateways[0].subscriptions.lookAtAll(now: 0)
                // The last event that lies wholly within what was given credit for.
                var taken: UInt64 = 0
                let whole = Array(reply.body.prefix(consumed))
                for event in try events(whole) { taken = event.continuation?.index ?? taken }
                let cursor = try #require(
                    store.catalog.cursor(consumer: consumer.id, shard: shard.number))
                let credited = cursor.credited?.index ?? 0
                #expect(credited <= taken, "seed \(seed)")
                #expect(credited >= last, "seed \(seed)")
                last = credited
                let listed = try #require(try other.cursors(["StreamName": "s"]).first)
                #expect(listed.isOpen)
                #expect(listed.credited?.index ?? 0 == credited, "seed \(seed)")
                #expect(listed.sent?.index ?? 0 >= credited, "seed \(seed)")
            }
            #expect(last > 0, "seed \(seed)")
        }
    }

    /// The whole events of a body that may end within one.
    private func events(_ body: [UInt8]) throws -> [DecodedEvent] {
        let reply = Reply()
        reply.take(body)
        return try reply.events()
    }

    @Test func `a cursor resumes after what was committed, else credited, else begun`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let indices = try store.put(
            (0..<6).map { TestRecord(key: "\($0)", data: []) }, into: shard)
        let client = try gate.connect()
        // Never here before: nothing is missed.
        let fresh = try store.register("fresh")
        #expect(try client.keys(fresh, from: "CURSOR", count: 6).joined() == "012345")
        // Begun, and nothing credited.
        let begun = try store.register("begun")
        store.catalog.noteOrigin(
            consumer: begun.id, shard: shard.number, index: indices[3], milliseconds: 0)
        #expect(try client.keys(begun, from: "CURSOR", count: 2).joined() == "45")
        let credited = try store.register("credited")
        store.catalog.noteOrigin(
            consumer: credited.id, shard: shard.number, index: indices[0], milliseconds: 0)
        store.catalog.noteCredited(
            consumer: credited.id, shard: shard.number, index: indices[4], milliseconds: 0)
        #expect(try client.keys(credited, from: "CURSOR", count: 1).joined() == "5")
        // Committed counts, although less than was credited.
        let committed = try store.register("committed")
        store.catalog.noteCredited(
            consumer: committed.id, shard: shard.number, index: indices[4], milliseconds: 0)
        try client.output(
            "CommitCursor",
            [
                "ConsumerARN": committed.arn.description, "ShardId": "shardId-000000000000",
                "SequenceNumber": shard.continuationNumber(indices[1]).description,
            ])
        #expect(try client.keys(committed, from: "CURSOR", count: 4).joined() == "2345")
        let listed = try client.cursors(["ConsumerARN": committed.arn.description])
        #expect(listed.map(\.committed) == [shard.continuationNumber(indices[1])])
        // Another consumer's cursor is another one.
        #expect(try client.keys(fresh, from: "TRIM_HORIZON", count: 6).count == 6)
    }

    @Test func `a place to come cannot be committed, the end of a closed shard can`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let indices = try store.put([TestRecord(key: "a", data: [])], into: shard)
        let consumer = try store.register("c")
        let client = try gate.connect()
        func commit(_ index: UInt64) throws -> Reply {
            try client.call(
                "CommitCursor",
                [
                    "ConsumerARN": consumer.arn.description, "ShardId": "shardId-000000000000",
                    "SequenceNumber": shard.continuationNumber(index).description,
                ])
        }
        let ahead = try commit(indices[0] + (1 << 40))
        #expect(try ahead.error().code == "InvalidArgumentException")
        #expect(try commit(indices[0]).status == 200)
        store.clock.advance(seconds: 2)
        try store.split("s", 0)
        let end = try #require(try store.shard("s").endingSequenceNumber)
        let reply = try client.call(
            "CommitCursor",
            [
                "ConsumerARN": consumer.arn.description, "ShardId": "shardId-000000000000",
                "SequenceNumber": end.description,
            ])
        #expect(reply.status == 200)
        let late = try client.subscribe(consumer, from: "CURSOR")
        try gate.turn("the shard's end") { late.end != nil }
        #expect(try late.records().isEmpty)
        #expect(try late.events().last?.children?.count == 2)
    }

    @Test func `cursors are listed in pages, by consumer and shard`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let stream = try store.create("s", shards: 4)
        let consumers = try (0..<3).map { try store.register("c\($0)") }
        for consumer in consumers {
            for shard in stream.shards where (consumer.id + UInt64(shard.id.index)) % 3 != 0 {
                store.catalog.noteOrigin(
                    consumer: consumer.id, shard: shard.number, index: 1, milliseconds: 0)
            }
        }
        let client = try gate.connect()
        let whole = try client.cursors(["StreamName": "s"])
        #expect(whole.count == 8)
        #expect(whole.allSatisfy { !$0.isOpen && $0.recordsBehind == 0 })
        let names = whole.map { "\($0.consumer) \($0.shard)" }
        #expect(names == names.sorted())
        for size in [1, 2, 3, 7, 8, 100] {
            #expect(try client.cursors(["StreamName": "s"], pageSize: size) == whole)
            for consumer in consumers {
                #expect(
                    try client.cursors(
                        ["ConsumerARN": consumer.arn.description], pageSize: size)
                        == whole.filter { $0.consumer == consumer.name })
            }
        }
        // A consumer that goes between two pages takes its cursors with it.
        let first = try client.output("ListCursors", ["StreamName": "s", "MaxResults": 1])
        let token = try #require(first["NextToken"] as? String)
        try store.perform(.deregisterConsumer(Store.key("s"), name: "c1"))
        let rest = try client.cursors(["NextToken": token])
        #expect(rest == Array(whole.dropFirst()).filter { $0.consumer != "c1" })
        store.clock.advance(milliseconds: 300_001)
        #expect(
            try client.refusal("ListCursors", ["NextToken": token]).code
                == "ExpiredNextTokenException")
    }

    @Test func `a cursor tells how much its consumer has before it`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let consumer = try store.register("c")
        let indices = try store.put(
            (0..<10).map { TestRecord(key: "\($0)", data: [1, 2, 3]) }, into: shard)
        store.clock.advance(milliseconds: 5000)
        let client = try gate.connect()
        for (place, index) in indices.enumerated() {
            store.catalog.noteCredited(
                consumer: consumer.id, shard: shard.number, index: index, milliseconds: 0)
            let listed = try #require(try client.cursors(["StreamName": "s"]).first)
            #expect(listed.credited == shard.continuationNumber(index))
            #expect(listed.recordsBehind == 9 - place)
        }
    }
}
