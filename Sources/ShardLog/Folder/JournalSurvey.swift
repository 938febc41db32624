/// What a walk through the journal has shown.
struct JournalSurvey: JournalVisitor {
    private(set) var files: [LogInspection.JournalFile] = []
    private(set) var empty: [String] = []
    private(set) var faults: [JournalFault] = []
    /// By shard: the first extent whose records the segments may lack. All behind it are in the
    /// journal as well.
    private(set) var needed: [UInt64: Extent] = [:]
    /// Without the snapshot nobody knows where the journal has to begin.
    var knowsSnapshot = true
    private var batches: [String: [LogInspection.Batch]] = [:]
    private var closed: Set<String> = []

    var sequences: [UInt64] { files.map(\.sequence) }
    /// Bytes of the batches that were read.
    var bytes: UInt64 { batches.values.joined().reduce(0) { $0 + $1.bytes } }

    mutating func take(
        _ batch: Batch, _ bytes: Span<UInt8>, at offset: Int, in file: JournalFile, isNeeded: Bool
    ) throws(LogError) {
        let header = batch.header
        batches[file.name, default: []].append(
            LogInspection.Batch(
                number: header.number, offset: UInt64(offset), bytes: UInt64(header.totalBytes),
                records: Int(header.recordCount), controlEntries: Int(header.controlCount),
                shards: batch.extents.count, isNeeded: isNeeded && header.recordCount > 0))
        if header.flags & BatchHeader.closedFlag != 0 { closed.insert(file.name) }
        guard isNeeded else { return }
        for extent in batch.extents where needed[extent.shard] == nil {
            needed[extent.shard] = extent
        }
    }

    mutating func meet(_ fault: JournalFault) throws(LogError) {
        if case .lacksBeginning = fault.kind, !knowsSnapshot { return }
        faults.append(fault)
    }

    /// Notes the files when they have been read.
    mutating func note(_ reading: JournalReading, _ lasts: [UInt64?]) {
        empty = reading.headless.map(\.name)
        for (file, last) in zip(reading.files, lasts) {
            files.append(
                LogInspection.JournalFile(
                    name: file.name, bytes: file.bytes, epoch: file.header.epoch,
                    sequence: file.header.sequence, follows: file.header.follows,
                    isFree: last == nil, isClosed: closed.contains(file.name),
                    batches: batches[file.name] ?? []))
        }
    }
}
