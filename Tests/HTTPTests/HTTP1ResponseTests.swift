import HTTP
import Testing
import TestSupport

@Suite struct HTTP1ResponseTests {
    static let get = "GET / HTTP/1.1\r\nhost: h\r\n\r\n"

    @Test func `each unit of a source is one chunk, and the connection is used again`() {
        for capacity in [1, 2, 7, 100, 16_384] {
            let line = Line()
            let source = TestSource([Array("hello".utf8), [UInt8](repeating: 0x61, count: 300)])
            line.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), source: source) }
            line.send(HTTP1ResponseTests.get)
            #expect(
                line.take(capacity: capacity)
                    == "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n12c\r\n"
                    + String(repeating: "a", count: 300) + "\r\n0\r\n\r\n")
            #expect(line.handler.seen[0].closed == [.complete])
            #expect(source.sent == 305)
            line.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), body: []) }
            line.send(HTTP1ResponseTests.get)
            #expect(line.take() == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        }
    }

    @Test func `a source's head is sent before it has bytes, and resume sends them`() {
        let line = Line()
        let source = TestSource([], ends: false)
        var exchange: Exchange?
        line.handler.ended = { e, _ in
            exchange = e
            e.respond(ResponseHead(status: 200), source: source)
        }
        line.send(HTTP1ResponseTests.get)
        #expect(line.take().hasSuffix("chunked\r\n\r\n"))
        #expect(!line.session.wantsOutput)
        #expect(exchange?.isStalled == nil)
        #expect(exchange?.creditedBodyBytes == nil)
        source.add([0x62])
        #expect(line.take().isEmpty)
        exchange?.resume()
        #expect(line.session.wantsOutput)
        #expect(exchange?.isStalled == .socket)
        #expect(line.take() == "1\r\nb\r\n")
        #expect(exchange?.sentBodyBytes == 1)
        line.session.connectionLost()
        #expect(line.handler.seen[0].closed == [.connectionLost])
        #expect(line.session.isFinished)
    }

    @Test func `a source that resets closes the connection`() {
        let line = Line()
        let source = TestSource([[1]])
        source.last = .reset(.internalError)
        line.handler.ended = { e, _ in e.respond(ResponseHead(status: 200), source: source) }
        line.send(HTTP1ResponseTests.get)
        #expect(!line.take().hasSuffix("0\r\n\r\n"))
        #expect(line.session.isFinished)
        #expect(line.handler.seen[0].closed == [.aborted])
    }

    @Test func `HTTP 1.0 is answered without chunks and closed`() {
        let line = Line()
        line.handler.ended = { e, _ in
            e.respond(ResponseHead(status: 200), source: TestSource([[0x61], [0x62]]))
        }
        line.send("GET / HTTP/1.0\r\n\r\n")
        #expect(line.take() == "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nab")
        #expect(line.session.isFinished)
    }

    @Test func `HEAD, 204 and 304 carry no body`() {
        let line = Line()
        var statuses = [200, 204, 304]
        line.handler.ended = { e, _ in
            e.respond(ResponseHead(status: statuses.removeFirst()), body: [1, 2])
        }
        line.send("HEAD / HTTP/1.1\r\nhost: h\r\n\r\n")
        #expect(line.take() == "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
        line.send(HTTP1ResponseTests.get)
        #expect(line.take() == "HTTP/1.1 204 No Content\r\n\r\n")
        line.send(HTTP1ResponseTests.get)
        #expect(line.take().hasSuffix("\r\n\r\n"))
    }

    @Test func `100 Continue is sent unless the handler answers first`() {
        let line = Line()
        let head = "POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-Continue\r\ncontent-length: 3\r\n\r\n"
        line.send(head)
        #expect(line.take() == "HTTP/1.1 100 Continue\r\n\r\n")
        line.send("abc")
        #expect(line.take().hasSuffix("abc"))
        line.handler.began = { e, _ in e.respond(ResponseHead(status: 413), body: []) }
        line.send(head)
        let answer = line.take()
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        #expect(answer.contains("connection: close"))
        #expect(line.session.isFinished)
        #expect(line.handler.unbalanced == 0)
    }

    @Test func `a short rest behind an early answer is discarded, a long one closes`() {
        let line = Line()
        line.handler.began = { e, seen in
            if seen.path == "/refused" { e.respond(ResponseHead(status: 400), body: []) }
        }
        line.send("POST /refused HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n")
        #expect(line.take() == "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        #expect(line.handler.seen[0].closed == [.complete])
        line.send(String(repeating: "x", count: 400))
        line.send(String(repeating: "x", count: 600) + HTTP1ResponseTests.get)
        #expect(line.take().hasPrefix("HTTP/1.1 200 "))
        #expect(line.handler.seen.count == 2)

        line.send("POST /refused HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000\r\n\r\nxx")
        #expect(line.take().contains("connection: close"))
        #expect(line.session.isFinished)
        #expect(line.session.closesWithInputPending)
        #expect(line.send("xxx") == .ending)

        let chunked = Line()
        chunked.handler.began = { e, _ in e.respond(ResponseHead(status: 400), body: []) }
        chunked.send("POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab")
        #expect(chunked.take().contains("connection: close"))
        #expect(chunked.session.isFinished)
    }

    @Test func `Upgrade is ignored and Connection close is obeyed`() {
        let line = Line()
        line.send(
            "GET / HTTP/1.1\r\nhost: h\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
                + "http2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n")
        #expect(line.take().hasPrefix("HTTP/1.1 200 "))
        #expect(!line.session.isFinished)
        line.send("GET / HTTP/1.1\r\nhost: h\r\nconnection: foo, Close\r\n\r\n")
        #expect(line.take().contains("connection: close"))
        #expect(line.session.isFinished)
        #expect(!line.session.closesWithInputPending)
    }

    @Test func `a drain ends an idle connection at once and a busy one after its answer`() {
        let idle = Line()
        idle.session.drain()
        #expect(idle.session.isFinished)

        let busy = Line()
        var exchange: Exchange?
        busy.handler.ended = { e, _ in exchange = e }
        busy.send(HTTP1ResponseTests.get)
        busy.session.drain()
        #expect(!busy.session.isFinished)
        exchange?.respond(ResponseHead(status: 200), body: [0x61])
        #expect(busy.take() == "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: close\r\n\r\na")
        #expect(busy.session.isFinished)

        let begun = Line()
        begun.send("GET / HT")
        begun.session.drain()
        #expect(!begun.session.isFinished)
        begun.send("TP/1.1\r\nhost: h\r\n\r\n")
        #expect(begun.take().contains("connection: close"))
        #expect(begun.session.isFinished)
    }

    @Test func `deadlines end heads, bodies and responses that do not move`() {
        let second: UInt64 = 1_000_000_000
        let silent = Line()
        silent.context.now = 11 * second
        #expect(silent.session.enforce(Deadlines()) == 1)
        #expect(silent.session.isFinished)

        let head = Line()
        head.context.now = second
        head.send("GET / HTTP/1.1\r\n")
        head.context.now = 12 * second
        #expect(head.session.enforce(Deadlines()) == 1)
        #expect(head.take().hasPrefix("HTTP/1.1 408 "))
        #expect(head.session.isFinished)

        let body = Line()
        body.context.now = second
        body.send("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nab")
        #expect(body.session.receivingBody)
        #expect(body.session.enforce(Deadlines()) == 0)
        body.context.now = 30 * second
        body.send("c")
        #expect(body.session.enforce(Deadlines()) == 0)
        body.context.now = 61 * second
        #expect(body.session.enforce(Deadlines()) == 1)
        #expect(body.take().hasPrefix("HTTP/1.1 408 "))
        #expect(body.handler.seen[0].closed == [.aborted])

        let response = Line()
        response.context.now = second
        response.handler.ended = { e, _ in
            e.respond(ResponseHead(status: 200), body: [UInt8](repeating: 1, count: 50_000))
        }
        response.send(HTTP1ResponseTests.get)
        _ = produceOnce(response.session)
        #expect(response.session.hasDeadlines)
        #expect(response.session.enforce(Deadlines()) == 0)
        response.context.now = 62 * second
        #expect(response.session.enforce(Deadlines()) == 1)
        #expect(response.session.isFinished)
        #expect(response.handler.seen[0].closed == [.aborted])

        let stream = Line()
        stream.handler.ended = { e, _ in
            e.respond(ResponseHead(status: 200), source: TestSource([], ends: false))
        }
        stream.send(HTTP1ResponseTests.get)
        _ = stream.take()
        #expect(!stream.session.hasDeadlines)
    }

    @Test func `an idle kept connection has no head deadline`() {
        let line = Line()
        line.send(HTTP1ResponseTests.get)
        _ = line.take()
        #expect(!line.session.hasDeadlines)
        line.send("G")
        #expect(line.session.hasDeadlines)
    }

    @Test func `random bytes never trap`() {
        let words = [
            "GET ", "POST ", "/ ", "HTTP/1.1", "\r\n", "\r", "\n", "host: h", "content-length: ",
            "transfer-encoding: chunked", "5", "0", "\r\n\r\n", "abc", ":", " ", "\0",
            "connection: close",
            "expect: 100-continue",
        ]
        for seed in UInt64(1)...2_000 {
            var generator = SeededGenerator(seed: seed)
            let line = Line()
            line.send("POST / HTTP/1.1\r\nhost: h\r\n")
            for _ in 0..<30 {
                if generator.below(8) == 0 {
                    feed(line.session, generator.bytes(5))
                } else {
                    line.send(words[generator.below(words.count)])
                }
                _ = produceOnce(line.session, capacity: 1 + generator.below(200))
            }
            line.session.connectionLost()
            #expect(line.handler.unbalanced == 0, "seed \(seed)")
        }
    }
}
