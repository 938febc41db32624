/// Something in a log's folder that is not as it was written, or that a reader should know.
public struct LogFinding: Sendable, Hashable {
    public enum Weight: Sendable, Hashable {
        /// Nothing is wrong with it.
        case note
        /// Bytes are not what was written, or something is gone.
        case damage
    }

    /// What it means for whoever reads the log.
    public enum Consequence: Sendable, Hashable {
        /// Nothing is lost and nothing hidden, for this reason.
        case none(String)
        /// The server does not start with the folder as it is.
        case noStart
        /// Reading comes to an error at the records. Who asks for what comes after the record of this
        /// index, or for what arrived later than it, goes on behind them; nil if there is no such
        /// record in the shard yet.
        case unreadable(resumesAfter: Mark?)
        /// A read that comes to the records is an error once; then it goes on behind them.
        case missing
        /// Anything else, in a sentence.
        case other(String)
    }

    /// A record that can be gone by.
    public struct Mark: Sendable, Hashable {
        public var index: UInt64
        /// Milliseconds since 1970.
        public var arrivalMilliseconds: Int64
    }

    /// Records of one shard.
    public struct Records: Sendable, Hashable {
        public var shard: ShardNumber
        /// They have indices above this; 0 if the shard's oldest are among them.
        public var afterIndex: UInt64
        /// And none above this; nil if that is not known.
        public var throughIndex: UInt64?
        /// How many there are, where that is known.
        public var count: UInt64?

        public init(
            shard: ShardNumber, afterIndex: UInt64, throughIndex: UInt64? = nil,
            count: UInt64? = nil
        ) {
            self.shard = shard
            self.afterIndex = afterIndex
            self.throughIndex = throughIndex
            self.count = count
        }
    }

    public var weight = Weight.damage
    /// Relative to the log's folder.
    public var file: String
    /// The byte in the file, where there is one.
    public var offset: UInt64?
    /// What is wrong, in words that begin a sentence.
    public var what: String
    /// The records that it concerns.
    public var records: [Records] = []
    public var consequence: Consequence

    public init(
        weight: Weight = .damage, file: String, offset: UInt64? = nil, what: String,
        records: [Records] = [], consequence: Consequence
    ) {
        self.weight = weight
        self.file = file
        self.offset = offset
        self.what = what
        self.records = records
        self.consequence = consequence
    }
}
