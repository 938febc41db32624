import HTTP

/// What a peer sends behind the preface, and what RFC 9113 wants to come of it.
struct ConformanceCase: Sendable, CustomStringConvertible {
    enum Outcome: Sendable, Equatable {
        /// GOAWAY with one of these codes.
        case connection([UInt32])
        /// RST_STREAM of stream 1 with one of these codes, or a GOAWAY with one: a stream error may
        /// be treated as one of the connection (§5.4.1).
        case stream([UInt32])
        /// No error: a PING behind it is answered, and no stream is reset.
        case ignored
        /// Stream 1 is answered with status 200.
        case served
    }

    var section: String
    var what: String
    /// The second piece is sent when the first has been answered.
    var pieces: [[UInt8]]
    var outcome: Outcome
    /// Whether the handler leaves requests unanswered, so that their streams stay.
    var holds = false

    var description: String { "\(section) \(what)" }
}

private let noError: UInt32 = 0
private let protocolError: UInt32 = 1
private let flowControlError: UInt32 = 3
private let streamClosed: UInt32 = 5
private let frameSizeError: UInt32 = 6
private let refusedStream: UInt32 = 7
private let compressionError: UInt32 = 9

private typealias F = RawFrame
private let endHeaders: UInt8 = 4
private let endStream: UInt8 = 1
private let padded: UInt8 = 8
private let withPriority: UInt8 = 32

private let block =
    F.field(":method", "GET") + F.field(":scheme", "https") + F.field(":path", "/")
    + F.field(":authority", "localhost")
private let get = F.headers(1, block, ends: true)
private let post = F.request(1, ends: false)
private let trailers = F.headers(1, F.field("x-trailer", "1"), ends: true)

private func fields(_ list: (String, String)...) -> [UInt8] {
    list.flatMap { F.field($0.0, $0.1) }
}

private func setting(_ identifier: UInt16, _ value: UInt32) -> [UInt8] {
    F.settings([(identifier, value)])
}

extension ConformanceCase {
    private static func one(
        _ section: String, _ what: String, _ outcome: Outcome, holds: Bool = false,
        _ bytes: [UInt8]...
    ) -> ConformanceCase {
        ConformanceCase(
            section: section, what: what, pieces: bytes, outcome: outcome, holds: holds)
    }

    static let all = frames + states + kinds + messages + compression

    static let frames: [ConformanceCase] = [
        one("3.4", "a request behind the preface", .served, get),
        one("4.1", "a frame of unknown type", .ignored, F.frame(0xff, 0, 0, [1, 2, 3])),
        one(
            "4.1", "an unknown flag", .ignored, F.frame(6, 0xfe, 0, [UInt8](repeating: 0, count: 8))
        ),
        one(
            "4.1", "the reserved bit", .ignored,
            F.frame(6, 0, 0x8000_0000, [UInt8](repeating: 0, count: 8))),
        one(
            "4.2", "DATA of 16,384 bytes", .served, post,
            F.data(1, [UInt8](repeating: 0, count: 16_384), ends: true)),
        one(
            "4.2", "DATA above the frame size", .stream([frameSizeError]), holds: true, post,
            F.data(1, [UInt8](repeating: 0, count: 16_385))),
        one(
            "4.2", "HEADERS above the frame size", .connection([frameSizeError]),
            F.frame(
                1, endHeaders | endStream, 1,
                block + F.field("x", String(repeating: "v", count: 16_384)))),
        one(
            "4.3", "a header block that cannot be decoded", .connection([compressionError]),
            F.frame(1, endHeaders | endStream, 1, [0x40])),
        one(
            "4.3", "PRIORITY within a header block", .connection([protocolError]),
            F.frame(1, endStream, 1, block), F.frame(2, 0, 1, [0, 0, 0, 0, 255])),
        one(
            "4.3", "HEADERS of another stream within a block", .connection([protocolError]),
            F.frame(1, endStream, 1, block), F.headers(3, block, ends: true)),
        one(
            "5.5", "an unknown frame within a header block", .connection([protocolError]),
            F.frame(1, endStream, 1, block), F.frame(0xff, 0, 0, [1])),
        one("5.5", "an unknown frame between requests", .served, F.frame(0xff, 0, 1, [1]), get),
    ]

