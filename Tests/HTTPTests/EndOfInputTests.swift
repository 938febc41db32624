import HTTP
import Testing

/// A peer that ends its sending side may still read.
@Suite struct EndOfInputTests {
    private let requests = (0..<3).map {
        "POST /\($0) HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nb\($0)!"
    }

    /// How many of the requests are whole within so many bytes.
    private func whole(_ count: Int) -> Int {
        var (end, whole) = (0, 0)
        for request in requests {
            end += request.utf8.count
            if end <= count { whole += 1 }
        }
        return whole
    }

    @Test func `on HTTP/1.1 what was whole is answered, wherever the input ends`() {
        let bytes = Array(requests.joined().utf8)
        for end in 0...bytes.count {
            let line = Line()
            var waiting: [(Exchange, Seen)] = []
            line.handler.ended = { waiting.append(($0, $1)) }
            feed(line.session, Array(bytes[..<end]))
            line.session.inputEnded { _ in true }
            var answered = 0
            while answered < waiting.count {
                #expect(!line.session.isFinished)
                let (exchange, seen) = waiting[answered]
                exchange.respond(ResponseHead(status: 200), body: seen.body)
                #expect(line.take().hasSuffix("b\(answered)!"))
                answered += 1
            }
            #expect(answered == whole(end), "input ends at \(end)")
            #expect(line.take().isEmpty && line.session.isFinished, "input ends at \(end)")
            #expect(!line.session.closesWithInputPending)
            #expect(line.handler.unbalanced == 0, "input ends at \(end)")
        }
    }

    @Test func `on HTTP/1.1 a request that is not wanted any more ends the connection`() {
        let line = Line()
        line.handler.ended = { _, _ in }
        line.send(requests[0] + requests[1])
        line.session.inputEnded { _ in false }
        #expect(line.session.isFinished && line.handler.seen.count == 1)
        #expect(line.handler.seen[0].closed == [.connectionLost])
    }

    @Test func `on HTTP/1.1 an answer that came before the end of its request still goes out`() {
        let line = Line()
        line.handler.began = { exchange, _ in
            exchange.respond(ResponseHead(status: 413), body: [])
        }
        line.send(String(requests[0].dropLast()))
        line.session.inputEnded { _ in true }
        #expect(line.take().hasPrefix("HTTP/1.1 413 "))
        #expect(line.session.isFinished && line.handler.unbalanced == 0)
    }

    @Test func `on HTTP/2 whole streams are answered, the others are reset`() {
        let peer = RawPeer()
        var waiting: [Exchange] = []
        peer.handler.ended = { exchange, _ in waiting.append(exchange) }
        peer.send(RawFrame.request(1))
        peer.send(RawFrame.request(3, ends: false))
        peer.send(RawFrame.request(5))
        peer.send(RawFrame.request(7))
        peer.take()
        peer.server.inputEnded { $0 !== waiting[2] }
        #expect(peer.take().filter { $0.type == 3 }.map(\.stream).sorted() == [3, 7])
        #expect(peer.server.openExchanges == 2 && !peer.server.isFinished)
        for exchange in waiting { exchange.respond(ResponseHead(status: 200), body: [1]) }
        #expect(peer.take().filter { $0.type == 1 }.map(\.stream).sorted() == [1, 5])
        #expect(peer.server.isFinished && peer.handler.unbalanced == 0)
    }

    @Test func `the owner adds to answers that no handler gives`() {
        let context = HTTPContext { $0.fields.append("x-own", "yes") }
        let handler = TestHandler()
        for request in ["nonsense\r\n\r\n", "GET /\(String(repeating: "a", count: 9_000)) "] {
            let session = HTTP1Session(context: context, handler: handler)
            feed(session, request)
            let answer = String(decoding: produceAll(session), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 4") && answer.contains("\r\nx-own: yes\r\n"))
        }
        #expect(
            String(decoding: PlainHTTP.answer(context), as: UTF8.self)
                .contains("\r\nx-own: yes\r\n"))
    }
}
