import Testing
import TestSupport

@testable import TLS

struct HandshakeTests {
    private static let request = [UInt8]("a question".utf8)
    private static let response = [UInt8]("an answer".utf8)

    /// Both ends agree, and bytes flow both ways.
    private func expectWorks(_ link: Link, piece: () -> Int = { .max }, _ note: Comment? = nil) {
        link.settle(piece: piece)
        #expect(link.client.connection.progress == .open, note)
        #expect(link.server.connection.progress == .open, note)
        guard link.client.connection.isEstablished, link.server.connection.isEstablished else {
            return
        }
        #expect(link.client.send(Self.request) == .open, note)
        #expect(link.server.send(Self.response) == .open, note)
        link.settle(piece: piece)
        #expect(link.server.received == Self.request, note)
        #expect(link.client.received == Self.response, note)
    }

    private func contexts(
        _ version: TLSContext.Version
    ) throws(TLSError) -> (client: TLSContext, server: TLSContext) {
        let client = try clientContext()
        client.limit(to: version)
        return (client, try serverContext())
    }

    @Test(arguments: [TLSContext.Version.tls12, .tls13])
    func `a handshake fed one byte at a time succeeds`(_ version: TLSContext.Version) throws {
        let (client, server) = try contexts(version)
        let link = try Link(client: client, server: server)
        expectWorks(link, piece: { 1 })
        #expect(link.server.connection.version == (version == .tls12 ? "TLSv1.2" : "TLSv1.3"))
    }

    @Test(arguments: [TLSContext.Version.tls12, .tls13])
    func `a handshake fed in random pieces succeeds`(_ version: TLSContext.Version) throws {
        let (client, server) = try contexts(version)
        for seed in 0..<UInt64(rounds(20)) {
            var random = SeededGenerator(seed: seed)
            let link = try Link(client: client, server: server)
            expectWorks(
                link, piece: { Int.random(in: 1...400, using: &random) }, "seed \(seed)")
        }
    }

    @Test func `versions before 1.2 are refused with an alert that says so`() throws {
        // A client that knows nothing newer than 1.2 names its version in the hello's first field
        // alone (RFC 5246 §7.4.1.2): behind the record's 5 bytes and the message's 4.
        let (client, server) = try contexts(.tls12)
        let link = try Link(client: client, server: server)
        var hello = link.client.takeOutgoing()
        #expect(hello[9] == 3)
        #expect(hello[10] == 3)
        hello[10] = 2
        let progress = link.server.receive(hello[...])
        #expect(reason(progress) == "unsupported protocol")
        // A fatal alert, protocol_version (RFC 8446 §6.2).
        #expect(link.server.outgoing.suffix(2) == [2, 70])
    }

    @Test(arguments: [TLSContext.Version.tls12, .tls13])
    func `the server chooses 128-bit AES where the processor helps`(
        _ version: TLSContext.Version
    ) throws {
        let (client, server) = try contexts(version)
        let link = try Link(client: client, server: server)
        expectWorks(link)
        let expected = TLSContext.prefersAES ? "AES" : "CHACHA20"
        #expect(link.server.connection.cipher.contains(expected))
        if TLSContext.prefersAES { #expect(link.server.connection.cipher.contains("128")) }
    }

    @Test(arguments: [
        (["http/1.1", "h2"], "h2"), (["h2"], "h2"), (["http/1.1"], "http/1.1"),
        (["spdy/3", "http/1.1"], "http/1.1"), ([], nil),
    ])
    func `the server's preference decides the protocol`(
        _ offered: [String], _ expected: String?
    ) throws {
        let link = try Link(client: clientContext(alpn: offered), server: serverContext())
        expectWorks(link)
        #expect(link.server.connection.negotiatedProtocol == expected)
        #expect(link.client.connection.negotiatedProtocol == expected)
    }

    @Test func `a client that offers only protocols that we do not speak is told so`() throws {
        let link = try Link(client: clientContext(alpn: ["smtp"]), server: serverContext())
        link.settle()
        #expect(isFailed(link.server.connection.progress))
        #expect(
            reason(link.client.connection.progress)?.contains("no application protocol") == true)
    }

    @Test(arguments: ["localhost", "127.0.0.1", "::1"])
    func `every name of the certificate is accepted`(_ name: String) throws {
        expectWorks(
            try Link(client: clientContext(), server: serverContext(), serverName: name))
    }

    @Test(arguments: ["example.test", "127.0.0.2", "::2", "ocalhost", "localhost.example"])
    func `another name is refused`(_ name: String) throws {
        let link = try Link(client: clientContext(), server: serverContext(), serverName: name)
        link.settle()
        #expect(
            reason(link.client.connection.progress)?.contains("mismatch") == true,
            "\(link.client.connection.progress)")
        #expect(isFailed(link.server.connection.progress), "the client's alert says that it left")
    }

    @Test func `a wildcard stands for one label`() throws {
        let identity = try makeIdentity(
            Fixture.authority.get(), names: ["*.stream.test"], addresses: [])
        let server = try serverContext(identity: identity)
        expectWorks(
            try Link(client: clientContext(), server: server, serverName: "a.stream.test"))
        for name in ["stream.test", "a.b.stream.test"] {
            let link = try Link(client: clientContext(), server: server, serverName: name)
            link.settle()
            #expect(isFailed(link.client.connection.progress))
        }
    }

    @Test func `a server of another authority is refused`() throws {
        let other = try CertificateAuthority.create(now: now)
        let link = try Link(
            client: clientContext(trust: other.certificatePEM), server: serverContext())
        link.settle()
        let text = reason(link.client.connection.progress)
        #expect(text?.hasPrefix("certificate verify failed: ") == true, "\(text ?? "no failure")")
        #expect(
            reason(link.server.connection.progress)?.contains("unknown ca") == true,
            "the alert tells the server why")
    }

    @Test func `an expired certificate is refused`() throws {
        let longAgo = now - 500 * 86_400
        let issued = try Fixture.authority.get().issue(
            names: ["localhost"], addresses: [], now: longAgo)
        let identity = try Identity(
            certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
        let link = try Link(client: clientContext(), server: serverContext(identity: identity))
        link.settle()
        #expect(reason(link.client.connection.progress)?.contains("expired") == true)
    }

    @Test func `connections outlive the change of certificates`() throws {
        let client = try clientContext()
        var server: TLSContext? = try serverContext()
        let old = try Link(client: client, server: #require(server))
        old.settle()
        // The owner's only reference to the old context is replaced.
        let authority = try CertificateAuthority.create(now: now)
        server = try serverContext(identity: makeIdentity(authority))
        expectWorks(old)
        let new = try Link(
            client: clientContext(trust: authority.certificatePEM), server: #require(server))
        expectWorks(new)
    }

    @Test(arguments: ["", "a\0b"])
    func `what cannot be a server's name is an error value`(_ name: String) throws {
        let context = try clientContext()
        #expect(throws: TLSError.self) {
            _ = try TLSConnection(context: context, scratch: TLSScratch(), serverName: name)
        }
    }
}
