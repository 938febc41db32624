import Kinesis
import ShardLog
import Testing

@testable import Catalog

@Suite struct SettingTests {
    private func journal(_ mode: StreamMode = .provisioned, shards: Int = 2) throws -> Journal {
        var journal = Journal()
        try journal.perform(
            .createStream(
                CreateStreamRequest(
                    key: key("s"), shardCount: mode == .provisioned ? shards : nil, mode: mode)))
        return journal
    }

    private func update(_ update: StreamUpdate) -> CatalogChange {
        .updateStream(key("s"), update)
    }

    @Test func `a longer retention does not bring back what has expired`() throws {
        var journal = try journal()
        let hour: Int64 = 3_600_000
        let now: UInt64 = 1_800_000_000
        try journal.perform(update(.increaseRetention(hours: 48)), at: now)
        var stream = try #require(journal.state.stream(key("s")))
        // What was older than 24 hours at the change stays gone; what was younger stays longer.
        let then = Int64(now) * 1000
        #expect(stream.cutoff(now: then) == then - 24 * hour)
        #expect(stream.cutoff(now: then + 12 * hour) == then - 24 * hour)
        #expect(stream.cutoff(now: then + 30 * hour) == then - 18 * hour)
        try journal.perform(update(.decreaseRetention(hours: 24)), at: now + 3600 * 40)
        stream = try #require(journal.state.stream(key("s")))
        #expect(stream.cutoff(now: then + 40 * hour) == then + 16 * hour)
        try journal.perform(update(.increaseRetention(hours: 8760)), at: now + 3600 * 41)
        stream = try #require(journal.state.stream(key("s")))
        #expect(stream.cutoff(now: then + 50 * hour) == then + 17 * hour)
    }

