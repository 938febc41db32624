import HTTP

/// HTTP/2 frames made by hand, for peers that no library would be.
enum RawFrame {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = [])
        -> [UInt8]
    {
        let n = payload.count
        return [UInt8(n >> 16 & 0xff), UInt8(n >> 8 & 0xff), UInt8(n & 0xff), type, flags]
            + word(stream) + payload
    }

    static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
    }

    static func settings(_ entries: [(UInt16, UInt32)] = []) -> [UInt8] {
        frame(4, 0, 0, entries.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xff)] + word($0.1) })
    }

    static let settingsAck = frame(4, 1, 0)

    /// A literal field without indexing and without Huffman coding.
    static func field(_ name: String, _ value: String) -> [UInt8] {
        [0] + length(name.utf8.count) + Array(name.utf8) + length(value.utf8.count)
            + Array(value.utf8)
    }

    static func length(_ count: Int) -> [UInt8] {
        guard count >= 127 else { return [UInt8(count)] }
        var rest = count - 127
        var bytes: [UInt8] = [127]
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func request(
        _ stream: UInt32, method: String = "POST", _ fields: [(String, String)] = [],
        authority: String? = "localhost:4567", ends: Bool = true
    ) -> [UInt8] {
        var block = field(":method", method) + field(":scheme", "https") + field(":path", "/")
        if let authority { block += field(":authority", authority) }
        for (name, value) in fields { block += field(name, value) }
        return headers(stream, block, ends: ends)
    }

    /// A header block, divided into CONTINUATION frames where it must be.
    static func headers(_ stream: UInt32, _ block: [UInt8], ends: Bool) -> [UInt8] {
        let first = Array(block.prefix(16_384))
        var rest = Array(block.dropFirst(16_384))
        var bytes = frame(1, (ends ? 1 : 0) | (rest.isEmpty ? 4 : 0), stream, first)
        while !rest.isEmpty {
            let piece = Array(rest.prefix(16_384))
            rest.removeFirst(piece.count)
            bytes += frame(9, rest.isEmpty ? 4 : 0, stream, piece)
        }
        return bytes
    }

    static func data(_ stream: UInt32, _ payload: [UInt8], ends: Bool = false) -> [UInt8] {
        frame(0, ends ? 1 : 0, stream, payload)
    }

    static func reset(_ stream: UInt32, _ code: UInt32 = 8) -> [UInt8] {
        frame(3, 0, stream, word(code))
    }

    static func windowUpdate(_ stream: UInt32, _ bytes: UInt32) -> [UInt8] {
        frame(8, 0, stream, word(bytes))
    }

    static func ping(_ payload: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8], ack: Bool = false) -> [UInt8] {
        frame(6, ack ? 1 : 0, 0, payload)
    }
}

/// A frame that the server sent.
struct ParsedFrame: Equatable {
    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]
    var endsStream: Bool { (type == 0 || type == 1) && flags & 1 != 0 }
    var code: UInt32 {
        (type == 3 ? payload : Array(payload.dropFirst(4))).prefix(4).reduce(0) {
            $0 << 8 | UInt32($1)
        }
    }
}

/// Cuts bytes into frames.
struct FrameParser {
    var rest: [UInt8] = []

    mutating func parse(_ bytes: [UInt8]) -> [ParsedFrame] {
        rest += bytes
        var frames: [ParsedFrame] = []
        var at = 0
        while rest.count - at >= 9 {
            let n = Int(rest[at]) << 16 | Int(rest[at + 1]) << 8 | Int(rest[at + 2])
            guard rest.count - at >= 9 + n else { break }
            let stream = rest[at + 5..<at + 9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            frames.append(
                ParsedFrame(
                    type: rest[at + 3], flags: rest[at + 4], stream: stream & 0x7fff_ffff,
                    payload: Array(rest[at + 9..<at + 9 + n])))
            at += 9 + n
        }
        rest.removeFirst(at)
        return frames
    }
}

/// A server with a peer that sends frames made by hand.
final class RawPeer {
    let context: HTTPContext
    let handler = TestHandler()
    let server: HTTP2Session
    var parser = FrameParser()
    var frames: [ParsedFrame] = []

    init(
        _ configuration: HTTPConfiguration = .init(), settings: [(UInt16, UInt32)] = [],
        acknowledges: Bool = true
    ) {
        context = HTTPContext(configuration: configuration)
        server = HTTP2Session(context: context, handler: handler)
        send(RawFrame.preface + RawFrame.settings(settings))
        if acknowledges { send(RawFrame.settingsAck) }
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> SessionState { feed(server, bytes) }

    /// Frames that the server has to send now.
    @discardableResult
    func take(capacity: Int = 16_384) -> [ParsedFrame] {
        let new = parser.parse(produceAll(server, capacity: capacity))
        frames += new
        return new
    }

    /// DATA payload of a stream so far.
    func body(_ stream: UInt32) -> [UInt8] {
        frames.filter { $0.type == 0 && $0.stream == stream }.flatMap(\.payload)
    }
}
