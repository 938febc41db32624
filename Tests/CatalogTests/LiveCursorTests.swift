import ShardLog
import Testing

@testable import Catalog

@Suite struct LiveCursorTests {
    private func place(_ consumer: UInt64, _ shard: UInt64) -> CursorKey {
        CursorKey(consumer: consumer, shard: ShardNumber(rawValue: shard))
    }

    private func point(_ index: UInt64) -> CursorPoint {
        CursorPoint(index: index, milliseconds: Int64(index))
    }

    private func cursors(of consumers: [UInt64]) -> LiveCursors {
        let cursors = LiveCursors()
        cursors.follow(CursorEffects(addedConsumers: consumers))
        return cursors
    }

    @Test func `sent and credited never go back, and the origin stays`() {
        let cursors = cursors(of: [1])
        #expect(cursors.cursor(place(1, 1)) == nil)
        #expect(cursors.setOrigin(place(1, 1), point(10)))
        #expect(cursors.setOrigin(place(1, 1), point(3)))
        #expect(cursors.advance(place(1, 1), sent: point(20), credited: nil))
        #expect(cursors.advance(place(1, 1), sent: point(19), credited: point(15)))
        #expect(cursors.advance(place(1, 1), sent: nil, credited: point(14)))
        #expect(
            cursors.cursor(place(1, 1))
                == Cursor(origin: point(10), sent: point(20), credited: point(15)))
    }

    @Test func `a commit is what the consumer says, also an earlier place`() {
        let cursors = cursors(of: [1])
        for index in [UInt64(20), 5] {
            cursors.follow(CursorEffects(committed: (place(1, 1), point(index))))
            #expect(cursors.cursor(place(1, 1))?.committed == point(index))
        }
    }

    @Test func `a subscription resumes after committed, else credited, else the origin`() {
        var cursor = Cursor()
        #expect(cursor.resumption == nil)
        cursor.sent = point(9)
        #expect(cursor.resumption == nil)
        cursor.origin = point(1)
        #expect(cursor.resumption == point(1))
        cursor.credited = point(7)
        #expect(cursor.resumption == point(7))
        cursor.committed = point(4)
        #expect(cursor.resumption == point(4))
    }

    @Test func `what has moved is taken once, as it stands`() {
        let cursors = cursors(of: [1, 2])
        for index in UInt64(1)...5 {
            _ = cursors.advance(place(1, 1), sent: point(index), credited: nil)
        }
        _ = cursors.advance(place(2, 1), sent: nil, credited: point(3))
        let moves = cursors.takeMoved()
        #expect(moves.map(\.key) == [place(1, 1), place(2, 1)])
        #expect(moves.first?.cursor.sent == point(5))
        #expect(cursors.takeMoved().isEmpty)
        _ = cursors.advance(place(1, 1), sent: point(5), credited: nil)
        #expect(cursors.takeMoved().isEmpty)
        _ = cursors.advance(place(1, 1), sent: point(6), credited: nil)
        #expect(cursors.takeMoved().map(\.key) == [place(1, 1)])
    }

    @Test func `a consumer or shard that is gone leaves no cursor, and gets none`() {
        let cursors = cursors(of: [1, 2])
        for consumer in UInt64(1)...2 {
            for shard in UInt64(1)...3 {
                #expect(
                    cursors.advance(place(consumer, shard), sent: point(1), credited: nil))
            }
        }
        cursors.follow(
            CursorEffects(
                forgottenShards: [ShardNumber(rawValue: 2)], consumersOfForgottenShards: [1, 2]))
        #expect(cursors.cursors(of: 1).keys.map(\.rawValue).sorted() == [1, 3])
        cursors.follow(CursorEffects(removedConsumers: [1]))
        #expect(cursors.cursors(of: 1).isEmpty)
        #expect(!cursors.advance(place(1, 1), sent: point(9), credited: nil))
        #expect(!cursors.setOrigin(place(1, 1), point(9)))
        #expect(!cursors.reserve(place(1, 1)))
        #expect(cursors.takeMoved().map(\.key) == [place(2, 1), place(2, 3)])
    }

    @Test func `at the bound a new cursor is not kept and the others move on`() {
        let cursors = cursors(of: [1])
        for shard in 0..<UInt64(CatalogLimits.cursors) {
            guard cursors.reserve(place(1, shard)) else {
                Issue.record("no place for cursor \(shard)")
                return
            }
        }
        let next = UInt64(CatalogLimits.cursors)
        #expect(!cursors.reserve(place(1, next)))
        #expect(!cursors.advance(place(1, next), sent: point(1), credited: nil))
        #expect(cursors.advance(place(1, 0), sent: point(1), credited: nil))
        cursors.follow(
            CursorEffects(
                forgottenShards: [ShardNumber(rawValue: 5)], consumersOfForgottenShards: [1]))
        #expect(cursors.advance(place(1, next), sent: point(1), credited: nil))
    }

    @Test func `a cursor is clamped to the last record that was found`() {
        let cursor = Cursor(
            origin: point(1), sent: point(90), credited: point(50), committed: point(51))
        let clamped = cursor.clamped(to: 50)
        #expect(clamped.origin == point(1))
        #expect(clamped.sent == CursorPoint(index: 50, milliseconds: 90))
        #expect(clamped.credited == point(50))
        #expect(clamped.committed == CursorPoint(index: 50, milliseconds: 51))
    }
}
