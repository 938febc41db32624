import Catalog
import Foundation
import HTTP
import Kinesis
import Metrics
import Synchronization
import Testing
import TestSupport

@testable import Gateway
@testable import Reactor

/// A consumer whose subscription stands still in the middle of an event, and more of its kind.
private final class Stalled {
    let store: Store
    let gate: Gate
    let consumer: ConsumerState
    let put: [TestRecord]
    let client: Client
    let old: Reply

    init(timeScale: Double, reactors: Int = 2) throws {
        store = try Store()
        gate = try Gate(store, reactors: reactors, timeScale: timeScale)
        let shard = try #require(try store.create("s").shards[0])
        consumer = try store.register("c")
        var generator = SeededGenerator(seed: 0x5eed_0311)
        put = generator.records(40, 100...200)
        try store.put(put, into: shard)
        client = try gate.connect(to: 0, .slow(window: 700))
        let client = client
        let reply = try client.subscribe(consumer)
        old = reply
        try gate.turn("a full window") { reply.body.count == 700 }
    }

    var subscription: Subscription {
        get throws { try #require(gate.subscriptions.first { !$0.isWaitingForPlace }) }
    }

    /// Claims the place on a reactor, whatever its protection.
    func claim(on reactor: Int) throws -> (client: Client, reply: Reply) {
        let client = try gate.connect(to: reactor)
        return (client, try client.subscribe(consumer))
    }
}

struct TakeoverTests {
    @Test(arguments: [0, 1])
    func `a newcomer sends nothing before the old one has ended`(reactor: Int) throws {
        let world = try Stalled(timeScale: 1)
        defer { world.gate.remove() }
        let (old, gate) = (world.old, world.gate)
        gate.gateways.forEach { $0.subscriptions.places.protects = false }
        let (_, newcomer) = try world.claim(on: reactor)
        try gate.turn("a claim") { gate.subscriptions.count == 2 }
        gate.settle()
        #expect(old.end == nil)
        #expect(newcomer.status == 0)
        // What was half sent is completed, then comes the exception, then the newcomer.
        var credited = 0
        try gate.turn("the end of the old one") {
            #expect(newcomer.status == 0 || old.end != nil)
            world.client.credit(old, old.body.count - credited)
            credited = old.body.count
            return old.end != nil
        }
        #expect(old.end == .complete)
        #expect(try old.events().last?.type == "ResourceInUseException")
        try gate.turn(newcomer, until: world.put)
        #expect(gate.subscriptions.count == 1 && gate.node.slots.count == 1)
    }

    @Test(arguments: [0, 1])
    func `an old one that cannot send its end is cut off for the newcomer`(reactor: Int) throws {
        let world = try Stalled(timeScale: 0.01)
        defer { world.gate.remove() }
        let gate = world.gate
        gate.gateways.forEach { $0.subscriptions.places.protects = false }
        let (_, newcomer) = try world.claim(on: reactor)
        try gate.turn(newcomer, until: world.put)
        try gate.turn("the reset") { world.old.end != nil }
        #expect(world.old.end == .reset(.cancel))
        #expect(gate.subscriptions.count == 1 && gate.node.slots.count == 1)
        #expect(gate.gateways[0].counters.subscriptionsCutOff.value == 1)
    }

    @Test func `of several newcomers the last one begins, when all before it have ended`() throws {
        let world = try Stalled(timeScale: 1)
        defer { world.gate.remove() }
        let (old, gate) = (world.old, world.gate)
        gate.gateways.forEach { $0.subscriptions.places.protects = false }
        // One that goes while it waits, one that is taken over while it waits, one that stays.
        let (goingClient, going) = try world.claim(on: 1)
        try gate.turn("a claim") { gate.subscriptions.count == 2 }
        goingClient.reset(going)
        try gate.turn("its end") { gate.subscriptions.count == 1 }
        #expect(gate.node.slots.count == 1)
        let (_, second) = try world.claim(on: 0)
        try gate.turn("a claim") { gate.subscriptions.count == 2 }
        let (_, third) = try world.claim(on: 1)
        try gate.turn("the refusal") { second.end != nil }
        #expect(second.status == 400)
        #expect(try second.error().code == "ResourceInUseException")
        gate.settle()
        #expect(third.status == 0 && old.end == nil)
        world.client.close()
        try gate.turn(third, until: world.put)
        #expect(gate.subscriptions.count == 1 && gate.node.slots.count == 1)
        try #require(gate.subscriptions.first).request.exchange.reset(.cancel)
        gate.gateways[1].reactor.waker.wake()
        try gate.turn("nobody") { gate.subscriptions.isEmpty }
        #expect(gate.node.slots.count == 0)
        #expect(gate.gateways.allSatisfy { $0.waiting.count == 0 })
    }

