import Kinesis
import ShardLog
import Testing
import TestSupport

@testable import Catalog

@Suite struct ReshardTests {
    @Test func `whatever is split and merged, the open shards tile the hash keys`() {
        for seed in 0..<UInt64(rounds(6)) {
            var changes = RandomChanges(seed: seed)
            var journal = Journal()
            for _ in 0..<250 {
                changes.step(&journal)
                journal.state.streams.visit { _, stream in
                    check(stream, seed)
                    return true
                }
            }
            var shards = 0
            journal.state.streams.visit { _, stream in
                shards += stream.shards.count
                return true
            }
            #expect(journal.state.shards.count == shards, "seed \(seed)")
        }
    }

    /// What holds of every stream at every moment.
    private func check(_ stream: StreamState, _ seed: UInt64) {
        let open = stream.shards.filter { !$0.isClosed }.sorted { $0.range.start < $1.range.start }
        var next: UInt128 = 0
        for (place, shard) in open.enumerated() {
            #expect(shard.range.start == next, "seed \(seed)")
            next = shard.range.end &+ 1
            #expect(stream.open[place] === shard, "seed \(seed)")
            #expect(stream.open.shard(for: shard.range.start) === shard, "seed \(seed)")
            #expect(stream.open.shard(for: shard.range.end) === shard, "seed \(seed)")
            #expect(shard.children.isEmpty, "seed \(seed)")
        }
        #expect(next == 0 && stream.open.count == open.count, "seed \(seed)")
        for shard in stream.shards {
            #expect(shard.parent != nil || shard.adjacentParent == nil)
            let parents = [shard.parent, shard.adjacentParent].compactMap { $0 }
            for parent in parents.compactMap({ stream.shards[$0] }) {
                #expect(parent.children.contains(shard.id.index), "seed \(seed)")
                #expect(parent.closedSecond.map { $0 + 1 } == shard.createdSecond)
                if let end = parent.endingSequenceNumber {
                    #expect(shard.startingSequenceNumber > end, "seed \(seed)")
                    #expect(end > parent.startingSequenceNumber, "seed \(seed)")
                }
            }
            #expect(shard.id.index < stream.nextShardIndex, "seed \(seed)")
            #expect(shard.openedSecond <= shard.createdSecond, "seed \(seed)")
        }
    }

    @Test func `at every second one generation of shards covers the hash keys`() throws {
        var generator = SeededGenerator(seed: 7)
        var journal = Journal()
        try journal.perform(create("s", shards: 2), at: 1000)
        var second: UInt64 = 1000
        for _ in 0..<60 {
            second += UInt64.random(in: 0...2, using: &generator)
            let stream = try #require(journal.state.stream(key("s")))
            let place = Int.random(in: 0..<stream.open.count, using: &generator)
            let shard = stream.open[place]
            if place > 0, generator.chance(2) {
                try journal.perform(
                    .mergeShards(key("s"), shard: stream.open[place - 1].id, adjacent: shard.id),
                    at: second)
            } else {
                try journal.perform(
                    .splitShard(
                        key("s"), shard: shard.id,
                        newStartingHashKey: shard.range.start / 2 + shard.range.end / 2 + 1),
                    at: second)
            }
        }
        let stream = try #require(journal.state.stream(key("s")))
        let last = stream.shards.map(\.createdSecond).max() ?? 0
        for moment in 1000...last + 3 {
            let living = stream.shards
                .filter { $0.createdSecond <= moment && moment <= $0.closedSecond ?? .max }
                .sorted { $0.range.start < $1.range.start }
            var next: UInt128 = 0
            for shard in living {
                #expect(shard.range.start == next, "at \(moment)")
                next = shard.range.end &+ 1
            }
            #expect(!living.isEmpty && next == 0, "at \(moment)")
        }
    }

