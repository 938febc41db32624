import Kinesis
import ShardLog
import Testing

@testable import Catalog

@Suite struct RefusalTests {
    private func request(
        shards: Int? = nil, mode: StreamMode? = nil, recordKiB: UInt32 = 1024, tags: Int = 0
    ) -> CatalogChange {
        .createStream(
            CreateStreamRequest(
                key: key("s"), shardCount: shards, mode: mode, maxRecordKiB: recordKiB,
                tags: (0..<tags).map { ResourceTag(key: "k\($0)", value: "") }))
    }

    @Test func `the mode follows from the count unless it is given`() throws {
        let cases: [(Int?, StreamMode?, StreamMode, Int)] = [
            (3, nil, .provisioned, 3), (nil, nil, .onDemand, 4), (3, .provisioned, .provisioned, 3),
            (nil, .onDemand, .onDemand, 4), (9, .onDemand, .onDemand, 4),
        ]
        for (count, mode, expectedMode, expectedCount) in cases {
            var journal = Journal()
            try journal.perform(request(shards: count, mode: mode), at: 5000)
            let stream = try #require(journal.state.stream(key("s")))
            #expect(stream.mode == expectedMode)
            #expect(stream.shards.count == expectedCount && stream.open.count == expectedCount)
            #expect(stream.retentionHours == 24 && stream.maxRecordKiB == 1024)
            #expect(stream.status == .active && stream.createdSecond == 5000)
            #expect(stream.arn.description == "arn:aws:kinesis:us-east-1:000000000000:stream/s")
        }
    }

    @Test func `the region decides the partition of the ARN`() throws {
        var journal = Journal()
        for (region, partition) in [
            ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws"),
        ] {
            let key = key("s", region: region)
            try journal.perform(.createStream(CreateStreamRequest(key: key)))
            #expect(journal.state.stream(key)?.arn.partition == partition)
        }
    }

