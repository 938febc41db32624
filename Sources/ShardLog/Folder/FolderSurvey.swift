internal import Glibc
internal import System

/// What small files, journal and the segments' headers say, as a start would find it.
///
/// The order matters where a server runs: the segments are listed when the tails are known, and the
/// ledger is read after that, so that what retention takes meanwhile is known to have been let go.
struct FolderSurvey {
    let folder: LogFolder
    let isInUse: Bool
    let format: UInt32?
    private(set) var contents: LogContents
    private(set) var journal: JournalSurvey
    /// By shard, sorted by base.
    private(set) var segments: [UInt64: [Segment]] = [:]
    private(set) var headers: [String: SegmentFile] = [:]
    /// Paths of segments that have an index file.
    private(set) var indexed: Set<String> = []
    private(set) var findings: [LogFinding] = []

    /// Shards that the log has.
    var shards: [Snapshot.ShardState] {
        contents.shards.values
            .filter { !contents.removed.contains($0.description.number.rawValue) }
            .sorted { $0.description.number < $1.description.number }
    }

    /// Takes a survey; of a folder in use until two agree in what is wrong, since one that was taken
    /// while the server went on shows what never was at one time.
    static func taken(
        of folder: LogFolder, check: JournalReading.Check
    ) throws(LogError) -> FolderSurvey {
        var survey = try FolderSurvey(folder, check)
        for _ in 0..<attempts {
            guard survey.isInUse, survey.findings.contains(where: { $0.weight == .damage })
            else { break }
            usleep(pauseMicroseconds)
            let next = try FolderSurvey(folder, check)
            if next.findings == survey.findings { return next }
            survey = next
        }
        return survey
    }

    private static let attempts = 5
    static let pauseMicroseconds: UInt32 = 200_000

    private init(_ folder: LogFolder, _ check: JournalReading.Check) throws(LogError) {
        self.folder = folder
        journal = JournalSurvey()
        (isInUse, format) = try Self.look(at: folder)
        contents = LogContents(snapshot: nil, ledger: nil)
        if format == nil {
            add(
                "format",
                "the file is missing or not the log's; it has one line, "
                    + "\"weir log \(Limits.formatVersion)\"", .noStart)
        }
        let snapshot = read(Folder.snapshotName) { () throws(SystemError) in
            try folder.snapshot()
        }
        if case .damaged = snapshot { add(Folder.snapshotName, Self.wrongSum, .noStart, at: 0) }
        contents = LogContents(snapshot: snapshot.value, ledger: nil)
        try readJournal(check, isSnapshotKnown: !snapshot.isDamaged)
        readSegments()
        readLedger()
        for fault in journal.faults { add(fault) }
    }

    private static let wrongSum = "the file's checksum is wrong"

    /// Throws if there is no log, or one of a newer format.
    private static func look(at folder: LogFolder) throws(LogError) -> (Bool, UInt32?) {
        let (names, format, isInUse) = try folder.reading(folder.path) {
            () throws(SystemError) in
            (
                Set(try folder.files.list(folder.path)), try folder.format(),
                try folder.isInUse()
            )
        }
        if case .version(let found) = format {
            guard found <= Limits.formatVersion else {
                throw LogError(
                    .newerFormat(found: found, supported: Limits.formatVersion), file: folder.path)
            }
            return (isInUse, found)
        }
        guard !names.isDisjoint(with: ["journal", "segments", Folder.snapshotName]) else {
            throw LogError(.foreign("there is no log in it"), file: folder.path)
        }
        return (isInUse, nil)
    }

    private mutating func add(
        _ file: String, _ what: String, _ consequence: LogFinding.Consequence,
        at offset: UInt64? = nil, weight: LogFinding.Weight = .damage
    ) {
        findings.append(
            LogFinding(
                weight: weight, file: file, offset: offset, what: what, consequence: consequence))
    }

    private mutating func add(_ fault: JournalFault) {
        let consequence: LogFinding.Consequence =
            if case .copy = fault.kind {
                .none("the segments have them for good")
            } else {
                .noStart
            }
        findings.append(
            LogFinding(
                file: "journal/" + fault.file, offset: UInt64(fault.offset), what: fault.text,
                records: fault.extents.map {
                    LogFinding.Records(
                        shard: ShardNumber(rawValue: $0.shard),
                        afterIndex: $0.firstIndex - min(1, $0.firstIndex),
                        throughIndex: $0.lastIndex, count: UInt64($0.recordCount))
                }, consequence: consequence))
    }

