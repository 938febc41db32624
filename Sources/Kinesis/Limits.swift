/// The bounds of the protocol and of this module.
public enum Limits {
    // From the service model and the AWS documentation of Kinesis Data Streams quotas.

    /// How many records one PutRecords may carry.
    public static let recordsPerPut = 500
    /// How many bytes of data and partition keys one PutRecords may carry: 10 MiB.
    public static let putRecordsBytes = 10 << 20
    /// How many bytes a record's data may have in any stream: 10 MiB.
    public static let dataBytes = 10 << 20
    /// What a stream allows for a record's data and key unless it was created with more: 1 MiB.
    public static let defaultMaxRecordKiB = 1024
    /// How many shards DescribeStream shows at most in one answer.
    public static let describeStreamShards = 100
    /// How many shards ListShards shows at most in one answer, and by default.
    public static let listShardsResults = 1000
    /// How many streams ListStreams shows at most in one answer, and by default.
    public static let listStreamsResults = 100
    /// How many consumers ListStreamConsumers shows at most in one answer, and by default.
    public static let listConsumersResults = 100
    /// How many records GetRecords gives at most in one answer, and by default.
    public static let getRecordsRecords = 10_000
    /// How many bytes of data GetRecords gives at most in one answer: 10 MiB.
    public static let getRecordsBytes = 10 << 20
    /// How long a shard iterator or a page token is good, in milliseconds: five minutes.
    public static let tokenMilliseconds: Int64 = 300_000
    /// How many shards a stream gets that names neither mode nor number.
    public static let onDemandShards = 4
    /// The least and the greatest time for which a stream keeps its records, in hours.
    public static let leastRetentionHours = 24
    public static let greatestRetentionHours = 8760
    /// How many items a ValidationException lists at most.
    public static let validationItems = 10

    // Ours.

    /// How many cursors ListCursors shows at most in one answer, and by default.
    public static let listCursorsResults = 1000
    /// How many bytes of an offending value an error text quotes. The longest that a valid name,
    /// ARN or list of records can need is 36 KB; ten of these make an error of 400 KB at most.
    static let quotedBytes = 40_000
    /// Tokens of a request body that are read at once: some 50 ns each in JSON. A put of 500 records
    /// has about 5,000.
    static let tokensAtOnce = 16_384
    /// How many entries of a map are kept; the model allows 200, and more is refused anyway.
    static let mapEntries = 400
    /// Keys of a map that are longer are not compared: the model allows 128 characters.
    static let comparedKeyBytes = 1_024
}
