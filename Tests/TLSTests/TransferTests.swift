import Testing
import TestSupport
import TLS

struct TransferTests {
    private func established(alpn: [String] = []) throws -> Link {
        let link = try Link(
            client: clientContext(alpn: alpn), server: serverContext(alpn: alpn))
        link.settle()
        return link
    }

    private func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    @Test func `a mebibyte goes both ways, in random pieces`() throws {
        let link = try established()
        let there = randomBytes(1 << 20, seed: 1)
        let back = randomBytes(1 << 20, seed: 2)
        #expect(link.client.send(there) == .open)
        #expect(link.server.send(back) == .open)
        var random = SeededGenerator(seed: 3)
        link.settle { Int.random(in: 1...40_000, using: &random) }
        #expect(link.server.received == there)
        #expect(link.client.received == back)
        #expect(link.server.largestPiece == 16_384)
    }

    @Test(arguments: [1, 100, 16_383, 16_384])
    func `what is sent in one call is one record`(_ count: Int) throws {
        let link = try established()
        #expect(link.server.send([UInt8](repeating: 7, count: count)) == .open)
        let wire = link.server.outgoing
        // Header, content type and tag of TLS 1.3 with AES-GCM or ChaCha20 (RFC 8446 §5.2).
        #expect(wire.count == count + 5 + 1 + 16)
        #expect(Int(wire[3]) << 8 | Int(wire[4]) == wire.count - 5)
        link.settle()
        #expect(link.client.largestPiece == count)
    }

    @Test func `several sends wait in order until the output is taken`() throws {
        let link = try established()
        let scratch = TLSScratch()
        // A server whose output is not taken after each call.
        let client = try End(clientContext(), serverName: "localhost")
        let server = try TLSConnection(context: serverContext(), scratch: scratch)
        client.start()
        for _ in 0..<4 {
            var reply: [UInt8] = []
            let hello = client.takeOutgoing()
            _ = server.receive(hello.span) { _ in }
            server.takeOutput { bytes in for i in 0..<bytes.count { reply.append(bytes[i]) } }
            _ = client.receive(reply[...])
        }
        #expect(server.isEstablished)
        #expect(!server.hasOutput)
        let block = [UInt8](repeating: 9, count: 10_000)
        for _ in 0..<10 {
            let progress = server.send(block.span)
            #expect(progress == .open)
        }
        #expect(server.hasOutput)
        var waiting: [UInt8] = []
        server.takeOutput { bytes in for i in 0..<bytes.count { waiting.append(bytes[i]) } }
        #expect(!server.hasOutput)
        _ = client.receive(waiting[...])
        #expect(client.received == [UInt8](repeating: 9, count: 100_000))
        withExtendedLifetime(link) {}
    }

    @Test func `output that nobody takes ends the connection, not the process`() throws {
        let client = try End(clientContext(), serverName: "localhost")
        let server = try TLSConnection(context: serverContext(), scratch: TLSScratch())
        client.start()
        while !server.isEstablished {
            var reply: [UInt8] = []
            _ = server.receive(client.takeOutgoing().span) { _ in }
            server.takeOutput { bytes in for i in 0..<bytes.count { reply.append(bytes[i]) } }
            _ = client.receive(reply[...])
        }
        let block = [UInt8](repeating: 9, count: 16_384)
        var progress = TLSProgress.open
        for _ in 0..<100 where progress == .open { progress = server.send(block.span) }
        #expect(reason(progress) == "too much output was not taken")
    }

    @Test func `nothing to send is nothing on the wire`() throws {
        let link = try established()
        let progress = link.server.connection.send([UInt8]().span)
        #expect(progress == .open)
        #expect(!link.server.connection.hasOutput)
    }

    @Test func `close_notify is seen behind the last bytes, and the other way stays open`() throws {
        let link = try established()
        #expect(link.client.send([1, 2, 3]) == .open)
        link.client.closeNotify()
        link.settle()
        #expect(link.server.received == [1, 2, 3])
        #expect(link.server.connection.progress == .closed)
        #expect(link.server.send([4, 5]) == .closed)
        link.server.closeNotify()
        link.settle()
        #expect(link.client.received == [4, 5])
        #expect(link.client.connection.progress == .closed)
    }

    @Test func `bytes behind close_notify are dropped`() throws {
        let link = try established()
        link.client.closeNotify()
        link.settle()
        #expect(link.server.receive([1, 2, 3, 4, 5, 6, 7][...]) == .closed)
        #expect(link.server.received.isEmpty)
    }

