/// The gateway's bounds: first what the protocol prescribes, then what is ours.
enum Limits {
    // Prescribed: Amazon Kinesis Data Streams API reference and developer guide.

    /// Lifetime of a subscription (SubscribeToShard: up to 5 minutes).
    static let subscriptionSeconds = 300.0
    /// A subscription younger than this is not taken over (SubscribeToShard).
    static let takeoverProtectionSeconds = 5.0
    /// Validity of an iterator (GetShardIterator) and of a page token (ListShards).
    static let tokenSeconds = 300.0
    /// The most data of one GetRecords answer, bytes.
    static let pageBytes = 10 << 20

    // Ours.

    /// A quiet subscription hears from us this often; clients give up after 10 s.
    static let keepAliveSeconds = 5.0
    /// What a subscription that was asked to end is given to send what is half sent and its last
    /// words; then it is cut off. Its time is over that much before its lifetime.
    static let endSeconds = 5.0
    /// The same for one that a newcomer waits for.
    static let takeoverSeconds = 1.0
    /// Subscriptions end at their lifetime less a random part of this, so that those which started
    /// together do not come back together.
    static let lifetimeSpreadSeconds = 20.0
    /// An ephemeral consumer that nobody has read as for so long is deregistered: longer than a
    /// client needs to come back after a restart of the server or a break of its network.
    static let ephemeralConsumerSeconds = 60.0
    /// The most records of one event.
    static let eventRecords = 10_000
    /// The most data of one event, bytes; one larger record still goes out alone.
    static let eventBytes = 1 << 20
    /// An event takes no more records when it has cost a reactor a millisecond, in bytes of base64: a
    /// megabyte of data costs 1.4 million of them.
    static let eventCost = 2 << 20
    /// What a record costs besides its bytes (0.4 µs), and a byte of a key that JSON has to escape
    /// (6 ns), in such bytes. So an event has 2,700 records without data, and of keys of control
    /// characters 80.
    static let eventCostPerRecord = 600
    static let eventCostPerEscapedByte = 16
    /// A record with more data than this, which goes out alone, is encoded by a thread.
    static let inlineRecordBytes = 1 << 20
    /// Encoded events kept for a shard on one reactor: four of the largest, base64 included.
    static let ringBytesPerShard = 4 << 20
    /// Encoded events kept on one reactor: sixteen full rings.
    static let ringBytesPerReactor = 64 << 20
    /// Events that one addition to a ring may push out of it, and out of others; each is an array
    /// to be freed.
    static let droppedEventsPerAddition = 64
    /// Connections that are flushed in one turn, and bytes, about; the others come in the next. Some
    /// 5 µs and 0.5 ns each.
    static let flushesPerTurn = 128
    static let flushedBytesPerTurn: UInt64 = 512 << 10
    /// Records of which a reactor hears in one turn what became of them: some 150 ns each.
    static let outcomesPerTurn = 4_096
    /// How long a turn hears of outcomes, and then of other messages; how long it serves requests of
    /// one connection, and of all that wait, nanoseconds. Something is done in every turn.
    static let messageNanoseconds: UInt64 = 400_000
    static let connectionNanoseconds: UInt64 = 400_000
    static let serviceNanoseconds: UInt64 = 800_000
    /// Bytes that a session is given before the clock is looked at: some 200 of the smallest requests,
    /// 4 µs each, or 300 frames that return credit.
    static let feedBytes = 4 << 10
    /// Events that are cut in one turn, in the measure of `eventCost`; the last may be beyond it.
    static let encodingCostPerTurn = 1 << 20
    /// Exchanges of a lost connection that are closed at a time: some 3 µs each, and 50 more for each
    /// megabyte that one had waiting.
    static let lostExchanges = 4
    /// A drain ends some subscriptions this often.
    static let drainTickMilliseconds: UInt64 = 10
    /// What is done of work over everything that a reactor has, before it looks at the clock: some
    /// 50 µs; and how long it goes on in one turn, nanoseconds.
    static let sliceItems = 64
    static let sliceNanoseconds: UInt64 = 200_000
    /// Marks of sent, not yet credited events that a subscription keeps: 1 KiB.
    static let creditMarks = 64

