internal import Kinesis
public import ShardLog
internal import Synchronization

/// Streams, shards, consumers and cursors: the state that the journal's control entries make.
///
/// | part | owner | others |
/// |---|---|---|
/// | pending state: every entry handed to the log | whoever holds the mutex in `perform` | nobody |
/// | published state: every durable entry | the committer's thread | `checkpoint` takes a copy |
/// | snapshot: what readers see | immutable | everybody, by `version` and `snapshot` |
/// | cursors in memory | a mutex, for one change | reactors note, the housekeeper flushes |
///
/// A change is validated against the pending state and handed to the log under one mutex, so the
/// journal's order is that of validation. What is handed over and refused by the disk ends the
/// log's taking of writes, so the pending state is never ahead of a journal that goes on.
public final class Catalog: Sendable {
    private let log: ShardLog
    private let publication: Publication
    private let pending: Mutex<CatalogState>
    /// The last entry that a stored snapshot covers.
    private let savedSerial: Mutex<UInt64>

    /// Opens the log, restores the catalog from it, and wires one to the other. Waits for the disk.
    ///
    /// Cursors that stand behind records which a recovery did not find are set back to the end of
    /// what it found.
    public static func open(
        _ configuration: ShardLog.Configuration
    ) throws(LogError) -> (log: ShardLog, catalog: Catalog) {
        let publication = Publication()
        let log = try ShardLog.open(
            configuration,
            restore: { snapshot, payloads in try publication.restore(snapshot, payloads) },
            apply: { payload, batch in publication.apply(payload, batch: batch) })
        return (log, Catalog(log, publication))
    }

    private init(_ log: ShardLog, _ publication: Publication) {
        self.log = log
        self.publication = publication
        let state = publication.start(log)
        pending = Mutex(state)
        savedSerial = Mutex(state.serial)
    }

    // MARK: Reading

    /// Grows whenever a new snapshot is published: look at `snapshot` again only then.
    public var version: UInt64 { publication.version }

    /// The last durable state. Any thread.
    public var snapshot: CatalogSnapshot { publication.snapshot }

    // MARK: Changing

    /// Validates a change and hands its entry to the log. Any thread.
    ///
    /// What is returned holds once the log tells the waiter that the entry is applied; from then
    /// on `snapshot` shows it.
    @discardableResult
    public func perform(
        _ change: CatalogChange, waiter: Waiter?
    ) throws(CatalogRefusal) -> CatalogResult {
        if case .refusing(let reason) = log.health { throw .refusing(reason: reason) }
        if case .commitCursor(let consumer, let shard, _) = change {
            try reserveCursor(consumer, shard)
        }
        return try pending.withLock { (state) throws(CatalogRefusal) -> CatalogResult in
            let plan = try state.plan(change, at: max(second, state.second))
            submit(plan.entry, to: &state, waiter)
            return plan.result
        }
    }

    /// The log's time, which does not go back.
    private var second: UInt64 {
        let milliseconds = max(log.nodeMilliseconds(), 0)
        return min(UInt64(milliseconds) / 1000, SequenceNumber.greatestSecond)
    }

    /// Numbers an entry, makes its change in the pending state, and hands it to the log; the
    /// caller holds the mutex.
    private func submit(_ entry: any Entry, to state: inout CatalogState, _ waiter: Waiter?) {
        let numbered = NumberedEntry(serial: state.serial + 1, entry: entry)
        let shards = entry.shards(in: state)
        do throws(CatalogError) {
            try state.apply(numbered)
        } catch {
            preconditionFailure("an entry that was planned: \(error)")
        }
        log.submit(
            ControlEntry(
                payload: numbered.encoded(), opens: shards.opens, closes: shards.closes,
                removes: shards.removes),
            waiter: waiter)
    }

    // MARK: Cursors

    /// Where a consumer is in a shard; nil if it was never there.
    public func cursor(consumer: UInt64, shard: ShardNumber) -> Cursor? {
        publication.cursors.cursor(CursorKey(consumer: consumer, shard: shard))
    }

    /// The shards in which a consumer has been, and where it is.
    public func cursors(consumer: UInt64) -> [ShardNumber: Cursor] {
        publication.cursors.cursors(of: consumer)
    }

    /// Notes where a subscription starts: behind the record of `index`. Only a consumer's first
    /// one in the shard counts. In memory at once, in the journal with the next flush.
    /// - Returns: false if the consumer is gone or the node has as many cursors as it may.
    @discardableResult
    public func noteOrigin(
        consumer: UInt64, shard: ShardNumber, index: UInt64, milliseconds: Int64 = 0
    ) -> Bool {
        publication.cursors.setOrigin(
            CursorKey(consumer: consumer, shard: shard),
            CursorPoint(index: index, milliseconds: milliseconds))
    }

