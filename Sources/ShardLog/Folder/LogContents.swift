/// What the snapshot and the journal's batches behind it make, without the records.
struct LogContents {
    let snapshot: Snapshot?
    var ledger: Ledger?
    /// By number: how far every shard's log reaches.
    private(set) var shards: [UInt64: Snapshot.ShardState] = [:]
    /// Shards of which a batch says that they are gone.
    private(set) var removed: Set<UInt64> = []
    /// Of the control entries behind the snapshot, in order.
    private(set) var payloads: [[UInt8]] = []
    /// The highest ceiling, or that of the batch with which the log was closed, if it is the last.
    var ceiling: Int64 = 0
    /// The last batch that counts.
    var lastNumber: UInt64 = 0
    /// The highest number that any batch has, also one that does not count.
    var highestNumber: UInt64 = 0
    /// The records of batches up to this one are durable in the segments.
    var segmentsThrough: UInt64 = 0

    init(snapshot: Snapshot?, ledger: Ledger?) {
        self.snapshot = snapshot
        self.ledger = ledger
        guard let snapshot else { return }
        for state in snapshot.shards { shards[state.description.number.rawValue] = state }
        ceiling = snapshot.ceilingMilliseconds
        lastNumber = snapshot.batch
    }

    /// Takes in the next batch.
    mutating func take(_ batch: Batch) {
        let header = batch.header
        highestNumber = max(highestNumber, header.number)
        // The last batch of a log that was closed says what was needed, which may be less than
        // what had been laid by.
        if header.flags & BatchHeader.closedFlag != 0 {
            ceiling = header.ceilingMilliseconds
        } else {
            ceiling = max(ceiling, header.ceilingMilliseconds)
        }
        segmentsThrough = max(segmentsThrough, header.segmentsThrough)
        for control in batch.controls {
            for shard in control.opens where shards[shard.number.rawValue] == nil {
                shards[shard.number.rawValue] = Snapshot.ShardState(description: shard)
            }
            for shard in control.closes { shards[shard.rawValue]?.description.isClosed = true }
            for shard in control.removes { removed.insert(shard.rawValue) }
            if header.number > snapshot?.batch ?? 0 { payloads.append(control.payload) }
        }
        for extent in batch.extents { take(extent) }
    }

    private mutating func take(_ extent: Extent) {
        let number = ShardNumber(rawValue: extent.shard)
        var state =
            shards[extent.shard]
            ?? Snapshot.ShardState(
                description: ShardDescription(number: number, createdMilliseconds: 0))
        let end = extent.start + extent.byteCount
        if end > state.tail {
            state.tail = end
            state.records = extent.ordinal + UInt64(extent.recordCount)
        }
        state.lastIndex = max(state.lastIndex, extent.lastIndex)
        state.lastArrivalMilliseconds = max(
            state.lastArrivalMilliseconds, extent.lastArrivalMilliseconds)
        shards[extent.shard] = state
    }

    /// What the segments were found to have behind a shard's tail is part of its log.
    mutating func adopt(_ state: Snapshot.ShardState) {
        shards[state.description.number.rawValue] = state
    }

    /// From where on a shard's records are kept; nil if there is no ledger that says so.
    func keptFrom(_ shard: UInt64) -> UInt64? {
        ledger.map { $0.keptFrom[shard] ?? 0 }
    }

    /// Whether the ledger knows of a journal file, or of a batch, that was not found.
    /// - Parameter sequences: those of the files that were.
    func lacksJournal(_ sequences: [UInt64]) -> Bool {
        guard let ledger else { return false }
        let newest = sequences.max() ?? 0
        let isRecycled = snapshot?.batch ?? 0 >= ledger.batch && newest > ledger.journalSequence
        let lacksFile =
            ledger.journalSequence > 0 && !sequences.contains(ledger.journalSequence)
            && !isRecycled
        return lacksFile || lastNumber < ledger.batch
    }
}
