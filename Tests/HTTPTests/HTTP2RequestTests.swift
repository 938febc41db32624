import HTTP
import Metrics
import Synchronization
import Testing
import TestSupport

@Suite struct HTTP2RequestTests {
    /// Two requests with bodies, one of them with trailers.
    static let twoRequests: [UInt8] =
        RawFrame.preface + RawFrame.settings() + RawFrame.settingsAck
        + RawFrame.request(
            1, [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "K.Put")],
            ends: false)
        + RawFrame.data(1, Array("first ".utf8)) + RawFrame.request(3, ends: false)
        + RawFrame.data(1, Array("body".utf8), ends: true)
        + RawFrame.data(3, Array(repeating: 7, count: 5_000))
        + RawFrame.headers(3, RawFrame.field("x-trailer", "1"), ends: true)

    static func run(_ pieces: [[UInt8]]) -> ([String], [UInt8]) {
        let handler = TestHandler()
        let server = HTTP2Session(context: HTTPContext(), handler: handler)
        var output: [UInt8] = []
        for piece in pieces { feed(server, piece) }
        output += produceAll(server)
        #expect(handler.unbalanced == 0)
        return (handler.seen.map(\.summary), output)
    }

    @Test func `bytes one by one and in random pieces give the same requests and answers`() {
        let whole = HTTP2RequestTests.run([HTTP2RequestTests.twoRequests])
        #expect(whole.0.count == 2)
        let single = HTTP2RequestTests.run(HTTP2RequestTests.twoRequests.map { [$0] })
        #expect(single.0 == whole.0)
        #expect(single.1 == whole.1)
        for seed in UInt64(1)...20 {
            var generator = SeededGenerator(seed: seed)
            var pieces: [[UInt8]] = []
            var at = 0
            while at < HTTP2RequestTests.twoRequests.count {
                let n = min(1 + generator.below(300), HTTP2RequestTests.twoRequests.count - at)
                pieces.append(Array(HTTP2RequestTests.twoRequests[at..<at + n]))
                at += n
            }
            let cut = HTTP2RequestTests.run(pieces)
            #expect(cut.0 == whole.0, "seed \(seed)")
            #expect(cut.1 == whole.1, "seed \(seed)")
        }
    }

    @Test func `the head's well-known fields are found and names are lower case`() {
        let peer = RawPeer()
        var found: [String] = []
        peer.handler.began = { exchange, _ in
            let head = exchange.head
            for name in FieldName.allCases {
                if let value = head.field(name) { found.append("\(name.text)=\(text(value))") }
            }
            #expect(head.method == .post)
            #expect(head.contentLength == 3)
        }
        let fields = FieldName.allCases.filter {
            ![.connection, .transferEncoding, .contentLength, .host, .expect].contains($0)
        }
        peer.send(
            RawFrame.request(
                1,
                fields.map { ("\($0.text)", "v") } + [("x-custom", "c"), ("content-length", "3")],
                ends: false))
        #expect(found.count == fields.count + 1)
    }

    @Test func `host with a port and authority without one are accepted`() {
        let peer = RawPeer()
        peer.send(RawFrame.request(1, [("host", "localhost:4567")], authority: "localhost"))
        peer.send(RawFrame.request(3, [("host", "other:4567")], authority: nil))
        #expect(peer.handler.seen.count == 2)
        #expect(peer.handler.seen[0].authority == "localhost")
        #expect(peer.handler.seen[1].authority == "other:4567")
        peer.take()
        #expect(peer.handler.seen.allSatisfy { $0.closed == [.complete] })
    }

    @Test func `one hundred fields pass and one more is answered with 431`() {
        let peer = RawPeer()
        let fields = (0..<100).map { ("x-\($0)", "v") }
        peer.send(RawFrame.request(1, fields))
        peer.send(RawFrame.request(3, fields + [("x-100", "v")]))
        peer.send(RawFrame.request(5, fields + [("x-100", "v")], ends: false))
        peer.take()
        #expect(peer.handler.seen.count == 1)
        #expect(peer.frames.filter { $0.type == 1 && $0.stream == 3 && $0.endsStream }.count == 1)
        #expect(peer.frames.contains { $0.type == 3 && $0.stream == 5 && $0.code == 0 })
        #expect(peer.context.counters.headsTooLarge.value == 2)
        #expect(peer.server.openExchanges == 0)
        #expect(peer.send(RawFrame.request(7)) == .open)
        #expect(peer.handler.seen.count == 2)
    }

    @Test func `a head of more than 64 KiB is answered with 431`() {
        let peer = RawPeer()
        let fields = (0..<33).map { ("x-\($0)", String(repeating: "v", count: 2_000)) }
        peer.send(RawFrame.request(1, fields))
        peer.take()
        #expect(peer.handler.seen.isEmpty)
        #expect(peer.context.counters.headsTooLarge.value == 1)
    }

    @Test func `a block of indexed fields without end ends the connection`() {
        let peer = RawPeer()
        // 0x82 is `:method GET`; a field after it enters the dynamic table and is repeated.
        let block =
            RawFrame.field(":method", "POST") + RawFrame.field(":scheme", "https")
            + RawFrame.field(":path", "/") + [0x40] + RawFrame.length(1) + Array("x".utf8)
            + RawFrame.length(2) + Array("yz".utf8) + Array(repeating: 0xbe, count: 2_000)
        let state = peer.send(RawFrame.headers(1, block, ends: true))
        #expect(state != .open)
        #expect(peer.server.isFinished)
        #expect(peer.context.counters.floods.value == 1)
        #expect(peer.handler.seen.isEmpty)
    }

    @Test func `a field that is repeated or that nobody asks for is not kept`() {
        let peer = RawPeer()
        var held: [Int] = []
        peer.handler.began = { e, _ in
            held.append(e.head.heldBytes)
            #expect(e.head.field(.userAgent)?.count == 3_900)
        }
        func indexed(_ name: String) -> [UInt8] {
            [0x40] + RawFrame.length(name.utf8.count) + Array(name.utf8)
                + RawFrame.length(3_900) + [UInt8](repeating: 0x76, count: 3_900)
        }
        let start =
            RawFrame.field(":method", "POST") + RawFrame.field(":scheme", "https")
            + RawFrame.field(":path", "/") + RawFrame.field(":authority", "h")
        // Sixteen references of one byte each stand for 62 KiB.
        let references = [UInt8](repeating: 0xbe, count: 15)
        peer.send(RawFrame.headers(1, start + indexed("user-agent") + references, ends: false))
        for i in UInt32(1)..<100 {
            let block = start + [0xbe] + references
            #expect(peer.send(RawFrame.headers(2 * i + 1, block, ends: false)) == .open)
        }
        #expect(held.count == 100 && held.allSatisfy { $0 <= 8_192 })
        let other = start + RawFrame.field("user-agent", String(repeating: "v", count: 3_900))
        peer.send(
            RawFrame.headers(201, other + indexed("x-other") + references.dropLast(), ends: true))
        #expect(held.count == 101 && held[100] <= 8_192)
    }

    @Test func `a body that is not what content-length says resets the stream`() {
        let peer = RawPeer()
        peer.send(RawFrame.request(1, [("content-length", "5")], ends: false))
        peer.send(RawFrame.data(1, Array("four".utf8), ends: true))
        peer.send(RawFrame.request(3, [("content-length", "3")], ends: false))
        peer.send(RawFrame.data(3, Array("four".utf8), ends: true))
        peer.send(RawFrame.request(5, [("content-length", "3")], ends: true))
        peer.take()
        #expect(peer.handler.seen.allSatisfy { $0.closed == [.protocolError] && !$0.ended })
        #expect(peer.frames.count { $0.type == 3 } == 3)
        #expect(peer.handler.unbalanced == 0)
    }

    @Test func `an expected 100 comes before the body and not after an answer`() {
        let peer = RawPeer()
        peer.send(RawFrame.request(1, [("expect", "100-continue")], ends: false))
        let first = peer.take()
        #expect(first.contains { $0.type == 1 && $0.stream == 1 && !$0.endsStream })
        peer.send(RawFrame.data(1, [1, 2, 3], ends: true))
        #expect(peer.take().contains { $0.endsStream && $0.stream == 1 })
        peer.handler.began = { exchange, _ in exchange.respond(ResponseHead(status: 413), body: [])
        }
        peer.send(RawFrame.request(3, [("expect", "100-continue")], ends: false))
        let heads = peer.take().filter { $0.type == 1 && $0.stream == 3 }
        #expect(heads.count == 1)
        #expect(heads.first?.endsStream == true)
    }

    @Test func `random bytes never trap`() {
        for seed in UInt64(1)...400 {
            var generator = SeededGenerator(seed: seed)
            let peer = RawPeer()
            for _ in 0..<20 {
                // Frames with valid headers and arbitrary contents reach further than noise does.
                let type = UInt8(generator.below(12))
                let stream = UInt32(generator.below(12))
                let payload = generator.bytes(generator.below(60))
                let frame =
                    generator.below(4) == 0
                    ? RawFrame.request(UInt32(2 * generator.below(30) + 1), ends: false)
                    : RawFrame.frame(
                        type, UInt8(truncatingIfNeeded: generator.next()), stream, payload)
                let cut = generator.below(20) == 0 ? generator.bytes(30) : frame
                peer.send(cut)
                _ = produceOnce(peer.server, capacity: 1 + generator.below(700))
            }
            peer.server.connectionLost()
            #expect(peer.handler.unbalanced == 0, "seed \(seed)")
        }
        for seed in UInt64(1)...200 {
            var generator = SeededGenerator(seed: seed)
            let server = HTTP2Session(context: HTTPContext(), handler: TestHandler())
            feed(server, generator.bytes(200))
            _ = produceAll(server)
            #expect(server.isFinished, "seed \(seed)")
            server.connectionLost()
        }
    }
}
