import Testing
import TestSupport

@testable import Catalog

@Suite struct SnapshotTests {
    @Test func `replay, snapshot and snapshot with the rest behind it are the same state`() throws {
        for seed in 0..<UInt64(rounds(5)) {
            var changes = RandomChanges(seed: seed &+ 77)
            var journal = Journal()
            for _ in 0..<200 { changes.step(&journal) }
            let whole = journal.state.encoded()
            #expect(try Journal.replay(journal.payloads).encoded() == whole, "seed \(seed)")
            #expect(try CatalogState(snapshot: whole).encoded() == whole, "seed \(seed)")
            let cut = Int.random(in: 0...journal.payloads.count, using: &changes.generator)
            let stored = try Journal.replay(journal.payloads[..<cut]).encoded()
            let start = try CatalogState(snapshot: stored)
            #expect(
                try Journal.replay(journal.payloads[cut...], onto: start).encoded() == whole,
                "seed \(seed)")
            // Entries that the snapshot has already are passed over.
            let earlier = max(cut - 3, 0)
            #expect(
                try Journal.replay(journal.payloads[earlier...], onto: start).encoded() == whole,
                "seed \(seed)")
        }
    }

    @Test func `every truncation and every byte too many is refused`() throws {
        let bytes = try EntryBytesTests.everyKind().state.encoded()
        for length in 0..<bytes.count {
            #expect(throws: CatalogError.self) {
                _ = try CatalogState(snapshot: Array(bytes[..<length]))
            }
        }
        #expect(throws: CatalogError.self) { _ = try CatalogState(snapshot: bytes + [0]) }
    }

    @Test func `a damaged byte is refused or makes another state, and never a trap`() throws {
        let bytes = try EntryBytesTests.everyKind().state.encoded()
        var refused = 0
        for offset in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[offset] ^= 1 << UInt8(bit)
                do throws(CatalogError) {
                    let state = try CatalogState(snapshot: damaged)
                    _ = state.encoded()
                    state.streams.visit { _, stream in
                        _ = stream.open.shard(for: .max)
                        for shard in stream.shards { _ = shard.endingSequenceNumber }
                        return true
                    }
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 0)
    }

    @Test func `a snapshot of a newer program is refused by its version`() throws {
        var bytes = CatalogState().encoded()
        bytes[0] = 9
        #expect(throws: CatalogError(.newerSnapshot(version: 9), offset: 0)) {
            _ = try CatalogState(snapshot: bytes)
        }
    }

    @Test func `an empty state is eleven bytes`() throws {
        let bytes = CatalogState().encoded()
        #expect(bytes == [3, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0])
        #expect(try CatalogState(snapshot: bytes).encoded() == bytes)
    }
}
