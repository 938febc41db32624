import Foundation
import Kinesis
import Testing
import TestSupport

@testable import Catalog

/// `proto-spec/vectors/control-entries.json`: what the specification promises other readers.
@Suite struct VectorTests {
    struct File: Decodable {
        struct Entry: Decodable {
            var kind: UInt8
            var serial: UInt64
            var bytes: String
        }
        struct Refused: Decodable {
            var why: String
            var bytes: String
        }
        struct Older: Decodable {
            var entries: [String]
            var snapshot: String
        }
        var entries: [Entry]
        var snapshot: String
        var snapshotOfVersion2: String
        var older: Older
        var refused: [Refused]
    }

    private func load() throws -> File {
        try Specification.load("vectors/control-entries.json")
    }

    @Test func `the entries of the specification are those that are written`() throws {
        let file = try load()
        let journal = try EntryBytesTests.everyKind()
        #expect(file.entries.map(\.bytes) == journal.payloads.map(hexadecimal))
        #expect(Set(file.entries.map(\.kind)) == Set(EntryKind.allCases.map(\.rawValue)))
        for entry in file.entries {
            let payload = unhex(entry.bytes)
            #expect(payload.first == entry.kind)
            #expect(try NumberedEntry(payload).serial == entry.serial)
        }
    }

    @Test func `the entries of the specification make its snapshot`() throws {
        let file = try load()
        let state = try Journal.replay(file.entries.map { unhex($0.bytes) })
        #expect(hexadecimal(state.encoded()) == file.snapshot)
        #expect(
            hexadecimal(try CatalogState(snapshot: unhex(file.snapshot)).encoded()) == file.snapshot
        )
    }

    @Test func `a snapshot of version 2 is read and written anew`() throws {
        let file = try load()
        let restored = try CatalogState(snapshot: unhex(file.snapshotOfVersion2))
        #expect(hexadecimal(restored.encoded()) == file.snapshot)
    }

    @Test func `what older versions wrote is read and written anew`() throws {
        let file = try load()
        let replayed = try Journal.replay(file.older.entries.map(unhex))
        let restored = try CatalogState(snapshot: unhex(file.older.snapshot))
        #expect(replayed.encoded() == restored.encoded())
        #expect(hexadecimal(restored.encoded()) != file.older.snapshot)
        let stream = try #require(restored.stream(key("orders")))
        #expect(stream.status == .active && stream.distribution == .userPartitionKey)
        #expect(stream.metrics.isEmpty && stream.policy == nil && stream.warmMiBps == nil)
        #expect(stream.tags.map(\.key) == ["a", "b"] && stream.consumers.count == 1)
    }

    @Test func `what the specification refuses is refused`() throws {
        let file = try load()
        #expect(file.refused.count >= 8)
        for refused in file.refused {
            #expect(throws: CatalogError.self, "\(refused.why)") {
                _ = try NumberedEntry(unhex(refused.bytes))
            }
        }
    }
}