    static let states: [ConformanceCase] = [
        one("5.1 idle", "DATA", .connection([protocolError]), F.data(1, [1], ends: true)),
        one("5.1 idle", "RST_STREAM", .connection([protocolError]), F.reset(1)),
        one("5.1 idle", "WINDOW_UPDATE", .connection([protocolError]), F.windowUpdate(1, 100)),
        one(
            "5.1 idle", "CONTINUATION", .connection([protocolError]),
            F.frame(9, endHeaders, 1, block)),
        one("5.1 idle", "PRIORITY", .ignored, F.frame(2, 0, 7, [0, 0, 0, 0, 255])),
        one(
            "5.1 half-closed", "DATA", .stream([streamClosed]), holds: true, get,
            F.data(1, [1], ends: true)),
        one("5.1 half-closed", "HEADERS", .stream([streamClosed]), holds: true, get, get),
        one(
            "5.1 half-closed", "CONTINUATION", .connection([protocolError, streamClosed]),
            holds: true, get, F.frame(9, endHeaders, 1, block)),
        one(
            "5.1 half-closed", "DATA when answered", .stream([streamClosed]), get,
            F.data(1, [1], ends: true)),
        one("5.1 half-closed", "HEADERS when answered", .connection([streamClosed]), get, get),
        one(
            "5.1 half-closed", "PRIORITY and WINDOW_UPDATE", .ignored, get,
            F.frame(2, 0, 1, [0, 0, 0, 0, 255]) + F.windowUpdate(1, 1)),
        one(
            "5.1 reset", "DATA", .stream([streamClosed]), holds: true, post, F.reset(1),
            F.data(1, [1])),
        one(
            "5.1 reset", "HEADERS", .stream([streamClosed]), holds: true, post, F.reset(1), trailers
        ),
        one(
            "5.1 reset", "CONTINUATION", .connection([protocolError, streamClosed]), holds: true,
            post, F.reset(1), F.frame(9, endHeaders, 1, block)),
        one(
            "5.1 reset", "DATA in the same piece", .stream([streamClosed]), holds: true,
            post + F.reset(1) + F.data(1, [1])),
        one(
            "5.1 reset", "RST_STREAM and WINDOW_UPDATE", .ignored, holds: true, post, F.reset(1),
            F.reset(1) + F.windowUpdate(1, 1)),
        one(
            "5.1 closed", "DATA behind trailers", .connection([streamClosed]),
            post + F.data(1, [1]) + trailers, F.data(1, [1])),
        one(
            "5.1 closed", "HEADERS behind trailers", .connection([streamClosed]), post + trailers,
            trailers),
        one(
            "5.1 closed", "CONTINUATION", .connection([protocolError, streamClosed]), get,
            F.frame(9, endHeaders, 1, block)),
        one(
            "5.1 closed", "empty DATA", .connection([streamClosed]), get, F.data(1, [], ends: true)),
        one(
            "5.1.1", "a stream with an even number", .connection([protocolError]),
            F.headers(2, block, ends: true)),
        one(
            "5.1.1", "a stream that goes back", .connection([protocolError]),
            F.headers(5, block, ends: true), F.headers(3, block, ends: true)),
        one(
            "5.1.1", "a stream that goes back in one piece", .connection([protocolError]),
            F.headers(5, block, ends: true) + F.headers(1, block, ends: true)),
        one(
            "5.1.1", "a stream that goes back while others are open", .connection([protocolError]),
            holds: true, F.headers(9, block, ends: true), F.headers(7, block, ends: true)),
        one(
            "5.3.1", "HEADERS that depend on themselves", .stream([protocolError]),
            F.frame(1, endHeaders | endStream | withPriority, 1, [0, 0, 0, 1, 255] + block)),
        one(
            "5.3.1", "PRIORITY that depends on itself", .stream([protocolError]), holds: true, post,
            F.frame(2, 0, 1, [0, 0, 0, 1, 255])),
    ]

