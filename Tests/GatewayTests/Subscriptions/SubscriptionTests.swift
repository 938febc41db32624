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

struct SubscriptionTests {
    @Test func `the initial response comes first and at once, then a place to resume`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let consumer = try store.register("c")
        let client = try gate.connect()
        let reply = try client.subscribe(consumer, from: "LATEST")
        try gate.turn("an event") { try reply.events().count >= 2 }
        #expect(reply.status == 200)
        #expect(reply.body.starts(with: EventStream.initialResponse))
        let events = try reply.events()
        #expect(events.map(\.type) == ["initial-response", "SubscribeToShardEvent"])
        #expect(events[1].records.isEmpty)
        #expect(events[1].millisBehind == 0)
        let number = try #require(events[1].continuation)
        #expect(number.shardIndex == 0)
        #expect(number.shardCreatedSecond == shard.createdSecond)
        // Nothing more is said while nothing happens.
        gate.settle()
        #expect(try reply.events().count == 2)
        #expect(reply.end == nil)
    }

    @Test func `a commit wakes those that sleep at the tail`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let client = try gate.connect()
        let replies = try (0..<4).map { number in
            try client.subscribe(store.register("c\(number)"), from: "LATEST")
        }
        try gate.turn("places") { try replies.allSatisfy { try $0.events().count >= 2 } }
        var put: [TestRecord] = []
        for round in 0..<5 {
            let some = [TestRecord(key: "k\(round)", data: [UInt8(round)])]
            let encoded = gate.eventsEncoded()
            try store.put(some, into: shard)
            put += some
            for reply in replies { try gate.turn(reply, until: put) }
            // Encoded once, lent to all.
            #expect(gate.eventsEncoded() == encoded + 1)
        }
    }

    @Test func `a closed window holds nothing, and the event goes on where it stopped`() throws {
        let seed: UInt64 = 0x5eed_0070
        var generator = SeededGenerator(seed: seed)
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let put = generator.records(40, 10...200)
        try store.put(put, into: shard)
        let slow = try gate.connect(.slow(window: 700))
        let late = try slow.subscribe(try store.register("late"))
        try gate.turn("a full window") { late.body.count == 700 }
        let subscription = try #require(gate.subscriptions.first)
        #expect(subscription.heldBytes ?? 0 > 1000)
        gate.gateways[0].subscriptions.lookAtAll(now: 0)
        #expect(subscription.heldBytes == 0)
        #expect(
            subscription.status.stall.load(ordering: .relaxed) == StallCode.streamWindow.rawValue)
        // Others fill the ring until the event of the slow one is dropped from it.
        let fast = try gate.connect().subscribe(try store.register("fast"))
        try gate.turn(fast, until: put)
        let quick = try #require(gate.subscriptions.first { $0 !== subscription })
        let block = generator.bytes(900 << 10)
        for number in 0..<5 {
            try store.put([TestRecord(key: "large\(number)", data: block)], into: shard)
            let tail = shard.log.tail
            try gate.turn("the fast one at the tail") { quick.position == tail }
        }
        store.clock.advance(seconds: 60)
        var credited = 0
        while try late.records().count < put.count {
            gate.gateways[0].subscriptions.lookAtAll(now: 0)
            #expect(subscription.heldBytes == 0)
            let most = late.body.count - credited
            let part = Int.random(in: most / 2...most, using: &generator)
            slow.credit(late, part)
            credited += part
            let received = late.body.count
            if part > 350 {
                // Half a window is what a client waits for before it says so.
                try gate.turn("more of the event") { late.body.count > received }
            }
            gate.settle()
        }
        // Whatever was cut by windows is whole: frames carry checksums.
        #expect(try late.records().map(\.record) == put, "seed \(seed)")
    }

    @Test(arguments: [0, 1])
    func `a newcomer takes the place, here or on another reactor`(reactor: Int) throws {
        let store = try Store()
        let gate = try Gate(store, reactors: 2, timeScale: 0.02)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let consumer = try store.register("c")
        let put = [TestRecord(key: "a", data: [1])]
        try store.put(put, into: shard)
        let old = try gate.connect(to: 0).subscribe(consumer)
        try gate.turn(old, until: put)
        let newcomer = try gate.connect(to: reactor).subscribeAtLast(consumer)
        try gate.turn("the end of the old one") { old.end != nil }
        #expect(old.end == .complete)
        let last = try #require(try old.events().last)
        #expect(last.type == "ResourceInUseException")
        #expect(
            last.message
                == "Another active subscription exists for this consumer: "
                + "123456789012:s:shardId-000000000000:c")
        try gate.turn(newcomer, until: put)
        #expect(newcomer.end == nil)
        #expect(gate.subscriptions.count == 1)
        #expect(gate.node.slots.count == 1)
        // It is the newcomer that hears of what comes now.
        try store.put([TestRecord(key: "b", data: [2])], into: shard)
        try gate.turn(newcomer, until: put + [TestRecord(key: "b", data: [2])])
        #expect(try old.records().map(\.record) == put)
    }

    @Test func `a reset frees the place at once`() throws {
        let store = try Store()
        let gate = try Gate(store, reactors: 2)
        defer { gate.remove() }
        try store.create("s")
        let consumer = try store.register("c")
        let client = try gate.connect(to: 0)
        let other = try gate.connect(to: 1)
        for _ in 0..<3 {
            let first = try client.subscribe(consumer)
            try gate.turn("a subscription") { first.status == 200 }
            // The place is protected for five seconds against takeover.
            let refused = try other.subscribe(consumer)
            try gate.turn("the refusal") { refused.end != nil }
            #expect(try refused.error().code == "ResourceInUseException")
            client.reset(first)
            try gate.turn("the end") { gate.subscriptions.isEmpty }
            #expect(gate.node.slots.count == 0)
            let second = try other.subscribe(consumer)
            try gate.turn("an answer") { second.status != 0 }
            #expect(second.status == 200)
            other.reset(second)
            try gate.turn("the end") { gate.subscriptions.isEmpty }
        }
        let last = try other.subscribe(consumer)
        try gate.turn("a subscription") { last.status == 200 }
        other.close()
        try gate.turn("the end with its connection") { gate.subscriptions.isEmpty }
        #expect(gate.gateways.allSatisfy { $0.waiting.count == 0 })
        #expect(gate.gateways.allSatisfy { $0.subscriptions.ringBytes == 0 })
    }

    @Test func `deregistering and deleting end what runs with an exception`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let put = [TestRecord(key: "a", data: [1])]
        try store.put(put, into: shard)
        let one = try store.register("one")
        let two = try store.register("two")
        let client = try gate.connect()
        let first = try client.subscribe(one)
        let second = try client.subscribe(two)
        try gate.turn(first, until: put)
        try gate.turn(second, until: put)
        _ = try client.output(
            "DeregisterStreamConsumer", ["ConsumerARN": one.arn.description])
        try gate.turn("the end of the first") { first.end != nil }
        #expect(first.end == .complete)
        let end = try #require(try first.events().last)
        #expect(end.type == "ResourceNotFoundException")
        #expect(end.message == "Consumer one, account 123456789012 not found.")
        #expect(second.end == nil)
        _ = try client.output(
            "DeleteStream", ["StreamName": "s", "EnforceConsumerDeletion": true])
        try gate.turn("the end of the second") { second.end != nil }
        #expect(second.end == .complete)
        #expect(try second.events().last?.type == "ResourceNotFoundException")
        #expect(gate.node.slots.count == 0)
    }

    @Test func `the end of a shard names the children of a split and of a merge`() throws {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let stream = try store.create("s", shards: 2)
        let consumer = try store.register("c")
        let client = try gate.connect()
        let put = (0..<3).map { TestRecord(key: "\($0)", data: [UInt8($0)]) }
        try store.put(put, into: try #require(stream.shards[0]))
        // One that sleeps at the tail when it happens, one that comes later.
        let sleeping = try client.subscribe(consumer, shard: 0)
        try gate.turn(sleeping, until: put)
        try store.split("s", 0)
        try gate.turn("the end of the split shard") { sleeping.end != nil }
        let late = try client.subscribe(consumer, shard: 0)
        try gate.turn("the end for a late one") { late.end != nil }
        for reply in [sleeping, late] {
            #expect(reply.end == .complete)
            #expect(try reply.records().map(\.record) == put)
            let end = try #require(try reply.events().last)
            #expect(end.continuation == nil)
            #expect(
                end.children?.map(\.id) == ["shardId-000000000002", "shardId-000000000003"])
            #expect(
                end.children?.map(\.parents) == [
                    ["shardId-000000000000"], ["shardId-000000000000"],
                ])
            #expect(try reply.events().dropLast().allSatisfy { $0.children == nil })
        }
        let parents = try [UInt32(3), 1].map { try client.subscribe(consumer, shard: $0) }
        try gate.turn("subscriptions") { parents.allSatisfy { $0.status == 200 } }
        try store.merge("s", 3, 1)
        try gate.turn("the end of both") { parents.allSatisfy { $0.end != nil } }
        for reply in parents {
            let end = try #require(try reply.events().last)
            #expect(end.children?.map(\.id) == ["shardId-000000000004"])
            #expect(
                end.children?.first.map { Set($0.parents) }
                    == ["shardId-000000000003", "shardId-000000000001"])
        }
        #expect(gate.node.slots.count == 0)
    }

    @Test func `a drain ends every subscription cleanly and begins no other`() throws {
        let store = try Store()
        let gate = try Gate(store, reactors: 2)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let put = [TestRecord(key: "a", data: [1])]
        try store.put(put, into: shard)
        let clients = try [gate.connect(to: 0), gate.connect(to: 1)]
        let replies = try (0..<6).map { number in
            try clients[number % 2].subscribe(try store.register("c\(number)"))
        }
        for reply in replies { try gate.turn(reply, until: put) }
        gate.node.drain(milliseconds: 20)
        try gate.turn("the ends") { replies.allSatisfy { $0.end != nil } }
        for reply in replies {
            #expect(reply.end == .complete)
            // Whole frames, and no exception among them.
            #expect(try DecodedEvent.all(reply.body).allSatisfy { !$0.isException })
            #expect(try reply.records().map(\.record) == put)
        }
        try gate.turn("closed connections") { gate.node.openConnections == 0 }
        #expect(gate.node.slots.count == 0)
    }

    @Test func `a quiet subscription hears of places after which nothing is missed`() throws {
        let store = try Store()
        let gate = try Gate(store, timeScale: 0.004)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let consumer = try store.register("c")
        let client = try gate.connect()
        let reply = try client.subscribe(consumer, from: "LATEST")
        var numbers: [SequenceNumber] = []
        for count in 2...5 {
            store.clock.advance(milliseconds: 10)
            try gate.turn("a sign of life") {
                try reply.events().count >= count || reply.end != nil
            }
            numbers = try reply.events().compactMap(\.continuation)
        }
        #expect(numbers == numbers.sorted())
        #expect(Set(numbers).count > 1)
        #expect(try reply.events().dropFirst().allSatisfy { $0.records.isEmpty })
        // Whichever of them a client resumes after, what was put since is there.
        let indices = try store.put([TestRecord(key: "a", data: [1])], into: shard)
        client.reset(reply)
        try gate.turn("the end") { gate.subscriptions.isEmpty }
        for number in numbers {
            #expect(number.index < indices[0])
            let again = try client.subscribe(
                consumer, from: "AFTER_SEQUENCE_NUMBER", ["SequenceNumber": number.description])
            try gate.turn(again, until: [TestRecord(key: "a", data: [1])])
            client.reset(again)
            try gate.turn("the end") { gate.subscriptions.isEmpty }
        }
    }

    @Test func `a subscription ends cleanly when its time is over`() throws {
        let store = try Store()
        let gate = try Gate(store, timeScale: 0.0005)
        defer { gate.remove() }
        try store.create("s")
        let client = try gate.connect()
        let reply = try client.subscribe(try store.register("c"))
        try gate.turn("the end") { reply.end != nil }
        #expect(reply.end == .complete)
        let events = try DecodedEvent.all(reply.body)
        #expect(events.allSatisfy { !$0.isException && $0.children == nil })
        #expect(gate.node.slots.count == 0)
        #expect(gate.gateways[0].waiting.count == 0)
    }

    @Test func `subscribers of any speed see exactly what was put`() throws {
        for round in 0..<rounds(2) {
            let seed = 0x5eed_0080 + UInt64(round)
            var generator = SeededGenerator(seed: seed)
            let store = try Store()
            let gate = try Gate(store, reactors: 2)
            defer { gate.remove() }
            let shard = try #require(try store.create("s").shards[0])
            var subscribers: [(client: Client, reply: Reply, credited: Int)] = []
            for number in 0..<6 {
                let window = Int32.random(in: 200...20_000, using: &generator)
                let client = try gate.connect(to: number % 2, .slow(window: window))
                let reply = try client.subscribe(try store.register("c\(number)"))
                subscribers.append((client, reply, 0))
            }
            var put: [TestRecord] = []
            func everybodyReads(_ share: ClosedRange<Int>) {
                for number in subscribers.indices {
                    let (client, reply, credited) = subscribers[number]
                    let part =
                        (reply.body.count - credited)
                        * Int.random(in: share, using: &generator) / 100
                    client.credit(reply, part)
                    subscribers[number].credited += part
                }
                gate.turn()
            }
            for _ in 0..<25 {
                let count = Int.random(in: 1...20, using: &generator)
                let some = generator.records(count, 0...400)
                try store.put(some, into: shard)
                put += some
                for _ in 0..<5 { everybodyReads(0...100) }
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    for gateway in gate.gateways { gateway.subscriptions.lookAtAll(now: 0) }
                }
                store.clock.advance(milliseconds: 9)
            }
            try store.split("s", 0)
            try gate.turn("the shard's end for all, seed \(seed)") {
                everybodyReads(50...100)
                return subscribers.allSatisfy { $0.reply.end != nil }
            }
            for (_, reply, _) in subscribers {
                #expect(try reply.records().map(\.record) == put, "seed \(seed)")
                #expect(try reply.events().last?.children?.count == 2, "seed \(seed)")
                #expect(reply.end == .complete)
            }
        }
    }
}
