import Kinesis
import ShardLog
import Testing
import TestSupport

@testable import Catalog

@Suite struct IdentityTests {
    @Test func `no incarnation, shard number or ARN is given twice`() throws {
        var total = 0
        for seed in 0..<UInt64(rounds(6)) {
            var changes = RandomChanges(seed: seed &+ 1000)
            var journal = Journal()
            var streams: [UInt64: String] = [:]
            var streamSeconds: Set<String> = []
            var shards: [UInt64: String] = [:]
            var startingNumbers: [String: UInt64] = [:]
            var consumers: [UInt64: String] = [:]
            var consumerARNs: [String: UInt64] = [:]
            for _ in 0..<400 {
                changes.step(&journal)
                // What is stored and read again must remember as much.
                if changes.generator.chance(40) {
                    journal.state = try CatalogState(snapshot: journal.state.encoded())
                }
                journal.state.streams.visit { id, stream in
                    if streams.updateValue(stream.name, forKey: id) == nil {
                        let text = "\(stream.arn) \(stream.createdSecond)"
                        #expect(streamSeconds.insert(text).inserted, "seed \(seed): \(text)")
                    }
                    for shard in stream.shards {
                        let number = shard.number.rawValue
                        let place = "\(id) \(shard.id.index)"
                        #expect(shards.updateValue(place, forKey: number) ?? place == place)
                        let start = "\(stream.name) \(shard.startingSequenceNumber)"
                        let other = startingNumbers.updateValue(number, forKey: start)
                        #expect(other ?? number == number, "seed \(seed): \(start)")
                    }
                    for consumer in stream.consumers {
                        let name = "\(id) \(consumer.name)"
                        #expect(consumers.updateValue(name, forKey: consumer.id) ?? name == name)
                        let other = consumerARNs.updateValue(
                            consumer.id, forKey: consumer.arn.description)
                        #expect(other ?? consumer.id == consumer.id, "seed \(seed)")
                    }
                    return true
                }
            }
            total += streams.count + consumers.count
        }
        #expect(total > 100)
    }

    @Test func `a consumer that comes back in the same second has another ARN`() throws {
        var journal = Journal()
        try journal.perform(create("s"), at: 1000)
        var arns: [String] = []
        for _ in 0..<3 {
            try journal.perform(.registerConsumer(key("s"), name: "c"), at: 1000)
            arns.append(
                try #require(journal.state.stream(key("s"))?.consumer(named: "c")).arn.description)
            try journal.perform(.deregisterConsumer(key("s"), name: "c"), at: 1000)
        }
        let prefix = "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:"
        #expect(arns == [prefix + "1000", prefix + "1001", prefix + "1002"])
    }

    @Test func `a stream that comes back begins above all that the first has used`() throws {
        var journal = Journal()
        try journal.perform(create("s"), at: 1000)
        try journal.perform(
            .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 9), at: 1000)
        try journal.perform(.registerConsumer(key("s"), name: "c"), at: 1000)
        try journal.perform(.deleteStream(key("s"), enforceConsumerDeletion: true), at: 1000)
        // Another stream of that second is no reason to wait.
        try journal.perform(create("t"), at: 1000)
        try journal.perform(create("s"), at: 1000)
        #expect(journal.state.stream(key("t"))?.createdSecond == 1000)
        let again = try #require(journal.state.stream(key("s")))
        #expect(again.createdSecond == 1002 && again.id == 3)
        try journal.perform(.registerConsumer(key("s"), name: "c"), at: 1000)
        #expect(journal.state.stream(key("s"))?.consumers.first?.createdSecond == 1002)
        #expect(journal.state.retired.count == 1)
        // Once the seconds are over, nothing needs to be remembered.
        try journal.perform(create("u"), at: 2000)
        #expect(journal.state.retired.isEmpty)
    }

    @Test func `a clock that is set back does not set the catalog back`() throws {
        var journal = Journal()
        try journal.perform(create("s"), at: 1000)
        try journal.perform(create("t"), at: 400)
        #expect(journal.state.stream(key("t"))?.createdSecond == 1000)
    }
}