    /// The largest request body: 10 MiB of records are about 14 MB of JSON.
    static let bodyBytes = 32 << 20
    /// A body above this is decoded, an answer above it is made, by the blocking pool. Only puts
    /// have larger bodies: the longest NextToken that the model allows, of a mebibyte, still fits.
    static let inlineBytes = (1 << 20) + (16 << 10)
    /// A page of records is made on the reactor when no more of the log is unread: at most 2,000
    /// records, 0.4 µs each.
    static let inlineReadBytes = 128 << 10
    /// A change of the catalog that is about more shards is decided by the blocking pool:
    /// some 4 µs each.
    static let inlineShards = 200
    /// What a body without Content-Length is charged at a time.
    static let bodyStep = 64 << 10
    /// What a request is charged beside its head and body: the exchange, its stream, the request.
    static let requestBytes = 4 << 10
    /// Memory is charged in steps of this, so that a small call is charged once.
    static let memoryStep = 8 << 10
    /// Memory that was charged for a body and is not needed for its answer is given back at once
    /// when it is more than this, else with the request.
    static let memorySlack = 64 << 10
    /// The most that a head and a request take beside the body.
    static let headOverhead = 256 << 10
    /// Answers of one connection that are being made or have not been taken: beyond it the
    /// connection's further requests wait. Two or three of the largest pages of GetRecords; more
    /// where there is more than 6 GiB of memory for requests.
    static let answerBytesPerConnection = 32 << 20
    /// Waiting requests of one connection that are worked for in one turn.
    static let resumedPerTurn = 64

    /// One read from a socket, and one TLS record to it.
    static let ioBytes = 16 << 10
    /// Reads of one connection in one turn, then it is the next one's turn.
    static let readsPerTurn = 16
    /// TLS records written for one connection in one turn: 256 KiB.
    static let writesPerTurn = 16
    /// What the kernel may hoard of a connection before it says "not writable", bytes.
    static let notSentLowWater = 128 << 10

    /// Deadlines of a connection, nanoseconds.
    static let handshakeDeadline: UInt64 = 10_000_000_000
    /// From the handshake to the first byte that tells the protocol; the session has its own.
    static let headDeadline: UInt64 = 10_000_000_000
    /// From when a socket takes no more to when it has taken all of a TLS record, on a connection
    /// without subscriptions: 16 KiB a minute.
    static let writeDeadline: UInt64 = 60_000_000_000
    /// How long a connection that was ended by us waits for the peer to close.
    static let lingerDeadline: UInt64 = 2_000_000_000
    /// A connection without a request.
    static let idleDeadline: UInt64 = 600_000_000_000
    /// The same while no others can be accepted, or no others of its address.
    static let idleDeadlineWhenFull: UInt64 = 10_000_000_000
    /// From the handshake to the first whole head of a request.
    static let firstRequestDeadline: UInt64 = 60_000_000_000

    // While others wait to be accepted, those that have made no request are closed at this age:
    /// when nothing has come from it. A client sends its first bytes as soon as it is connected.
    static let silencePatience: UInt64 = 250_000_000
    /// When its handshake has begun.
    static let handshakePatience: UInt64 = 2_000_000_000
    /// So long after its handshake: a client that has something to ask sends it with the last
    /// message of the handshake.
    static let requestPatience: UInt64 = 1_000_000_000
    /// Connections without a request that are looked at, and closed, in one turn.
    static let newcomersPerLook = 1_000
    static let closesPerLook = 32
    /// A state is left when what began it has not happened for so long, nanoseconds.
    static let episodeEnd: UInt64 = 5_000_000_000
}
