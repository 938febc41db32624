import Kinesis
import ShardLog
import Testing

@testable import Catalog

@Suite struct EntryBytesTests {
    /// A journal in which every kind of entry occurs.
    static func everyKind() throws -> Journal {
        var journal = Journal()
        let request = CreateStreamRequest(
            key: key("orders"), shardCount: 2, maxRecordKiB: 2048,
            tags: [ResourceTag(key: "b", value: ""), ResourceTag(key: "a", value: "ü")])
        try journal.perform(.createStream(request), at: 1_800_000_000)
        try journal.perform(create("gone", shards: nil), at: 1_800_000_000)
        try journal.perform(
            .splitShard(key("orders"), shard: ShardID(index: 1), newStartingHashKey: 3 << 126),
            at: 1_800_000_001)
        try journal.perform(
            .mergeShards(key("orders"), shard: ShardID(index: 0), adjacent: ShardID(index: 2)),
            at: 1_800_000_001)
        try journal.perform(
            .registerConsumer(key("orders"), name: "billing"), at: 1_800_000_002)
        try journal.perform(.registerConsumer(key("orders"), name: "audit"), at: 1_800_000_002)
        try journal.perform(
            .commitCursor(
                consumer: 1, shard: ShardNumber(rawValue: 9),
                CursorPoint(index: 5 << 20, milliseconds: 1_800_000_000_005)))
        journal.append(
            CursorsMoved(moves: [
                CursorsMoved.Move(
                    key: CursorKey(consumer: 1, shard: ShardNumber(rawValue: 9)),
                    cursor: Cursor(
                        origin: CursorPoint(index: 0, milliseconds: 0),
                        sent: CursorPoint(index: 7 << 20, milliseconds: 1_800_000_000_007))),
                CursorsMoved.Move(
                    key: CursorKey(consumer: 2, shard: ShardNumber(rawValue: 1)),
                    cursor: Cursor(credited: CursorPoint(index: 1, milliseconds: 2))),
            ]))
        try journal.perform(.deregisterConsumer(key("orders"), name: "audit"))
        try journal.perform(
            .forgetShards(stream: 1, shards: [ShardID(index: 0), ShardID(index: 1)]))
        try journal.perform(.deleteStream(key("gone"), enforceConsumerDeletion: false))
        journal.append(Resynchronized())
        try settings(&journal)
        try passages(&journal)
        return journal
    }

    /// Every setting of streams, consumers and accounts.
    private static func settings(_ journal: inout Journal) throws {
        let stream = key("orders")
        for update: StreamUpdate in [
            .increaseRetention(hours: 48), .decreaseRetention(hours: 25), .maxRecordSize(kiB: 4096),
            .enableMetrics([.incomingBytes, .iteratorAge]),
            .tag([ResourceTag(key: "c", value: "d")]),
            .untag(["a"]), .policy("{}"), .shardCount(1), .mode(.onDemand, warmMiBps: nil),
            .distribution(.auto),
        ] {
            try journal.perform(.updateStream(stream, update), at: 1_800_100_000)
        }
        try journal.perform(
            .updateCommitment(account: stream.account, isEnabled: true), at: 1_800_100_001)
        try journal.perform(
            .updateStream(stream, .warmThroughput(miBps: 3)), at: 1_800_100_002)
        try journal.perform(
            .updateCommitment(account: stream.account, isEnabled: false), at: 1_800_100_003)
        let tags = [ResourceTag(key: "team", value: "audit")]
        try journal.perform(.registerConsumer(stream, name: "tagged", tags: tags))
        for update: ConsumerUpdate in [.tag(tags), .untag(["team"]), .policy("{}")] {
            try journal.perform(
                .updateConsumer(stream, name: "tagged", createdSecond: nil, update))
        }
    }

    /// Everything that a stream passes through, left in the middle at the end.
    private static func passages(_ journal: inout Journal) throws {
        var rules = CatalogRules()
        rules.passesThroughStates = true
        let slow = key("slow")
        let request = CreateStreamRequest(key: slow, shardCount: 3)
        try journal.perform(.createStream(request), at: 1_800_200_000, under: rules)
        try journal.perform(.endTransition(.stream(3)), at: 1_800_200_001, under: rules)
        for update: StreamUpdate in [.shardCount(4), .mode(.onDemand, warmMiBps: nil)] {
            try journal.perform(.updateStream(slow, update), at: 1_800_200_002, under: rules)
            try journal.perform(.endTransition(.stream(3)), at: 1_800_200_003, under: rules)
        }
        try journal.perform(.registerConsumer(slow, name: "c"), under: rules)
        try journal.perform(.endTransition(.consumer(4)), under: rules)
        try journal.perform(.deregisterConsumer(slow, name: "c"), under: rules)
        try journal.perform(
            .scaleUp(
                stream: 3, shard: try #require(journal.state.stream(slow)?.open[0].id), at: 77),
            at: 1_800_200_004, under: rules)
    }

    @Test func `every kind of entry is written and read again`() throws {
        let journal = try Self.everyKind()
        #expect(Set(journal.payloads.map { $0[0] }) == Set(EntryKind.allCases.map(\.rawValue)))
        for (place, payload) in journal.payloads.enumerated() {
            let numbered = try NumberedEntry(payload)
            #expect(numbered.serial == UInt64(place + 1))
            #expect(numbered.encoded() == payload)
        }
        let replayed = try Journal.replay(journal.payloads)
        #expect(replayed.encoded() == journal.state.encoded())
    }

    @Test func `every truncation and every byte too many is refused`() throws {
        for payload in try Self.everyKind().payloads {
            for length in 0..<payload.count {
                #expect(throws: CatalogError.self) {
                    _ = try NumberedEntry(Array(payload[..<length]))
                }
            }
            #expect(throws: CatalogError.self) { _ = try NumberedEntry(payload + [0]) }
        }
    }

