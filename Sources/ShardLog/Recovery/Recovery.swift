internal import System
internal import Glibc
internal import Synchronization

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
    let epoch = UInt64.random(in: 1...UInt64.max)
    var lastNumber: UInt64 = 0
    var ceiling: Int64 = 0

    var snapshot: Snapshot?
    var ledger: Ledger?
    var states: [UInt64: Snapshot.ShardState] = [:]
    var payloads: [[UInt8]] = []
    var segmentsThrough: UInt64 = 0
    var highestNumber: UInt64 = 0
    var slots: [Journal.Slot] = []
    var nextName: UInt64 = 0
    var highestSequence: UInt64 = 0
    var replay: Replay
    var notes: [String] = []

    var root: String { configuration.folder }

    /// A journal file with a good header.
    struct Found {
        var name: String
        var file: any File
        var bytes: UInt64
        var header: Journal.Header
    }

    init(
        _ configuration: ShardLog.Configuration, _ segmentFiles: SegmentFiles
    ) throws(LogError) {
        self.configuration = configuration
        self.segmentFiles = segmentFiles
        files = configuration.files
        replay = Replay(configuration, segmentFiles)
    }

    mutating func run(
        restore: (_ snapshot: [UInt8]?, _ payloads: [[UInt8]]) throws -> [ShardDescription]
    ) throws(LogError) -> ShardLog {
        let lock = try takeFolder()
        try readSnapshot()
        try readLedger()
        try replay.findSegments()
        try readJournal()
        try replay.finish()
        try adoptRecords()
        let described: [ShardDescription]
        do {
            described = try restore(snapshot?.payload, payloads)
        } catch let error as LogError {
            throw error
        } catch {
            throw LogError(.restoreFailed("\(error)"), file: root)
        }
        let clock = LogClock(
            configuration, known: lastKnownMilliseconds, skips: ledger?.skips ?? [])
        let nodeTime = NodeTime(present: { clock.now() }, notBefore: ceiling)
        let shards = try makeShards(described, nodeTime)
        let journal = Journal(
            folder: Folder.journal(root), fileBytes: configuration.journalFileBytes, files: files,
            Journal.State(
                slots: slots, nextName: nextName, nextSequence: highestSequence + 1,
                nextBytes: nextBytes))
        return ShardLog(
            configuration,
            ShardLog.Recovered(
                segmentFiles: segmentFiles, clock: clock, ledger: ledger,
                needsSnapshot: replay.isShort, nodeTime: nodeTime, journal: journal, lock: lock,
                shards: shards,
                lastBatch: lastNumber, segmentsThrough: lastNumber,
                snapshotBatch: snapshot?.batch ?? 0, controls: payloads.count,
                notes: notes + replay.notes))
    }

    // The folder.

    private func takeFolder() throws(LogError) -> FolderLock {
        do throws(SystemError) {
            try files.makeFolder(root)
            guard let lock = try FolderLock(root, files) else {
                throw SystemError(errno: EWOULDBLOCK, operation: "")
            }
            try checkFormat()
            try files.makeFolder(Folder.journal(root))
            try files.makeFolder(Folder.segments(root))
            try files.syncFolder(root)
            try? files.unlink(Folder.newSnapshot(root))
            return lock
        } catch {
            if error.errno == EWOULDBLOCK { throw LogError(.locked, file: root) }
            if let found = formatFound(error) {
                throw LogError(
                    .newerFormat(found: found, supported: Limits.formatVersion), file: root)
            }
            if error.operation == Self.foreign {
                throw LogError(.foreign("the file \"format\" is not ours"), file: root)
            }
            throw LogError(error, file: root)
        }
    }

    private static let foreign = "format"
    private static let newer = "format "

    private func formatFound(_ failure: SystemError) -> UInt32? {
        guard failure.operation.hasPrefix(Self.newer) else { return nil }
        return UInt32(failure.operation.dropFirst(Self.newer.utf8.count))
    }

    /// The file `format` holds one line, "weir log 2". It is written before anything else.
    private func checkFormat() throws(SystemError) {
        let file = try files.open(Folder.format(root), create: true)
        let bytes = try file.read(at: 0, count: 64)
        let names = try files.list(root)
        if bytes.isEmpty, names.allSatisfy({ $0 == "format" || $0 == "lock" }) {
            try file.write(Array("weir log \(Limits.formatVersion)\n".utf8), at: 0)
            try file.sync()
            try files.syncFolder(root)
            return
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("weir log "), text.hasSuffix("\n"),
            let version = UInt32(text.dropFirst("weir log ".utf8.count).dropLast())
        else { throw SystemError(errno: EINVAL, operation: Self.foreign) }
        guard version <= Limits.formatVersion else {
            throw SystemError(errno: EINVAL, operation: Self.newer + String(version))
        }
        guard version < Limits.formatVersion else { return }
        // Said before anything of the newer format is written: an older program, which would take
        // that for damage, refuses the folder from here on.
        try file.write(Array("weir log \(Limits.formatVersion)\n".utf8), at: 0)
        try file.sync()
    }

    private mutating func readSnapshot() throws(LogError) {
        do throws(SystemError) {
            let file = try files.open(Folder.snapshot(root), create: false)
            let bytes = try file.read(at: 0, count: Int(file.size()))
            guard let found = Snapshot(bytes.span) else {
                throw SystemError(errno: EBADMSG, operation: "checksum")
            }
            snapshot = found
            for state in found.shards { states[state.description.number.rawValue] = state }
            ceiling = found.ceilingMilliseconds
            lastNumber = found.batch
        } catch {
            if error.errno == ENOENT { return }
            if error.errno == EBADMSG {
                throw LogError(
                    .damaged("the snapshot's checksum is wrong"), file: Folder.snapshot(root),
                    offset: 0)
            }
            throw LogError(error, file: Folder.snapshot(root))
        }
    }

    private mutating func readLedger() throws(LogError) {
        do throws(SystemError) {
            guard let bytes = try files.contents(of: Folder.ledger(root)) else { return }
            ledger = Ledger(bytes.span)
            if ledger == nil {
                notes.append(
                    "\(Folder.ledger(root)): its checksum is wrong; a new one is made. What is "
                        + "missing in the folder would not be noticed at this start")
            }
        } catch {
            throw LogError(error, file: Folder.ledger(root))
        }
    }

    /// The last time that the folder tells of. One without a ledger was left by an older program,
    /// whose node time may have been ahead for good: it is a bound for how far the wall clock can
    /// be believed to be ahead, and says nothing of one that is behind.
    private var lastKnownMilliseconds: Int64? {
        if let ledger { return ledger.logMilliseconds }
        guard ceiling > 0 else { return nil }
        return min(ceiling, configuration.wallMilliseconds())
    }

    // The shards.

    private mutating func makeShards(
        _ described: [ShardDescription], _ nodeTime: NodeTime
    ) throws(LogError) -> [ShardNumber: Shard] {
        var shards: [ShardNumber: Shard] = [:]
        for description in described {
            let number = description.number.rawValue
            let state = states[number] ?? Snapshot.ShardState(description: description)
            let from = ledger.map { $0.keptFrom[number] ?? 0 }
            let segments = try replay.keep(shard: number, from: from ?? 0, tail: state.tail)
            let missing = try replay.missing(of: state, in: segments, from: from)
            shards[description.number] = Shard(
                description,
                Shard.Origin(
                    tail: state.tail, records: state.records, lastIndex: state.lastIndex,
                    lastArrivalMilliseconds: state.lastArrivalMilliseconds,
                    horizon: segments.first?.base ?? state.tail, segments: segments,
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
