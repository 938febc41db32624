import HTTP
import Testing
import TestSupport

@Suite struct HTTP2ClientSessionTests {
    @Test func `a PING comes back with its number`() {
        let pair = Pair()
        var answered: [UInt64] = []
        pair.client.onPing = { answered.append($0) }
        pair.run()
        #expect(pair.client.isReady)
        #expect(pair.client.concurrentStreams == 1_024)
        pair.client.ping(7)
        pair.client.ping(UInt64.max - 1)
        pair.run()
        #expect(answered == [7, UInt64.max - 1])
    }

    @Test func `bodies larger than windows and outputs arrive whole in both directions`() {
        let pair = Pair()
        pair.capacity = 1_000
        let bodies = [3_000_000, 1, 70_000, 0].map { HTTP2FlowTests.pattern($0) }
        let receivers = bodies.map { _ in TestReceiver() }
        for (body, receiver) in zip(bodies, receivers) { pair.submit(body, receiver) }
        pair.run()
        for (body, receiver) in zip(bodies, receivers) {
            #expect(receiver.body == body)
            #expect(receiver.closed == [.complete])
        }
        #expect(pair.client.receivedBodyBytes == UInt64(bodies.reduce(0) { $0 + $1.count }))
        #expect(pair.client.openCalls == 0)
    }

    @Test func `a cancelled call frees its stream at the server`() {
        let pair = Pair()
        let source = TestSource([[1]], ends: false)
        pair.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), source: source) }
        let receiver = TestReceiver()
        let call = pair.submit([], receiver)
        pair.run()
        call?.cancel()
        pair.run()
        #expect(receiver.closed == [.aborted])
        #expect(pair.handler.seen[0].closed == [.reset(.cancel)])
        #expect(pair.server.openExchanges == 0)
        call?.cancel()
        call?.consumed(0)
    }

    @Test func `requests beyond the server's limit wait and are served`() {
        var configuration = HTTPConfiguration()
        configuration.concurrentStreams = 5
        let pair = Pair(server: configuration)
        pair.run()
        let receivers = (0..<50).map { _ in TestReceiver() }
        for receiver in receivers { pair.submit([1], receiver) }
        pair.run()
        #expect(receivers.allSatisfy { $0.closed == [.complete] })
    }

    @Test func `close lets open calls finish`() {
        let pair = Pair()
        let receiver = TestReceiver()
        pair.submit([1, 2], receiver)
        pair.client.close()
        #expect(pair.submit([], TestReceiver()) == nil)
        pair.run()
        #expect(receiver.closed == [.complete])
        #expect(pair.client.isFinished)
    }

    @Test func `bytes that are not HTTP 2 fail the client`() {
        let client = HTTP2ClientSession()
        let bytes = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        _ = client.receive(bytes.span)
        _ = [UInt8](capacity: 1_000) { client.produce(into: &$0) }
        #expect(client.isFinished)
        for seed in UInt64(1)...200 {
            var generator = SeededGenerator(seed: seed)
            let client = HTTP2ClientSession()
            let receiver = TestReceiver()
            _ = client.submit(
                authority: Array("a".utf8), fields: FieldList(), body: [], receiver: receiver)
            let start = RawFrame.settings()
            _ = client.receive(start.span)
            for _ in 0..<20 {
                let frame = RawFrame.frame(
                    UInt8(generator.below(10)), UInt8(truncatingIfNeeded: generator.next()),
                    UInt32(generator.below(4)), generator.bytes(generator.below(40)))
                _ = client.receive(frame.span)
                _ = [UInt8](capacity: 1_000) { client.produce(into: &$0) }
            }
            client.connectionLost()
            #expect(receiver.closed.count == 1, "seed \(seed)")
        }
    }
}
