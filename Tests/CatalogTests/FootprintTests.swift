import Foundation
import Kinesis
import Testing
import TestSupport

@testable import Catalog

/// Figures that are printed, not asserted: they depend on the machine and the build.
@Suite(.serialized) struct FootprintTests {
    private func residentKiB() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4 : 0
    }

    @Test func `a thousand streams of four shards`() throws {
        let clock = ContinuousClock()
        let before = residentKiB()
        var journal = Journal()
        var snapshots: [CatalogSnapshot] = []
        let creation = try clock.measure {
            for n in 0..<1000 {
                try journal.perform(create("stream-with-a-long-name-\(n)", shards: 4))
                // A reader holds every version, so each change copies what it must.
                snapshots = [CatalogSnapshot(journal.state)]
            }
        }
        let memory = residentKiB() - before
        var times: [Duration] = []
        for n in 0..<1000 {
            let change = CatalogChange.splitShard(
                key("stream-with-a-long-name-\(n)"), shard: ShardID(index: 1),
                newStartingHashKey: (1 << 126) + 12345)
            times.append(
                try clock.measure {
                    try journal.perform(change)
                    snapshots = [CatalogSnapshot(journal.state)]
                })
        }
        times.sort()
        let bytes = journal.state.encoded()
        var restored: CatalogState?
        let restoring = try clock.measure { restored = try CatalogState(snapshot: bytes) }
        print(
            """
            1,000 streams x 4 shards: created in \(creation), \(memory) KiB; \
            a split \(times[500]) in the middle, \(times[999]) at most; \
            snapshot \(bytes.count) bytes, restored in \(restoring)
            """)
        #expect(restored?.streams.count == 1000 && restored?.shards.count == 6000)
        #expect(snapshots.count == 1)
    }

    @Test func `one stream of five thousand shards`() throws {
        let clock = ContinuousClock()
        var journal = Journal()
        try journal.perform(create("s", shards: 5000))
        let kept = journal.state
        let splitting = try clock.measure {
            try journal.perform(
                .splitShard(
                    key("s"), shard: ShardID(index: 77),
                    newStartingHashKey: (UInt128.max / 5000) * 77 + 4711))
        }
        let stream = try #require(journal.state.stream(key("s")))
        var count = 0
        let paging = clock.measure { count = stream.shards.page(after: 2500, limit: 1000).count }
        var generator = SeededGenerator(seed: 1)
        let hashKeys = (0..<10_000).map { _ in
            UInt128.random(in: .min ... .max, using: &generator)
        }
        let routing = clock.measure {
            for hashKey in hashKeys { count += Int(stream.open.shard(for: hashKey).id.index) & 1 }
        }
        print("5,000 shards: a split \(splitting), a page \(paging), a route \(routing / 10_000)")
        #expect(count >= 1000 && kept.shards.count == 5000 && journal.state.shards.count == 5002)
    }
}
