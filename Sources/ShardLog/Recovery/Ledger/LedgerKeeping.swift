internal import Synchronization
internal import System

/// What is known of the ledger on the disk.
struct LedgerKeeping {
    /// What the disk has; nil if it has none of this life's.
    var stored: Ledger?
    /// By the monotonic clock.
    var storedAt: Int64 = 0
}

extension ShardLog {
    /// Writes the ledger if it has changed or is old. From the same thread as `housekeep`, and when
    /// the log is opened and closed; waits for the disk.
    func keepLedger(always: Bool = false) throws(SystemError) {
        // What a lost journal file had is in no journal until a snapshot has it.
        guard !needsSnapshot.load(ordering: .acquiring) else { return }
        let monotonic = configuration.monotonicMilliseconds()
        let (stored, storedAt) = ledger.withLock { ($0.stored, $0.storedAt) }
        let dropped = trash.withLock { $0.filter { isKept($0.path, by: stored) } }
        let skips = clock.retention.skips
        let batch = durableBatch.load(ordering: .acquiring)
        let sequence = journal.provedSequence(durable: batch)
        let isDue =
            stored?.journalSequence != sequence || stored?.skips != skips || !dropped.isEmpty
            || monotonic - storedAt >= Limits.ledgerMilliseconds || monotonic < storedAt
        guard always || isDue else { return }
        let made = Ledger(
            logMilliseconds: clock.now(),
            ceilingMilliseconds: nodeTime.durableCeiling.load(ordering: .sequentiallyConsistent),
            journalSequence: sequence, batch: batch, skips: skips, keptFrom: keptFrom())
        // On a full disk expired segments are let go by this: it has the reserve.
        let bytes = made.encoded()
        try withReserve(bytes: UInt64(bytes.count)) { () throws(SystemError) in
            try configuration.files.replace(
                Folder.ledgerName, in: configuration.folder, with: bytes)
        }
        ledger.withLock { keeping in
            keeping.stored = made
            keeping.storedAt = monotonic
        }
    }

    /// Whether the ledger on the disk says that this segment must be there, although nobody needs
    /// it any more: it must not be unlinked before another is written.
    func isKept(_ path: String, by stored: Ledger?) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard let (number, base) = Segment.parse(name: name),
            shard(ShardNumber(rawValue: number)) != nil
        else { return false }
        return stored?.keptFrom[number] ?? 0 <= base
    }

    /// From where on each shard has its records, of those that have not kept all.
    private func keptFrom() -> [UInt64: UInt64] {
        var keptFrom: [UInt64: UInt64] = [:]
        for shard in shards.withLock({ Array($0.values) }) {
            let first = shard.segments.withLock { $0.first?.base } ?? shard.tail.offset
            // What is missing must have been there all the same, until it has expired.
            let missing = shard.missing.withLock { $0.first?.positions.lowerBound.offset }
            let from = min(first, missing ?? first)
            if from > 0 { keptFrom[shard.number.rawValue] = from }
        }
        return keptFrom
    }
}

extension Journal {
    /// The sequence of the newest file of which a batch is durable, and so its header.
    func provedSequence(durable batch: UInt64) -> UInt64 {
        state.withLock { state in
            var proved: UInt64 = 0
            for slot in state.slots {
                switch slot.use {
                case .current(let sequence, let follows):
                    if batch > follows { proved = max(proved, sequence) }
                case .used(let sequence, _), .free(let sequence): proved = max(proved, sequence)
                }
            }
            return proved
        }
    }
}
