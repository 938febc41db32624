/// What is in a log's folder, found without a look at the records that the segments have for good.
public struct LogInspection: Sendable {
    /// A batch of a journal file.
    public struct Batch: Sendable, Hashable {
        public var number: UInt64
        /// Where it begins in the file.
        public var offset: UInt64
        /// Without the padding to the next page.
        public var bytes: UInt64
        public var records: Int
        public var controlEntries: Int
        /// Shards with records in it.
        public var shards: Int
        /// The segments may lack its records: the next start writes them there.
        public var isNeeded: Bool
    }

    public struct JournalFile: Sendable, Hashable {
        public var name: String
        public var bytes: UInt64
        /// Of the start that began it, as are the next two.
        public var epoch: UInt64
        /// Above that of every file begun before.
        public var sequence: UInt64
        /// The last batch before the file.
        public var follows: UInt64
        /// Nothing in it is needed any more: it waits to be used again.
        public var isFree: Bool
        /// The log was closed with its last batch.
        public var isClosed = false
        /// Those that count; none are read of a free file.
        public var batches: [Batch] = []

        /// Where the next batch would begin.
        var end: UInt64 {
            let page = UInt64(Limits.pageBytes)
            return batches.last.map { roundedUp($0.offset + $0.bytes, to: page) } ?? page
        }
    }

    public struct Segment: Sendable, Hashable {
        public var name: String
        public var bytes: UInt64
        /// The position of its first record.
        public var base: Position
        /// Bytes of records.
        public var recordBytes: UInt64
        /// Nil where a header that cannot be read would have to say it.
        public var records: UInt64?
        public var firstIndex: UInt64?
        /// No record in it has a higher index.
        public var lastIndex: UInt64?
        public var firstArrivalMilliseconds: Int64?
        public var hasIndexFile: Bool
    }

    public struct Shard: Sendable, Hashable {
        public var description: ShardDescription
        public var tail: Position
        /// Records of the shard, ever.
        public var records: UInt64
        public var lastIndex: UInt64
        public var lastArrivalMilliseconds: Int64
        /// Records from here on are kept; nil if there is no ledger that says so.
        public var keptFrom: Position?
        public var segments: [Segment]
        /// From here on the journal has the records, and the segments may lack them; nil if the
        /// segments have all.
        public var journalFrom: Position?
        /// What must be in the segments and is not.
        public var missing: [MissingRecords]

        /// Records that are kept.
        public var keptRecords: UInt64? {
            segments.reduce(0) { sum, segment in
                segment.records.flatMap { count in sum.map { $0 + count } }
            }
        }
    }

    public let folder: String
    /// A process has the log open: what was seen may have moved meanwhile.
    public let isInUse: Bool
    /// Nil if the file that says so is missing or foreign.
    public let format: UInt32?
    /// Control entries up to this batch are in the snapshot; nil if there is none.
    public let snapshotBatch: UInt64?
    /// The last batch that counts.
    public let lastBatch: UInt64
    /// The records of batches up to this one are durable in the segments.
    public let segmentsThrough: UInt64
    /// The log's time when the ledger was written, milliseconds since 1970; nil if there is none.
    public let ledgerMilliseconds: Int64?
    /// By sequence.
    public let journal: [JournalFile]
    /// Journal files that were never begun.
    public let emptyJournalFiles: [String]
    /// By number.
    public let shards: [Shard]
    /// Segments of shards that are gone or were never known: the next start removes them.
    public let strays: [String]
    /// The owner's state in the snapshot, and its entries behind it, in order.
    public let controlSnapshot: [UInt8]?
    public let controlEntries: [[UInt8]]
    /// What was met on the way.
    public let findings: [LogFinding]
}

extension LogFolder {
    /// Looks what there is. Waits for the disk, and writes nothing.
    public func inspect() throws(LogError) -> LogInspection {
        try FolderSurvey.taken(of: self, check: .needed).inspection()
    }
}
