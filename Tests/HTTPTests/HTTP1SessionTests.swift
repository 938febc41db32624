import HTTP
import Synchronization
import Testing
import TestSupport

/// A server's HTTP/1.1 connection and its handler.
final class Line {
    let context = HTTPContext()
    let handler = TestHandler()
    let session: HTTP1Session

    init() { session = HTTP1Session(context: context, handler: handler) }

    @discardableResult
    func send(_ text: String) -> SessionState { feed(session, text) }

    func take(capacity: Int = 16_384) -> String {
        String(decoding: produceAll(session, capacity: capacity), as: UTF8.self)
    }
}

@Suite struct HTTP1SessionTests {
    @Test func `a request and its answer pass through, and the connection stays`() {
        let line = Line()
        for i in 0..<3 {
            line.send(
                "POST / HTTP/1.1\r\nHost: gw:4567\r\nX-Amz-Target: K.Put\r\nContent-Length: 4\r\n\r\nab\(i)d"
            )
            #expect(
                line.take()
                    == "HTTP/1.1 200 OK\r\nx-test: yes\r\ncontent-length: 4\r\n\r\nab\(i)d")
        }
        let seen = line.handler.seen[0]
        #expect(seen.method == "POST" && seen.path == "/" && seen.authority == "gw:4567")
        #expect(seen.fields.map(\.0) == ["content-length", "host", "x-amz-target"])
        #expect(line.handler.unbalanced == 0)
        #expect(!line.session.isFinished)
        #expect(!line.session.hasIncompleteHead)
    }

    @Test func `bytes one by one and in random pieces give the same`() {
        let input = Array(
            ("\r\nPOST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                + "POST / HTTP/1.1\r\nhost:h\r\ntransfer-encoding: Chunked\r\n\r\n"
                + "5\r\nhello\r\nA;ext=\"1\"\r\n0123456789\r\n0\r\nx-trailer: 1\r\n\r\n"
                + "GET / HTTP/1.1\r\nhost: h \r\n\r\n"
                + "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
                .utf8)
        func run(_ pieces: [[UInt8]], capacity: Int) -> ([String], String) {
            let line = Line()
            var output: [UInt8] = []
            for piece in pieces {
                feed(line.session, piece)
                output += produceAll(line.session, capacity: capacity)
            }
            #expect(line.session.isFinished)
            #expect(line.handler.unbalanced == 0)
            return (line.handler.seen.map(\.summary), String(decoding: output, as: UTF8.self))
        }
        let whole = run([input], capacity: 16_384)
        #expect(whole.0.count == 4)
        let single = run(input.map { [$0] }, capacity: 1)
        #expect(single == whole)
        for seed in UInt64(1)...40 {
            var generator = SeededGenerator(seed: seed)
            var pieces: [[UInt8]] = []
            var at = 0
            while at < input.count {
                let n = min(1 + generator.below(60), input.count - at)
                pieces.append(Array(input[at..<at + n]))
                at += n
            }
            #expect(run(pieces, capacity: 1 + generator.below(40)) == whole, "seed \(seed)")
        }
    }

    @Test func `pipelined requests are handled one after the other`() {
        let line = Line()
        var waiting: [(Exchange, Seen)] = []
        line.handler.ended = { waiting.append(($0, $1)) }
        line.send(
            (0..<3).map { "POST /\($0) HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nb\($0)!" }
                .joined())
        #expect(line.handler.seen.count == 1)
        #expect(line.take().isEmpty)
        for i in 0..<3 {
            #expect(line.handler.seen.count == i + 1)
            let (exchange, seen) = waiting[i]
            #expect(seen.path == "/\(i)")
            exchange.respond(ResponseHead(status: 200), body: seen.body)
            #expect(line.take().hasSuffix("b\(i)!"))
        }
        #expect(line.handler.unbalanced == 0)
    }

    @Test func `input that waits for a response pauses reading at a bound`() {
        let line = Line()
        var waiting: [Exchange] = []
        line.handler.ended = { exchange, _ in waiting.append(exchange) }
        line.send("GET / HTTP/1.1\r\nhost: h\r\n\r\n")
        let next = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 100000\r\n\r\n"
        line.send(next + String(repeating: "x", count: 60_000))
        #expect(line.session.wantsInput)
        line.send(String(repeating: "x", count: 16_384))
        #expect(!line.session.wantsInput)
        waiting[0].respond(ResponseHead(status: 200), body: [])
        _ = line.take()
        #expect(line.session.wantsInput)
        #expect(line.handler.seen.count == 2)
        line.send(String(repeating: "x", count: 100_000 - 76_384))
        #expect(line.handler.seen[1].body.count == 100_000)
    }

    @Test(arguments: [
        ("two lengths", "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        ("conflicting lengths", "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
        ("a list of lengths", "Content-Length: 3, 3\r\n\r\nabc"),
        ("a signed length", "Content-Length: +3\r\n\r\nabc"),
        ("a negative length", "Content-Length: -3\r\n\r\nabc"),
        ("a hexadecimal length", "Content-Length: 0x3\r\n\r\nabc"),
        ("an empty length", "Content-Length:\r\n\r\nabc"),
        ("an endless length", "Content-Length: 99999999999999999999\r\n\r\nabc"),
        ("length and coding", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("coding and length", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
        (
            "two codings",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        ("a list of codings", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("another coding", "Transfer-Encoding: identity\r\n\r\n"),
        ("a disguised coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("a quoted coding", "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
        ("a folded line", "X-A: 1\r\n 2\r\n\r\n"),
        ("a folded first line", " X-A: 1\r\n\r\n"),
        ("a space before the colon", "Content-Length : 3\r\n\r\nabc"),
        ("a tab before the colon", "Content-Length\t: 3\r\n\r\nabc"),
        ("no colon", "Content-Length 3\r\n\r\nabc"),
        ("an empty name", ": 3\r\n\r\n"),
        ("a NUL in a value", "X-A: a\0b\r\n\r\n"),
        ("a control byte in a value", "X-A: a\u{1}b\r\n\r\n"),
        ("DEL in a value", "X-A: a\u{7f}b\r\n\r\n"),
        ("a bare CR", "X-A: a\rb\r\n\r\n"),
        ("a bare LF", "X-A: a\nX-B: b\r\n\r\n"),
        ("LF line ends", "X-A: a\n\n"),
        ("CR CR LF", "X-A: a\r\r\n\r\n"),
        ("a name that is no token", "X(A): a\r\n\r\n"),
        ("a second Host", "Host: other\r\n\r\n"),
        ("a broken chunk size", "Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n"),
        ("an empty chunk size", "Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n"),
        ("a signed chunk size", "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n"),
        ("a chunk size with 0x", "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"),
        ("a chunk size with a space", "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n"),
        ("an endless chunk size", "Transfer-Encoding: chunked\r\n\r\n1000000000000000003\r\nabc"),
        ("a chunk ended by LF", "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"),
        ("a chunk longer than said", "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
        ("a LF in an extension", "Transfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n"),
        ("a broken trailer", "Transfer-Encoding: chunked\r\n\r\n0\r\n bad: 1\r\n\r\n"),
    ])
    func `framing that two readers could read in two ways is refused`(name: String, rest: String) {
        for pieces in [false, true] {
            let line = Line()
            let bytes = Array(
                ("POST / HTTP/1.1\r\nHost: h\r\n\(rest)GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n")
                    .utf8)
            if pieces {
                for byte in bytes { feed(line.session, [byte]) }
            } else {
                feed(line.session, bytes)
            }
            let answer = line.take()
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(name)")
            #expect(answer.contains("\r\nconnection: close\r\n"), "\(name)")
            #expect(answer.components(of: "HTTP/1.1 ") == 1, "\(name)")
            #expect(line.session.isFinished, "\(name)")
            #expect(line.session.closesWithInputPending)
            #expect(!line.handler.seen.contains { $0.path == "/smuggled" }, "\(name)")
            #expect(line.handler.unbalanced == 0, "\(name)")
            guard case .failed(let error) = line.send("GET / HTTP/1.1\r\n\r\n") else {
                Issue.record("not failed: \(name)")
                continue
            }
            #expect(error == HTTPError(.framing, code: 400))
        }
    }

    @Test(arguments: [
        "POST  / HTTP/1.1", "POST /  HTTP/1.1", "POST / HTTP/1.1 ", " POST / HTTP/1.1", "POST /",
        "POST", "POST / HTTP/1.2", "POST / HTTP/2.0", "POST / HTTP/0.9", "POST / http/1.1",
        "P(ST / HTTP/1.1", "POST nowhere HTTP/1.1", "POST * HTTP/1.1", "PRI * HTTP/2.0",
        "POST ftp://a/ HTTP/1.1", "POST http:// HTTP/1.1", "POST /\u{7f} HTTP/1.1",
        "POST /\t HTTP/1.1", "POST /é HTTP/1.1", "CONNECT a:1 HTTP/1.1",
    ])
    func `a request line that is not one is refused`(line text: String) {
        let line = Line()
        line.send("\(text)\r\nHost: h\r\n\r\n")
        #expect(line.take().hasPrefix("HTTP/1.1 400 "))
        #expect(line.session.isFinished)
        #expect(line.handler.seen.isEmpty)
    }

    @Test func `Host is required once in 1.1, and its characters are a host's`() {
        for (head, served) in [
            ("GET / HTTP/1.1\r\n", false), ("GET / HTTP/1.0\r\n", true),
            ("GET / HTTP/1.1\r\nhost:\r\n", true), ("GET / HTTP/1.1\r\nhost: a b\r\n", false),
            ("GET / HTTP/1.1\r\nhost: a@b\r\n", false), ("GET / HTTP/1.1\r\nhost: a/b\r\n", false),
            ("GET / HTTP/1.1\r\nhost: [::1]:4567\r\n", true),
            ("GET / HTTP/1.0\r\nhost: a\r\nhost: a\r\n", false),
        ] {
            let line = Line()
            line.send(head + "\r\n")
            #expect(line.take().hasPrefix(served ? "HTTP/1.1 200" : "HTTP/1.1 400"), "\(head)")
            #expect(line.handler.seen.count == (served ? 1 : 0), "\(head)")
        }
    }

    @Test func `an absolute target names the authority`() {
        let line = Line()
        line.send("POST https://gw:4567/x?y HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(line.handler.seen[0].authority == "gw:4567")
        #expect(line.handler.seen[0].path == "/x?y")
        line.send("OPTIONS * HTTP/1.1\r\nHost: other\r\n\r\n")
        _ = line.take()
        #expect(line.handler.seen[1].path == "*")
        #expect(line.handler.seen[1].authority == "other")
    }

    @Test func `heads beyond the bounds are answered with 431 or 414`() {
        let many = (0..<99).map { "x-\($0): v\r\n" }.joined()
        for (head, status) in [
            ("GET / HTTP/1.1\r\nhost: h\r\n\(many)\r\n", 200),
            ("GET / HTTP/1.1\r\nhost: h\r\n\(many)x-99: v\r\n\r\n", 431),
            (
                "GET / HTTP/1.1\r\nhost: h\r\nx: \(String(repeating: "v", count: 66_000))\r\n\r\n",
                431
            ),
            ("GET /\(String(repeating: "v", count: 8_178)) HTTP/1.1\r\nhost: h\r\n\r\n", 200),
            ("GET /\(String(repeating: "v", count: 8_179)) HTTP/1.1\r\nhost: h\r\n\r\n", 414),
        ] {
            let line = Line()
            line.send(head)
            #expect(line.take().hasPrefix("HTTP/1.1 \(status) "))
            #expect(line.session.isFinished == (status != 200))
        }
    }
}

extension String {
    /// How often `part` occurs.
    func components(of part: String) -> Int {
        let whole = Array(utf8)
        let wanted = Array(part.utf8)
        guard whole.count >= wanted.count else { return 0 }
        return (0...whole.count - wanted.count).count {
            Array(whole[$0..<$0 + wanted.count]) == wanted
        }
    }
}
