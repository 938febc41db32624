import Catalog
import Kinesis
import Metrics
import ShardLog
import Synchronization
import Testing
import TestSupport
import Wire

@testable import Gateway

/// A feed and what its reactor would lend it.
private final class Reading {
    let store: Store
    var feed: ShardFeed
    var budget = RingBudget()
    let counters = GatewayCounters()

    init(_ store: Store, _ name: String, _ shard: UInt32 = 0) throws {
        self.store = store
        feed = ShardFeed(stream: try store.stream(name).id, shard: try store.shard(name, shard))
    }

    /// As a reactor and, where that is needed, a pool thread make it together.
    func cut(_ position: Position) -> EventCutter.Cut {
        let now = store.log.nodeMilliseconds()
        let cut = feed.cut(at: position, now: now, budget: &budget, counters: counters)
        guard cut.needsThread else { return cut }
        let boundary = feed.ring.boundary(after: position)
        let waited = feed.cutter.cut(at: position, before: boundary, now: now, mayWait: true)
        if case .event(let entry) = waited { feed.take(entry, budget: &budget, counters: counters) }
        return waited
    }

    func again(_ cut: EventCut) -> EventCutter.Cut {
        let again = feed.encode(again: cut)
        guard again.needsThread else { return again }
        return feed.cutter.encode(again: cut, mayWait: true)
    }

    func event(_ position: Position) throws -> EventRing.Entry {
        try entry(cut(position))
    }

    func entry(_ cut: EventCutter.Cut) throws -> EventRing.Entry {
        guard case .event(let entry) = cut else {
            throw TimedOut(description: "no event but \(cut)")
        }
        return entry
    }

    /// Every event from `position` to the tail, brought in from the disk where needed.
    func all(from position: Position) throws -> [EventRing.Entry] {
        var place = position
        var entries: [EventRing.Entry] = []
        while true {
            switch cut(place) {
            case .event(let entry):
                #expect(entry.cut.start == place)
                #expect(entry.cut.end > place)
                entries.append(entry)
                place = entry.cut.end
            case .cold, .large, .later: throw TimedOut(description: "what was waited for is cold")
            case .tail: return entries
            case .trimmed(let next): place = next
            case .damaged(let reason): throw TimedOut(description: reason)
            }
        }
    }

    /// The ring as it is after its last subscriber has gone.
    func forget() {
        feed = ShardFeed(stream: feed.stream, shard: feed.shard)
        budget = RingBudget()
    }

    var eventsEncoded: UInt64 { counters.eventsEncoded.value }
}

extension EventCutter.Cut {
    fileprivate var needsThread: Bool {
        switch self {
        case .cold, .large: true
        case .event, .tail, .trimmed, .damaged, .later: false
        }
    }
}

private func records(of entries: [EventRing.Entry]) throws -> [DecodedRecord] {
    try entries.flatMap { entry in
        let events = try DecodedEvent.all(entry.bytes)
        #expect(events.count == 1)
        return events.flatMap(\.records)
    }
}

struct ShardFeedTests {
    @Test func `events hold exactly the records that were put, in their order`() throws {
        let seed: UInt64 = 0x5eed_0001
        var generator = SeededGenerator(seed: seed)
        for round in 0..<rounds(3) {
            let store = try Store()
            defer { store.remove() }
            let shard = try store.create("s").shards[0]
            let state = try #require(shard)
            var put: [TestRecord] = []
            var indices: [UInt64] = []
            let reading = try Reading(store, "s")
            var entries: [EventRing.Entry] = []
            for _ in 0..<8 {
                let count = Int.random(in: 1...40, using: &generator)
                let some = generator.records(count, 0...3000)
                indices += try store.put(some, into: state)
                put += some
                // Some of the history is cut while it grows, the rest at the end.
                if Bool.random(using: &generator) {
                    entries += try reading.all(from: entries.last?.cut.end ?? state.log.horizon)
                }
                store.clock.advance(milliseconds: Int64.random(in: 0...5000, using: &generator))
            }
            entries += try reading.all(from: entries.last?.cut.end ?? state.log.horizon)
            let seen = try records(of: entries)
            #expect(seen.map(\.record) == put, "seed \(seed), round \(round)")
            #expect(seen.map(\.number.index) == indices, "seed \(seed), round \(round)")
            for entry in entries {
                let event = try #require(try DecodedEvent.all(entry.bytes).first)
                #expect(event.continuation == event.records.last?.number)
                #expect(event.continuation?.index == entry.cut.continuation)
                #expect(event.records.count == entry.cut.count)
                #expect(event.millisBehind == entry.cut.millisBehind)
            }
            #expect(entries.last?.cut.millisBehind == 0)
            guard case .tail = reading.cut(state.log.tail) else {
                Issue.record("the tail has an event")
                continue
            }
        }
    }

