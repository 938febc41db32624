/// Sizes and counts that bound the log.
enum Limits {
    // Of the format.
    static let formatVersion: UInt32 = 2
    /// What can be read; a folder of an older one is brought up to date when it is opened.
    static let formats: ClosedRange<UInt32> = 1...formatVersion
    /// A batch starts on a page of its own, so that writing it never touches one that is durable.
    static let pageBytes = 4096
    static let maximumKeyBytes = 65_535
    /// Key and data of one record.
    static let maximumRecordBytes = 16 << 20
    static let maximumPayloadBytes = 8 << 20

    // Ours.
    static let readers = 64
    /// A staging block of ordinary size. A reader keeps `pooledBlocks` free ones: 2 MiB.
    static let blockBytes = 256 << 10
    static let pooledBlocks = 8
    /// No shard may take more of the staging budget than one part in so many.
    static let stagingShares = 4
    /// The file that a log begins with if none is free: 256 commits of a page.
    static let journalStartBytes: UInt64 = 1 << 20
    /// The journal file after that; each next is twice as long, up to the configured length.
    static let journalFirstBytes: UInt64 = 8 << 20
    /// Journal files, at most 64 MiB each: 4 GiB, reached only if segments or snapshots cannot be synced.
    static let journalFiles = 64
    /// Full journal files with which a log is opened without a snapshot first.
    static let journalFilesAtStart = 4
    /// Free journal files that are kept by a log at rest; more are removed.
    static let spareJournalFiles = 2
    /// The sparse index has an entry for so many bytes, and one for each record that is as long:
    /// about 1,024, at most 2,048 entries of 32 bytes a segment of 64 MiB.
    static let sparseBytes: UInt64 = 64 << 10
    /// Of a segment that is still written, so much may be marked and not yet in its index file.
    static let unkeptIndexBytes: UInt64 = 256 << 10
    /// Index files that the housekeeper reads or writes in one round, and what it walks through to
    /// close a gap: some 20 ms of a slow disk each.
    static let indexFilesAtOnce = 64
    static let indexSliceBytes: UInt64 = 4 << 20
    /// What a cold read brings in first; a question for a place needs no more.
    static let firstReadBytes: UInt64 = 128 << 10
    /// What it brings in at a time as it goes on.
    static let mostReadBytes: UInt64 = 1 << 20
    /// Descriptors of the log that are not segments: its lock, folders, a few journal files, and what
    /// is open for a moment.
    static let otherDescriptors = 16
    /// Segments' files and mappings that the log keeps however little it was given.
    static let leastOpenSegments = 8
    static let leastMappings = 64
    /// How far ahead of node time the ceiling is put, and how near it may come.
    static let ceilingLeadMilliseconds: Int64 = 10_000
    static let ceilingMarginMilliseconds: Int64 = 5_000
    /// The ledger is written at least this often, so that a restart knows how late it was.
    static let ledgerMilliseconds: Int64 = 600_000
    /// Control entries after which a snapshot is wanted.
    static let controlEntriesPerSnapshot: UInt64 = 4096
    /// Control entries that wait for the committer; more are answered `.failed`.
    static let waitingControlEntries = 65_536
    /// Free space, beside the reserve, at which a log that lacked space has enough again; or twice
    /// what was lacking, if that is more.
    static let freeBytesToRecover: UInt64 = 1 << 20
    /// With less free than this, records are not even staged while space is lacking.
    static let freeBytesToStage: UInt64 = 128 << 10
    /// What is given up of the reserve at a time.
    static let reserveStep: UInt64 = 1 << 20
}
