internal import ShardLog
internal import Synchronization

/// Every cursor of the node as subscriptions move it, ahead of what the journal knows.
///
/// One mutex, held for the change of one cursor or the gathering of some that moved. A consumer
/// has a place here from the moment its registration is published to that of its end, so a
/// subscription that outlives its consumer by a moment leaves nothing behind.
final class LiveCursors: Sendable {
    private struct Live: Sendable {
        var cursor: Cursor
        /// Moved since the last gathering; the key is in `moved`.
        var isMoved = false
    }

    private struct Table: Sendable {
        var consumers: [UInt64: [ShardNumber: Live]] = [:]
        var moved: [CursorKey] = []
        /// Consumers all of whose cursors count as moved, and are still to be noted so.
        var unmarked: [UInt64] = []
        /// The same of one consumer: its shards.
        var unmarkedShards: (consumer: UInt64, shards: [ShardNumber])?
        var count = 0

        /// Notes some of what counts as moved; answers whether any is left.
        mutating func mark(_ most: Int) -> Bool {
            if unmarkedShards == nil, let consumer = unmarked.popLast() {
                unmarkedShards = (consumer, Array((consumers[consumer] ?? [:]).keys))
            }
            guard let (consumer, shards) = unmarkedShards else { return false }
            for shard in shards.suffix(most) {
                guard let live = consumers[consumer]?[shard], !live.isMoved else { continue }
                consumers[consumer]?[shard]?.isMoved = true
                moved.append(CursorKey(consumer: consumer, shard: shard))
            }
            let rest = Array(shards.dropLast(most))
            unmarkedShards = rest.isEmpty ? nil : (consumer, rest)
            return unmarkedShards != nil || !unmarked.isEmpty
        }

        /// Takes `count` of those that have moved, or all there are.
        mutating func takeMoved(_ count: Int) -> [CursorsMoved.Move] {
            let keys = moved.suffix(count)
            var moves: [CursorsMoved.Move] = []
            moves.reserveCapacity(keys.count)
            for key in keys {
                guard var live = consumers[key.consumer]?[key.shard] else { continue }
                live.isMoved = false
                consumers[key.consumer]?[key.shard] = live
                moves.append(CursorsMoved.Move(key: key, cursor: live.cursor))
            }
            moved.removeLast(keys.count)
            return moves
        }

        /// Changes a cursor; answers false if there is none and there can be none.
        mutating func change(_ key: CursorKey, _ body: (inout Cursor) -> Bool) -> Bool {
            guard consumers[key.consumer] != nil else { return false }
            let present = consumers[key.consumer]?[key.shard]
            if present == nil {
                guard count < CatalogLimits.cursors else { return false }
                count += 1
            }
            var live = present ?? Live(cursor: Cursor())
            if body(&live.cursor), !live.isMoved {
                live.isMoved = true
                moved.append(key)
            }
            consumers[key.consumer]?[key.shard] = live
            return true
        }
    }

    private let table = Mutex(Table())

    func cursor(_ key: CursorKey) -> Cursor? {
        table.withLock { table in
            guard let cursor = table.consumers[key.consumer]?[key.shard]?.cursor,
                !cursor.isEmpty
            else { return nil }
            return cursor
        }
    }

    func cursors(of consumer: UInt64) -> [ShardNumber: Cursor] {
        let live = table.withLock { $0.consumers[consumer] } ?? [:]
        return live.mapValues(\.cursor).filter { !$0.value.isEmpty }
    }

    /// Sets where the first subscription started; later ones change nothing.
    func setOrigin(_ key: CursorKey, _ point: CursorPoint) -> Bool {
        table.withLock { table in
            table.change(key) { cursor in
                guard cursor.origin == nil else { return false }
                cursor.origin = point
                return true
            }
        }
    }

    /// Moves points on; one that is not beyond the present one changes nothing.
    func advance(_ key: CursorKey, sent: CursorPoint?, credited: CursorPoint?) -> Bool {
        table.withLock { table in
            table.change(key) { cursor in
                var isMoved = false
                if let sent, cursor.sent.map({ $0.index < sent.index }) ?? true {
                    cursor.sent = sent
                    isMoved = true
                }
                if let credited, cursor.credited.map({ $0.index < credited.index }) ?? true {
                    cursor.credited = credited
                    isMoved = true
                }
                return isMoved
            }
        }
    }

    /// Makes sure that there is a place for a cursor that will be committed.
    func reserve(_ key: CursorKey) -> Bool {
        table.withLock { table in table.change(key) { _ in false } }
    }

    /// Takes the cursors that have moved since the last call, as they stand.
    ///
    /// Those who note cursors meanwhile wait for at most `some` of them to be gathered.
    func takeMoved(some: Int = 256) -> [CursorsMoved.Move] {
        var moves: [CursorsMoved.Move] = []
        while table.withLock({ $0.mark(some) }) {}
        // What moves again meanwhile is for the next call.
        var left = table.withLock { $0.moved.count }
        moves.reserveCapacity(left)
        while left > 0 {
            let count = min(left, some)
            left -= count
            let part = table.withLock { $0.takeMoved(count) }
            moves += part
        }
        return moves
    }

    /// Has every cursor count as moved, because what was written of them may be lost. That is noted
    /// some at a time, when those that have moved are taken next.
    func markAllMoved() {
        table.withLock { table in
            table.unmarked = Array(table.consumers.keys)
            table.unmarkedShards = nil
        }
    }

    /// Follows an entry that was published.
    func follow(_ effects: CursorEffects) {
        table.withLock { table in
            for consumer in effects.addedConsumers where table.consumers[consumer] == nil {
                table.consumers[consumer] = [:]
            }
            for consumer in effects.removedConsumers {
                table.count -= table.consumers.removeValue(forKey: consumer)?.count ?? 0
            }
            for consumer in effects.consumersOfForgottenShards {
                for shard in effects.forgottenShards
                where table.consumers[consumer]?.removeValue(forKey: shard) != nil {
                    table.count -= 1
                }
            }
            if let (key, point) = effects.committed {
                _ = table.change(key) { cursor in
                    cursor.committed = point
                    return false
                }
            }
        }
    }

    /// Puts a cursor in place at the start.
    func restore(_ key: CursorKey, _ cursor: Cursor) {
        table.withLock { table in
            _ = table.change(key) { present in
                present = cursor
                return false
            }
        }
    }
}

/// What an entry means for the cursors in memory.
struct CursorEffects {
    var addedConsumers: [UInt64] = []
    var removedConsumers: [UInt64] = []
    var forgottenShards: [ShardNumber] = []
    var consumersOfForgottenShards: [UInt64] = []
    var committed: (CursorKey, CursorPoint)?
}
