import HTTP
import Testing

@Suite struct HTTP2FlowTests {
    static func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    }

    @Test func `a megabyte passes a window of 16 KiB, and the client's credit is seen`() {
        var configuration = HTTP2ClientSession.Configuration()
        configuration.streamWindowBytes = 16_384
        configuration.connectionWindowBytes = 65_535
        configuration.returnsCreditAtOnce = false
        let pair = Pair(client: configuration)
        let body = HTTP2FlowTests.pattern(1 << 20)
        var exchange: Exchange?
        pair.handler.ended = { e, _ in
            exchange = e
            e.respond(ResponseHead(status: 200), body: body)
        }
        let receiver = TestReceiver()
        let call = pair.submit([], receiver)
        pair.run()
        #expect(receiver.body.count == 16_384)
        #expect(exchange?.sentBodyBytes == 16_384)
        #expect(exchange?.creditedBodyBytes == 0)
        #expect(exchange?.isStalled == .streamWindow)
        call?.consumed(16_384)
        pair.run()
        #expect(exchange?.sentBodyBytes == 32_768)
        #expect(exchange?.creditedBodyBytes == 16_384)
        // A third is not enough for nghttp2's client to say so.
        call?.consumed(5_000)
        pair.run()
        #expect(exchange?.creditedBodyBytes == 16_384)
        call?.consumed(11_384)
        receiver.consumes = true
        pair.run()
        #expect(receiver.body == body)
        #expect(receiver.closed == [.complete])
        #expect(exchange?.sentBodyBytes == 1 << 20)
        #expect((exchange?.creditedBodyBytes ?? 0) >= (1 << 20) - 32_768)
    }

    @Test func `a window of one byte makes progress byte by byte`() {
        let peer = RawPeer(settings: [(4, 1)])
        let body = HTTP2FlowTests.pattern(300)
        var exchange: Exchange?
        peer.handler.ended = { e, _ in
            exchange = e
            e.respond(ResponseHead(status: 200), body: body)
        }
        peer.send(RawFrame.request(1))
        peer.take()
        for i in 1...200 {
            #expect(peer.body(1).count == i)
            #expect(exchange?.sentBodyBytes == UInt64(i))
            #expect(exchange?.creditedBodyBytes == UInt64(i - 1))
            peer.send(RawFrame.windowUpdate(1, 1))
            peer.take()
        }
        peer.send(RawFrame.windowUpdate(1, 1_000))
        peer.take()
        #expect(peer.body(1) == body)
    }

    @Test func `credit counts consumption, whatever window the client gives itself`() {
        let peer = RawPeer(settings: [(4, 1_000)])
        let source = TestSource([HTTP2FlowTests.pattern(100_000)], ends: false)
        var exchange: Exchange?
        peer.handler.ended = { e, _ in
            exchange = e
            e.respond(ResponseHead(status: 200), source: source)
        }
        // The client widens its window before it has received anything.
        peer.send(RawFrame.request(1) + RawFrame.windowUpdate(1, 9_000))
        #expect(exchange?.creditedBodyBytes == 0)
        peer.take()
        #expect(exchange?.sentBodyBytes == 10_000)
        #expect(exchange?.creditedBodyBytes == 0)
        peer.send(RawFrame.windowUpdate(1, 4_000))
        #expect(exchange?.creditedBodyBytes == 4_000)
        peer.take()
        #expect(exchange?.sentBodyBytes == 14_000)
        #expect(exchange?.creditedBodyBytes == 4_000)
        // A larger initial window by SETTINGS is no consumption.
        peer.send(RawFrame.settings([(4, 3_000)]))
        #expect(exchange?.creditedBodyBytes == 4_000)
        peer.take()
        #expect(exchange?.sentBodyBytes == 16_000)
        #expect(exchange?.creditedBodyBytes == 4_000)
        // Neither is a smaller one, which may leave the window negative.
        peer.send(RawFrame.settings([(4, 10)]))
        #expect(exchange?.creditedBodyBytes == 4_000)
        peer.send(RawFrame.windowUpdate(1, 12_000))
        #expect(exchange?.creditedBodyBytes == 16_000)
        peer.server.connectionLost()
        #expect(exchange?.creditedBodyBytes == 16_000)
    }

    @Test func `outputs of every size carry the same bytes to the peer`() {
        let bodies = [HTTP2FlowTests.pattern(3_000), HTTP2FlowTests.pattern(700), []]
        for capacity in 1...600 {
            let peer = RawPeer()
            var n = 0
            peer.handler.ended = { e, _ in
                var head = ResponseHead(status: 200)
                head.fields.append("x-long", String(repeating: "v", count: 900))
                if n == 1 {
                    e.respond(
                        head,
                        source: TestSource([Array(bodies[1][..<300]), Array(bodies[1][300...])]))
                } else {
                    e.respond(head, body: bodies[n])
                }
                n += 1
            }
            for stream: UInt32 in [1, 3, 5] { peer.send(RawFrame.request(stream)) }
            peer.take(capacity: capacity)
            #expect(peer.body(1) == bodies[0], "capacity \(capacity)")
            #expect(peer.body(3) == bodies[1], "capacity \(capacity)")
            #expect(peer.parser.rest.isEmpty, "capacity \(capacity)")
            #expect(peer.frames.count { $0.endsStream } == 3, "capacity \(capacity)")
            #expect(peer.handler.unbalanced == 0, "capacity \(capacity)")
        }
    }

    @Test func `an output is filled exactly while there is DATA`() {
        let peer = RawPeer(settings: [(4, 1 << 20)])
        peer.send(RawFrame.windowUpdate(0, 10 << 20))
        peer.handler.ended = { e, _ in
            e.respond(ResponseHead(status: 200), body: HTTP2FlowTests.pattern(200_000))
        }
        peer.send(RawFrame.request(1))
        peer.send(RawFrame.request(3))
        var all: [UInt8] = []
        for _ in 0..<24 {
            let piece = produceOnce(peer.server)
            #expect(piece.count == 16_384)
            all += piece
        }
        let rest = produceAll(peer.server)
        let frames = peer.parser.parse(all + rest)
        #expect(frames.filter { $0.type == 0 }.reduce(0) { $0 + $1.payload.count } == 400_000)
        #expect(frames.count { $0.type == 0 } < 60)
    }

    @Test func `a thousand streams finish while one is stalled`() {
        var configuration = HTTP2ClientSession.Configuration()
        configuration.streamWindowBytes = 2_000
        configuration.returnsCreditAtOnce = false
        let pair = Pair(client: configuration)
        let source = TestSource([HTTP2FlowTests.pattern(100_000)])
        pair.handler.ended = { [unowned handler = pair.handler] e, _ in
            if handler.seen.count == 1 {
                e.respond(ResponseHead(status: 200), source: source)
            } else {
                e.respond(ResponseHead(status: 200), body: HTTP2FlowTests.pattern(1_500))
            }
        }
        let stalled = TestReceiver()
        let stalledCall = pair.submit([], stalled)
        pair.run()
        let receivers = (0..<1_000).map { _ in TestReceiver() }
        for receiver in receivers {
            receiver.consumes = true
            pair.submit([1, 2, 3], receiver)
        }
        let asked = source.asked
        pair.run()
        #expect(receivers.allSatisfy { $0.body.count == 1_500 && $0.closed == [.complete] })
        #expect(stalled.body.count == 2_000)
        #expect(source.asked == asked)
        #expect(pair.server.openExchanges == 1)
        stalled.consumes = true
        stalledCall?.consumed(2_000)
        pair.run()
        #expect(stalled.body.count == 100_000)
    }

    @Test func `saturated streams share the connection fairly`() {
        let peer = RawPeer(settings: [(4, 1 << 24)])
        peer.send(RawFrame.windowUpdate(0, 1 << 28))
        peer.handler.ended = { e, _ in
            e.respond(ResponseHead(status: 200), body: [UInt8](repeating: 1, count: 1 << 20))
        }
        for i in 0..<20 { peer.send(RawFrame.request(UInt32(2 * i + 1))) }
        for _ in 0..<200 { peer.frames += peer.parser.parse(produceOnce(peer.server)) }
        let sent = (0..<20).map { i in
            peer.frames.filter { $0.type == 0 && $0.stream == UInt32(2 * i + 1) }
                .reduce(0) { $0 + $1.payload.count }
        }
        #expect(sent.min()! > 100_000)
        #expect(sent.max()! < 240_000)
    }

    @Test func `PING and SETTINGS are acknowledged in the next output under saturation`() {
        let peer = RawPeer(settings: [(4, 1 << 24)])
        peer.send(RawFrame.windowUpdate(0, 1 << 28))
        peer.handler.ended = { e, _ in
            e.respond(ResponseHead(status: 200), body: [UInt8](repeating: 1, count: 1 << 20))
        }
        for i in 0..<100 { peer.send(RawFrame.request(UInt32(2 * i + 1))) }
        for _ in 0..<10 { _ = peer.parser.parse(produceOnce(peer.server)) }
        peer.send(RawFrame.ping([9, 9, 9, 9, 0, 0, 0, 1]) + RawFrame.settings())
        let frames = peer.parser.parse(
            produceOnce(peer.server) + produceOnce(peer.server, capacity: 300))
        #expect(
            frames.contains {
                $0.type == 6 && $0.flags == 1 && $0.payload == [9, 9, 9, 9, 0, 0, 0, 1]
            })
        #expect(frames.contains { $0.type == 4 && $0.flags == 1 })
        #expect(frames.prefix(3).contains { $0.type == 6 })
    }

    @Test func `request credit follows consumption`() {
        var configuration = HTTPConfiguration()
        configuration.streamWindowBytes = 100_000
        let pair = Pair(server: configuration)
        pair.handler.consumes = false
        let receiver = TestReceiver()
        pair.submit(HTTP2FlowTests.pattern(300_000), receiver)
        pair.run()
        let seen = pair.handler.seen[0]
        #expect(seen.body.count == 100_000)
        #expect(pair.server.receivingBody)
        seen.exchange.consumed(100_000)
        pair.run()
        #expect(seen.body.count == 200_000)
        pair.handler.consumes = true
        seen.exchange.consumed(100_000)
        pair.run()
        #expect(receiver.body == HTTP2FlowTests.pattern(300_000))
        #expect(!pair.server.receivingBody)
    }

    @Test func `credit of bodies that nobody used goes back to the connection`() {
        var configuration = HTTPConfiguration()
        configuration.connectionWindowBytes = 200_000
        configuration.streamWindowBytes = 100_000
        let pair = Pair(server: configuration)
        pair.handler.consumes = false
        pair.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), body: [1]) }
        for _ in 0..<20 {
            let receiver = TestReceiver()
            pair.submit(HTTP2FlowTests.pattern(90_000), receiver)
            pair.run()
            #expect(receiver.closed == [.complete])
        }
        #expect(pair.handler.unbalanced == 0)
    }

    @Test func `a source that has nothing is not asked again until it resumes`() {
        let pair = Pair()
        let source = TestSource([], ends: false)
        var exchange: Exchange?
        pair.handler.ended = { e, _ in
            exchange = e
            e.respond(ResponseHead(status: 200), source: source)
        }
        let receiver = TestReceiver()
        pair.submit([], receiver)
        pair.run()
        #expect(receiver.status == 200)
        #expect(source.asked == 1)
        #expect(!pair.server.wantsOutput)
        #expect(exchange?.isStalled == nil)
        for i in 0..<5 {
            source.add([UInt8](repeating: UInt8(i), count: 1_000 * i + 1))
            exchange?.resume()
            exchange?.resume()
            #expect(pair.server.wantsOutput)
            pair.run()
        }
        #expect(receiver.body.count == 10_005)
        #expect(source.sent == 10_005)
        source.ends = true
        exchange?.resume()
        pair.run()
        #expect(receiver.closed == [.complete])
    }
}