    @Test func `a split closes the parent and gives its range to the next two indices`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 2), at: 1000)
        let half: UInt128 = 1 << 127
        let result = try journal.perform(
            .splitShard(key("s"), shard: ShardID(index: 1), newStartingHashKey: half + 100),
            at: 1500)
        #expect(result == .resharded(children: [ShardID(index: 2), ShardID(index: 3)]))
        let stream = try #require(journal.state.stream(key("s")))
        let parent = try #require(stream.shards[1])
        let lower = try #require(stream.shards[2])
        let upper = try #require(stream.shards[3])
        #expect(parent.closedSecond == 1500 && parent.children == [2, 3])
        #expect(
            parent.endingSequenceNumber
                == SequenceNumber(
                    shardCreatedSecond: 1000, shardIndex: 1, index: 0x7fff_ffff_ffff_ffff,
                    second: 1500))
        #expect(lower.range == HashRange(start: half, end: half + 99))
        #expect(upper.range == HashRange(start: half + 100, end: .max))
        #expect(lower.parent == 1 && upper.parent == 1 && lower.adjacentParent == nil)
        #expect(lower.createdSecond == 1501 && lower.openedSecond == 1500)
        #expect(stream.open.count == 3)
    }

    @Test func `a merge names both parents, and its second is above that of the later one`() throws
    {
        var journal = Journal()
        try journal.perform(create("s", shards: 2), at: 1000)
        try journal.perform(
            .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 1 << 100),
            at: 1000)
        let result = try journal.perform(
            .mergeShards(key("s"), shard: ShardID(index: 3), adjacent: ShardID(index: 1)),
            at: 1000)
        #expect(result == .resharded(children: [ShardID(index: 4)]))
        let stream = try #require(journal.state.stream(key("s")))
        let child = try #require(stream.shards[4])
        #expect(child.parent == 3 && child.adjacentParent == 1)
        #expect(child.createdSecond == 1002)
        #expect(stream.shards[3]?.children == [4] && stream.shards[1]?.children == [4])
        #expect(stream.open.count == 2)
    }

    @Test func `what the log is told fits the change`() throws {
        var state = CatalogState()
        func tell(_ change: CatalogChange) throws -> ShardChanges {
            let plan = try state.plan(change, at: 1000)
            let changes = plan.entry.shards(in: state)
            try state.apply(NumberedEntry(serial: state.serial + 1, entry: plan.entry))
            return changes
        }
        let created = try tell(create("s", shards: 2))
        #expect(created.opens.map(\.number.rawValue) == [1, 2])
        #expect(created.opens.allSatisfy { $0.createdMilliseconds == 1_000_000 && !$0.isClosed })
        let split = try tell(
            .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 1 << 100))
        #expect(split.closes.map(\.rawValue) == [1])
        #expect(split.opens.map(\.number.rawValue) == [3, 4])
        // The indices count from the clock although the creation second is ahead of it.
        #expect(split.opens.allSatisfy { $0.createdMilliseconds == 1_000_000 })
        let merged = try tell(
            .mergeShards(key("s"), shard: ShardID(index: 2), adjacent: ShardID(index: 3)))
        #expect(merged.closes.map(\.rawValue) == [3, 4])
        #expect(merged.opens.map(\.number.rawValue) == [5])
        let forgotten = try tell(.forgetShards(stream: 1, shards: [ShardID(index: 0)]))
        #expect(forgotten.removes.map(\.rawValue) == [1])
        let deleted = try tell(.deleteStream(key("s"), enforceConsumerDeletion: false))
        #expect(deleted.removes.map(\.rawValue) == [2, 3, 4, 5])
        #expect(state.shards.isEmpty && state.streams.isEmpty)
    }

    @Test func `an index of a forgotten shard is not given again`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 2))
        try journal.perform(
            .mergeShards(key("s"), shard: ShardID(index: 0), adjacent: ShardID(index: 1)))
        try journal.perform(
            .forgetShards(stream: 1, shards: [ShardID(index: 0), ShardID(index: 1)]))
        let stream = try #require(journal.state.stream(key("s")))
        #expect(stream.shards.map(\.id.index) == [2])
        #expect(stream.shards[2]?.parent == 0)
        try journal.perform(
            .splitShard(key("s"), shard: ShardID(index: 2), newStartingHashKey: 9))
        #expect(journal.state.stream(key("s"))?.shards.map(\.id.index) == [2, 3, 4])
    }
}

/// UpdateShardCount: splits and merges that are one change.
@Suite struct ResizeTests {
    private func resize(_ target: Int) -> CatalogChange {
        .updateStream(key("s"), .shardCount(target))
    }

    /// Totals of open and closed shards that others have seen on Amazon.
    @Test(arguments: [
        (2, 4, 6), (4, 5, 15), (10, 13, 37), (4, 2, 6), (5, 3, 7), (6, 6, 6), (1, 2, 3),
    ])
    func `a resize leaves as many shards as Amazon's`(_ start: Int, _ target: Int, _ total: Int)
        throws
    {
        var journal = Journal()
        try journal.perform(create("s", shards: start), at: 1000)
        try journal.perform(resize(target), at: 2000)
        #expect(journal.state.stream(key("s"))?.shards.count == total)
    }

