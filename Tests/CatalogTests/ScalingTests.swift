import Kinesis
import ShardLog
import Testing
import TestSupport

@testable import Catalog

/// On-demand streams that grow with what is written to them.
@Suite(.serialized) struct ScalingTests {
    private var now: UInt64 = 0

    private func node(
        _ folder: TemporaryFolder, shards: Int = 200, slow: Bool = false
    ) throws -> CatalogNode {
        var rules = CatalogRules()
        var scaling = OnDemandScaling()
        scaling.bytesPerSecond = 1000
        scaling.recordsPerSecond = 10
        scaling.seconds = 20
        scaling.shards = shards
        rules.scaling = scaling
        rules.passesThroughStates = slow
        return try CatalogNode(folder, rules: rules)
    }

    private func stream(_ node: CatalogNode, _ name: String = "s") throws -> StreamState {
        try #require(node.catalog.snapshot.stream(key(name)))
    }

    /// One look of the housekeeper after so many seconds.
    private mutating func look(_ node: CatalogNode, after seconds: UInt64) throws {
        now += seconds * 1_000_000_000
        node.catalog.scaleOnDemandStreams(now: now)
        try node.waitForLog()
    }

    @Test mutating func `the shard that was written too fast is split in its middle`() throws {
        let node = try node(TemporaryFolder())
        try node.perform(create("s", shards: nil))
        try look(node, after: 1)
        let shard = try stream(node).open[1]
        shard.meter.stored(records: 100, bytes: 20_001)
        // The period is not over.
        try look(node, after: 19)
        #expect(try stream(node).open.count == 4)
        try look(node, after: 1)
        let after = try stream(node)
        #expect(after.open.count == 5)
        let closed = try #require(after.shards[shard.id.index])
        let children = closed.children.compactMap { after.shards[$0]?.range }
        #expect(
            children.map { $0.end - $0.start } == [
                (shard.range.end - shard.range.start) / 2,
                (shard.range.end - shard.range.start) / 2,
            ])
        // What was counted before the period is not counted again.
        try look(node, after: 20)
        #expect(try stream(node).open.count == 5)
    }

    @Test mutating func `records count as bytes do, and refused ones as stored ones`() throws {
        let node = try node(TemporaryFolder())
        try node.perform(create("s", shards: nil))
        try look(node, after: 1)
        let open = try stream(node).open
        open[0].meter.stored(records: 201, bytes: 201)
        open[1].meter.stored(records: 100, bytes: 15_000)
        open[1].meter.refused(records: 10, bytes: 6000)
        // At a threshold is not above it.
        open[2].meter.stored(records: 200, bytes: 20_000)
        try look(node, after: 20)
        let closed = try stream(node).shards.filter(\.isClosed).map(\.id.index)
        #expect(closed == [0, 1])
    }

    @Test mutating func `a stream is not given more shards than it may have`() throws {
        let node = try node(TemporaryFolder(), shards: 6)
        try node.perform(create("s", shards: nil))
        try look(node, after: 1)
        let open = try stream(node).open
        for position in 0..<4 { open[position].meter.stored(records: 1000, bytes: 1) }
        try look(node, after: 20)
        #expect(try stream(node).open.count == 6)
    }

    @Test mutating func `provisioned streams stay as they are`() throws {
        let node = try node(TemporaryFolder())
        try node.perform(create("s", shards: 2))
        try look(node, after: 1)
        try stream(node).open[0].meter.stored(records: 1_000_000, bytes: 1 << 30)
        try look(node, after: 20)
        #expect(try stream(node).open.count == 2)
    }

    @Test mutating func `shards that have to wait for another change are split after it`() throws {
        let node = try node(TemporaryFolder(), slow: true)
        try node.perform(create("s", shards: nil))
        try node.perform(.endTransition(.stream(1)))
        try look(node, after: 1)
        let open = try stream(node).open
        for position in 0..<3 { open[position].meter.stored(records: 1000, bytes: 1) }
        try look(node, after: 20)
        #expect(try stream(node).status == .updating)
        for expected in 5...7 {
            try node.perform(.endTransition(.stream(1)))
            #expect(try stream(node).open.count == expected)
            try look(node, after: 1)
        }
        #expect(try stream(node).status == .active)
    }

    @Test func `the meter goes on when the shard closes and the catalog changes`() throws {
        let node = try node(TemporaryFolder())
        try node.perform(create("s", shards: 2))
        let meter = try stream(node).open[0].meter
        try node.perform(
            .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 1 << 100))
        #expect(try stream(node).shards[0]?.meter === meter)
        #expect(try stream(node).shards[2]?.meter !== meter)
    }
}