    @Test func `a damaged byte is refused or makes another entry, and never a trap`() throws {
        let journal = try Self.everyKind()
        var taken = 0
        for (place, payload) in journal.payloads.enumerated() {
            let before = try Journal.replay(journal.payloads[..<place])
            for offset in payload.indices {
                for bit in 0..<8 {
                    var damaged = payload
                    damaged[offset] ^= 1 << UInt8(bit)
                    do throws(CatalogError) {
                        let numbered = try NumberedEntry(damaged)
                        #expect(numbered.encoded() == damaged)
                        var state = before
                        try state.apply(numbered)
                        _ = state.encoded()
                        taken += 1
                    } catch {}
                }
            }
        }
        #expect(taken > 0)
    }

    @Test func `an entry of a newer program is refused by kind and version`() throws {
        let payload = try Self.everyKind().payloads[0]
        func refusal(_ bytes: [UInt8]) -> CatalogError.Reason? {
            do throws(CatalogError) {
                _ = try NumberedEntry(bytes)
                return nil
            } catch {
                return error.reason
            }
        }
        var newer = payload
        newer[0] = 200
        #expect(refusal(newer) == .newerEntry(kind: 200, version: 2))
        newer = payload
        newer[1] = 3
        #expect(refusal(newer) == .newerEntry(kind: 1, version: 3))
        newer[1] = 0
        #expect(refusal(newer) == .malformed("version 0"))
        #expect(
            CatalogError(.newerEntry(kind: 200, version: 1), offset: 0).description
                == "written by a newer program: control entry of kind 200, version 1 (at byte 0)")
    }

    @Test func `an entry is applied once`() throws {
        let journal = try Self.everyKind()
        var state = try Journal.replay(journal.payloads[..<3])
        let before = state.encoded()
        try state.apply(try NumberedEntry(journal.payloads[2]))
        #expect(state.encoded() == before)
    }

    @Test func `behind a gap, what does not fit is passed over until the gap is closed`() throws {
        let journal = try Self.everyKind()
        // Without the creation of the first stream, all that is about it has no ground.
        var state = CatalogState()
        for payload in journal.payloads[1..<10] { try state.apply(try NumberedEntry(payload)) }
        #expect(state.hasDiverged && state.serial == 10)
        #expect(state.streams.count == 1 && state.stream(key("gone")) != nil)
        #expect(try CatalogState(snapshot: state.encoded()).hasDiverged)
        try state.apply(NumberedEntry(serial: 11, entry: Resynchronized()))
        #expect(!state.hasDiverged)
        do throws(CatalogError) {
            try state.apply(
                NumberedEntry(serial: 12, entry: StreamDeleted(stream: 1)))
            Issue.record("a stream that is not there was deleted")
        } catch {
            #expect(error.reason == .inconsistent("there is no stream 1"))
        }
    }

    @Test func `an entry that does not fit is refused and changes nothing`() throws {
        let journal = try Self.everyKind()
        let before = journal.state.encoded()
        // What says how something is fits again and again.
        let absolute: Set<EntryKind> = [
            .streamConfigured, .streamStatusChanged, .consumerConfigured, .consumerStatusChanged,
            .commitmentChanged,
        ]
        // Every other entry again, as if it came next.
        for payload in journal.payloads {
            let numbered = try NumberedEntry(payload)
            let kind = type(of: numbered.entry)
            guard kind.isVisible, !absolute.contains(kind.kind) else { continue }
            var state = journal.state
            do throws(CatalogError) {
                try state.apply(
                    NumberedEntry(serial: state.serial + 1, entry: numbered.entry))
                Issue.record("\(numbered.entry) was applied twice")
            } catch {
                #expect(state.encoded() == before)
            }
        }
    }

    @Test func `cursors of consumers and shards that are gone are passed over`() throws {
        var journal = try Self.everyKind()
        let before = journal.state.cursors.count
        for (consumer, shard) in [(9, 6), (2, 6), (1, 1)] as [(UInt64, UInt64)] {
            let key = CursorKey(consumer: consumer, shard: ShardNumber(rawValue: shard))
            let point = CursorPoint(index: 1, milliseconds: 1)
            journal.append(CursorCommitted(key: key, point: point))
            journal.append(
                CursorsMoved(moves: [CursorsMoved.Move(key: key, cursor: Cursor(sent: point))]))
        }
        #expect(journal.state.cursors.count == before)
    }

    @Test func `an integer has one encoding`() throws {
        for value in [0, 1, 127, 128, 300, 1 << 35, UInt64(Int64.max), .max] {
            var writer = EntryWriter()
            writer.integer(value)
            var reader = EntryReader(writer.bytes)
            #expect(try reader.integer() == value)
            #expect(reader.remaining == 0)
        }
        for bytes: [UInt8] in [
            [0x80, 0x00], [0x81, 0x80, 0x00], Array(repeating: 0xff, count: 9) + [0x02],
            Array(repeating: 0xff, count: 10) + [0x01], [0x80], [],
        ] {
            #expect(throws: CatalogError.self) {
                var reader = EntryReader(bytes)
                _ = try reader.integer()
            }
        }
    }

    @Test func `a count that the bytes cannot hold reserves nothing`() {
        var writer = EntryWriter()
        writer.integer(UInt64.max)
        #expect(throws: CatalogError(.truncated, offset: 0)) {
            var reader = EntryReader(writer.bytes)
            _ = try reader.text()
        }
    }
}
