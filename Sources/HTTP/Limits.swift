/// The bounds of one HTTP connection; what happens at each bound is said beside it.
enum Limits {
    // From the specifications.

    /// The first bytes of every HTTP/2 client (RFC 9113 §3.4).
    static let clientPreface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// The largest DATA payload every peer must take (RFC 9113 §6.5.2, SETTINGS_MAX_FRAME_SIZE).
    static let dataPayloadBytes = 16_384

    /// Length of a frame header (RFC 9113 §4.1).
    static let frameHeaderBytes = 9

    // Ours.

    /// Exchanges that are closed at once when a connection ends; the others some at a time. Each may
    /// have a megabyte to be freed.
    static let exchangesLostAtOnce = 16

    /// Fields of a request head or of its trailers; one more is answered with 431.
    static let fields = 100

    /// Bytes of a request head, names and values together, on HTTP/1.1 the lines themselves; one
    /// more is answered with 431. A connection parses one head at a time, so the sum over all
    /// connections is 64 KiB each, and only while a head arrives.
    static let headBytes = 65_536

    /// Streams whose end is remembered, in order to tell a frame that comes too late; a late frame
    /// on an older one is ignored.
    static let rememberedStreams = 64

    /// Gaps in a client's stream numbers that are remembered, so that going back into one is told;
    /// a header block in an older one is ignored.
    static let rememberedGaps = 4

    /// A DATA frame with less payload than this, which does not end its request, is idle: it costs
    /// more than it brings.
    static let leastDataFrame = 64

    /// Fields of one header block after which the peer is not merely careless: the connection ends.
    /// Four times the bound keeps the work for one block, which indexed fields can make a thousand
    /// times longer than its bytes, below a millisecond.
    static let abusiveFields = 4 * fields

    /// Bytes of an HTTP/1.1 request line; more is answered with 414.
    static let requestLineBytes = 8_192

    /// Empty lines before an HTTP/1.1 request that are overlooked; more is a framing error.
    static let emptyLines = 2

    /// Bytes of a chunk-size line with its extensions; more is a framing error.
    static let chunkLineBytes = 1_024

    /// Bytes of a chunked body's trailers; more is a framing error.
    static let trailerBytes = 8_192

    /// Bytes of pipelined HTTP/1.1 input that wait for the response before them. At the bound the
    /// session asks its owner to stop reading; what was already read is still kept.
    static let heldBytes = 65_536

    /// Body bytes that HTTP/1.1 reads and throws away behind an early answer in order to keep the
    /// connection; a longer rest closes it instead.
    static let discardedBodyBytes = 65_536

    /// The least DATA payload worth a frame; a shorter rest of the output is filled by the first
    /// bytes of a frame of this size whose end goes into the next output.
    static let leastDataBytes = 256

    /// Frames that nghttp2 may hold for a peer that makes us answer and does not read. The largest
    /// honest queue is one reset and one head for each of 1,024 streams.
    static let queuedFrames = 8_192

    /// Exchanges kept for reuse in a context, about 3 KiB each.
    static let pooledExchanges = 1_024

    /// An arena that grew beyond this is given back when its exchange is recycled.
    static let pooledArenaBytes = 8_192

    /// Fields of a response head; more is a bug of the caller.
    static let responseFields = 62
}

/// What a server announces and enforces on its connections; the default is what `weir serve` uses.
public struct HTTPConfiguration: Sendable {
    /// Streams a client may have open at once (SETTINGS_MAX_CONCURRENT_STREAMS, RFC 9113 §5.1.2).
    public var concurrentStreams: UInt32 = 1_024

    /// Bytes of request body a stream may send before they are consumed
    /// (SETTINGS_INITIAL_WINDOW_SIZE, RFC 9113 §6.9.2).
    public var streamWindowBytes: Int32 = 1 << 20

    /// The same for a whole connection.
    public var connectionWindowBytes: Int32 = 16 << 20

    /// Streams a connection may waste at once: opened and reset, refused or broken instead of
    /// answered. An authenticated worker cancels one subscription a shard, so it must exceed the
    /// shards that one connection can follow; at the bound the connection ends
    /// with ENHANCE_YOUR_CALM.
    public var wastedStreams = 10_000

    /// How many of them are forgiven a second.
    public var wastedStreamsPerSecond = 1_000

    /// Frames that bring nothing (PRIORITY, SETTINGS, PING, WINDOW_UPDATE, unknown ones, DATA of
    /// hardly a byte, late header blocks) which a connection may send at once; what it is sent and
    /// what it asks for allows more, so that a client that returns credit for each KiB is far from
    /// it. At the bound the connection ends with ENHANCE_YOUR_CALM.
    public var idleFrames = 10_000

    /// How many of them are forgiven a second.
    public var idleFramesPerSecond = 1_000

    public init() {}
}