    @Test func `retention changes in the direction that its operation says`() throws {
        var journal = try journal()
        for same: StreamUpdate in [.increaseRetention(hours: 24), .decreaseRetention(hours: 24)] {
            try journal.perform(update(same))
        }
        try journal.perform(update(.increaseRetention(hours: 100)))
        #expect(
            journal.refusal(update(.increaseRetention(hours: 99)))
                == .retentionShorter(key("s"), requested: 99, existing: 100))
        #expect(
            journal.refusal(update(.decreaseRetention(hours: 101)))
                == .retentionLonger(key("s"), requested: 101, existing: 100))
        #expect(journal.state.stream(key("s"))?.retentionHours == 100)
    }

    @Test func `tags are added, replaced and removed, fifty at most`() throws {
        var journal = try journal()
        func tags(_ range: Range<Int>, _ value: String) -> [ResourceTag] {
            range.map { ResourceTag(key: "k\($0)", value: value) }
        }
        try journal.perform(update(.tag(tags(0..<50, "a"))))
        try journal.perform(update(.tag(tags(10..<12, "b"))))
        #expect(
            journal.refusal(update(.tag(tags(50..<51, "c"))))
                == .tooManyTags(.stream(key("s")), limit: 50))
        try journal.perform(update(.untag(["k0", "k0", "never there"])))
        try journal.perform(update(.tag(tags(50..<51, "c"))))
        let all = try #require(journal.state.stream(key("s"))).tags
        #expect(all.count == 50 && all.map(\.key) == all.map(\.key).sorted())
        #expect(all.filter { $0.value == "b" }.map(\.key) == ["k10", "k11"])
    }

    @Test func `metrics are told before and after`() throws {
        var journal = try journal()
        func result(_ change: StreamUpdate) throws -> CatalogResult {
            try journal.perform(update(change))
        }
        #expect(
            try result(.enableMetrics([.incomingBytes, .iteratorAge]))
                == .metricsChanged(before: [], after: [.incomingBytes, .iteratorAge]))
        #expect(
            try result(.disableMetrics([.iteratorAge, .outgoingBytes]))
                == .metricsChanged(
                    before: [.incomingBytes, .iteratorAge], after: [.incomingBytes]))
        #expect(
            try result(.enableMetrics(.all))
                == .metricsChanged(before: .incomingBytes, after: .all))
        #expect(
            try result(.disableMetrics(.all)) == .metricsChanged(before: .all, after: []))
    }

    @Test func `only on-demand streams spread records and are kept warm`() throws {
        var journal = try journal()
        #expect(
            journal.refusal(update(.distribution(.auto))) == .distributionNeedsOnDemand(key("s")))
        try journal.perform(update(.distribution(.userPartitionKey)))
        #expect(
            journal.refusal(update(.warmThroughput(miBps: 5)))
                == .warmThroughputNeedsOnDemand(key("s")))
        try journal.perform(update(.mode(.onDemand, warmMiBps: nil)))
        try journal.perform(update(.distribution(.auto)))
        #expect(
            journal.refusal(update(.warmThroughput(miBps: 5)))
                == .warmThroughputNeedsCommitment(key("s")))
        try journal.perform(.updateCommitment(account: key("s").account, isEnabled: true))
        #expect(
            journal.refusal(update(.warmThroughput(miBps: 10_241)))
                == .warmThroughputOutOfRange(key("s"), requested: 10_241, limit: 10_240))
        #expect(
            try journal.perform(update(.warmThroughput(miBps: 5)))
                == .warmThroughput(current: 0, target: 5))
        var stream = try #require(journal.state.stream(key("s")))
        #expect(stream.open.count == 5 && stream.warmMiBps == 5 && stream.distribution == .auto)
        #expect(
            try journal.perform(update(.warmThroughput(miBps: 3)))
                == .warmThroughput(current: 5, target: 3))
        // Back to provisioned: the shards stay, what only the other mode has goes.
        try journal.perform(update(.mode(.provisioned, warmMiBps: nil)))
        stream = try #require(journal.state.stream(key("s")))
        #expect(stream.open.count == 5 && stream.warmMiBps == nil)
        #expect(stream.distribution == .userPartitionKey)
        try journal.perform(update(.mode(.onDemand, warmMiBps: 9)))
        stream = try #require(journal.state.stream(key("s")))
        #expect(stream.open.count == 9 && stream.warmMiBps == 9 && stream.mode == .onDemand)
    }

    @Test func `a new stream can be warm and spread records only on demand`() throws {
        var journal = Journal()
        func refusal(_ request: CreateStreamRequest) -> CatalogRefusal? {
            journal.refusal(.createStream(request))
        }
        #expect(
            refusal(CreateStreamRequest(key: key("s"), shardCount: 1, distribution: .auto))
                == .distributionNeedsOnDemand(key("s")))
        #expect(
            refusal(CreateStreamRequest(key: key("s"), shardCount: 1, warmMiBps: 1))
                == .warmThroughputNeedsOnDemand(key("s")))
        #expect(
            refusal(CreateStreamRequest(key: key("s"), warmMiBps: 1))
                == .warmThroughputNeedsCommitment(key("s")))
        try journal.perform(.updateCommitment(account: key("s").account, isEnabled: true))
        try journal.perform(
            .createStream(CreateStreamRequest(key: key("s"), distribution: .auto, warmMiBps: 6)))
        let stream = try #require(journal.state.stream(key("s")))
        #expect(stream.open.count == 6 && stream.distribution == .auto && stream.warmMiBps == 6)
    }

    @Test func `a policy is set, replaced and removed`() throws {
        var journal = try journal()
        let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
        #expect(journal.refusal(update(.deletePolicy)) == .policyNotFound(arn))
        for text in ["{}", "{\"a\":1}"] {
            try journal.perform(update(.policy(text)))
            #expect(journal.state.stream(key("s"))?.policy == text)
        }
        let long = String(repeating: " ", count: 20 * 1024 + 1)
        #expect(
            journal.refusal(update(.policy(long))) == .policyTooLong(bytes: 20_481, limit: 20_480))
        try journal.perform(update(.deletePolicy))
        #expect(journal.state.stream(key("s"))?.policy == nil)
    }

    @Test func `a consumer has tags and a policy of its own`() throws {
        var journal = try journal()
        let tag = ResourceTag(key: "a", value: "b")
        try journal.perform(.registerConsumer(key("s"), name: "c", tags: [tag]))
        func change(_ update: ConsumerUpdate, second: UInt64? = nil) -> CatalogChange {
            .updateConsumer(key("s"), name: "c", createdSecond: second, update)
        }
        var consumer: ConsumerState? { journal.state.stream(key("s"))?.consumer(named: "c") }
        #expect(consumer?.tags == [tag] && journal.state.stream(key("s"))?.tags == [])
        #expect(
            journal.refusal(change(.policy("{}"), second: 1))
                == .consumerNotFound(key("s"), name: "c"))
        try journal.perform(change(.policy("{}")))
        try journal.perform(change(.untag(["a"])))
        #expect(consumer?.tags == [] && consumer?.policy == "{}")
        let many = (0..<51).map { ResourceTag(key: "\($0)", value: "") }
        let tooMany = CatalogRefusal.tooManyTags(.consumer(key("s"), name: "c"), limit: 50)
        #expect(journal.refusal(change(.tag(many))) == tooMany)
        #expect(
            journal.refusal(.registerConsumer(key("s"), name: "d", tags: many))
                == .tooManyTags(.consumer(key("s"), name: "d"), limit: 50))
        try journal.perform(change(.deletePolicy))
        #expect(consumer?.policy == nil)
        #expect(
            journal.refusal(change(.deletePolicy))
                == .policyNotFound(try #require(consumer).arn.description))
    }

    @Test func `the greatest warm throughput has as many shards as a stream can have`() throws {
        var journal = Journal()
        try journal.perform(.updateCommitment(account: key("s").account, isEnabled: true))
        var request = CreateStreamRequest(key: key("s"))
        request.warmMiBps = CatalogLimits.warmMiBps
        try journal.perform(.createStream(request))
        #expect(try #require(journal.state.stream(key("s"))).open.count == 10_000)
        try journal.perform(create("t", shards: nil))
        try journal.perform(
            .updateStream(key("t"), .warmThroughput(miBps: CatalogLimits.warmMiBps)))
        let stream = try #require(journal.state.stream(key("t")))
        #expect(stream.open.count == 10_000 && stream.warmMiBps == CatalogLimits.warmMiBps)
    }

    @Test func `a commitment lasts a day at least`() throws {
        var journal = Journal()
        func set(_ isEnabled: Bool, _ second: UInt64) throws -> Commitment? {
            let change = CatalogChange.updateCommitment(
                account: "111111111111", isEnabled: isEnabled)
            guard case .commitmentChanged(let now) = try journal.perform(change, at: second) else {
                return nil
            }
            return now
        }
        // What was never begun is not kept.
        #expect(try set(false, 1000) == Commitment())
        #expect(journal.state.commitments.isEmpty)
        #expect(try set(true, 2000) == Commitment(startedSecond: 2000))
        #expect(try set(true, 3000) == Commitment(startedSecond: 2000))
        let ending = try #require(try set(false, 4000))
        #expect(ending == Commitment(startedSecond: 2000, endSecond: 88_400))
        #expect(ending.status(at: 88_399) == .enabledUntilEarliestAllowedEnd)
        #expect(ending.status(at: 88_400) == .disabled)
        #expect(ending.earliestEndSecond(at: 5000) == 88_400)
        #expect(ending.earliestEndSecond(at: 90_000) == nil)
        #expect(try set(true, 5000) == Commitment(startedSecond: 2000))
        #expect(
            try set(false, 100_000) == Commitment(startedSecond: 2000, endSecond: 100_000))
        #expect(try set(true, 100_001) == Commitment(startedSecond: 100_001))
        #expect(journal.state.commitments.count == 1)
    }

    @Test func `an account in a region has quotas`() throws {
        var rules = CatalogRules()
        rules.shardsPerAccount = 6
        rules.onDemandStreamsPerAccount = 1
        rules.consumersPerStream = 1
        rules.consumersPerCommittedStream = 2
        var journal = Journal()
        try journal.perform(create("s", shards: 2), under: rules)
        try journal.perform(create("d", shards: nil), under: rules)
        func shardLimit(_ additional: Int) -> CatalogRefusal {
            .shardLimit(
                account: "000000000000", region: "us-east-1", stream: nil, current: 6, limit: 6,
                additional: additional)
        }
        #expect(
            journal.refusal(create("e", shards: nil), under: rules)
                == .onDemandQuota(key("e"), current: 1, limit: 1))
        #expect(
            journal.refusal(update(.mode(.onDemand, warmMiBps: nil)), under: rules)
                == .onDemandQuota(key("s"), current: 1, limit: 1))
        #expect(journal.refusal(create("e"), under: rules) == shardLimit(1))
        #expect(journal.refusal(update(.shardCount(4)), under: rules) == shardLimit(2))
        #expect(
            journal.refusal(
                .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 9),
                under: rules) == shardLimit(1))
        // Others have their own.
        let elsewhere = key("s", region: "eu-west-1")
        try journal.perform(
            .createStream(CreateStreamRequest(key: elsewhere, shardCount: 6)), under: rules)
        // What is closed or gone does not count.
        try journal.perform(update(.shardCount(1)), under: rules)
        try journal.perform(create("e"), under: rules)
        #expect(journal.state.usage(of: key("e")).openShards == 6)
        try journal.perform(
            .deleteStream(key("d"), enforceConsumerDeletion: false), under: rules)
        #expect(
            journal.state.usage(of: key("e")) == AccountUsage(openShards: 2, onDemandStreams: 0))

        try journal.perform(.registerConsumer(key("s"), name: "a"), under: rules)
        let second = CatalogChange.registerConsumer(key("s"), name: "b")
        #expect(journal.refusal(second, under: rules) == .tooManyConsumers(key("s"), limit: 1))
        try journal.perform(.updateCommitment(account: key("s").account, isEnabled: true))
        try journal.perform(second, under: rules)
    }
}
