/// The bounds of a client; what happens at each is said beside it.
enum Limits {
    // From the specification (Kinesis Data Streams API, PutRecords).

    /// Records of one PutRecords call; more are sent in several calls.
    static let recordsPerPut = 500
    /// Bytes of data and keys of one PutRecords call; more are sent in several calls.
    static let bytesPerPut = 10 << 20

    // Ours.

    /// Until a connection is open, TLS included; then the next address is tried, or the calls that
    /// wait for it fail.
    static let connectNanoseconds: UInt64 = 10_000_000_000
    /// A connection with open calls that has said nothing for so long is asked by a PING: three
    /// times the interval of a subscription's keep-alive events.
    static let quietNanoseconds: UInt64 = 15_000_000_000
    /// One that has not answered by then is closed, and its calls fail.
    static let silentNanoseconds: UInt64 = 30_000_000_000
    /// How long after the loss of a connection another is added to those that remain.
    static let reopeningNanoseconds: UInt64 = 1_000_000_000
    /// The rate at which the body of a call is taken to leave, for its time limit.
    static let slowestBytesPerSecond = 65_536
    /// How often a connection looks at the time.
    static let watchNanoseconds: UInt64 = 1_000_000_000
    /// Connections of one client. A server that allows 1,024 streams on each so carries 65,536
    /// calls and subscriptions; beyond that, calls wait.
    static let connections = 64
    /// Calls that wait for a connection; one more fails with `tooManyCalls`.
    static let waitingCalls = 65_536
    /// Bytes of one answer, which exceeds the 10 MiB of a page of records in base64; a longer one
    /// fails.
    static let replyBytes = 32 << 20
    /// Bytes of an answer to SubscribeToShard that is not a stream; a longer one is cut.
    static let refusalBytes = 65_536
    /// Bytes of a certificate file; a longer one is refused.
    static let certificateBytes = 1 << 20
    /// How often a stream or consumer that is being created is asked for, and how many times.
    static let pollMilliseconds = 100
    static let polls = 600
    /// Shards of one stream that are followed; more are refused. A shard costs a few hundred bytes
    /// besides its window.
    static let followedShards = 65_536
    /// Pages of a list that have nothing and lead to another, one after the other; at one more the
    /// list counts as endless, and the call fails.
    static let emptyPages = 100
}
