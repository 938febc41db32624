import Catalog
import Foundation
import Kinesis
import Reactor
import System
import Testing
import TestSupport

@testable import Gateway
@testable import ShardLog

/// Runs in the middle of a reactor's turn: after its sockets, before what was staged is handed
/// over.
private final class MidTurn: TurnHandler {
    private let reactor: Reactor
    private let body: () -> Bool

    /// - Parameter body: called in each turn until it answers true.
    init(_ reactor: Reactor, _ body: @escaping () -> Bool) {
        self.reactor = reactor
        self.body = body
        reactor.runNextTurn(self)
    }

    func turn() {
        if !body() { reactor.runNextTurn(self) }
    }
}

private func encoded(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

extension Gate {
    /// Changes the catalog after the next put was staged and before it is handed over.
    fileprivate func betweenStagingAndHandOver(_ change: @escaping () throws -> Void) {
        let gateway = gateways[0]
        let handler = MidTurn(reactors[0]) {
            guard gateway.waiting.count > 0 else { return false }
            do { try change() } catch { Issue.record(error) }
            return true
        }
        withExtendedLifetime(handler) {}
    }

    fileprivate func records(_ name: String, _ shard: UInt32) throws -> [DecodedRecord] {
        let state = try store.shard(name, shard)
        var records: [DecodedRecord] = []
        _ = state.log.read(
            from: state.log.horizon, maximumRecords: .max, maximumBytes: .max
        ) { view in
            records.append(
                DecodedRecord(
                    number: state.number(
                        index: view.index, arrivalMilliseconds: view.arrivalMilliseconds),
                    record: TestRecord(
                        key: text(array(view.partitionKey)), data: array(view.data))))
            return true
        }
        return records
    }
}

struct PutTests {
    @Test func `results stand in the order of the records, each with its own number`() throws {
        let seed: UInt64 = 0x5eed_0060
        var generator = SeededGenerator(seed: seed)
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s", shards: 4)
        let client = try gate.connect()
        let ranges = HashRange.uniform(count: 4)
        for _ in 0..<rounds(5) {
            let put = generator.records(Int.random(in: 1...60, using: &generator), 0...200)
            let shards = put.map { _ in Int.random(in: 0..<4, using: &generator) }
            let output = try client.output(
                "PutRecords",
                [
                    "StreamName": "s",
                    "Records": zip(put, shards).map { record, shard in
                        let key = UInt128.random(
                            in: ranges[shard].start...ranges[shard].end, using: &generator)
                        return [
                            "PartitionKey": record.key, "Data": encoded(record.data),
                            "ExplicitHashKey": String(key),
                        ]
                    },
                ])
            #expect(output["FailedRecordCount"] as? Int == 0)
            let results = try #require(output["Records"] as? [[String: String]])
            try #require(results.count == put.count)
            let held = try (0..<4).map { try gate.records("s", UInt32($0)) }
            for (ordinal, result) in results.enumerated() {
                let shard = shards[ordinal]
                #expect(result["ShardId"] == ShardID(index: UInt32(shard)).description)
                let number = SequenceNumber(result["SequenceNumber"] ?? "")
                let record = held[shard].first { $0.number == number }?.record
                #expect(record == put[ordinal], "seed \(seed)")
            }
        }
    }

    @Test func `a record that finds its shard closed goes to a child`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s", shards: 2)
        let parent = try store.shard("s", 0)
        let client = try gate.connect()
        gate.betweenStagingAndHandOver { try store.split("s", 0) }
        let output = try client.output(
            "PutRecord",
            [
                "StreamName": "s", "PartitionKey": "k", "Data": encoded([1, 2, 3]),
                "ExplicitHashKey": "0",
            ])
        #expect(try store.shard("s", 0).isClosed)
        #expect(output["ShardId"] as? String == "shardId-000000000002")
        #expect(parent.log.lastIndex == 0)
        let held = try gate.records("s", 2)
        #expect(held.map(\.record) == [TestRecord(key: "k", data: [1, 2, 3])])
        #expect(held.first?.number.description == output["SequenceNumber"] as? String)
    }

    @Test func `a batch loses nothing when shards are merged under it`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s", shards: 4)
        let client = try gate.connect()
        gate.betweenStagingAndHandOver { try store.merge("s", 1, 2) }
        let ranges = HashRange.uniform(count: 4)
        let records = (0..<40).map { number in
            [
                "PartitionKey": "k\(number)", "Data": encoded([UInt8(number)]),
                "ExplicitHashKey": String(ranges[number % 4].start),
            ]
        }
        let output = try client.output("PutRecords", ["StreamName": "s", "Records": records])
        #expect(output["FailedRecordCount"] as? Int == 0)
        let results = try #require(output["Records"] as? [[String: String]])
        let expected: [UInt32] = [0, 4, 4, 3]
        for (number, result) in results.enumerated() {
            let shard = expected[number % 4]
            #expect(result["ShardId"] == ShardID(index: shard).description)
            let held = try gate.records("s", shard)
            let record = held.first { $0.number.description == result["SequenceNumber"] }?.record
            #expect(record == TestRecord(key: "k\(number)", data: [UInt8(number)]))
        }
        #expect(try [0, 1, 2, 3, 4].reduce(0) { try $0 + gate.records("s", $1).count } == 40)
    }

    @Test func `a put whose stream was deleted under it fails, and is told so`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s")
        let client = try gate.connect()
        gate.betweenStagingAndHandOver {
            try store.perform(.deleteStream(Store.key("s"), enforceConsumerDeletion: false))
        }
        let input: [String: Any] = [
            "StreamName": "s", "PartitionKey": "k", "Data": encoded([1]),
        ]
        #expect(try client.call("PutRecord", input).status >= 400)
        #expect(
            try client.refusal("PutRecord", input).code == "ResourceNotFoundException")
    }

    @Test func `what a shard's share of the memory does not take is throttled alone`() throws {
        let store = try Store { $0.stagingBytes = 4 << 20 }
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s", shards: 2)
        let client = try gate.connect()
        let large = encoded([UInt8](repeating: 1, count: 600 << 10))
        let ranges = HashRange.uniform(count: 2)
        func record(_ key: String, _ shard: Int, _ data: String) -> [String: String] {
            [
                "PartitionKey": key, "Data": data,
                "ExplicitHashKey": String(ranges[shard].start),
            ]
        }
        let output = try client.output(
            "PutRecords",
            [
                "StreamName": "s",
                "Records": [
                    record("a", 0, large), record("b", 0, large), record("c", 1, encoded([7])),
                ],
            ])
        #expect(output["FailedRecordCount"] as? Int == 1)
        let results = try #require(output["Records"] as? [[String: String]])
        #expect(results[0]["ShardId"] == "shardId-000000000000")
        #expect(results[1]["ErrorCode"] == "ProvisionedThroughputExceededException")
        #expect(
            results[1]["ErrorMessage"]
                == "Rate exceeded for shard shardId-000000000000 in stream s under account "
                + "123456789012.")
        #expect(results[1]["SequenceNumber"] == nil)
        #expect(results[2]["ShardId"] == "shardId-000000000001")
        // What was refused can be sent again at once.
        var again = record("b", 0, large) as [String: Any]
        again["StreamName"] = "s"
        try client.output("PutRecord", again)
        #expect(try gate.records("s", 0).map(\.record.key) == ["a", "b"])
    }

    @Test func `a log that takes no writes says why`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s")
        let client = try gate.connect()
        store.log.condition.enter(
            .over, SystemError(errno: 28, operation: "write"), "the journal")
        let record: [String: Any] = ["PartitionKey": "k", "Data": encoded([1])]
        let (code, message) = try client.refusal(
            "PutRecord", record.merging(["StreamName": "s"]) { $1 })
        #expect(code == "InternalFailureException")
        #expect(message.hasPrefix("The server takes no writes: the journal: write"))
        let output = try client.output(
            "PutRecords", ["StreamName": "s", "Records": [record, record]])
        #expect(output["FailedRecordCount"] as? Int == 2)
        for result in try #require(output["Records"] as? [[String: String]]) {
            #expect(result["ErrorCode"] == "InternalFailure")
            #expect(result["ErrorMessage"] == "Internal Service Failure.")
        }
        #expect(
            try client.refusal("CreateStream", ["StreamName": "t", "ShardCount": 1]).code
                == "InternalFailureException")
    }

    @Test func `an ordering number is one that was given out, and orders`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s", shards: 2)
        let client = try gate.connect()
        func put(_ shard: Int, after number: String?) throws -> SequenceNumber {
            var input: [String: Any] = [
                "StreamName": "s", "PartitionKey": "k", "Data": "",
                "ExplicitHashKey": String(HashRange.uniform(count: 2)[shard].start),
            ]
            input["SequenceNumberForOrdering"] = number
            let output = try client.output("PutRecord", input)
            let digits = try #require(output["SequenceNumber"] as? String)
            return try #require(SequenceNumber(digits))
        }
        var last = try put(0, after: nil)
        for _ in 0..<20 {
            let next = try put(0, after: last.description)
            #expect(next > last)
            last = next
        }
        // A number of another shard is fine and orders nothing here.
        _ = try put(1, after: last.description)
        let state = try store.shard("s")
        let wrong = [
            // Above all that this shard has given out.
            state.number(
                index: last.index + (1 << 40), arrivalMilliseconds: store.clock.now),
            // Of a second yet to come.
            state.number(index: last.index, arrivalMilliseconds: store.clock.now + 60_000),
        ]
        for number in wrong.map(\.description) + ["0", "1", "123456789"] {
            let (code, message) = try client.refusal(
                "PutRecord",
                [
                    "StreamName": "s", "PartitionKey": "k", "Data": "", "ExplicitHashKey": "0",
                    "SequenceNumberForOrdering": number,
                ])
            #expect(code == "InvalidArgumentException", "\(number)")
            #expect(
                message
                    == "ExclusiveMinimumSequenceNumber \(number) used in PutRecord on stream s "
                    + "under account 123456789012 is invalid.")
        }
    }

    @Test func `a client that goes away leaves nothing behind, and its record is stored`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s")
        let client = try gate.connect()
        let reply = try client.send(
            "PutRecord", ["StreamName": "s", "PartitionKey": "k", "Data": encoded([1])])
        let gateway = gate.gateways[0]
        let handler = MidTurn(gate.reactors[0]) {
            guard gateway.waiting.count > 0 else { return false }
            gateway.connections.forEach { $0.close(.closedByPeer) }
            return true
        }
        try gate.turn("the end of the connection") { reply.end != nil }
        withExtendedLifetime(handler) {}
        try gate.turn("the log's word") { gateway.waiting.count == 0 }
        #expect(gate.node.reservedBodyBytes == 0)
        #expect(try gate.records("s", 0).map(\.record.key) == ["k"])
    }
}