    @Test func `a truncated stream is not a clean end`() throws {
        let link = try established()
        _ = link.client.send([UInt8](repeating: 1, count: 1_000))
        let wire = link.client.takeOutgoing()
        #expect(link.server.receive(wire.dropLast()) == .open)
        #expect(link.server.received.isEmpty, "half a record is nothing")
        #expect(link.server.connection.progress != .closed)
    }

    @Test func `any changed byte of a record is a failure and gives no plaintext`() throws {
        for place in 0..<30 {
            let link = try established()
            _ = link.client.send([1, 2, 3, 4, 5, 6, 7, 8])
            var wire = link.client.takeOutgoing()
            #expect(wire.count == 30)
            wire[place] ^= 0x01
            let progress = link.server.receive(wire[...])
            // A longer length only means that more is awaited.
            if place != 3 { #expect(isFailed(progress) || progress == .open) }
            #expect(link.server.received.isEmpty, "byte \(place)")
            if place >= 5 { #expect(isFailed(progress), "byte \(place)") }
        }
    }

    @Test func `a failed connection stays failed`() throws {
        let link = try established()
        let failed = link.server.receive([UInt8](repeating: 0x16, count: 64)[...])
        #expect(isFailed(failed))
        #expect(!link.server.outgoing.isEmpty, "an alert tells the peer")
        #expect(link.server.receive([1, 2, 3][...]) == failed)
        #expect(link.server.send([1]) == failed)
        link.settle()
        #expect(isFailed(link.client.connection.progress))
    }

    @Test func `garbage is a value, whatever it is`() throws {
        let context = try serverContext()
        for seed in 0..<UInt64(rounds(200)) {
            var random = SeededGenerator(seed: seed)
            let server = try End(context)
            var bytes = randomBytes(Int.random(in: 1...600, using: &random), seed: seed)
            // Half of it looks like a handshake record, so that the parser behind sees it too.
            if seed % 2 == 0 {
                bytes =
                    [0x16, 0x03, 0x01, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
            }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = min(rest.count, Int.random(in: 1...100, using: &random))
                _ = server.receive(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            #expect(!server.connection.isEstablished, "seed \(seed)")
            #expect(server.received.isEmpty, "seed \(seed)")
        }
    }

    @Test func `a client's hello with one byte changed never opens a connection wrongly`() throws {
        let client = try clientContext()
        let server = try serverContext()
        for seed in 0..<UInt64(rounds(60)) {
            var random = SeededGenerator(seed: seed)
            let link = try Link(client: client, server: server)
            var hello = link.client.takeOutgoing()
            // Behind the record's header, whose version nobody looks at (RFC 8446 §5.1).
            hello[Int.random(in: 5..<hello.count, using: &random)] ^= UInt8.random(
                in: 1...255, using: &random)
            _ = link.server.receive(hello[...])
            link.settle()
            // The transcript is authenticated: what the ends saw differs, so they cannot agree.
            #expect(
                !(link.client.connection.isEstablished && link.server.connection.isEstablished),
                "seed \(seed)")
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n", true), ("POST / HTTP/1.1\r\n", true), ("G", true), ("PO", true),
        ("OPTIONS * HTTP/1.1", true), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true), ("", false),
        ("get / HTTP/1.1", false), ("GETX", false), ("SSH-2.0-x", false), ("PRI * HTTP/1", false),
    ])
    func `a client that forgot TLS is recognised by its first bytes`(
        _ text: String, _ expected: Bool
    ) {
        let bytes = [UInt8](text.utf8)
        let isPlain = TLSConnection.looksLikePlainHTTP(bytes.span)
        #expect(isPlain == expected)
    }

    @Test func `a TLS client is not taken for a plain one`() throws {
        let client = try End(clientContext(), serverName: "localhost")
        client.start()
        let isPlain = TLSConnection.looksLikePlainHTTP(client.outgoing.span)
        #expect(!isPlain)
    }

    @Test func `calling another connection before the output is taken traps`() async {
        await #expect(processExitsWith: .failure) {
            let scratch = TLSScratch()
            let context = try clientContext()
            let first = try TLSConnection(context: context, scratch: scratch, serverName: "a")
            let second = try TLSConnection(context: context, scratch: scratch, serverName: "b")
            _ = first.start()
            _ = second.start()
        }
    }

    @Test func `the output of a connection that is gone does not hinder the next`() throws {
        let scratch = TLSScratch()
        let context = try clientContext()
        var first: TLSConnection? = try TLSConnection(
            context: context, scratch: scratch, serverName: "a")
        _ = first?.start()
        #expect(first?.hasOutput == true)
        first = nil
        let second = try TLSConnection(context: context, scratch: scratch, serverName: "b")
        #expect(second.start() == .handshaking)
        #expect(second.hasOutput)
    }
}