    /// A small file; one that the disk does not give counts as damaged.
    private mutating func read<Value>(
        _ name: String, _ body: () throws(SystemError) -> LogFolder.Stored<Value>
    ) -> LogFolder.Stored<Value> {
        do throws(SystemError) {
            return try body()
        } catch {
            add(name, "the file cannot be read: \(error)", .noStart)
            return .missing
        }
    }

    private mutating func readJournal(
        _ check: JournalReading.Check, isSnapshotKnown: Bool
    ) throws(LogError) {
        var reading: JournalReading
        do throws(LogError) {
            reading = try JournalReading(folder, check: check)
        } catch {
            return add("journal", "the folder cannot be read: \(error)", .noStart)
        }
        for (name, failure) in reading.unreadable {
            add("journal/" + name, "the file cannot be read: \(failure)", .noStart)
        }
        journal.knowsSnapshot = isSnapshotKnown
        let lasts = try reading.read(into: &contents, &journal)
        journal.note(reading, lasts)
    }

    private mutating func readSegments() {
        do throws(SystemError) {
            var listing = try SegmentListing(folder, atOnce: 64)
            while true {
                let entries = try listing.next()
                if entries.isEmpty { break }
                for entry in entries { note(entry) }
            }
        } catch {
            add("segments", "the folder cannot be read: \(error)", .noStart)
        }
        for shard in segments.keys { segments[shard]?.sort { $0.base < $1.base } }
    }

    private mutating func note(_ entry: SegmentListing.Entry) {
        switch entry {
        case .segment(let file, _):
            headers[file.path] = file
            segments[file.shard, default: []].append(file.segment(segmentBytes: 0))
        case .index(let shard, let base):
            indexed.insert(
                Folder.segments(folder.path) + "/" + Segment.name(shard: shard, base: base))
        case .foreign: break
        }
    }

    private mutating func readLedger() {
        let ledger = read(Folder.ledgerName) { [folder] () throws(SystemError) in
            try folder.ledger()
        }
        contents.ledger = ledger.value
        let unnoticed = LogFinding.Consequence.other(
            "Without it nobody notices that a shard's first segments or the newest journal file "
                + "are gone. The next start makes a new one.")
        switch ledger {
        case .missing: add(Folder.ledgerName, "there is none", unnoticed, weight: .note)
        case .damaged: add(Folder.ledgerName, Self.wrongSum, unnoticed, at: 0)
        case .found(let ledger): compare(with: ledger)
        }
    }

    /// A journal file that is gone is known from the ledger; what the segments have of it is taken
    /// by the next start.
    private mutating func compare(with ledger: Ledger) {
        guard contents.lacksJournal(journal.sequences) else { return }
        let what =
            ledger.batch == .max
            ? "a journal file was missing at the last start, which was not ended"
            : "the newest journal file is missing or not what was written: batch "
                + "\(ledger.batch) was durable, and \(contents.lastNumber) is the last that is there"
        // If the file is there, its batches end too early.
        let newest = journal.files.last { $0.sequence == ledger.journalSequence }
        add(
            newest.map { "journal/" + $0.name } ?? "journal", what,
            .other(
                "Changes of streams and consumers behind it are lost. Records are taken from the "
                    + "segments where they are."), at: newest?.end)
        for state in shards {
            var state = state
            let own = segments[state.description.number.rawValue] ?? []
            guard (try? folder.adopt(&state, own)) != nil else { continue }
            contents.adopt(state)
        }
    }

    /// The log of a shard as far as it must be in the segments: from where the journal has it on, the
    /// next start writes it there.
    func settledPart(of state: Snapshot.ShardState) -> Snapshot.ShardState {
        var part = state
        guard let first = journal.needed[state.description.number.rawValue],
            first.start < state.tail
        else { return part }
        part.tail = first.start
        part.records = first.ordinal
        part.lastIndex = first.firstIndex - min(1, first.firstIndex)
        return part
    }

    /// The segments that a shard must have.
    func sorted(_ state: Snapshot.ShardState) -> ShardSegments {
        let number = state.description.number.rawValue
        return ShardSegments(
            folder, segments[number] ?? [], settledPart(of: state), from: contents.keptFrom(number))
    }
}

extension LogFolder.Stored {
    fileprivate var isDamaged: Bool {
        if case .damaged = self { true } else { false }
    }
}
