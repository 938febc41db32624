import Catalog
import Foundation
import HTTP
import Kinesis
import ShardLog
import Synchronization
import Testing
import TestSupport
import Wire

@testable import Catalog
@testable import Gateway
@testable import Reactor

struct SlicesTests {
    @Test func `what is left when a turn's share is used up goes on in the next`() throws {
        let reactor = try Reactor(index: 0)
        // A share of nothing: one call of a piece each turn.
        let slices = Slices(reactor, nanosecondsPerTurn: 0)
        var order: [String] = []
        var left = 3
        slices.add {
            order.append("long")
            left -= 1
            return left > 0
        }
        slices.add {
            order.append("short")
            return false
        }
        for turn in 1...4 {
            reactor.takeTurn(longestWaitNanoseconds: 0)
            #expect(order.count == turn)
        }
        // A piece that has much to do does not hold up the next.
        #expect(order == ["long", "short", "long", "long"])
        #expect(slices.isEmpty)
        let turns = reactor.counters.turns
        reactor.takeTurn(longestWaitNanoseconds: 0)
        #expect(order.count == 4 && reactor.counters.turns == turns + 1)
    }

    @Test func `a table is seen whole in slices, whatever comes and goes meanwhile`() {
        let seed: UInt64 = 0x5eed_0316
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<rounds(50) {
            var table = TokenTable<Int>()
            var tokens: [Int: UInt64] = [:]
            let start = Int.random(in: 0..<300, using: &generator)
            for number in 0..<start { tokens[number] = table.insert(number) }
            var stayed = Set(tokens.keys)
            var seen: [Int] = []
            var place: Int? = 0
            var next = start
            while let from = place {
                let count = Int.random(in: 1...40, using: &generator)
                let slice = table.slice(from: from, count: count)
                #expect(slice.elements.count <= count)
                seen += slice.elements
                place = slice.next
                for _ in 0..<Int.random(in: 0..<5, using: &generator) {
                    if Bool.random(using: &generator) {
                        tokens[next] = table.insert(next)
                        next += 1
                    } else if let gone = tokens.keys.randomElement(using: &generator),
                        let token = tokens.removeValue(forKey: gone)
                    {
                        table.remove(token)
                        stayed.remove(gone)
                    }
                }
            }
            #expect(stayed.isSubset(of: seen), "seed \(seed)")
            let once = seen.filter(stayed.contains)
            #expect(Set(once).count == once.count, "seed \(seed)")
        }
    }
}

struct TurnTests {
    /// Subscriptions of as many shards, on as few connections as may have them.
    private func subscribe(_ gate: Gate, shards: Int) throws -> [Reply] {
        try gate.store.create("s", shards: shards)
        let consumer = try gate.store.register("c")
        let client = try gate.connect()
        let replies = try (0..<shards).map {
            try client.subscribe(consumer, shard: UInt32($0), from: "LATEST")
        }
        try gate.turn("subscriptions") { replies.allSatisfy { $0.status == 200 } }
        return replies
    }

    @Test func `a sweep, news of the catalog and a drain take several turns, and reach everybody`()
        throws
    {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let gateway = gate.gateways[0]
        let replies = try subscribe(gate, shards: 300)
        try gate.turn("what was to be said") { gateway.slices.isEmpty }
        gate.settle()
        // Deregistering ends each with its exception.
        try store.perform(
            .deregisterConsumer(Store.key("s"), name: "c", createdSecond: nil))
        gateway.refreshSnapshot()
        #expect(!gateway.slices.isEmpty)
        #expect(gate.subscriptions.count == 300)
        try gate.turn("the ends") { replies.allSatisfy { $0.end != nil } }
        #expect(try replies.allSatisfy { try $0.events().last?.isException == true })
        #expect(gateway.waiting.count == 0 && gate.node.slots.count == 0)
    }

    @Test func `a shard's end is told although the news of the catalog is still on its way`() throws
    {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let replies = try subscribe(gate, shards: 200)
        gate.settle()
        for shard in [UInt32(199), 0, 100] {
            try store.split("s", shard)
            try gate.turn("the end of a shard") { replies[Int(shard)].end != nil }
            #expect(replies[Int(shard)].end == .complete)
            #expect(try replies[Int(shard)].events().last?.children?.count == 2)
        }
    }

    @Test func `a call does not wait for another change's decision`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s")
        let client = try gate.connect()
        let hold = DispatchSemaphore(value: 0)
        let isHeld = DispatchSemaphore(value: 0)
        let catalog = store.catalog
        let holder = Thread {
            // What a plan of ten thousand shards does for a while.
            catalog.pending.withLock { _ in
                isHeld.signal()
                hold.wait()
            }
        }
        holder.start()
        isHeld.wait()
        defer { hold.signal() }
        let tagged = try client.send(
            "AddTagsToStream", ["StreamName": "s", "Tags": ["a": "b"]])
        try gate.turn("a thread that waits") { gate.node.blockingCounts(.processor).running == 1 }
        // The reactor serves others.
        try client.output("DescribeStreamSummary", ["StreamName": "s"])
        #expect(tagged.end == nil)
        hold.signal()
        try gate.turn("the change") { tagged.end != nil }
        #expect(tagged.status == 200)
        let tags = try client.output("ListTagsForStream", ["StreamName": "s"])
        #expect((tags["Tags"] as? [Any])?.count == 1)
    }

    @Test(arguments: [Encoding.json, .cbor])
    func `a put of very many values is read by a thread, other calls are refused`(
        encoding: Encoding
    ) throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        try store.create("s")
        let client = try gate.connect()
        let count = 100_000
        /// `{"StreamName":"s", more, "Ignored":[1,1,…]}`
        func body(_ more: [(String, String)]) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 0)
            writer.beginStructure()
            writer.key("StreamName")
            writer.text("s")
            for (name, value) in more {
                writer.key(name)
                if name == "Data" { writer.blob(value.utf8.span) } else { writer.text(value) }
            }
            writer.key("Ignored")
            writer.beginList()
            for _ in 0..<count { writer.integer(1) }
            writer.endList()
            writer.endStructure()
            return writer.finish()
        }
        func send(_ operation: String, _ bytes: [UInt8]) throws -> Reply {
            let reply = try client.send(operation, raw: bytes, encoding)
            try gate.turn("an answer of \(operation)") { reply.end != nil }
            return reply
        }
        let done = gate.node.blockingCounts(.processor).done
        let put = try send("PutRecord", body([("Data", "x"), ("PartitionKey", "k")]))
        #expect(put.status == 200, "\(text(put.body))")
        #expect(gate.node.blockingCounts(.processor).done == done + 1)
        #expect(gate.node.reservedBodyBytes == 0)
        let described = try send("DescribeStreamSummary", body([]))
        #expect(described.status == 400)
        #expect(gate.node.blockingCounts(.processor).done == done + 1)
    }

    @Test func `rings give up what is oldest on the whole reactor, some at a time`() throws {
        let queue = RingQueue()
        let rings = (0..<4).map { _ in EventRing() }
        for ring in rings { queue.moveToBack(ring) }
        queue.moveToBack(rings[0])
        queue.remove(rings[2])
        queue.remove(rings[2])
        var order: [EventRing] = []
        while let ring = queue.first {
            order.append(ring)
            queue.remove(ring)
        }
        #expect(order.map(ObjectIdentifier.init) == [1, 3, 0].map { ObjectIdentifier(rings[$0]) })
    }
}
