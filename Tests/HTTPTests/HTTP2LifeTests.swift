import HTTP
import Metrics
import Synchronization
import Testing

@Suite struct HTTP2LifeTests {
    @Test func `an answer before the body ends stops the body with NO_ERROR`() {
        let peer = RawPeer()
        peer.handler.began = { e, _ in e.respond(ResponseHead(status: 413), body: [1, 2, 3]) }
        peer.send(RawFrame.request(1, [("content-length", "100000")], ends: false))
        peer.send(RawFrame.data(1, [UInt8](repeating: 1, count: 1_000)))
        let frames = peer.take().filter { $0.stream == 1 }
        #expect(frames.map(\.type) == [1, 0, 3])
        #expect(frames.last?.code == 0)
        let seen = peer.handler.seen[0]
        #expect(seen.body.isEmpty && !seen.ended && seen.closed == [.complete])
        // What was under way arrives late and does no harm.
        #expect(peer.send(RawFrame.data(1, [UInt8](repeating: 1, count: 1_000))) == .open)
        #expect(peer.send(RawFrame.request(3)) == .open)
        #expect(peer.handler.seen.count == 2)
    }

    @Test func `a peer's reset closes the exchange once, with its code`() {
        let peer = RawPeer()
        let source = TestSource([], ends: false)
        peer.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), source: source) }
        peer.send(RawFrame.request(1))
        peer.send(RawFrame.request(3, ends: false))
        peer.take()
        peer.send(RawFrame.reset(1) + RawFrame.reset(3, 5))
        #expect(
            peer.handler.seen.map(\.closed) == [[.reset(.cancel)], [.reset(.init(rawValue: 5))]])
        #expect(peer.server.openExchanges == 0)
        peer.take()
        #expect(peer.context.counters.resetsReceived.value == 2)
    }

    @Test func `a handler's reset reaches the peer`() {
        let pair = Pair()
        pair.handler.ended = { e, _ in
            e.reset(.internalError)
            e.reset(.cancel)
        }
        let receiver = TestReceiver()
        pair.submit([], receiver)
        pair.run()
        #expect(receiver.closed == [.reset(.internalError)])
        #expect(pair.handler.seen[0].closed == [.aborted])
    }

    @Test func `a source may reset its stream in the middle`() {
        let pair = Pair()
        let source = TestSource([[1, 2, 3]])
        source.last = .reset(.internalError)
        pair.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), source: source) }
        let receiver = TestReceiver()
        pair.submit([], receiver)
        pair.run()
        #expect(receiver.body == [1, 2, 3])
        #expect(receiver.closed == [.reset(.internalError)])
        #expect(pair.handler.unbalanced == 0)
    }

    @Test func `an exchange that is closed takes answers without effect`() {
        let peer = RawPeer()
        var held: [Exchange] = []
        peer.handler.ended = { e, _ in held.append(e) }
        for i in 0..<10 { peer.send(RawFrame.request(UInt32(2 * i + 1))) }
        peer.send(RawFrame.reset(1))
        #expect(held[0].isClosed)
        peer.send(RawFrame.request(21))
        #expect(held.last !== held[0])
        held[0].respond(ResponseHead(status: 200), body: [1])
        held[0].consumed(0)
        held[0].reset(.cancel)
        held[0].resume()
        held[1].respond(ResponseHead(status: 200), body: [1])
        held[1].respond(ResponseHead(status: 500), body: [])
        peer.server.connectionLost()
        #expect(held.allSatisfy { $0.isClosed })
        held[5].respond(ResponseHead(status: 200), body: [1])
        #expect(peer.handler.unbalanced == 0)
        #expect(peer.handler.seen[5].closed == [.connectionLost])
        #expect(peer.server.isFinished)
    }

    @Test func `exchanges are used again when nobody holds them`() {
        let peer = RawPeer()
        var seen: Set<ObjectIdentifier> = []
        peer.handler.ended = { e, _ in
            seen.insert(ObjectIdentifier(e))
            e.respond(ResponseHead(status: 200), body: [1])
        }
        for i in 0..<50 {
            peer.send(RawFrame.request(UInt32(2 * i + 1)))
            peer.take()
        }
        #expect(seen.count == 1)
    }

    @Test func `HEAD, 204 and 304 carry no body`() {
        let peer = RawPeer()
        var statuses = [200, 204, 304, 200]
        peer.handler.ended = { e, _ in
            e.respond(ResponseHead(status: statuses.removeFirst()), body: [1, 2, 3])
        }
        peer.send(RawFrame.request(1, method: "HEAD"))
        for stream: UInt32 in [3, 5, 7] { peer.send(RawFrame.request(stream)) }
        let frames = peer.take()
        #expect(frames.filter { $0.type == 0 }.map(\.stream) == [7])
        #expect(peer.handler.unbalanced == 0)
    }

    @Test func `a drain lets running exchanges finish and then the connection ends`() {
        let pair = Pair()
        let source = TestSource([[1]], ends: false)
        var exchange: Exchange?
        pair.handler.ended = { e, _ in
            exchange = e
            e.respond(ResponseHead(status: 200), source: source)
        }
        let receiver = TestReceiver()
        pair.submit([], receiver)
        pair.run()
        pair.server.drain()
        // A request that crosses the first GOAWAY is served.
        let crossing = TestReceiver()
        pair.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), body: [7]) }
        pair.submit([], crossing)
        pair.run()
        #expect(crossing.body == [7])
        #expect(pair.client.isDraining)
        #expect(pair.submit([], TestReceiver()) == nil)
        #expect(!pair.server.isFinished)
        source.add([2])
        source.ends = true
        exchange?.resume()
        pair.run()
        #expect(receiver.body == [1, 2])
        #expect(receiver.closed == [.complete])
        #expect(pair.server.isFinished)
        #expect(pair.handler.unbalanced == 0)
    }

    @Test func `GOAWAY comes in two steps and a second drain forces the second`() {
        let peer = RawPeer()
        peer.take()
        peer.server.drain()
        let first = peer.take().filter { $0.type == 7 }
        #expect(first.map { Array($0.payload.prefix(4)) } == [[0x7f, 0xff, 0xff, 0xff]])
        peer.send(RawFrame.request(1))
        #expect(peer.handler.seen.count == 1)
        peer.server.drain()
        let second = peer.take().filter { $0.type == 7 }
        #expect(second.map { Array($0.payload.prefix(4)) } == [[0, 0, 0, 1]])
        #expect(peer.server.isFinished)
    }

    @Test func `a wrong preface ends the connection`() {
        let context = HTTPContext()
        let server = HTTP2Session(context: context, handler: TestHandler())
        let state = feed(server, "POST / HTTP/1.1\r\nhost: a\r\n\r\n")
        guard case .failed(let error) = state else {
            Issue.record("not failed")
            return
        }
        #expect(error.reason == .badPreface)
        #expect(server.isFinished)
        #expect(produceAll(server).isEmpty)
    }

    @Test func `a protocol error is answered with GOAWAY and closes what is open`() {
        let peer = RawPeer()
        peer.handler.ended = { _, _ in }
        peer.send(RawFrame.request(1))
        peer.take()
        // DATA on stream 0.
        peer.send(RawFrame.frame(0, 0, 0, [1]))
        let frames = peer.take()
        #expect(frames.contains { $0.type == 7 && $0.code == 1 })
        #expect(peer.server.isFinished)
        #expect(peer.handler.seen[0].closed == [.protocolError])
        #expect(peer.context.counters.protocolErrors.value == 1)
        if case .failed = peer.send([0]) {} else { Issue.record("not failed") }
    }

    @Test func `a flood of PINGs that are never read ends the connection`() {
        let peer = RawPeer()
        var state = SessionState.open
        for _ in 0..<2_000 where state == .open { state = peer.send(RawFrame.ping()) }
        #expect(state == .failed(HTTPError(.flood, code: -904)))
        #expect(peer.server.isFinished)
    }

    @Test func `streams opened and reset without end run into a bound that time widens`() {
        var configuration = HTTPConfiguration()
        configuration.wastedStreams = 50
        configuration.wastedStreamsPerSecond = 10
        let peer = RawPeer(configuration)
        peer.handler.ended = { _, _ in }
        var stream: UInt32 = 1
        func waste() -> SessionState {
            defer { stream += 2 }
            let state = peer.send(RawFrame.request(stream) + RawFrame.reset(stream))
            peer.take()
            return state
        }
        for _ in 0..<50 { #expect(waste() == .open) }
        peer.context.now = 3_000_000_000
        for _ in 0..<30 { #expect(waste() == .open) }
        #expect(waste() == .failed(HTTPError(.flood)))
        #expect(peer.frames.contains { $0.type == 7 && $0.code == 11 })
        #expect(peer.server.isFinished)
        #expect(peer.handler.unbalanced == 0)
    }

    @Test func `streams that make us reset them run into the same bound`() {
        var configuration = HTTPConfiguration()
        configuration.wastedStreams = 50
        let peer = RawPeer(configuration)
        peer.handler.ended = { _, _ in }
        var state = SessionState.open
        var stream: UInt32 = 1
        while state == .open, stream < 1_000 {
            // A window beyond 2^31-1 is a stream error (RFC 9113 §6.9.1).
            state = peer.send(RawFrame.request(stream) + RawFrame.windowUpdate(stream, 0x7fff_ffff))
            peer.take()
            stream += 2
        }
        #expect(stream < 120)
        #expect(peer.server.isFinished)
        #expect(peer.context.counters.resetsSent.value > 40)
    }

    @Test func `more streams than announced are refused, and an error once SETTINGS are known`() {
        var configuration = HTTPConfiguration()
        configuration.concurrentStreams = 10
        for acknowledged in [false, true] {
            let peer = RawPeer(configuration, acknowledges: acknowledged)
            peer.handler.ended = { _, _ in }
            for i in 0..<12 { peer.send(RawFrame.request(UInt32(2 * i + 1))) }
            peer.take()
            #expect(peer.handler.seen.count == 10)
            #expect(peer.frames.contains { $0.type == 7 && $0.code == 1 } == acknowledged)
            let refused = peer.frames.count { $0.type == 3 && $0.code == 7 }
            #expect(refused == (acknowledged ? 0 : 2))
            #expect(peer.context.counters.refused.value == UInt64(refused))
        }
    }

    @Test func `a thousand exchanges are each closed once when the connection goes`() {
        let pair = Pair()
        var held: [Exchange] = []
        pair.handler.ended = { exchange, _ in held.append(exchange) }
        let receivers = (0..<1_000).map { _ in TestReceiver() }
        for receiver in receivers { pair.submit([], receiver) }
        pair.run()
        #expect(pair.server.openExchanges == 1_000)
        pair.server.connectionLost()
        pair.client.connectionLost()
        // A few at once; the others are over, and closed when their owner has time.
        let atOnce = 1_000 - pair.handler.unbalanced
        #expect(atOnce > 0 && atOnce < 100)
        #expect(pair.server.hasLostExchanges)
        var calls = 1
        while pair.server.closeLost(atMost: 10) {
            calls += 1
            // Who is not told yet may still answer, without effect.
            guard calls == 50, let open = held.first(where: { !$0.isClosed }) else { continue }
            open.respond(ResponseHead(status: 200), body: [1])
            open.resume()
            open.reset(.cancel)
        }
        #expect(calls == (1_000 - atOnce + 9) / 10)
        #expect(!pair.server.hasLostExchanges)
        #expect(pair.handler.unbalanced == 0)
        #expect(receivers.allSatisfy { $0.closed == [.connectionLost] })
        #expect(pair.server.isFinished && pair.client.isFinished)
    }

    @Test func `deadlines end a head, a body and a response that do not move`() {
        let second: UInt64 = 1_000_000_000
        let idle = HTTP2Session(context: HTTPContext(), handler: TestHandler())
        #expect(idle.hasDeadlines)
        #expect(idle.enforce(Deadlines()) == 0)

        let peer = RawPeer(settings: [(4, 0)])
        peer.take()
        #expect(!peer.server.hasDeadlines)
        peer.context.now = second
        peer.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), body: [1]) }
        peer.send(RawFrame.request(1))
        peer.send(RawFrame.request(3, ends: false))
        let source = TestSource([[1]])
        peer.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), source: source) }
        peer.send(RawFrame.request(5))
        peer.take()
        #expect(peer.server.enforce(Deadlines()) == 0)
        peer.context.now = 20 * second
        for _ in 0..<2 { peer.send(RawFrame.data(3, [UInt8](repeating: 1, count: 16_000))) }
        #expect(peer.server.enforce(Deadlines()) == 0)
        peer.context.now = 45 * second
        #expect(peer.server.enforce(Deadlines()) == 0)
        peer.context.now = 62 * second
        #expect(peer.server.enforce(Deadlines()) == 2)
        peer.take()
        #expect(peer.handler.seen.map(\.closed) == [[.aborted], [.aborted], []])
        #expect(!peer.server.hasDeadlines)

        // A header block whose end does not come.
        peer.send(RawFrame.frame(1, 1, 7, [0x82]))
        #expect(peer.server.hasIncompleteHead)
        #expect(peer.server.enforce(Deadlines()) == 0)
        peer.context.now = 73 * second
        #expect(peer.server.enforce(Deadlines()) == 1)
        peer.take()
        #expect(peer.server.isFinished)
    }

    @Test func `a byte now and then holds neither a body nor an answer`() {
        let second: UInt64 = 1_000_000_000
        let peer = RawPeer(settings: [(4, 0)])
        peer.context.now = second
        let answer = [UInt8](repeating: 7, count: 1_000_000)
        peer.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), body: answer) }
        // A body, a small window that is opened byte by byte, and one that is opened fast enough.
        peer.send(RawFrame.request(1, ends: false))
        for stream: UInt32 in [3, 5] { peer.send(RawFrame.request(stream)) }
        peer.send(RawFrame.windowUpdate(0, 10_000_000))
        peer.take()
        var ended: [UInt64: Int] = [:]
        for time in UInt64(2)...200 {
            peer.context.now = time * second
            if time % 12 == 0 {
                peer.send(RawFrame.data(1, [1]))
                peer.send(RawFrame.windowUpdate(3, 1))
            }
            peer.send(RawFrame.windowUpdate(5, 4_500))
            peer.take()
            let count = peer.server.enforce(Deadlines())
            if count > 0 { ended[time] = count }
        }
        #expect(ended == [33: 1, 63: 1])
        #expect(peer.handler.seen.map(\.closed) == [[.aborted], [.aborted], []])
    }

    @Test func `an answer that waits behind others of a connection that moves is not ended`() {
        let second: UInt64 = 1_000_000_000
        let peer = RawPeer(settings: [(4, 0x7fff_ffff)])
        peer.context.now = second
        let answer = [UInt8](repeating: 7, count: 3_000_000)
        peer.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), body: answer) }
        for stream: UInt32 in [1, 3, 5] { peer.send(RawFrame.request(stream)) }
        // One after the other, as a client may want it.
        peer.send(RawFrame.frame(2, 0, 3, [0x80, 0, 0, 1, 255]))
        peer.send(RawFrame.frame(2, 0, 5, [0x80, 0, 0, 3, 255]))
        for time in UInt64(2)...400 {
            peer.context.now = time * second
            peer.send(RawFrame.windowUpdate(0, 24_000))
            peer.take()
            #expect(peer.server.enforce(Deadlines()) == 0)
        }
        #expect(peer.handler.seen.allSatisfy { $0.closed == [.complete] })
        // Nor does it stay when nothing moves.
        peer.send(RawFrame.request(7))
        for time in UInt64(401)...470 {
            peer.context.now = time * second
            peer.take()
            _ = peer.server.enforce(Deadlines())
        }
        #expect(peer.handler.seen.last?.closed == [.aborted])
    }
}
