import Glibc
import Kinesis
import ShardLog
import Synchronization
import Testing
import TestSupport

@testable import Catalog

/// The catalog over a real log in a temporary folder.
@Suite(.serialized) struct CatalogLogTests {
    private func stream(_ node: CatalogNode, _ name: String) throws -> StreamState {
        try #require(node.catalog.snapshot.stream(key(name)))
    }

    @Test func `what was told is shown, and is there again after a crash`() throws {
        let folder = TemporaryFolder()
        let node = try CatalogNode(folder)
        let version = node.catalog.version
        try node.perform(create("s", shards: 2))
        #expect(node.catalog.version > version)
        try node.perform(create("gone"))
        try node.perform(
            .splitShard(key("s"), shard: ShardID(index: 0), newStartingHashKey: 1 << 100))
        guard
            case .consumerRegistered(let consumer) = try node.perform(
                .registerConsumer(key("s"), name: "c"))
        else {
            Issue.record("another result")
            return
        }
        try node.perform(.deleteStream(key("gone"), enforceConsumerDeletion: false))
        let child = try #require(try stream(node, "s").shards[2])
        let index = try #require(try node.put(child))
        try node.perform(
            .commitCursor(
                consumer: consumer.id, shard: child.number,
                CursorPoint(index: index, milliseconds: 1)))
        let closed = try #require(try stream(node, "s").shards[0])
        #expect(closed.isClosed && closed.log.isClosed)
        #expect(try node.put(closed) == nil)

        let again = try CatalogNode(try folder.copy())
        #expect(again.bytes == node.bytes)
        let restored = try stream(again, "s")
        #expect(restored.consumer(named: "c") == consumer)
        #expect(restored.shards.count == 4 && restored.open.count == 3)
        #expect(again.catalog.snapshot.stream(key("gone")) == nil)
        let restoredChild = try #require(restored.shards[2])
        #expect(restoredChild.log.lastIndex == index)
        #expect(restored.shards[0]?.log.isClosed == true)
        #expect(
            again.catalog.cursor(consumer: consumer.id, shard: child.number)?.committed?.index
                == index)
        // Changes go on from there.
        let later = try #require(try again.put(restoredChild))
        #expect(later > index)
        try again.perform(.deregisterConsumer(key("s"), name: "c"))
        #expect(again.catalog.cursor(consumer: consumer.id, shard: child.number) == nil)
        try again.perform(create("gone"))
        #expect(try stream(again, "gone").id == 3)
        try again.log.close()
        try node.log.close()
    }

    @Test func `random changes, crashes and snapshots end in the state of the model`() throws {
        for seed in 0..<UInt64(rounds(2)) {
            let clock = TestClock()
            var folder = TemporaryFolder()
            var node = try CatalogNode(folder, clock)
            var changes = RandomChanges(seed: seed &+ 300)
            // Chooses the changes; the node's own clock decides their seconds.
            var chooser = Journal()
            for step in 0..<120 {
                clock.advance(Int64.random(in: 0...2, using: &changes.generator))
                chooser.state = node.catalog.pending.withLock { $0.state }
                chooser.payloads = []
                changes.second = UInt64(clock.now() / 1000)
                if let change = changes.choose(chooser.state) {
                    do throws(CatalogRefusal) {
                        try node.catalog.perform(change, waiter: nil)
                    } catch {}
                }
                if step % 40 == 39 {
                    try node.waitForLog()
                    if changes.generator.chance(2) {
                        let (state, batch) = node.catalog.publisher.durable()
                        try node.log.saveSnapshot(state.encoded(), batch: batch)
                    }
                    let expected = node.bytes
                    let copy = try folder.copy()
                    try node.log.close()
                    (folder, node) = (copy, try CatalogNode(copy, clock))
                    #expect(node.bytes == expected, "seed \(seed)")
                }
            }
            try node.log.close()
        }
    }

    @Test func `cursors move at once, and are in the journal after a flush`() throws {
        let folder = TemporaryFolder()
        let node = try CatalogNode(folder)
        try node.perform(create("s"))
        try node.perform(.registerConsumer(key("s"), name: "c"))
        let shard = try #require(try stream(node, "s").shards[0])
        let index = try #require(try node.put(shard))
        #expect(node.catalog.noteOrigin(consumer: 1, shard: shard.number, index: 0))
        #expect(node.catalog.noteSent(consumer: 1, shard: shard.number, index: index))
        #expect(
            node.catalog.noteCredited(
                consumer: 1, shard: shard.number, index: index, milliseconds: 7))
        let expected = Cursor(
            origin: CursorPoint(index: 0, milliseconds: 0),
            sent: CursorPoint(index: index, milliseconds: 0),
            credited: CursorPoint(index: index, milliseconds: 7))
        #expect(node.catalog.cursor(consumer: 1, shard: shard.number) == expected)
        #expect(node.catalog.cursors(consumer: 1) == [shard.number: expected])
        let version = node.catalog.version
        node.catalog.flushCursors()
        try node.waitForLog()
        #expect(node.catalog.version == version)
        let again = try CatalogNode(try folder.copy())
        #expect(again.catalog.cursor(consumer: 1, shard: shard.number) == expected)
        // A cursor that stands behind what is there is set back to the end at the next start.
        #expect(
            again.catalog.noteCredited(
                consumer: 1, shard: shard.number, index: index + 1000, milliseconds: 8))
        again.catalog.flushCursors()
        try again.waitForLog()
        try again.log.close()
        try node.log.close()
    }

    @Test func `a cursor beyond what was recovered is set back to its end`() throws {
        let folder = TemporaryFolder()
        let node = try CatalogNode(folder)
        try node.perform(create("s"))
        try node.perform(.registerConsumer(key("s"), name: "c"))
        let shard = try #require(try stream(node, "s").shards[0])
        let index = try #require(try node.put(shard))
        try node.perform(
            .commitCursor(
                consumer: 1, shard: shard.number,
                CursorPoint(index: index + 5000, milliseconds: 1)))
        let again = try CatalogNode(try folder.copy())
        let cursor = try #require(again.catalog.cursor(consumer: 1, shard: shard.number))
        #expect(cursor.committed?.index == index)
        try again.log.close()
        try node.log.close()
    }

    @Test func `many moved cursors go into several entries`() throws {
        let folder = TemporaryFolder()
        let node = try CatalogNode(folder)
        try node.perform(create("s", shards: 2000))
        try node.perform(.registerConsumer(key("s"), name: "c"))
        try node.perform(.registerConsumer(key("s"), name: "d"))
        for shard in try stream(node, "s").shards {
            for consumer in UInt64(1)...2 {
                #expect(
                    node.catalog.noteOrigin(
                        consumer: consumer, shard: shard.number, index: 1 << 60,
                        milliseconds: 1_800_000_000_000))
            }
        }
        let before = node.catalog.publisher.durable().state.serial
        node.catalog.flushCursors()
        try node.waitForLog()
        #expect(node.catalog.publisher.durable().state.serial >= before + 2)
        let again = try CatalogNode(try folder.copy())
        #expect(again.catalog.cursors(consumer: 1).count == 2000)
        #expect(again.catalog.cursors(consumer: 2).count == 2000)
        try again.log.close()
        try node.log.close()
    }

    @Test func `a commit needs its consumer and shard`() throws {
        let folder = TemporaryFolder()
        let node = try CatalogNode(folder)
        try node.perform(create("s"))
        #expect(throws: CatalogRefusal.cursorNotFound) {
            try node.perform(
                .commitCursor(
                    consumer: 1, shard: ShardNumber(rawValue: 1),
                    CursorPoint(index: 1, milliseconds: 1)))
        }
        try node.log.close()
    }

    @Test func `snapshots are stored when the log wants them, and the journal is recycled`() throws
    {
        let folder = TemporaryFolder()
        let node = try CatalogNode(folder)
        try node.perform(create("s"))
        let shard = try #require(try stream(node, "s").shards[0])
        // Records only: the newest batches have no control entry in them.
        let data = [UInt8](repeating: 7, count: 60_000)
        var wanted = 0
        for _ in 0..<30 {
            _ = try node.put(shard, data)
            node.log.housekeep()
            if node.log.wantsSnapshot { wanted += 1 }
            node.catalog.flushCursors()
            try node.catalog.checkpoint()
            try node.waitForLog()
        }
        #expect(wanted > 0)
        // It comes to rest: what the log wants, it has got.
        for _ in 0..<6 {
            node.log.housekeep()
            try node.catalog.checkpoint()
            try node.waitForLog()
        }
        #expect(!node.log.wantsSnapshot)
        let saved = node.catalog.saved.withLock { $0 }
        #expect(saved.batch > 0)
        let again = try CatalogNode(try folder.copy())
        #expect(again.bytes == node.bytes)
        try again.log.close()
        try node.log.close()
    }

    @Test func `a log that wants a snapshot right after its start gets one`() throws {
        let folder = TemporaryFolder()
        let node = try CatalogNode(folder)
        try node.perform(create("s"))
        try node.perform(.registerConsumer(key("s"), name: "c"))
        for index in UInt64(1)...5000 {
            try node.catalog.perform(
                .commitCursor(
                    consumer: 1, shard: ShardNumber(rawValue: 1),
                    CursorPoint(index: index, milliseconds: 1)),
                waiter: nil)
        }
        try node.waitForLog()
        let copy = try folder.copy()
        let again = try CatalogNode(copy)
        #expect(again.log.wantsSnapshot)
        for _ in 0..<3 {
            try again.catalog.checkpoint()
            try again.waitForLog()
        }
        #expect(!again.log.wantsSnapshot)
        let third = try CatalogNode(try copy.copy())
        #expect(!third.log.wantsSnapshot)
        #expect(third.bytes == again.bytes)
        for some in [node, again, third] { try some.log.close() }
    }

    @Test func `closed shards are forgotten when their time is over and nothing is left`() throws {
        let clock = TestClock()
        let folder = TemporaryFolder()
        let node = try CatalogNode(folder, clock)
        try node.perform(create("s", shards: 2))
        let full = try #require(try stream(node, "s").shards[0])
        let empty = try #require(try stream(node, "s").shards[1])
        _ = try node.put(full)
        for shard in [full, empty] {
            try node.perform(
                .splitShard(
                    key("s"), shard: shard.id, newStartingHashKey: shard.range.start + 9))
        }
        clock.advance(24 * 3600 - 1)
        node.catalog.forgetExpiredShards()
        try node.waitForLog()
        #expect(try stream(node, "s").shards.count == 6)
        clock.advance(10)
        node.catalog.forgetExpiredShards()
        try node.waitForLog()
        #expect(try stream(node, "s").shards.map(\.id.index) == [0, 2, 3, 4, 5])
        #expect(node.log.shard(empty.number) == nil)
        let again = try CatalogNode(try folder.copy(), clock)
        #expect(again.bytes == node.bytes)
        try again.log.close()
        try node.log.close()
    }

    @Test func `changes that a full disk has let go are undone, and others go on`() throws {
        let folder = TemporaryFolder()
        let disk = FullDisk()
        let node = try CatalogNode(folder, files: disk)
        try node.perform(create("before"))
        disk.isFull.store(true, ordering: .relaxed)
        #expect(try node.settle(create("lost")).1 == .failed)
        // Whatever is asked for is handed to the log, which may have a reserve for it.
        #expect(try node.settle(create("another")).1 == .failed)
        let deletion = CatalogChange.deleteStream(key("before"), enforceConsumerDeletion: false)
        #expect(try node.settle(deletion).1 == .failed)
        disk.isFull.store(false, ordering: .relaxed)
        var rounds = 0
        while node.catalog.pending.withLock({ $0.state.stream(key("lost")) }) != nil {
            rounds += 1
            #expect(rounds < 100)
            guard rounds < 100 else { break }
            node.log.housekeep()
            node.catalog.flushCursors()
            usleep(2000)
        }
        #expect(node.log.health == .accepting)
        // Neither the creation nor the deletion has happened, and both can be asked for again.
        try node.perform(create("lost"))
        try node.perform(deletion)
        let snapshot = node.catalog.snapshot
        #expect(snapshot.stream(key("before")) == nil && snapshot.stream(key("lost")) != nil)
        #expect(snapshot.streamCount == 1)
        let again = try CatalogNode(try folder.copy())
        #expect(again.bytes == node.bytes)
        try again.log.close()
        try node.log.close()
    }

    @Test func `a journal of a newer program is not opened`() throws {
        let folder = TemporaryFolder()
        let clock = TestClock()
        let configuration = ShardLog.Configuration(
            folder: folder.path, wallMilliseconds: clock.now)
        let log = try ShardLog.open(
            configuration, restore: { _, _ in [] }, apply: { _, _ in })
        log.submit(ControlEntry(payload: [99, 1, 1]), waiter: nil)
        try log.close()
        do throws(LogError) {
            _ = try Catalog.open(configuration)
            Issue.record("an unknown entry was taken")
        } catch {
            guard case .restoreFailed(let text) = error.reason else {
                Issue.record("another reason: \(error)")
                return
            }
            #expect(
                text.hasPrefix("written by a newer program: control entry of kind 99, version 1"))
        }
    }
}
