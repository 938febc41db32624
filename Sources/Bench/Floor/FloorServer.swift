import Reactor
import System
import TLS

/// The least that a server which pushes over TLS has to do: one thread that takes frames from a
/// producer, keeps them once, and writes them to all subscribers with plain `SSL_write`. No HTTP, no
/// log, nothing copied for a subscriber before encryption; what it costs is the limit.
public final class FloorServer {
    let reactor: Reactor
    let ring = FloorRing()
    private let context: TLSContext
    private var connections: [ObjectIdentifier: FloorConnection] = [:]
    private var subscribers: [FloorConnection] = []

    init(reactor: Reactor, context: TLSContext) {
        self.reactor = reactor
        self.context = context
    }

    func accept(_ socket: Socket) {
        // Without memory or descriptors the client is told by the end of its connection.
        guard let connection = try? FloorConnection(self, socket, context) else { return }
        connections[ObjectIdentifier(connection)] = connection
    }

    func joined(_ connection: FloorConnection) { subscribers.append(connection) }

    /// Sends whole frames to everybody whose socket takes bytes; the others follow when theirs do.
    func relay(_ frames: Span<UInt8>) {
        ring.append(frames)
        // From the last to the first, because one that is cut off leaves the list.
        var place = subscribers.count - 1
        while place >= 0 {
            if !subscribers[place].isBlocked { subscribers[place].push() }
            place -= 1
        }
    }

    func ended(_ connection: FloorConnection, wasProducer: Bool) {
        connections[ObjectIdentifier(connection)] = nil
        subscribers.removeAll { $0 === connection }
        // Nothing comes any more: the bench is over.
        if wasProducer { reactor.stop() }
    }

    /// Serves until the producer has gone: on a free port of this machine, with a certificate of its
    /// own. Tells both on standard output.
    public static func run() throws {
        // OpenSSL writes to sockets as to files, and a peer that has gone is no reason to die.
        let signals = try Signals()
        let now = WallClock.milliseconds / 1000
        let authority = try CertificateAuthority.create(now: now)
        let issued = try authority.issue(names: ["localhost"], addresses: [], now: now)
        let identity = try Identity(
            certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
        let context = try TLSContext(server: identity, tickets: TicketKeys(), alpn: [])
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        _ = StandardOutput.line(String(decoding: authority.certificatePEM, as: UTF8.self))
        _ = StandardOutput.line("floor ready \(listener.port)")
        let thread = try Reactor.start(index: 0) { reactor in
            let server = FloorServer(reactor: reactor, context: context)
            do {
                let acceptor = try Acceptor(listener, on: reactor) { server.accept($0) }
                // Both live as long as the reactor runs.
                reactor.onWake { withExtendedLifetime((server, acceptor)) {} }
            } catch {
                reactor.stop()
            }
        }
        // The process ends with the bench or by a signal, whichever comes first.
        _ = try JoinableThread(name: "signals") {
            _ = signals.wait()
            thread.stop()
        }
        thread.join()
    }
}