    @Test func `a newcomer that goes while it waits leaves the place to nobody`() throws {
        let world = try Stalled(timeScale: 1)
        defer { world.gate.remove() }
        let gate = world.gate
        gate.gateways.forEach { $0.subscriptions.places.protects = false }
        let (client, newcomer) = try world.claim(on: 1)
        try gate.turn("a claim") { gate.subscriptions.count == 2 }
        client.reset(newcomer)
        try gate.turn("its end") { gate.subscriptions.count == 1 }
        // Somebody still sends: the place is not free.
        #expect(gate.node.slots.count == 1)
        world.client.close()
        try gate.turn("a free place") { gate.node.slots.count == 0 }
        try gate.turn("nothing that waits") { gate.gateways.allSatisfy { $0.waiting.count == 0 } }
    }
}

struct StalledSubscriptionTests {
    @Test func `one whose window stays closed is cut off when its time is over`() throws {
        let world = try Stalled(timeScale: 0.001, reactors: 1)
        defer { world.gate.remove() }
        let (gate, old) = (world.gate, world.old)
        let client = world.client
        // Neither half an event nor a closed window keeps it.
        try gate.turn("the end") { old.end != nil }
        #expect(old.end == .reset(.cancel))
        #expect(gate.subscriptions.isEmpty && gate.node.slots.count == 0)
        #expect(gate.gateways[0].waiting.count == 0)
        // The connection is as good as before.
        #expect(!client.isOver)
        let again = try client.subscribe(world.consumer)
        try gate.turn("another one") { again.status == 200 }
    }

    @Test func `one that sleeps behind a closed window ends too`() throws {
        let store = try Store()
        let gate = try Gate(store, timeScale: 0.001)
        defer { gate.remove() }
        try store.create("s")
        // Room for the initial response, for nothing else.
        let client = try gate.connect(.slow(window: 100))
        let reply = try client.subscribe(try store.register("c"), from: "LATEST")
        try gate.turn("the end") { reply.end != nil }
        #expect(reply.end == .reset(.cancel))
        #expect(gate.subscriptions.isEmpty && gate.node.slots.count == 0)
    }

    @Test func `one whose connection takes no bytes ends too, and the connection after it`() throws
    {
        let store = try Store()
        let gate = try Gate(store)
        defer { gate.remove() }
        let shard = try #require(try store.create("s").shards[0])
        var generator = SeededGenerator(seed: 0x5eed_0312)
        let client = try gate.connect(.slow(window: 1 << 30, connection: 1 << 30))
        let reply = try client.subscribe(try store.register("c"))
        try gate.turn("a subscription") { reply.status == 200 }
        // The client's reactor takes no turn any more, so nobody reads its socket.
        let connection = try #require(gate.subscriptions.first).request.connection
        try store.put(generator.records(12, 900_000...900_000), into: shard)
        let reactor = gate.reactors[0]
        let limit = Date().addingTimeInterval(20)
        while connection.unsentBytes == 0, Date() < limit {
            reactor.takeTurn(longestWaitNanoseconds: 1_000_000)
        }
        let over = reactor.now &+ 300_000_000_000
        gate.gateways[0].subscriptions.lookAtAll(now: over)
        reactor.takeTurn(longestWaitNanoseconds: 0)
        #expect(gate.subscriptions.count == 1)
        gate.gateways[0].subscriptions.lookAtAll(now: over &+ 6_000_000_000)
        #expect(gate.subscriptions.isEmpty && gate.node.slots.count == 0)
        #expect(connection.unsentBytes > 0)
        // Nothing of the subscription is left but what the socket did not take.
        #expect(gate.gateways[0].waiting.count == 0)
        let now = reactor.now
        connection.checkDeadlines(now: now &+ 30_000_000_000)
        #expect(gate.node.openConnections == 1)
        connection.checkDeadlines(now: now &+ 61_000_000_000)
        #expect(gate.node.openConnections == 0)
    }
}
