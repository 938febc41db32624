import HTTP
import Testing
import TestSupport

/// RFC 9113 and RFC 7541 from a client's side, case by case, as h2spec divides them.
@Suite struct ConformanceTests {
    /// Sends the case's pieces, each cut as `cut` says, and looks at what came of it.
    private func check(_ test: ConformanceCase, _ how: String, cut: ([UInt8]) -> [[UInt8]]) {
        let peer = RawPeer()
        if test.holds { peer.handler.ended = { _, _ in } }
        peer.take()
        peer.frames = []
        for piece in test.pieces {
            for part in cut(piece) { peer.send(part) }
            peer.take()
        }
        let mark: [UInt8] = [9, 8, 7, 6, 5, 4, 3, 2]
        for part in cut(RawFrame.ping(mark)) { peer.send(part) }
        peer.take()
        let goAway = peer.frames.first { $0.type == 7 }?.code
        let reset = peer.frames.first { $0.type == 3 && $0.code != 0 }?.code
        let isAlive = peer.frames.contains { $0.type == 6 && $0.flags == 1 && $0.payload == mark }
        let seen = "\(test), \(how): GOAWAY \(goAway as Any), reset \(reset as Any)"
        switch test.outcome {
        case .connection(let codes):
            #expect(goAway.map(codes.contains) == true, "\(seen)")
            #expect(peer.server.isFinished, "\(seen)")
        case .stream(let codes):
            #expect((reset ?? goAway).map(codes.contains) == true, "\(seen)")
        case .ignored:
            #expect(goAway == nil && reset == nil && isAlive, "\(seen)")
        case .served:
            #expect(goAway == nil && reset == nil && isAlive, "\(seen)")
            #expect(peer.handler.seen.map(\.closed) == [[.complete]], "\(seen)")
        }
        peer.server.connectionLost()
        #expect(peer.handler.unbalanced == 0, "\(seen)")
    }

    @Test(arguments: ConformanceCase.all)
    func `a peer's frames have the outcome that the standard wants, however they are cut`(
        test: ConformanceCase
    ) {
        check(test, "whole") { [$0] }
        // Not byte by byte: nghttp2 counts each piece of a CONTINUATION's head as one of the eight
        // frames that a block may have, and ends the connection at the ninth.
        check(test, "five by five") { bytes in
            stride(from: 0, to: bytes.count, by: 5).map { Array(bytes[$0...].prefix(5)) }
        }
        for seed in UInt64(1)...5 {
            var generator = SeededGenerator(seed: seed)
            check(test, "seed \(seed)") { bytes in
                var parts: [[UInt8]] = []
                var at = 0
                while at < bytes.count {
                    let end = min(bytes.count, at + 5 + generator.below(30))
                    parts.append(Array(bytes[at..<end]))
                    at = end
                }
                return parts
            }
        }
    }

    @Test func `frames that were on their way when we ended a stream are ignored`() {
        let peer = RawPeer()
        peer.handler.began = { e, _ in e.respond(ResponseHead(status: 413), body: [1]) }
        for i in UInt32(0)..<200 {
            peer.send(RawFrame.request(2 * i + 1, ends: false))
            peer.take()
        }
        // DATA, trailers, and both to their ends, on streams that we have ended: old and new ones.
        for i in UInt32(0)..<200 {
            let stream = 2 * i + 1
            #expect(peer.send(RawFrame.data(stream, [1, 2, 3])) == .open, "\(stream)")
            let trailers = RawFrame.headers(stream, RawFrame.field("x", "1"), ends: true)
            #expect(peer.send(trailers) == .open, "\(stream)")
        }
        peer.take()
        #expect(!peer.frames.contains { $0.type == 7 })
        #expect(peer.handler.unbalanced == 0)
    }

    @Test func `a client may pass over stream numbers for ever`() {
        let peer = RawPeer()
        for i in UInt32(0)..<500 {
            #expect(peer.send(RawFrame.request(10 * i + 1)) == .open)
            peer.take()
        }
        #expect(peer.handler.seen.count == 500)
        #expect(peer.send(RawFrame.request(10 * 499 - 3)) != .open)
    }
}
