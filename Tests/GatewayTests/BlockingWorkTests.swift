import Catalog
import Foundation
import HTTP
import Kinesis
import ShardLog
import Synchronization
import Testing
import TestSupport
import Wire

@testable import Gateway
@testable import Reactor

/// Holds threads until it is opened.
private final class Barrier: Sendable {
    private let isOpen = Atomic<Bool>(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    func pass() { while !isOpen.load(ordering: .acquiring) { usleep(200) } }
}

extension Gate {
    /// Occupies every thread of a lane until the barrier opens.
    fileprivate func occupy(_ lane: BlockingPool.Lane, _ barrier: Barrier) throws {
        let before = node.blockingCounts(lane).running
        for _ in 0..<2 {
            _ = try node.blocking.run(lane, for: .node) { _ in barrier.pass() }.get()
        }
        try turn("an occupied lane") { node.blockingCounts(lane).running == before + 2 }
    }

    fileprivate var diskWaiting: Int { node.blockingCounts(.disk).waiting }
}

/// A stream whose pages are too large for a reactor, and a small page at its start.
private func largePages(_ store: Store) throws -> [String: Any] {
    var generator = SeededGenerator(seed: 0x5eed_0303)
    let shard = try #require(try store.create("s").shards[0])
    try store.put(generator.records(2, 10...10), into: shard)
    try store.put(generator.records(2, 900_000...900_000), into: shard)
    let iterator = ShardIterator(
        stream: try store.stream("s").id, streamName: "s", shard: 0, position: .horizon,
        issuedMilliseconds: store.log.nodeMilliseconds())
    return ["ShardIterator": iterator.sealed(with: Gate.tokenKey), "Limit": 2]
}

struct BlockingWorkTests {
    @Test func `reads that a client has cancelled are not made, and hold nothing`() throws {
        let store = try Store()
        let gate = try Gate(store, bodyMemory: 1 << 40)
        defer { gate.remove() }
        let input = try largePages(store)
        let greedy = try gate.connect()
        let other = try gate.connect()
        let barrier = Barrier()
        defer { barrier.open() }
        try gate.occupy(.disk, barrier)
        let skipped = gate.node.blockingCounts(.disk).skipped
        // More than the lane has room for, a hundred at a time.
        for round in 1...20 {
            let replies = try (0..<100).map { _ in try greedy.send("GetRecords", input) }
            try gate.turn("reads that wait") { gate.diskWaiting == 100 }
            #expect(gate.node.reservedBodyBytes > 0)
            for reply in replies { greedy.reset(reply) }
            try gate.turn("nobody who waits") { gate.diskWaiting == 0 }
            #expect(gate.node.blockingCounts(.disk).skipped == skipped + UInt64(100 * round))
            #expect(gate.node.reservedBodyBytes == 0)
            #expect(gate.gateways[0].waiting.count == 0)
        }
        let reply = try other.send("GetRecords", input)
        try gate.turn("a read that waits") { gate.diskWaiting == 1 }
        let done = gate.node.blockingCounts(.disk).done
        barrier.open()
        try gate.turn("the page") { reply.end != nil }
        #expect(reply.status == 200)
        #expect(try DecodedPage(reply.body, .json).records.count == 2)
        // The two that held the threads, and the one that was waited for.
        try gate.turn("three that are done") { gate.node.blockingCounts(.disk).done == done + 3 }
    }

    @Test func `one connection at its bound is told so, and another one is served in its turn`()
        throws
    {
        let store = try Store()
        let gate = try Gate(store, bodyMemory: 1 << 40)
        defer { gate.remove() }
        let input = try largePages(store)
        let greedy = try gate.connect()
        let other = try gate.connect()
        let barrier = Barrier()
        defer { barrier.open() }
        try gate.occupy(.disk, barrier)
        let replies = try (0..<400).map { _ in try greedy.send("GetRecords", input) }
        try gate.turn("refusals") {
            gate.diskWaiting + replies.filter { $0.end != nil }.count == replies.count
        }
        let bound = gate.diskWaiting
        #expect(bound > 0 && bound < replies.count / 2)
        for reply in replies where reply.end != nil {
            #expect(reply.status == 503)
            let error = try reply.error()
            #expect(error.code == "ServiceUnavailable" && error.message.contains("connection"))
        }
        let mine = try other.send("GetRecords", input)
        try gate.turn("one more that waits") { gate.diskWaiting == bound + 1 }
        barrier.open()
        try gate.turn("all answers") { mine.end != nil && replies.allSatisfy { $0.end != nil } }
        #expect(mine.status == 200)
        #expect(replies.filter { $0.status == 200 }.count == bound)
    }

    @Test func `large puts and pages do not wait for the disk`() throws {
        let store = try Store()
        let gate = try Gate(store, bodyMemory: 1 << 40)
        defer { gate.remove() }
        let input = try largePages(store)
        let client = try gate.connect()
        let barrier = Barrier()
        defer { barrier.open() }
        try gate.occupy(.disk, barrier)
        let read = try client.send("GetRecords", input)
        let data = Data(repeating: 7, count: 1_000_000).base64EncodedString()
        try client.output(
            "PutRecords",
            [
                "StreamName": "s",
                "Records": [
                    ["Data": data, "PartitionKey": "a"], ["Data": data, "PartitionKey": "b"],
                ],
            ])
        #expect(read.end == nil)
        // A cursor listing may wait for the disk, so it waits; a change of many shards does not.
        try client.output("CreateStream", ["StreamName": "many", "ShardCount": 300])
        #expect(gate.node.blockingCounts(.processor).done == 2)
        barrier.open()
        try gate.turn("the page") { read.end != nil }
        #expect(read.status == 200)
    }

    @Test func `a body that waits for a thread is let go with its client`()
        throws
    {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s")
        let client = try gate.connect()
        let barrier = Barrier()
        defer { barrier.open() }
        try gate.occupy(.processor, barrier)
        let data = Data(repeating: 7, count: 1_000_000).base64EncodedString()
        let records = ["a", "b"].map { ["Data": data, "PartitionKey": $0] }
        let put = try client.send("PutRecords", ["StreamName": "s", "Records": records])
        try gate.turn("a body that waits") { gate.node.blockingCounts(.processor).waiting == 1 }
        #expect(gate.node.reservedBodyBytes > 2_000_000)
        client.reset(put)
        try gate.turn("a body that is let go") { gate.node.reservedBodyBytes == 0 }
        #expect(gate.node.blockingCounts(.processor).waiting == 0)
        #expect(gate.gateways[0].waiting.count == 0)
    }
}
