internal import System
internal import Synchronization

/// The ledger against the journal: a journal file that was removed, emptied or overwritten is
/// noticed, and what the segments have of it is kept.
extension Recovery {
    /// Stands for a batch in the ledger from the moment that something was found missing until a
    /// snapshot has what was found instead.
    private static let unsettled = UInt64.max

    mutating func compareWithLedger(_ sequences: [UInt64]) throws(LogError) {
        guard let ledger else { return }
        let newest = sequences.max() ?? 0
        let isRecycled = snapshot?.batch ?? 0 >= ledger.batch && newest > ledger.journalSequence
        let lacksFile =
            ledger.journalSequence > 0 && !sequences.contains(ledger.journalSequence)
            && !isRecycled
        guard lacksFile || lastNumber < ledger.batch else { return }
        replay.isShort = true
        highestSequence = max(highestSequence, ledger.journalSequence)
        notes.append(
            ledger.batch == Self.unsettled
                ? "what was found instead of a missing journal file is taken again"
                : "\(Folder.journal(root)): the newest journal file is missing or not what was "
                    + "written: batch \(ledger.batch) was durable, and \(lastNumber) is the last "
                    + "that is there. Changes of streams and consumers behind it are lost; records "
                    + "are taken from the segments where they are")
        // Numbers may have been given out up to a ceiling that nobody knows: one reserve beyond
        // what was written down, and one beyond now.
        let latest = max(ceiling, ledger.ceilingMilliseconds, ledger.logMilliseconds)
        ceiling =
            max(latest, configuration.wallMilliseconds()) + 2 * Limits.ceilingLeadMilliseconds
        var unsettled = ledger
        unsettled.batch = Self.unsettled
        do throws(SystemError) {
            try files.replace(Folder.ledgerName, in: root, with: unsettled.encoded())
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
        for number in states.keys.sorted() {
            guard var state = states[number] else { continue }
            let count = try replay.adopt(&state)
            guard count > 0 else { continue }
            states[number] = state
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
    fileprivate mutating func adopt(
        _ state: inout Snapshot.ShardState
    ) throws(LogError) -> UInt64 {
        var count: UInt64 = 0
        for segment in segments[state.description.number.rawValue] ?? []
        where segment.base <= state.tail && state.tail < segment.capacityEnd
            && segment.fault == nil
        {
            let run = try run(
                of: segment, shard: state.description.number, from: state.tail,
                after: state.lastIndex)
            guard run.end > state.tail else { continue }
            do throws(SystemError) {
                try configuration.files.open(segment.path, create: false).sync()
            } catch {
                throw LogError(error, file: segment.path)
            }
            count += run.count
            state.tail = run.end
            state.records += run.count
            state.lastIndex = run.index
            state.lastArrivalMilliseconds = max(
                state.lastArrivalMilliseconds, run.arrivalMilliseconds)
        }
        return count
    }
}
