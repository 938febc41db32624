import HTTP
import Synchronization
import Testing

/// Frames that cost work and bring nothing (RFC 9113 §10.5).
@Suite struct IdleFrameTests {
    private static let kinds: [(name: String, bytes: [UInt8])] = [
        ("empty DATA", RawFrame.data(1, [])),
        ("DATA of one byte", RawFrame.data(1, [1])),
        ("DATA of padding", RawFrame.frame(0, 8, 1, [5, 0, 0, 0, 0, 0])),
        ("PRIORITY", RawFrame.frame(2, 0, 9, [0, 0, 0, 0, 255])),
        ("PRIORITY of an idle stream", RawFrame.frame(2, 0, 0x7fff_0001, [0, 0, 0, 0, 255])),
        ("WINDOW_UPDATE", RawFrame.windowUpdate(0, 1)),
        ("WINDOW_UPDATE of a stream", RawFrame.windowUpdate(1, 1)),
        ("PING", RawFrame.ping()),
        ("answered PING", RawFrame.ping(ack: true)),
        ("SETTINGS", RawFrame.settings([(3, 100)])),
        ("unknown", RawFrame.frame(0xbe, 0, 0, [1])),
        ("unknown on a stream", RawFrame.frame(0xbe, 0, 1, [])),
    ]

    @Test func `each kind is bounded, and time widens the bound`() {
        var configuration = HTTPConfiguration()
        configuration.idleFrames = 300
        configuration.idleFramesPerSecond = 100
        for (name, bytes) in IdleFrameTests.kinds {
            let peer = RawPeer(configuration)
            peer.handler.ended = { _, _ in }
            peer.send(RawFrame.request(1, ends: false))
            peer.take()
            func send(_ count: Int) -> SessionState {
                var state = SessionState.open
                for _ in 0..<count where state == .open {
                    state = peer.send(bytes)
                    peer.take()
                }
                return state
            }
            #expect(send(290) == .open, "\(name)")
            peer.context.now += 2_000_000_000
            #expect(send(150) == .open, "\(name)")
            #expect(send(300) == .failed(HTTPError(.flood)), "\(name)")
            #expect(peer.frames.contains { $0.type == 7 && $0.code == 11 }, "\(name)")
            #expect(peer.server.isFinished, "\(name)")
            #expect(peer.handler.unbalanced == 0, "\(name)")
        }
    }

    @Test func `a client that returns credit for each piece of what it gets is far from the bound`()
    {
        var configuration = HTTPConfiguration()
        configuration.idleFrames = 100
        let peer = RawPeer(configuration)
        let source = TestSource([[UInt8](repeating: 7, count: 4_000_000)])
        peer.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), source: source) }
        peer.send(RawFrame.request(1))
        var got = 0
        while got < 4_000_000 {
            let frames = peer.take().filter { $0.type == 0 }
            #expect(!frames.isEmpty)
            if frames.isEmpty { break }
            for frame in frames {
                got += frame.payload.count
                // Two frames for each KiB.
                var rest = frame.payload.count
                while rest > 0 {
                    let piece = UInt32(min(rest, 1_024))
                    let credit = RawFrame.windowUpdate(0, piece) + RawFrame.windowUpdate(1, piece)
                    #expect(peer.send(credit) == .open)
                    rest -= Int(piece)
                }
            }
        }
        #expect(got == 4_000_000)
    }

    @Test func `a client that cancels thousands of streams is not taken for a flood`() {
        let peer = RawPeer()
        let source = TestSource([], ends: false)
        peer.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), source: source) }
        var stream: UInt32 = 1
        for _ in 0..<9 {
            let first = stream
            for _ in 0..<1_000 {
                peer.send(RawFrame.request(stream))
                stream += 2
            }
            peer.take()
            for number in Swift.stride(from: first, to: stream, by: 2) {
                #expect(peer.send(RawFrame.reset(number)) == .open)
            }
            peer.take()
        }
        #expect(peer.handler.seen.count == 9_000)
        #expect(peer.handler.unbalanced == 0)
    }
}
