import Foundation
import Reactor
import Synchronization
import System
import Testing
import TLS

@testable import Transport

/// What a stream told its owner.
private final class Told: TLSStreamOwner {
    var stream: TLSStream?
    var opened = 0
    var received: [UInt8] = []
    var drained = 0
    var ends: [StreamEnd] = []
    var onOpen: (TLSStream) -> Void = { _ in }
    var onBytes: (TLSStream) -> Void = { _ in }
    var onDrained: (TLSStream) -> Void = { _ in }

    func streamOpened(_ stream: TLSStream) {
        opened += 1
        onOpen(stream)
    }

    func streamReceived(_ stream: TLSStream, _ plaintext: Span<UInt8>) {
        for i in plaintext.indices { received.append(plaintext[i]) }
        onBytes(stream)
    }

    func streamDrained(_ stream: TLSStream) {
        drained += 1
        onDrained(stream)
    }

    func streamEnded(_ stream: TLSStream, _ end: StreamEnd) { ends.append(end) }
}

private struct Identities: Sendable {
    var trust: [UInt8]
    var identity: Identity

    static let made = Result { () throws(TLSError) -> Identities in
        let now = Int64(Date().timeIntervalSince1970)
        let authority = try CertificateAuthority.create(now: now)
        let issued = try authority.issue(names: ["localhost"], addresses: [], now: now)
        return Identities(
            trust: authority.certificatePEM,
            identity: try Identity(
                certificateChainPEM: issued.certificateChainPEM,
                privateKeyPEM: issued.privateKeyPEM))
    }
}

/// Runs a reactor with a client's end and a server's end until `isDone`, five seconds at most, and
/// gives what `result` makes of both.
private func connect<Outcome: Sendable>(
    serverName: String = "localhost", addresses: [SocketAddress]? = nil,
    openNanoseconds: UInt64 = 5_000_000_000,
    _ setUp: @escaping @Sendable (Told, Told) -> Void,
    until isDone: @escaping @Sendable (Told, Told) -> Bool,
    _ result: @escaping @Sendable (Told, Told) -> Outcome
) throws -> Outcome? {
    let made = try Identities.made.get()
    let listener = try Listener.bind(host: "127.0.0.1", port: 0)
    let clientContext = try TLSContext(client: made.trust, alpn: ["h2"])
    let outcome = Mutex<Outcome?>(nil)
    let thread = try Reactor.start(index: 0) { reactor in
        let (client, server) = (Told(), Told())
        setUp(client, server)
        let context = TransportContext(reactor: reactor)
        guard
            let serverContext = try? TLSContext(
                server: made.identity, tickets: TicketKeys(), alpn: ["h2"])
        else { return reactor.stop() }
        let acceptor = try? Acceptor(listener, on: reactor) { socket in
            server.stream = try? TLSStream(
                accepting: socket, tls: serverContext, openNanoseconds: openNanoseconds,
                in: context, owner: server)
        }
        let stream = TLSStream(
            connectingTo: addresses ?? [.loopbackIPv4(port: listener.port)],
            serverName: serverName, tls: clientContext, openNanoseconds: openNanoseconds,
            in: context, owner: client)
        client.stream = stream
        stream.start()
        #expect(client.opened == 0 && client.ends.isEmpty, "the outcome comes later")
        let limit = reactor.now + 5_000_000_000
        let timer = Timer {}
        reactor.atEndOfTurn {
            withExtendedLifetime((acceptor, timer)) {}
            guard isDone(client, server) || reactor.now > limit else {
                return reactor.schedule(timer, at: reactor.now + 5_000_000)
            }
            outcome.withLock { $0 = $0 ?? result(client, server) }
            client.stream?.close()
            server.stream?.close()
            reactor.stop()
        }
    }
    thread.join()
    return outcome.withLock { $0 }
}

@Suite struct TLSStreamTests {
    @Test func `bytes come as they were sent, both ways, and the protocol is agreed`() throws {
        let sent = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let outcome = try connect { client, server in
            client.onOpen = { $0.send(sent.span) }
            server.onBytes = { [unowned server] stream in
                if server.received.count == sent.count, stream.canSend { stream.send([7].span) }
            }
        } until: { client, _ in
            !client.received.isEmpty
        } _: { client, server in
            (
                server.received == sent, client.received,
                client.stream?.negotiatedProtocol ?? "", client.opened + server.opened
            )
        }
        let found = try #require(outcome)
        #expect(found.0 && found.1 == [7] && found.2 == "h2" && found.3 == 2)
    }

    @Test func `who takes nothing holds up the sender, who hears when it has gone`() throws {
        let piece = [UInt8](repeating: 0x5A, count: 16_384)
        let total = 64 << 20
        let outcome = try connect { client, server in
            let left = Left(total)
            // Pieces until the socket takes no more, and again when it does.
            func pump(_ stream: TLSStream) {
                stream.send { output in
                    guard left.bytes > 0 else { return }
                    for byte in piece { output.append(byte) }
                    left.bytes -= piece.count
                }
            }
            client.onOpen = pump
            client.onDrained = pump
            server.onBytes = { [unowned server] _ in
                // Only the count matters.
                left.received += server.received.count
                server.received.removeAll(keepingCapacity: true)
                if left.received == total { server.stream?.send([1].span) }
            }
        } until: { client, _ in
            !client.received.isEmpty
        } _: { client, _ in
            client.drained
        }
        #expect(try #require(outcome) > 0, "all came, and the socket was full in between")
    }

    @Test func `a certificate for somebody else ends the client's end`() throws {
        let outcome = try connect(serverName: "other.example") { _, _ in
        } until: { client, _ in
            !client.ends.isEmpty
        } _: { client, _ in
            (client.opened, client.ends.map { "\($0)" })
        }
        let found = try #require(outcome)
        #expect(found.0 == 0 && found.1.count == 1)
        #expect(found.1.first?.contains("certificate verify failed") == true)
    }

    @Test func `the next address is tried, and the last failure is told`() throws {
        // Port 1 of this machine listens to nobody.
        let nobody = SocketAddress.loopbackIPv4(port: 1)
        let failed = try connect(addresses: [nobody, nobody]) { _, _ in
        } until: { client, _ in
            !client.ends.isEmpty
        } _: { client, _ in
            client.ends.map { end in
                if case .unreachable(let address, let error) = end {
                    return "\(address) \(error.errno)"
                }
                return "\(end)"
            }
        }
        #expect(failed == ["\(nobody) \(ECONNREFUSED)"])
    }

    @Test func `a server that says nothing is given up in time`() throws {
        let silent = try Listener.bind(host: "127.0.0.1", port: 0)
        let outcome = try connect(
            addresses: [.loopbackIPv4(port: silent.port)], openNanoseconds: 100_000_000
        ) { _, _ in
        } until: { client, _ in
            !client.ends.isEmpty
        } _: { client, _ in
            client.ends.map { "\($0)" }
        }
        #expect(outcome == ["timedOut"])
    }

    @Test func `the end of one side is told to the other, once`() throws {
        let outcome = try connect { client, _ in
            client.onOpen = { $0.close() }
        } until: { _, server in
            !server.ends.isEmpty
        } _: { client, server in
            (client.ends.count, server.ends.map { "\($0)" })
        }
        let found = try #require(outcome)
        #expect(found.0 == 0 && found.1 == ["closedByPeer"])
    }
}

/// What is left to send, and what came.
private final class Left {
    var bytes: Int
    var received = 0

    init(_ count: Int) { bytes = count }
}
