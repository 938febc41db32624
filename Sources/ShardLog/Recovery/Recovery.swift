internal import Glibc
internal import Synchronization
internal import System

/// Brings a folder back to what was durable in it, and proves it before anything is served.
///
/// The journal is the authority. It is read from the oldest file that is still needed; its control
/// entries go to their owner, its records into the segments again, which are synced. A batch that
/// is damaged below what a later one proves to have been durable is loss, and refused; damage above
/// the last proof is the torn end of a write that nobody was told of, and cut.
struct Recovery {
    let configuration: ShardLog.Configuration
    let files: any FileSystem
    let segmentFiles: SegmentFiles
    let folder: LogFolder
    let epoch = UInt64.random(in: 1...UInt64.max)
    /// What snapshot, ledger and journal say.
    var contents = LogContents(snapshot: nil, ledger: nil)
    var slots: [Journal.Slot] = []
    var nextName: UInt64 = 0
    var highestSequence: UInt64 = 0
    var replay: Replay
    var notes: [String] = []

    var root: String { configuration.folder }

    init(
        _ configuration: ShardLog.Configuration, _ segmentFiles: SegmentFiles
    ) throws(LogError) {
        self.configuration = configuration
        self.segmentFiles = segmentFiles
        files = configuration.files
        folder = LogFolder(configuration.folder, files: files, isOwned: true)
        replay = Replay(configuration, segmentFiles, folder)
    }

    mutating func run(
        restore: (_ snapshot: [UInt8]?, _ payloads: [[UInt8]]) throws -> [ShardDescription]
    ) throws(LogError) -> ShardLog {
        let lock = try takeFolder()
        contents = LogContents(snapshot: try readSnapshot(), ledger: try readLedger())
        try replay.findSegments()
        try readJournal()
        try replay.finish()
        try adoptRecords()
        let described: [ShardDescription]
        do {
            described = try restore(contents.snapshot?.payload, contents.payloads)
        } catch let error as LogError {
            throw error
        } catch {
            throw LogError(.restoreFailed("\(error)"), file: root)
        }
        let clock = LogClock(
            configuration, known: lastKnownMilliseconds, skips: contents.ledger?.skips ?? [])
        let nodeTime = NodeTime(present: { clock.now() }, notBefore: contents.ceiling)
        let shards = try makeShards(described, nodeTime)
        let journal = Journal(
            folder: Folder.journal(root), fileBytes: configuration.journalFileBytes, files: files,
            Journal.State(
                slots: slots, nextName: nextName, nextSequence: highestSequence + 1,
                nextBytes: nextBytes))
        return ShardLog(
            configuration,
            ShardLog.Recovered(
                segmentFiles: segmentFiles, clock: clock, ledger: contents.ledger,
                needsSnapshot: replay.isShort, nodeTime: nodeTime, journal: journal, lock: lock,
                shards: shards,
                lastBatch: contents.lastNumber, segmentsThrough: contents.lastNumber,
                snapshotBatch: contents.snapshot?.batch ?? 0, controls: contents.payloads.count,
                notes: notes + replay.notes))
    }

    // The folder.

    private func takeFolder() throws(LogError) -> FolderLock {
        let lock = try folder.reading(root) { () throws(SystemError) in
            try files.makeFolder(root)
            return try FolderLock(root, files)
        }
        guard let lock else { throw LogError(.locked, file: root) }
        try checkFormat()
        try folder.reading(root) { () throws(SystemError) in
            try files.makeFolder(Folder.journal(root))
            try files.makeFolder(Folder.segments(root))
            try files.syncFolder(root)
            try? files.unlink(Folder.newSnapshot(root))
        }
        return lock
    }

    /// The format is written before anything else.
    private func checkFormat() throws(LogError) {
        let (format, names) = try folder.reading(root) { () throws(SystemError) in
            (try folder.format(), try files.list(root))
        }
        switch format {
        case .version(Limits.formatVersion): return
        case .version(let found) where found > Limits.formatVersion:
            throw LogError(.newerFormat(found: found, supported: Limits.formatVersion), file: root)
        case .version:
            // Said before anything of the newer format is written: an older program, which would
            // take that for damage, refuses the folder from here on.
            try folder.reading(root) { () throws(SystemError) in try writeFormat() }
        case .missing where names.allSatisfy { $0 == "format" || $0 == "lock" }:
            try folder.reading(root) { () throws(SystemError) in
                try writeFormat()
                try files.syncFolder(root)
            }
        case .missing, .foreign:
            throw LogError(.foreign("the file \"format\" is not ours"), file: root)
        }
    }

    private func writeFormat() throws(SystemError) {
        let file = try files.open(Folder.format(root), create: true)
        try file.write(Array("weir log \(Limits.formatVersion)\n".utf8), at: 0)
        try file.sync()
    }

    private func readSnapshot() throws(LogError) -> Snapshot? {
        let path = Folder.snapshot(root)
        let stored = try folder.reading(path) { () throws(SystemError) in try folder.snapshot() }
        if case .damaged = stored {
            throw LogError(.damaged("the snapshot's checksum is wrong"), file: path, offset: 0)
        }
        return stored.value
    }

    private mutating func readLedger() throws(LogError) -> Ledger? {
        let path = Folder.ledger(root)
        let stored = try folder.reading(path) { () throws(SystemError) in try folder.ledger() }
        if case .damaged = stored {
            notes.append(
                "\(path): its checksum is wrong; a new one is made. What is missing in the folder "
                    + "would not be noticed at this start")
        }
        return stored.value
    }

    /// The last time that the folder tells of. One without a ledger was left by an older program,
    /// whose node time may have been ahead for good: it is a bound for how far the wall clock can
    /// be believed to be ahead, and says nothing of one that is behind.
    private var lastKnownMilliseconds: Int64? {
        if let ledger = contents.ledger { return ledger.logMilliseconds }
        guard contents.ceiling > 0 else { return nil }
        return min(contents.ceiling, configuration.wallMilliseconds())
    }

    // The shards.

    private mutating func makeShards(
        _ described: [ShardDescription], _ nodeTime: NodeTime
    ) throws(LogError) -> [ShardNumber: Shard] {
        var shards: [ShardNumber: Shard] = [:]
        for description in described {
            let number = description.number.rawValue
            let state =
                contents.shards[number] ?? Snapshot.ShardState(description: description)
            let segments = try replay.keep(state, from: contents.keptFrom(number))
            let missing = try segments.missing()
            shards[description.number] = Shard(
                description,
                Shard.Origin(
                    tail: state.tail, records: state.records, lastIndex: state.lastIndex,
                    lastArrivalMilliseconds: state.lastArrivalMilliseconds,
                    horizon: segments.kept.first?.base ?? state.tail, segments: segments.kept,
                    missing: missing),
                configuration, nodeTime, segmentFiles)
        }
        try replay.removeRest()
        if replay.asideCount > 0 {
            notes.append(
                "\(replay.asideCount) segments of shards that the log does not know were put into "
                    + Folder.lost(root))
        }
        return shards
    }
}