    @Test func `two positions share what was encoded`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let reading = try Reading(store, "s")
        try store.put([TestRecord(key: "a", data: [1])], into: shard)
        let first = try reading.event(shard.log.horizon)
        #expect(reading.eventsEncoded == 1)
        let again = try reading.event(shard.log.horizon)
        #expect(again.bytes == first.bytes)
        #expect(again.cut == first.cut)
        #expect(reading.eventsEncoded == 1)
        #expect(reading.budget.used == first.bytes.count)
    }

    @Test func `a laggard rejoins the others where an event of theirs starts`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let reading = try Reading(store, "s")
        let start = shard.log.horizon
        let old = (0..<5).map { TestRecord(key: "old\($0)", data: [UInt8($0)]) }
        try store.put(old, into: shard)
        // The ring begins here: nobody has read the old records on this reactor.
        let boundary = shard.log.tail
        let new = (0..<3).map { TestRecord(key: "new\($0)", data: [UInt8($0)]) }
        try store.put(new, into: shard)
        let shared = try reading.event(boundary)
        #expect(try records(of: [shared]).map(\.record) == new)
        // Without the ring the laggard's event would hold all eight.
        let late = try reading.event(start)
        #expect(late.cut.end == boundary)
        #expect(try records(of: [late]).map(\.record) == old)
        let encoded = reading.eventsEncoded
        #expect(try reading.event(late.cut.end).bytes == shared.bytes)
        #expect(reading.eventsEncoded == encoded)
    }

    @Test func `a half-sent event is encoded again byte for byte`() throws {
        let seed: UInt64 = 0x5eed_0002
        var generator = SeededGenerator(seed: seed)
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let reading = try Reading(store, "s")
        var entries: [EventRing.Entry] = []
        for _ in 0..<6 {
            try store.put(generator.records(30, 0...2000), into: shard)
            store.clock.advance(milliseconds: 1234)
            // Half of the events are cut late, so they tell a lag.
            if Bool.random(using: &generator) {
                entries += try reading.all(from: entries.last?.cut.end ?? shard.log.horizon)
            }
        }
        entries += try reading.all(from: entries.last?.cut.end ?? shard.log.horizon)
        try store.split("s", 0)
        let closed = try store.shard("s")
        let children = try store.stream("s").childShards(of: closed)
        #expect(children.count == 2)
        reading.feed.shard = closed
        let tail = closed.log.tail
        let quiet = EventCut(
            kind: .keepAlive, start: tail, end: tail, count: 0,
            continuation: closed.log.quietPoint().continuation, millisBehind: 0)
        let end = EventCut(
            kind: .shardEnd, start: tail, end: tail, count: 0, continuation: ShardState.endIndex,
            millisBehind: 77)
        let empty = [
            reading.feed.encodeKeepAlive(quiet), reading.feed.encodeEnd(end, children: children),
        ]
        #expect(try DecodedEvent.all(empty[0]).first?.continuation?.index == quiet.continuation)
        #expect(try DecodedEvent.all(empty[1]).first?.continuation == nil)
        #expect(try DecodedEvent.all(empty[1]).first?.children?.count == 2)

        func encodedAgain(_ what: String) throws {
            // Time goes on; nothing of it may show.
            store.clock.advance(seconds: 61)
            for entry in entries {
                let again = reading.again(entry.cut)
                #expect(
                    try reading.entry(again).bytes == entry.bytes,
                    "\(what): \(entry.cut), seed \(seed)")
            }
            #expect(reading.feed.encodeKeepAlive(quiet) == empty[0], "\(what)")
            let again = try store.stream("s").childShards(of: reading.feed.shard)
            #expect(reading.feed.encodeEnd(end, children: again) == empty[1], "\(what)")
        }
        try encodedAgain("in the ring")
        reading.forget()
        try encodedAgain("from the log")
        try store.reopen()
        reading.feed = ShardFeed(stream: reading.feed.stream, shard: try store.shard("s"))
        try encodedAgain("after a restart")
    }

    @Test func `an event of many small records ends before it takes a turn too long`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let put = (0..<10_050).map { TestRecord(key: "\($0)", data: []) }
        try store.put(put, into: shard)
        let reading = try Reading(store, "s")
        let entries = try reading.all(from: shard.log.horizon)
        #expect(entries.allSatisfy { $0.cut.count <= 3_500 })
        #expect(entries.count < 6)
        #expect(try records(of: entries).map(\.record) == put)
    }

    @Test func `an event holds at most one mebibyte of data, or one larger record alone`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s", recordKiB: 10_240).shards[0])
        let mebibyte = 1 << 20
        let sizes = [
            mebibyte / 2, mebibyte / 2,  // exactly full
            mebibyte / 2, mebibyte / 2 + 1,  // one byte too many: apart
            10, 3 * mebibyte, 10, mebibyte + 1, mebibyte, 1,
        ]
        let put = sizes.enumerated().map {
            TestRecord(key: "\($0.offset)", data: [UInt8](repeating: 7, count: $0.element))
        }
        try store.put(put, into: shard)
        let entries = try Reading(store, "s").all(from: shard.log.horizon)
        #expect(entries.map(\.cut.count) == [2, 1, 2, 1, 1, 1, 1, 1])
        #expect(try records(of: entries).map(\.record) == put)
    }

    @Test func `a place below the horizon is told to be trimmed`() throws {
        let store = try Store { $0.segmentBytes = 1 << 20 }
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let start = shard.log.horizon
        let block = [UInt8](repeating: 3, count: 256 << 10)
        try store.put((0..<12).map { TestRecord(key: "\($0)", data: block) }, into: shard)
        store.clock.advance(seconds: 100_000)
        try store.put([TestRecord(key: "young", data: [1])], into: shard)
        let reading = try Reading(store, "s")
        let old = try reading.event(start)
        reading.forget()
        store.log.trim(shard.log, olderThan: store.clock.now - 1000)
        store.log.housekeep()
        #expect(shard.log.horizon > start)
        guard case .trimmed(let next) = reading.cut(start) else {
            Issue.record("\(reading.cut(start))")
            return
        }
        #expect(next == shard.log.horizon)
        guard case .trimmed = reading.again(old.cut) else {
            Issue.record("a trimmed event was encoded again")
            return
        }
        let rest = try records(of: reading.all(from: start))
        #expect(rest.last?.record == TestRecord(key: "young", data: [1]))
    }

    @Test func `a closed shard is read to its end`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let put = (0..<3).map { TestRecord(key: "\($0)", data: [9]) }
        try store.put(put, into: shard)
        try store.split("s", 0)
        let reading = try Reading(store, "s")
        #expect(try records(of: reading.all(from: shard.log.horizon)).map(\.record) == put)
        #expect(reading.feed.shard.log.isClosed)
    }

    @Test func `rings stay within the reactor's bytes`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s").shards[0])
        let block = [UInt8](repeating: 1, count: 1 << 20)
        try store.put((0..<8).map { TestRecord(key: "\($0)", data: block) }, into: shard)
        let reading = try Reading(store, "s")
        let entries = try reading.all(from: shard.log.horizon)
        #expect(entries.count == 8)
        #expect(reading.budget.used <= Limits.ringBytesPerShard)
        #expect(reading.budget.used > 0)
        let encoded = reading.eventsEncoded
        _ = try reading.event(entries[7].cut.start)
        #expect(reading.eventsEncoded == encoded)
        // The first was dropped; it is cut anew and is the same.
        #expect(try reading.event(entries[0].cut.start).bytes == entries[0].bytes)
        #expect(reading.eventsEncoded == encoded + 1)
    }

    @Test func `no reactor encodes more than two megabytes of an event at once`() throws {
        let store = try Store()
        defer { store.remove() }
        let shard = try #require(try store.create("s", recordKiB: 4096).shards[0])
        var generator = SeededGenerator(seed: 0x5eed_0317)
        // Keys of control characters take six bytes each in JSON.
        let escaped = String(repeating: "\u{1}", count: 256)
        let many = (0..<3_000).map {
            TestRecord(key: escaped, data: [UInt8(truncatingIfNeeded: $0)])
        }
        let large = TestRecord(key: "large", data: generator.bytes(1_500_000))
        let small = TestRecord(key: "small", data: [1])
        try store.put(many + [small, large, small], into: shard)
        let reading = try Reading(store, "s")
        var position = shard.log.horizon
        var seen: [EventRing.Entry] = []
        var handedOver = 0
        while position < shard.log.tail {
            let cut = reading.feed.cut(
                at: position, now: store.log.nodeMilliseconds(), budget: &reading.budget,
                counters: reading.counters)
            switch cut {
            case .event(let entry):
                #expect(entry.bytes.count < 2 << 20 + 2_000)
                seen.append(entry)
            case .large:
                handedOver += 1
                let waited = reading.feed.cutter.cut(
                    at: position, before: nil, now: store.log.nodeMilliseconds(), mayWait: true)
                let entry = try reading.entry(waited)
                guard case .large = reading.feed.encode(again: entry.cut) else {
                    Issue.record("a large event is encoded again on the reactor")
                    return
                }
                let again = reading.feed.cutter.encode(again: entry.cut, mayWait: true)
                #expect(try reading.entry(again).bytes == entry.bytes)
                seen.append(entry)
            case .cold, .tail, .trimmed, .damaged, .later: throw TimedOut(description: "\(cut)")
            }
            position = try #require(seen.last).cut.end
        }
        #expect(handedOver == 1)
        #expect(seen.count >= 4)
        #expect(try records(of: seen).map(\.record) == many + [small, large, small])
    }
}
