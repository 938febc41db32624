import Kinesis
import ShardLog
import Testing

@testable import Catalog

@Suite struct TransitionTests {
    private var slow: CatalogRules {
        var rules = CatalogRules()
        rules.passesThroughStates = true
        return rules
    }

    private func stream(_ journal: Journal) throws -> StreamState {
        try #require(journal.state.stream(key("s")))
    }

    @Test func `a stream is CREATING until that has ended`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 2), under: slow)
        #expect(try stream(journal).status == .creating)
        #expect(journal.state.inTransition.keys.map(\.self) == [.stream(1)])
        #expect(journal.state.usage(of: key("s")).creatingStreams == 1)
        let shard = ShardID(index: 0)
        let needActive: [CatalogChange] = [
            .splitShard(key("s"), shard: shard, newStartingHashKey: 9),
            .mergeShards(key("s"), shard: shard, adjacent: ShardID(index: 1)),
            .registerConsumer(key("s"), name: "c"),
            .updateStream(key("s"), .shardCount(4)), .updateStream(key("s"), .tag([])),
            .updateStream(key("s"), .increaseRetention(hours: 25)),
            .updateStream(key("s"), .policy("{}")),
        ]
        for change in needActive {
            #expect(
                journal.refusal(change, under: slow)
                    == .streamNotActive(key("s"), status: .creating))
        }
        #expect(try journal.perform(.endTransition(.stream(1)), under: slow) == .transitionEnded)
        #expect(try stream(journal).status == .active && journal.state.inTransition.isEmpty)
        #expect(journal.refusal(.endTransition(.stream(1))) == .notInTransition(1))
        #expect(journal.refusal(.endTransition(.stream(7))) == .incarnationNotFound(7))
    }

    @Test func `a stream that was never ACTIVE stays known as that`() throws {
        var journal = Journal()
        try journal.perform(create("s"), under: slow)
        #expect(try !stream(journal).isMade)
        try journal.perform(
            .deleteStream(key("s"), enforceConsumerDeletion: false), under: slow)
        #expect(try stream(journal).status == .deleting && !stream(journal).isMade)
        let restored = try CatalogState(snapshot: journal.state.encoded())
        #expect(restored.stream(key("s"))?.isMade == false)
        try journal.perform(create("t"), under: slow)
        try journal.perform(.endTransition(.stream(2)), under: slow)
        try journal.perform(
            .deleteStream(key("t"), enforceConsumerDeletion: false), under: slow)
        #expect(journal.state.stream(key("t"))?.isMade == true)
    }

    @Test func `only so many consumers are registered at once`() throws {
        var rules = slow
        rules.creatingConsumersPerStream = 2
        var journal = Journal()
        try journal.perform(create("s"))
        func register(_ name: String) -> CatalogChange {
            .registerConsumer(key("s"), name: name)
        }
        try journal.perform(register("a"), under: rules)
        try journal.perform(register("b"), under: rules)
        #expect(
            journal.refusal(register("c"), under: rules)
                == .tooManyConsumersCreating(key("s"), limit: 2))
        try journal.perform(.endTransition(.consumer(1)), under: rules)
        try journal.perform(register("c"), under: rules)
    }

    @Test func `only so many streams are created at once`() throws {
        var rules = slow
        rules.creatingStreamsPerAccount = 2
        var journal = Journal()
        try journal.perform(create("a"), under: rules)
        try journal.perform(create("b"), under: rules)
        #expect(journal.refusal(create("c"), under: rules) == .tooManyCreating(limit: 2))
        try journal.perform(.endTransition(.stream(1)), under: rules)
        try journal.perform(create("c"), under: rules)
    }

    @Test func `an update shows when it has ended, not before`() throws {
        let updates: [(CatalogChange, Int, StreamMode)] = [
            (
                .splitShard(key("s"), shard: ShardID(index: 1), newStartingHashKey: 3 << 126), 3,
                .provisioned
            ),
            (
                .mergeShards(key("s"), shard: ShardID(index: 0), adjacent: ShardID(index: 1)), 1,
                .provisioned
            ),
            (.updateStream(key("s"), .shardCount(3)), 3, .provisioned),
            (.updateStream(key("s"), .mode(.onDemand, warmMiBps: nil)), 2, .onDemand),
            (.updateStream(key("s"), .mode(.onDemand, warmMiBps: 5)), 5, .onDemand),
        ]
        for (change, open, mode) in updates {
            var journal = Journal()
            try journal.perform(
                .updateCommitment(account: key("s").account, isEnabled: true), at: 1000)
            try journal.perform(create("s", shards: 2), at: 1000)
            let announced = try journal.perform(change, at: 1001, under: slow)
            var stream = try stream(journal)
            #expect(stream.status == .updating && stream.open.count == 2)
            #expect(stream.mode == .provisioned && stream.shards.count == 2)
            #expect(
                journal.refusal(change, under: slow)
                    == .streamNotActive(key("s"), status: .updating))
            // Also from a snapshot, as after a restart.
            journal.state = try CatalogState(snapshot: journal.state.encoded())
            #expect(journal.state.inTransition.keys.map(\.self) == [.stream(1)])
            try journal.perform(.endTransition(.stream(1)), at: 1002, under: slow)
            stream = try self.stream(journal)
            #expect(stream.status == .active && stream.open.count == open && stream.mode == mode)
            if case .resharded(let children) = announced {
                #expect(children.allSatisfy { stream.shards[$0.index]?.isClosed == false })
            }
            #expect(journal.state.inTransition.isEmpty)
        }
    }

    @Test func `a stream is DELETING until that has ended, and its name is taken so long`() throws {
        var journal = Journal()
        try journal.perform(create("s"))
        try journal.perform(.registerConsumer(key("s"), name: "c"))
        let delete = CatalogChange.deleteStream(key("s"), enforceConsumerDeletion: true)
        for _ in 0..<2 { try journal.perform(delete, under: slow) }
        try journal.perform(
            .deleteStream(key("s"), enforceConsumerDeletion: false), under: slow)
        #expect(try stream(journal).status == .deleting)
        #expect(journal.refusal(create("s"), under: slow) == .streamExists(key("s")))
        try journal.perform(.endTransition(.stream(1)), under: slow)
        #expect(journal.state.streams.isEmpty && journal.state.inTransition.isEmpty)
        #expect(journal.state.consumers.isEmpty)
    }

    @Test func `who was to end one status does not end the next`() throws {
        var journal = Journal()
        try journal.perform(create("s"), under: slow)
        let creating = try #require(journal.state.inTransition[.stream(1)])
        try journal.perform(.endTransition(.stream(1), since: creating), under: slow)
        try journal.perform(.registerConsumer(key("s"), name: "c"))
        try journal.perform(.updateStream(key("s"), .shardCount(2)), under: slow)
        let updating = try #require(journal.state.inTransition[.stream(1)])
        #expect(journal.refusal(.endTransition(.stream(1), since: creating)) == .notInTransition(1))
        // A change of something else in the stream leaves the status as old as it is.
        try journal.perform(
            .deregisterConsumer(key("s"), name: "c"), under: slow)
        #expect(journal.state.inTransition[.stream(1)] == updating)
        try journal.perform(
            .deleteStream(key("s"), enforceConsumerDeletion: true), under: slow)
        #expect(journal.refusal(.endTransition(.stream(1), since: updating)) == .notInTransition(1))
        let deleting = try #require(journal.state.inTransition[.stream(1)])
        try journal.perform(.endTransition(.stream(1), since: deleting), under: slow)
        #expect(journal.state.streams.isEmpty)
    }

    @Test func `a stream can be deleted from every status`() throws {
        for change: CatalogChange? in [nil, .updateStream(key("s"), .shardCount(2))] {
            var journal = Journal()
            try journal.perform(create("s"), under: slow)
            if let change {
                try journal.perform(.endTransition(.stream(1)), under: slow)
                try journal.perform(change, under: slow)
            }
            try journal.perform(
                .deleteStream(key("s"), enforceConsumerDeletion: false), under: slow)
            try journal.perform(.endTransition(.stream(1)), under: slow)
            #expect(journal.state.streams.isEmpty && journal.state.usages.isEmpty)
        }
    }

    @Test func `a consumer is CREATING, then ACTIVE, and DELETING before it is gone`() throws {
        var journal = Journal()
        try journal.perform(create("s"))
        try journal.perform(.registerConsumer(key("s"), name: "c"), under: slow)
        var consumer: ConsumerState? { journal.state.stream(key("s"))?.consumer(named: "c") }
        let created = try #require(consumer)
        #expect(created.status == .creating)
        #expect(journal.state.inTransition.keys.map(\.self) == [.consumer(1)])
        let notActive = CatalogRefusal.consumerNotActive(
            key("s"), name: "c", createdSecond: created.createdSecond)
        let deregister = CatalogChange.deregisterConsumer(key("s"), name: "c")
        #expect(journal.refusal(deregister, under: slow) == notActive)
        #expect(
            journal.refusal(
                .updateConsumer(key("s"), name: "c", createdSecond: nil, .policy("{}")),
                under: slow) == notActive)
        try journal.perform(.endTransition(.consumer(1)), under: slow)
        #expect(consumer?.status == .active)
        #expect(journal.refusal(.endTransition(.consumer(1))) == .notInTransition(1))
        try journal.perform(deregister, under: slow)
        #expect(consumer?.status == .deleting && journal.refusal(deregister) == notActive)
        #expect(
            journal.refusal(.registerConsumer(key("s"), name: "c"), under: slow)
                == .consumerExists(key("s"), name: "c"))
        journal.state = try CatalogState(snapshot: journal.state.encoded())
        try journal.perform(.endTransition(.consumer(1)), under: slow)
        #expect(consumer == nil && journal.state.inTransition.isEmpty)
        #expect(journal.refusal(.endTransition(.consumer(1))) == .incarnationNotFound(1))
    }

    @Test func `an on-demand stream scales itself`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: nil))
        let shard = try stream(journal).open[1]
        let scale = CatalogChange.scaleUp(
            stream: 1, shard: shard.id, at: shard.range.start + (1 << 125))
        try journal.perform(scale, under: slow)
        #expect(try stream(journal).status == .updating)
        try journal.perform(.endTransition(.stream(1)), under: slow)
        #expect(try stream(journal).open.count == 5)
        #expect(journal.refusal(scale) == .shardClosed(key("s"), shard: shard.id))
        try journal.perform(create("p"))
        #expect(
            journal.refusal(.scaleUp(stream: 2, shard: ShardID(index: 0), at: 9))
                == .streamIsProvisioned(key("p")))
    }
}
