public import System

/// A log's folder as it lies on the disk, to be read. Nothing here writes.
///
/// Recovery, ``LogInspection`` and ``LogVerification`` read through it, so that each format has one
/// reader, in this order:
///
/// 1. The small files: `format()`, `snapshot()`, `ledger()`.
/// 2. `JournalReading` lists the journal's files and walks through their batches; `LogContents`
///    gathers what they and the snapshot make.
/// 3. `SegmentListing` reads the segments' headers, `ShardSegments` sorts out which of them a shard
///    needs and what is missing between them.
/// 4. `SegmentReading` walks through a segment's records.
public struct LogFolder: Sendable {
    /// The folder with `journal` and `segments` in it.
    public let path: String
    let files: any FileSystem
    /// Its files are opened for writing as well: recovery goes on with them.
    let isOwned: Bool

    public init(_ path: String, files: any FileSystem = RealFileSystem()) {
        self.init(path, files: files, isOwned: false)
    }

    init(_ path: String, files: any FileSystem, isOwned: Bool) {
        self.path = path
        self.files = files
        self.isOwned = isOwned
    }

    /// Whether a process has the log open now. Takes a shared lock for a moment to find out.
    public func isInUse() throws(SystemError) -> Bool {
        try files.openFolder(path).isLocked()
    }

    /// Opens one of the log's files.
    func open(_ path: String) throws(SystemError) -> any File {
        if isOwned { return try files.open(path, create: false) }
        return try files.openToRead(path)
    }

    /// What the file `format` says.
    enum Format: Hashable {
        /// There is none, or nothing in it.
        case missing
        case version(UInt32)
        case foreign
    }

    /// The file `format` holds one line, "weir log 2".
    func format() throws(SystemError) -> Format {
        guard let bytes = try files.contents(of: Folder.format(path)), !bytes.isEmpty else {
            return .missing
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("weir log "), text.hasSuffix("\n"),
            let version = UInt32(text.dropFirst("weir log ".utf8.count).dropLast())
        else { return .foreign }
        return .version(version)
    }

    /// A file that is replaced whole, as it was found.
    enum Stored<Value> {
        case missing
        /// These are not the bytes that were written.
        case damaged
        case found(Value)

        var value: Value? {
            if case .found(let value) = self { value } else { nil }
        }
    }

    func snapshot() throws(SystemError) -> Stored<Snapshot> {
        guard let bytes = try files.contents(of: Folder.snapshot(path)) else { return .missing }
        return Snapshot(bytes.span).map { .found($0) } ?? .damaged
    }

    func ledger() throws(SystemError) -> Stored<Ledger> {
        guard let bytes = try files.contents(of: Folder.ledger(path)) else { return .missing }
        return Ledger(bytes.span).map { .found($0) } ?? .damaged
    }

    /// Says of which file a failure is.
    func reading<Value>(
        _ path: String, _ read: () throws(SystemError) -> Value
    ) throws(LogError) -> Value {
        do throws(SystemError) {
            return try read()
        } catch {
            throw LogError(error, file: path)
        }
    }
}