    static let kinds: [ConformanceCase] = [
        one("6.1", "DATA on stream 0", .connection([protocolError]), F.data(0, [1])),
        one(
            "6.1", "DATA with too much padding", .connection([protocolError]), holds: true, post,
            F.frame(0, padded | endStream, 1, [6, 1, 2, 3, 4, 5])),
        one(
            "6.1", "DATA with padding", .served, post,
            F.frame(0, padded | endStream, 1, [2, 1, 2, 3, 0, 0])),
        one(
            "6.2", "HEADERS on stream 0", .connection([protocolError]),
            F.headers(0, block, ends: true)),
        one(
            "6.2", "HEADERS with too much padding", .connection([protocolError]),
            F.frame(1, padded | endHeaders | endStream, 1, [UInt8(block.count + 1)] + block)),
        one(
            "6.2", "HEADERS with padding and priority", .served,
            F.frame(
                1, padded | withPriority | endHeaders | endStream, 1,
                [1, 0, 0, 0, 0, 16] + block + [0])),
        one(
            "6.3", "PRIORITY on stream 0", .connection([protocolError]),
            F.frame(2, 0, 0, [0, 0, 0, 1, 255])),
        one(
            "6.3", "PRIORITY of four bytes", .stream([frameSizeError]), holds: true, post,
            F.frame(2, 0, 1, [0, 0, 0, 1])),
        one("6.4", "RST_STREAM on stream 0", .connection([protocolError]), F.reset(0)),
        one(
            "6.4", "RST_STREAM of three bytes", .connection([frameSizeError]), holds: true, post,
            F.frame(3, 0, 1, [0, 0, 0])),
        one(
            "6.5", "an acknowledgement with a payload", .connection([frameSizeError]),
            F.frame(4, 1, 0, [0, 3, 0, 0, 0, 1])),
        one("6.5", "SETTINGS on a stream", .connection([protocolError]), F.frame(4, 0, 1, [])),
        one(
            "6.5", "SETTINGS of three bytes", .connection([frameSizeError]),
            F.frame(4, 0, 0, [0, 3, 0])),
        one("6.5.2", "ENABLE_PUSH 2", .connection([protocolError]), setting(2, 2)),
        one(
            "6.5.2", "INITIAL_WINDOW_SIZE 2^31", .connection([flowControlError]),
            setting(4, 0x8000_0000)),
        one("6.5.2", "MAX_FRAME_SIZE 16,383", .connection([protocolError]), setting(5, 16_383)),
        one("6.5.2", "MAX_FRAME_SIZE 2^24", .connection([protocolError]), setting(5, 16_777_216)),
        one("6.5.2", "an unknown setting", .ignored, setting(0xff, 1)),
        one(
            "6.7", "PING on a stream", .connection([protocolError]),
            F.frame(6, 0, 1, [UInt8](repeating: 0, count: 8))),
        one(
            "6.7", "PING of six bytes", .connection([frameSizeError]),
            F.frame(6, 0, 0, [UInt8](repeating: 0, count: 6))),
        one("6.7", "an answer to no PING", .ignored, F.ping(ack: true)),
        one(
            "6.8", "GOAWAY on a stream", .connection([protocolError]),
            F.frame(7, 0, 1, [UInt8](repeating: 0, count: 8))),
        one("6.9", "WINDOW_UPDATE of nothing", .connection([protocolError]), F.windowUpdate(0, 0)),
        one(
            "6.9", "WINDOW_UPDATE of nothing on a stream", .stream([protocolError]), holds: true,
            post, F.windowUpdate(1, 0)),
        one(
            "6.9", "WINDOW_UPDATE of three bytes", .connection([frameSizeError]),
            F.frame(8, 0, 0, [0, 0, 1])),
        one(
            "6.9.1", "a connection's window above 2^31-1", .connection([flowControlError]),
            F.windowUpdate(0, 0x7fff_ffff) + F.windowUpdate(0, 0x7fff_ffff)),
        one(
            "6.9.1", "a stream's window above 2^31-1", .stream([flowControlError]), holds: true,
            post, F.windowUpdate(1, 0x7fff_ffff)),
        one(
            "6.10", "CONTINUATION", .served, F.frame(1, endStream, 1, Array(block.prefix(20))),
            F.frame(9, 0, 1, Array(block[20..<30])) + F.frame(9, endHeaders, 1, Array(block[30...]))
        ),
        one(
            "6.10", "CONTINUATION on stream 0", .connection([protocolError]),
            F.frame(1, endStream, 1, Array(block.prefix(20))),
            F.frame(9, endHeaders, 0, Array(block[20...]))),
        one(
            "6.10", "CONTINUATION behind the end of its block", .connection([protocolError]),
            holds: true, post, F.frame(9, endHeaders, 1, block)),
        one(
            "6.10", "DATA instead of CONTINUATION", .connection([protocolError]),
            F.frame(1, 0, 1, block), F.data(1, [1])),
        one("7", "an unknown code in RST_STREAM", .ignored, holds: true, post, F.reset(1, 0xff)),
        one(
            "8.4", "PUSH_PROMISE of a client", .connection([protocolError]), holds: true, post,
            F.frame(5, endHeaders, 1, [0, 0, 0, 2] + block)),
    ]