    @Test func `a creation is refused for its name, count, size or tags`() throws {
        var journal = Journal()
        #expect(
            journal.refusal(request(mode: .provisioned)) == .shardCountMissing(key("s")))
        for count in [0, -1, 10_001] {
            #expect(
                journal.refusal(request(shards: count))
                    == .shardCountOutOfRange(key("s"), requested: count, limit: 10_000))
        }
        for size in [UInt32(1023), 10_241] {
            #expect(
                journal.refusal(request(recordKiB: size))
                    == .recordSizeOutOfRange(key("s"), requestedKiB: size))
        }
        #expect(journal.refusal(request(tags: 51)) == .tooManyTags(.stream(key("s")), limit: 50))
        try journal.perform(request(shards: 10_000, recordKiB: 10_240, tags: 50))
        #expect(journal.refusal(request(shards: 1)) == .streamExists(key("s")))
    }

    @Test func `the node's shards have a limit`() throws {
        var journal = Journal()
        for n in 0..<9 { try journal.perform(create("s\(n)", shards: 10_000)) }
        try journal.perform(create("t", shards: 9_999))
        func limit(_ additional: Int) -> CatalogRefusal {
            .shardLimit(
                account: "000000000000", region: "us-east-1", stream: nil, current: 99_999,
                limit: 100_000, additional: additional)
        }
        // Planned only: comparing a state of this size takes long.
        #expect(throws: limit(2)) { _ = try journal.state.plan(create("u", shards: 2), at: 0) }
        #expect(throws: limit(2)) {
            _ = try journal.state.plan(
                .splitShard(key("t"), shard: ShardID(index: 0), newStartingHashKey: 9), at: 0)
        }
        _ = try journal.state.plan(create("u", shards: 1), at: 0)
    }

    @Test func `a stream's open shards have a limit`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 10_000))
        let limit = CatalogRefusal.shardLimit(
            account: "000000000000", region: "us-east-1", stream: "s", current: 10_000,
            limit: 10_000, additional: 1)
        #expect(throws: limit) {
            _ = try journal.state.plan(
                .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 9), at: 0)
        }
    }

    @Test func `a stream that is not there is not changed`() {
        var journal = Journal()
        let shard = ShardID(index: 0)
        let changes: [CatalogChange] = [
            .deleteStream(key("s"), enforceConsumerDeletion: true),
            .splitShard(key("s"), shard: shard, newStartingHashKey: 9),
            .mergeShards(key("s"), shard: shard, adjacent: shard),
            .registerConsumer(key("s"), name: "c"), .deregisterConsumer(key("s"), name: "c"),
        ]
        for change in changes { #expect(journal.refusal(change) == .streamNotFound(key("s"))) }
        #expect(
            journal.refusal(.forgetShards(stream: 7, shards: [])) == .incarnationNotFound(7))
    }

    @Test func `a stream with consumers is deleted only on demand`() throws {
        var journal = Journal()
        try journal.perform(create("s"))
        try journal.perform(.registerConsumer(key("s"), name: "c"))
        #expect(
            journal.refusal(.deleteStream(key("s"), enforceConsumerDeletion: false))
                == .streamHasConsumers(key("s")))
        try journal.perform(.deleteStream(key("s"), enforceConsumerDeletion: true))
        #expect(journal.state.stream(key("s")) == nil && journal.state.names.isEmpty)
    }

    @Test func `an ephemeral consumer hinders nobody, and is one as long as it has the tag`() throws
    {
        var journal = Journal()
        try journal.perform(create("s"))
        let tag = ResourceTag(key: ConsumerState.ephemeralTag, value: "")
        func update(_ update: ConsumerUpdate) throws {
            try journal.perform(
                .updateConsumer(key("s"), name: "c", createdSecond: nil, update))
        }
        func ephemerals(_ state: CatalogState) -> [UInt64: UInt64] {
            CatalogSnapshot(state).ephemeralConsumers
        }
        let deletion = CatalogChange.deleteStream(key("s"), enforceConsumerDeletion: false)
        try journal.perform(.registerConsumer(key("s"), name: "c", tags: [tag]))
        try journal.perform(.registerConsumer(key("s"), name: "d"))
        #expect(ephemerals(journal.state) == [1: 1])
        #expect(journal.refusal(deletion) == .streamHasConsumers(key("s")))
        try journal.perform(.deregisterConsumer(key("s"), name: "d"))
        try update(.untag([tag.key]))
        #expect(ephemerals(journal.state).isEmpty)
        #expect(journal.refusal(deletion) == .streamHasConsumers(key("s")))
        try update(.tag([tag]))
        #expect(ephemerals(try CatalogState(snapshot: journal.state.encoded())) == [1: 1])
        try journal.perform(deletion)
        #expect(ephemerals(journal.state).isEmpty)
    }

    @Test func `a split checks status, mode, shard and key in this order`() throws {
        for status in [StreamStatus.creating, .updating, .deleting] {
            var journal = Journal()
            journal.append(stream(status: status, mode: .provisioned))
            #expect(
                journal.refusal(
                    .splitShard(key("s"), shard: ShardID(index: 9), newStartingHashKey: 0))
                    == .streamNotActive(key("s"), status: status))
            #expect(
                journal.refusal(.registerConsumer(key("s"), name: "c"))
                    == .streamNotActive(key("s"), status: status))
            try journal.perform(.deleteStream(key("s"), enforceConsumerDeletion: false))
        }
        var onDemand = Journal()
        onDemand.append(stream(status: .active, mode: .onDemand))
        #expect(
            onDemand.refusal(
                .splitShard(key("s"), shard: ShardID(index: 9), newStartingHashKey: 0))
                == .streamIsOnDemand(key("s")))

        var journal = Journal()
        try journal.perform(create("s", shards: 2))
        let range = HashRange(start: 0, end: (1 << 127) - 1)
        #expect(
            journal.refusal(
                .splitShard(key("s"), shard: ShardID(index: 2), newStartingHashKey: 0))
                == .shardNotFound(key("s"), shard: ShardID(index: 2)))
        for hashKey in [UInt128(0), 1, range.end, range.end + 1, .max] {
            #expect(
                journal.refusal(
                    .splitShard(
                        key("s"), shard: ShardID(index: 0), newStartingHashKey: hashKey))
                    == .hashKeyOutOfRange(
                        key("s"), shard: ShardID(index: 0), key: hashKey, range: range))
        }
        try journal.perform(
            .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 2))
        #expect(
            journal.refusal(
                .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 2))
                == .shardClosed(key("s"), shard: ShardID(index: 0)))
    }

    @Test func `a merge needs two open shards next to each other in order`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 3))
        func merge(_ shard: UInt32, _ adjacent: UInt32) -> CatalogRefusal? {
            journal.refusal(
                .mergeShards(
                    key("s"), shard: ShardID(index: shard), adjacent: ShardID(index: adjacent)))
        }
        for (shard, adjacent) in [(1, 0), (0, 2), (0, 0)] as [(UInt32, UInt32)] {
            #expect(
                merge(shard, adjacent)
                    == .shardsNotAdjacent(
                        key("s"), shard: ShardID(index: shard),
                        adjacent: ShardID(index: adjacent)))
        }
        #expect(merge(7, 0) == .shardNotFound(key("s"), shard: ShardID(index: 7)))
        #expect(merge(0, 7) == .shardNotFound(key("s"), shard: ShardID(index: 7)))
        #expect(merge(0, 1) == nil)
        #expect(merge(0, 1) == .shardClosed(key("s"), shard: ShardID(index: 0)))
        #expect(merge(2, 1) == .shardClosed(key("s"), shard: ShardID(index: 1)))
    }

    @Test func `a stream has so many consumers at most, with names of their own`() throws {
        var journal = Journal()
        try journal.perform(create("s"))
        let limit = CatalogLimits.consumersPerStream
        for n in 0..<limit { try journal.perform(.registerConsumer(key("s"), name: "c\(n)")) }
        #expect(
            journal.refusal(.registerConsumer(key("s"), name: "c3"))
                == .consumerExists(key("s"), name: "c3"))
        #expect(
            journal.refusal(.registerConsumer(key("s"), name: "d"))
                == .tooManyConsumers(key("s"), limit: limit))
        #expect(
            journal.refusal(.deregisterConsumer(key("s"), name: "d"))
                == .consumerNotFound(key("s"), name: "d"))
        #expect(
            journal.refusal(.deregisterConsumer(key("s"), name: "c3", createdSecond: 1))
                == .consumerNotFound(key("s"), name: "c3"))
        try journal.perform(
            .deregisterConsumer(key("s"), name: "c3", createdSecond: 1_800_000_000))
        try journal.perform(.registerConsumer(key("s"), name: "d"))
        let names = try #require(journal.state.stream(key("s"))).consumers.map(\.name)
        #expect(names == names.sorted() && names.count == limit)
    }

    @Test func `the node's consumers have a limit`() throws {
        var journal = Journal()
        try journal.perform(create("s"))
        for n in 0..<UInt64(CatalogLimits.consumers) {
            journal.state.place(consumer: n + 1, in: 1)
        }
        #expect(throws: CatalogRefusal.tooManyConsumers(key("s"), limit: CatalogLimits.consumers)) {
            _ = try journal.state.plan(.registerConsumer(key("s"), name: "c"), at: 0)
        }
    }

    @Test func `a cursor needs a consumer and a shard of one stream`() throws {
        var journal = Journal()
        try journal.perform(create("s"))
        try journal.perform(create("t"))
        try journal.perform(.registerConsumer(key("s"), name: "c"))
        let point = CursorPoint(index: 5, milliseconds: 5)
        for (consumer, shard) in [(1, 2), (2, 1), (1, 3)] as [(UInt64, UInt64)] {
            #expect(
                journal.refusal(
                    .commitCursor(consumer: consumer, shard: ShardNumber(rawValue: shard), point))
                    == .cursorNotFound)
        }
        #expect(
            journal.refusal(
                .commitCursor(consumer: 1, shard: ShardNumber(rawValue: 1), point)) == nil)
    }

    @Test func `only closed shards are forgotten`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 2))
        #expect(
            journal.refusal(.forgetShards(stream: 1, shards: [ShardID(index: 1)]))
                == .shardOpen(key("s"), shard: ShardID(index: 1)))
        #expect(
            journal.refusal(.forgetShards(stream: 1, shards: [ShardID(index: 2)]))
                == .shardNotFound(key("s"), shard: ShardID(index: 2)))
        try journal.perform(
            .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 9))
        #expect(
            journal.refusal(
                .forgetShards(stream: 1, shards: [ShardID(index: 0), ShardID(index: 0)]))
                == .shardNotFound(key("s"), shard: ShardID(index: 0)))
    }

    @Test func `a clock beyond what sequence numbers can carry is refused`() throws {
        var journal = Journal()
        let last = SequenceNumber.greatestSecond
        #expect(journal.refusal(create("s"), at: last) == .secondsExhausted(key("s")))
        try journal.perform(create("s"), at: last - 3)
        #expect(
            journal.refusal(.registerConsumer(key("s"), name: "c"), at: last)
                == .secondsExhausted(key("s")))
        try journal.perform(
            .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 9), at: last - 3)
        #expect(
            journal.refusal(
                .splitShard(key("s"), shard: ShardID(index: 2), newStartingHashKey: 99),
                at: last - 1) == .secondsExhausted(key("s")))
    }

    private func stream(status: StreamStatus, mode: StreamMode) -> StreamCreated {
        StreamCreated(
            stream: 1, key: key("s"), partition: "aws", status: status, mode: mode, second: 1000,
            createdSecond: 1000, retentionHours: 24, maxRecordKiB: 1024, tags: [], firstShard: 1,
            shardCount: 2)
    }
}