    /// Notes the last place that was sent; one that is not beyond the present one is passed over.
    @discardableResult
    public func noteSent(
        consumer: UInt64, shard: ShardNumber, index: UInt64, milliseconds: Int64 = 0
    ) -> Bool {
        publication.cursors.advance(
            CursorKey(consumer: consumer, shard: shard),
            sent: CursorPoint(index: index, milliseconds: milliseconds), credited: nil)
    }

    /// Notes the last place whose bytes the client has taken; one that is not beyond the present
    /// one is passed over.
    @discardableResult
    public func noteCredited(
        consumer: UInt64, shard: ShardNumber, index: UInt64, milliseconds: Int64 = 0
    ) -> Bool {
        publication.cursors.advance(
            CursorKey(consumer: consumer, shard: shard), sent: nil,
            credited: CursorPoint(index: index, milliseconds: milliseconds))
    }

    /// Writes the cursors that have moved since the last call into the journal. The housekeeper
    /// calls it about once a second, and once before the log is closed.
    public func flushCursors() {
        guard case .accepting = log.health else { return }
        var rest = publication.cursors.takeMoved()[...]
        while !rest.isEmpty {
            var entry = CursorsMoved(moves: [])
            var size = 0
            while let move = rest.first, size < CatalogLimits.cursorEntryBytes {
                var writer = EntryWriter()
                CursorsMoved.encode(move, into: &writer)
                size += writer.bytes.count
                entry.moves.append(move)
                rest.removeFirst()
            }
            pending.withLock { state in submit(entry, to: &state, nil) }
        }
    }

    private func reserveCursor(
        _ consumer: UInt64, _ shard: ShardNumber
    ) throws(CatalogRefusal) {
        guard let (stream, _) = snapshot.shard(shard), stream.consumer(id: consumer) != nil else {
            throw .cursorNotFound
        }
        guard publication.cursors.reserve(CursorKey(consumer: consumer, shard: shard)) else {
            throw .cursorLimit(limit: CatalogLimits.cursors)
        }
    }

    // MARK: Housekeeping

    /// Stores the durable state as the log's control snapshot if the log wants one or much has
    /// happened since the last, so that the journal can be recycled and a start is quick. The
    /// housekeeper calls it about once a second. Waits for the disk.
    /// - Parameter always: whatever has happened, if anything; for an orderly end.
    public func checkpoint(always: Bool = false) throws(LogError) {
        let wanted = log.wantsSnapshot
        let (state, batch) = publication.durable()
        let saved = savedSerial.withLock { $0 }
        guard wanted || state.serial - saved >= CatalogLimits.entriesPerCheckpoint || always else {
            return
        }
        let pendingSerial = pending.withLock { $0.serial }
        guard batch > 0 else {
            // The entries since the last snapshot are of an earlier start, whose batches have no
            // numbers here. An entry that changes nothing gives one for the next call.
            if wanted, pendingSerial == state.serial {
                pending.withLock { state in submit(CursorsMoved(moves: []), to: &state, nil) }
            }
            return
        }
        guard state.serial > saved || wanted else { return }
        // More entries of the same batch may be on their way, unless all that was handed over is
        // applied. They would be found again if only the batch before counts as covered; those
        // that the snapshot has are then passed over by their numbers.
        let covered = pendingSerial == state.serial ? batch : batch - 1
        try log.saveSnapshot(state.encoded(), batch: covered)
        savedSerial.withLock { $0 = max($0, state.serial) }
    }

    /// Drops closed shards that have been closed for longer than their stream keeps records and
    /// have none left. The housekeeper calls it about once a minute.
    public func forgetExpiredShards() {
        var expired: [(stream: UInt64, shards: [ShardID])] = []
        let now = second
        snapshot.visitStreams { stream in
            guard stream.shards.count > stream.open.count else { return true }
            var shards: [ShardID] = []
            stream.shards.visit { shard in
                if let closed = shard.closedSecond,
                    now > closed + UInt64(stream.retentionHours) * 3600,
                    shard.log.horizon == shard.log.tail
                {
                    shards.append(shard.id)
                }
                return shards.count < CatalogLimits.forgottenShardsPerEntry
            }
            if !shards.isEmpty { expired.append((stream.id, shards)) }
            return true
        }
        for (stream, shards) in expired {
            do throws(CatalogRefusal) {
                try perform(.forgetShards(stream: stream, shards: shards), waiter: nil)
            } catch {
                // The stream was deleted meanwhile, or the log takes no writes: the next call
                // finds what is left.
                continue
            }
        }
    }
}