    private static func malformed(_ section: String, _ what: String, _ block: [UInt8])
        -> ConformanceCase
    {
        one(section, what, .stream([protocolError]), F.headers(1, block, ends: true))
    }

    static let messages: [ConformanceCase] = [
        one(
            "8.1", "trailers without an end", .stream([protocolError]), holds: true, post,
            F.headers(1, F.field("x", "1"), ends: false)),
        one("8.1", "trailers", .served, post + F.data(1, [1]), trailers),
        one(
            "8.1", "HEAD and a body", .served, F.request(1, method: "HEAD", ends: false),
            F.data(1, [1], ends: true)),
        malformed("8.2.1", "a name in upper case", block + F.field("X-Test", "1")),
        malformed("8.2.1", "a line feed in a value", block + F.field("x-test", "1\n2")),
        malformed("8.2.2", "connection", block + F.field("connection", "keep-alive")),
        malformed("8.2.2", "transfer-encoding", block + F.field("transfer-encoding", "chunked")),
        malformed("8.2.2", "te other than trailers", block + F.field("te", "trailers, deflate")),
        one(
            "8.2.2", "te: trailers", .served,
            F.headers(1, block + F.field("te", "trailers"), ends: true)),
        malformed("8.3", "an unknown pseudo-field", block + F.field(":test", "1")),
        malformed("8.3", "a pseudo-field of responses", block + F.field(":status", "200")),
        one(
            "8.3", "a pseudo-field among trailers", .stream([protocolError]), holds: true, post,
            F.headers(1, F.field(":method", "GET"), ends: true)),
        malformed(
            "8.3", "a pseudo-field behind a field",
            fields((":method", "GET"), (":scheme", "https"), ("x", "1"), (":path", "/"))),
        malformed(
            "8.3.1", "an empty path",
            fields((":method", "GET"), (":scheme", "https"), (":path", ""), (":authority", "h"))),
        malformed(
            "8.3.1", "no method", fields((":scheme", "https"), (":path", "/"), (":authority", "h"))),
        malformed(
            "8.3.1", "no scheme", fields((":method", "GET"), (":path", "/"), (":authority", "h"))),
        malformed(
            "8.3.1", "no path",
            fields((":method", "GET"), (":scheme", "https"), (":authority", "h"))),
        malformed("8.3.1", "two methods", fields((":method", "GET")) + block),
        malformed("8.3.1", "two schemes", fields((":scheme", "https")) + block),
        malformed("8.3.1", "two paths", fields((":path", "/")) + block),
        one(
            "8.1.1", "a body shorter than its length", .stream([protocolError]), holds: true,
            F.request(1, [("content-length", "2")], ends: false), F.data(1, [1], ends: true)),
        one(
            "8.1.1", "a longer body in two frames", .stream([protocolError]), holds: true,
            F.request(1, [("content-length", "1")], ends: false),
            F.data(1, [1]) + F.data(1, [1], ends: true)),
        one(
            "8.5", "CONNECT with a scheme", .stream([protocolError]),
            F.headers(
                1,
                fields(
                    (":method", "CONNECT"), (":scheme", "https"), (":path", "/"),
                    (":authority", "h")), ends: false)),
    ]

    private static func broken(_ section: String, _ what: String, _ bytes: [UInt8])
        -> ConformanceCase
    {
        one(
            "7541 " + section, what, .connection([compressionError]),
            F.headers(1, block + bytes, ends: true))
    }

    static let compression: [ConformanceCase] = [
        broken("2.3.3", "an index beyond the tables", [0xc6]),
        broken("2.3.3", "a name's index beyond the tables", [0x7f, 0x07, 1, 0x61]),
        broken("4.2", "a change of the table's size at the end", [0x20]),
        broken(
            "5.1", "an integer without end", [0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]),
        broken(
            "5.2", "padding of more than seven bits",
            [0, 1, 0x78, 0x84, 0x49, 0x50, 0x9f, 0xff]),
        broken("5.2", "padding that is not EOS", [0, 1, 0x78, 0x83, 0xf2, 0xb2, 0x40]),
        broken(
            "5.2", "EOS in a string",
            [0, 1, 0x78, 0x88, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0xff, 0xff, 0xff]),
        broken("6.1", "index 0", [0x80]),
        one(
            "7541 6.3", "a table larger than allowed", .connection([compressionError]),
            F.headers(1, [0x3f, 0xff, 0x9f, 0x01] + block, ends: true)),
        one("7541 6.3", "a smaller table", .served, F.headers(1, [0x20] + block, ends: true)),
    ]
}