    @Test func `every legal target ends in ranges as even as so many steps allow`() throws {
        for current in [1, 2, 3, 4, 5, 7, 8, 12, 13, 64] {
            for target in (current + 1) / 2...2 * current {
                var journal = Journal()
                try journal.perform(create("s", shards: current), at: 1000)
                #expect(
                    try journal.perform(resize(target), at: 2000)
                        == .resharding(current: current, target: target))
                let stream = try #require(journal.state.stream(key("s")))
                let share: UInt128 = target > current ? 4 : 2
                // Rounding may put a part one key beside its place for each one before it.
                let most = UInt128.max / UInt128(current) / share + 256
                for (shard, even) in zip(stream.open.all, HashRange.uniform(count: target)) {
                    #expect(distance(shard, even) <= most, "\(current) to \(target)")
                }
                try check(stream, current: current, target: target)
            }
        }
    }

    @Test func `uneven shards are resized too, with short lines of ancestors`() throws {
        var generator = SeededGenerator(seed: 3)
        for round in 0..<40 {
            var journal = Journal()
            try journal.perform(create("s", shards: 3), at: 1000)
            for _ in 0..<12 {
                let stream = try #require(journal.state.stream(key("s")))
                let shard = stream.open[Int.random(in: 0..<stream.open.count, using: &generator)]
                let middle = UInt128.random(
                    in: shard.range.start...shard.range.end, using: &generator)
                _ = try? journal.perform(
                    .splitShard(key("s"), shard: shard.id, newStartingHashKey: middle), at: 1000)
            }
            let before = try #require(journal.state.stream(key("s")))
            let count = before.open.count
            let target = Int.random(in: (count + 1) / 2...2 * count, using: &generator)
            try journal.perform(resize(target), at: 2000)
            let stream = try #require(journal.state.stream(key("s")))
            try check(
                stream, current: count, target: target, others: before.shards.count - count)
            // A line of ancestors grows by the logarithm of what a shard was made of.
            for shard in stream.open.all where shard.id.index >= before.nextShardIndex {
                #expect(shard.createdSecond <= 2000 + 16, "round \(round)")
            }
        }
    }

    /// What holds after a resize of any stream.
    private func check(
        _ stream: StreamState, current: Int, target: Int, others: Int = 0
    ) throws {
        let name: Comment = "\(current) to \(target)"
        #expect(stream.open.count == target, name)
        #expect(HashTiling(stream.open.all.map(\.range)) != nil, name)
        let splits = target > current ? current : 0
        let merges = current + splits - target
        #expect(stream.shards.count == others + current + 2 * splits + merges, name)
        try checkLineage(stream)
    }

    private func distance(_ shard: ShardState, _ even: HashRange) -> UInt128 {
        max(shard.range.start, even.start) - min(shard.range.start, even.start)
    }

    @Test func `at every second the shards that live cover the hash keys`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 5), at: 1000)
        for (place, target) in [7, 4, 8, 4, 3].enumerated() {
            try journal.perform(resize(target), at: 1010 + UInt64(place))
        }
        let stream = try #require(journal.state.stream(key("s")))
        let last = stream.shards.map(\.createdSecond).max() ?? 0
        for second in 1000...last + 1 {
            let living = stream.shards.filter {
                $0.createdSecond <= second && second <= ($0.closedSecond ?? .max)
            }.sorted { $0.range.start < $1.range.start }
            #expect(HashTiling(living.map(\.range)) != nil, "second \(second)")
        }
    }

    @Test func `more than double, less than half and more than the most are refused`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 5))
        #expect(
            journal.refusal(resize(11)) == .resizeAboveDouble(key("s"), current: 5, target: 11))
        #expect(journal.refusal(resize(2)) == .resizeBelowHalf(key("s"), current: 5, target: 2))
        #expect(
            journal.refusal(resize(10_001))
                == .resizeAboveLimit(key("s"), current: 5, target: 10_001, limit: 10_000))
        try journal.perform(.updateStream(key("s"), .mode(.onDemand, warmMiBps: nil)))
        #expect(journal.refusal(resize(6)) == .streamIsOnDemand(key("s")))
    }

    @Test func `thousands of shards are one entry that fits the journal`() throws {
        var journal = Journal()
        try journal.perform(create("s", shards: 5_000))
        try journal.perform(resize(10_000))
        let payload = try #require(journal.payloads.last)
        #expect(payload.count < 1 << 20)
        #expect(journal.state.stream(key("s"))?.open.count == 10_000)
        let shards = try #require(journal.state.stream(key("s"))).shards.count
        #expect(shards == 15_000)
    }

    /// Parents and children know one another, and no shard has more than two parents.
    private func checkLineage(_ stream: StreamState) throws {
        for shard in stream.shards {
            let parents = [shard.parent, shard.adjacentParent].compactMap { $0 }
            var ranges: [HashRange] = []
            for index in parents {
                let parent = try #require(stream.shards[index])
                #expect(parent.isClosed && parent.children.contains(shard.id.index))
                let end = try #require(parent.endingSequenceNumber)
                #expect(shard.startingSequenceNumber > end)
                ranges.append(parent.range)
            }
            if ranges.count == 2 {
                #expect(ranges[0].merged(with: ranges[1]) == shard.range)
            } else if let range = ranges.first {
                #expect(range.start <= shard.range.start && shard.range.end <= range.end)
            }
            #expect(shard.isClosed == !shard.children.isEmpty)
        }
    }
}

extension RoutingTable {
    fileprivate var all: [ShardState] { (0..<count).map { self[$0] } }
}
