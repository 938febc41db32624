internal import Synchronization
internal import System

/// The ledger against the journal: a journal file that was removed, emptied or overwritten is
/// noticed, and what the segments have of it is kept.
extension Recovery {
    /// Stands for a batch in the ledger from the moment that something was found missing until a
    /// snapshot has what was found instead.
    private static let unknownBatch = UInt64.max

    mutating func compareWithLedger(_ sequences: [UInt64]) throws(LogError) {
        guard let ledger = contents.ledger, contents.lacksJournal(sequences) else { return }
        replay.isShort = true
        highestSequence = max(highestSequence, ledger.journalSequence)
        notes.append(
            ledger.batch == Self.unknownBatch
                ? "what was found instead of a missing journal file is taken again"
                : "\(Folder.journal(root)): the newest journal file is missing or not what was "
                    + "written: batch \(ledger.batch) was durable, and \(contents.lastNumber) is the last "
                    + "that is there. Changes of streams and consumers behind it are lost; records "
                    + "are taken from the segments where they are")
        // Numbers may have been given out up to a ceiling that nobody knows: one reserve beyond
        // what was written down, and one beyond now.
        let latest = max(contents.ceiling, ledger.ceilingMilliseconds, ledger.logMilliseconds)
        contents.ceiling =
            max(latest, configuration.wallMilliseconds()) + 2 * Limits.ceilingLeadMilliseconds
        var marked = ledger
        marked.batch = Self.unknownBatch
        do throws(SystemError) {
            try files.replace(Folder.ledgerName, in: root, with: marked.encoded())
        } catch {
            throw LogError(error, file: Folder.ledger(root))
        }
    }

    /// Takes what the segments have behind the tails that the journal tells. It was copied there
    /// when it was durable, so it was acknowledged, or would have been.
    mutating func adoptRecords() throws(LogError) {
        guard replay.isShort else { return }
        var records: UInt64 = 0
        var shards = 0
        for number in contents.shards.keys.sorted() {
            guard var state = contents.shards[number] else { continue }
            let count = try replay.adopt(&state)
            guard count > 0 else { continue }
            contents.adopt(state)
            records += count
            shards += 1
        }
        if records > 0 {
            notes.append("\(records) records of \(shards) shards were found in the segments")
        }
    }
}

extension Replay {
    /// Moves a shard's tail over the whole records that its segments have behind it; makes them
    /// durable there.
    fileprivate func adopt(_ state: inout Snapshot.ShardState) throws(LogError) -> UInt64 {
        let before = state.records
        for segment in try folder.adopt(&state, segments[state.description.number.rawValue] ?? []) {
            do throws(SystemError) {
                try files.open(segment.path, create: false).sync()
            } catch {
                throw LogError(error, file: segment.path)
            }
        }
        return state.records - before
    }
}
