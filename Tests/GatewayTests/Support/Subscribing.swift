import Catalog
import Foundation
import HTTP
import Kinesis
import Metrics
import Synchronization
import Testing

@testable import Gateway

extension Store {
    /// Registers a consumer of the stream.
    @discardableResult
    func register(_ consumer: String, of name: String = "s") throws -> ConsumerState {
        try perform(.registerConsumer(Store.key(name), name: consumer))
        return try #require(try stream(name).consumer(named: consumer))
    }
}

extension HTTP2ClientSession.Configuration {
    /// Of a client that returns credit only when it is told to.
    static func slow(window: Int32, connection: Int32 = 16 << 20) -> Self {
        var configuration = Self()
        configuration.returnsCreditAtOnce = false
        configuration.streamWindowBytes = window
        configuration.connectionWindowBytes = connection
        return configuration
    }
}

extension Client {
    /// Sends a SubscribeToShard and does not wait.
    func subscribe(
        _ consumer: ConsumerState, shard: UInt32 = 0, from type: String = "TRIM_HORIZON",
        _ more: [String: Any] = [:]
    ) throws -> Reply {
        var position: [String: Any] = ["Type": type]
        position.merge(more) { $1 }
        return try send(
            "SubscribeToShard",
            [
                "ConsumerARN": consumer.arn.description,
                "ShardId": ShardID(index: shard).description, "StartingPosition": position,
            ])
    }

    /// Subscribes until the place is given, which a holder's protection delays.
    func subscribeAtLast(_ consumer: ConsumerState) throws -> Reply {
        let limit = Date().addingTimeInterval(10)
        while Date() < limit {
            let reply = try subscribe(consumer)
            try gate.turn("an answer") { reply.status != 0 }
            if reply.status == 200 { return reply }
            try gate.turn("the refusal") { reply.end != nil }
            #expect(try reply.error().code == "ResourceInUseException")
        }
        throw TimedOut(description: "a place")
    }

    /// Gives back credit for `count` more bytes of the body.
    func credit(_ reply: Reply, _ count: Int) {
        reply.call?.consumed(count)
        needsOutput()
    }

    func reset(_ reply: Reply) {
        reply.call?.cancel()
        needsOutput()
    }
}

extension Gate {
    /// Every running subscription.
    var subscriptions: [Subscription] { gateways.flatMap { $0.subscriptions.all } }

    /// Takes turns until the records of an answer are these.
    func turn(_ reply: Reply, until records: [TestRecord]) throws {
        var seen = -1
        try turn("\(records.count) records") {
            guard reply.body.count != seen else { return false }
            seen = reply.body.count
            return try reply.records().count >= records.count
        }
        #expect(try reply.records().map(\.record) == records)
    }

    func eventsEncoded(_ gateway: Int = 0) -> UInt64 {
        gateways[gateway].counters.eventsEncoded.value
    }
}

extension Subscription {
    /// How many encoded bytes it keeps alive; nil while it has no unit.
    var heldBytes: Int? {
        let unit = Mirror(reflecting: self).children.first { $0.label == "unit" }?.value
        guard let unit, let some = Mirror(reflecting: unit).children.first?.value else {
            return nil
        }
        let bytes = Mirror(reflecting: some).children.first { $0.label == "bytes" }?.value
        return (bytes as? [UInt8])?.count
    }
}

extension Subscriptions {
    /// Looks at every subscription at once.
    func lookAtAll(now: UInt64) {
        var tally = StallTally()
        for subscription in all { look(at: subscription, now: now, &tally) }
        show(tally)
    }
}
