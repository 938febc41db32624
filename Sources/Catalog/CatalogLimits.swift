/// What the catalog holds at most, and what happens at the bound.
public enum CatalogLimits {
    // From the service that clients know.

    /// Open shards of a stream; above it, changes are refused.
    public static let openShardsPerStream = 10_000
    /// Tags of a stream or of a consumer; a change that would pass it is refused.
    public static let tagsPerResource = 50
    /// Shards of a stream that is created without a count.
    public static let onDemandShards = 4
    /// Hours for which a new stream keeps its records.
    public static let defaultRetentionHours: UInt32 = 24
    /// Kibibytes of a record's data and key in a new stream.
    public static let defaultRecordKiB: UInt32 = 1024
    /// The largest record size that a stream can be created with.
    public static let largestRecordKiB: UInt32 = 10_240
    /// The most write throughput that a stream can be kept ready for, MiB a second.
    public static let warmMiBps: UInt32 = 10_240

    // Ours.

    /// Consumers of a stream; the next registration is refused. The service allows 20, to bound
    /// what it sells; a consumer costs us some 200 bytes, and a subscription only while it is open.
    public static let consumersPerStream = 1000

    /// Consumers of the node; the next registration is refused. With names and ARNs about 0.6 KiB
    /// each: 60 MiB.
    public static let consumers = 100_000
    /// Shards of the node, open and closed; a change that would pass it is refused. A stream has
    /// at least one, so this bounds streams and names too. About 0.5 KiB each: 50 MiB.
    public static let shards = 100_000
    /// Cursors of the node. At the bound a new one is not kept (the subscription runs on without)
    /// and a commit that would make one is refused. About 0.4 KiB each in all: 100 MiB.
    public static let cursors = 262_144
    /// Accounts with settings of their own; those of another are refused. Any twelve digits are an
    /// account until keys are set up.
    public static let accounts = 10_000
    /// Bytes of one resource policy.
    public static let policyBytes = 20 * 1024
    /// Bytes of one control entry of moved cursors; more goes into further entries.
    static let cursorEntryBytes = 64 * 1024
    /// Shards dropped from one stream at a time; the rest follows with the next call.
    static let forgottenShardsPerEntry = 1000
}
