import Kinesis
import Reactor
import TLS

/// The least that a server which pushes over TLS has to do: sockets, TLS, and bytes that are the
/// same for everybody. No HTTP, no log, no records; what it costs is the limit.
///
/// The first byte of a client is its role: `S` has frames pushed, `T` says by each byte that
/// follows that there is one more.
final class FloorServer {
    private let reactor: Reactor
    private let context: TLSContext
    private let scratch = TLSScratch()
    private let frameBytes: Int
    /// The frame again and again, long enough for a TLS record from any place in it.
    private let pattern: [UInt8]
    /// Bytes that every subscriber is to have.
    private var head: UInt64 = 0
    private var subscribers: [Subscription] = []
    private var pipes: [ObjectIdentifier: TLSPipe] = [:]
    private var hasMore = false

    private final class Subscription {
        let pipe: TLSPipe
        var position: UInt64

        init(_ pipe: TLSPipe, _ position: UInt64) {
            self.pipe = pipe
            self.position = position
        }
    }

    init(reactor: Reactor, context: TLSContext, frame: [UInt8]) {
        self.reactor = reactor
        self.context = context
        frameBytes = frame.count
        var pattern: [UInt8] = []
        while pattern.count < 16_384 + frame.count { pattern += frame }
        self.pattern = pattern
        reactor.atEndOfTurn { [weak self] in self?.pushAll() }
    }

    /// The event that a subscription of Weir's carries for one record of `bytes`.
    static func frame(recordBytes: Int) -> [UInt8] {
        var payload = BenchPayload(bytes: recordBytes, seed: 1)
        let number = SequenceNumber(
            shardCreatedSecond: 1_790_000_000, shardIndex: 0, index: 1 << 40, second: 1_790_000_000)
        let data = payload.make(due: 0, number: 0)
        let key = Array(BenchKey.make(0).utf8)
        var event = SubscribeToShard.Event(capacity: 2 * recordBytes + 512)
        event.append(
            sequenceNumber: number, arrivalMilliseconds: 1_790_000_000_123, partitionKey: key.span,
            data: data.span)
        return event.finish(.continues(number), millisBehindLatest: 0)
    }

    func accept(_ socket: Socket) {
        try? socket.setNoDelay()
        guard
            let pipe = try? TLSPipe(
                reactor: reactor, accepted: socket, context: context, scratch: scratch)
        else { return }
        let id = ObjectIdentifier(pipe)
        pipes[id] = pipe
        var isTrigger = false
        var hasRole = false
        pipe.received = { [unowned self, unowned pipe] bytes in
            var count = bytes.count
            if !hasRole {
                hasRole = true
                isTrigger = bytes[0] == UInt8(ascii: "T")
                count -= 1
                if !isTrigger { subscribers.append(Subscription(pipe, head)) }
            }
            if isTrigger, count > 0 {
                head += UInt64(count) * UInt64(frameBytes)
                hasMore = true
            }
        }
        pipe.drained = { [unowned self, unowned pipe] in
            if let subscription = subscribers.first(where: { $0.pipe === pipe }) {
                push(subscription)
            }
        }
        pipe.closed = { [unowned self] in
            pipes[id] = nil
            subscribers.removeAll { $0.pipe === pipe }
            // Nobody is left to trigger: the bench is over.
            if isTrigger { reactor.stop() }
        }
    }

    private func pushAll() {
        guard hasMore else { return }
        hasMore = false
        for subscription in subscribers { push(subscription) }
    }

    private func push(_ subscription: Subscription) {
        let pattern = pattern
        while subscription.position < head, subscription.pipe.canSend {
            let count = Int(min(16_384, head - subscription.position))
            let start = Int(subscription.position % UInt64(frameBytes))
            subscription.pipe.send(pattern.span.extracting(start..<start + count))
            subscription.position += UInt64(count)
        }
    }

    /// Serves until the client that triggers has gone: on a free port of this machine, with a
    /// certificate of its own. Tells both on standard output.
    static func run(recordBytes: Int) throws {
        let now = Int64(BenchSystem.wallSeconds)
        let authority = try CertificateAuthority.create(now: now)
        let issued = try authority.issue(names: ["localhost"], addresses: [], now: now)
        let identity = try Identity(
            certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
        let context = try TLSContext(server: identity, tickets: TicketKeys(), alpn: [])
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        _ = StandardOutput.write(authority.certificatePEM)
        _ = StandardOutput.line("floor ready \(listener.port)")
        let thread = try Reactor.start(index: 0) { reactor in
            let server = FloorServer(
                reactor: reactor, context: context, frame: frame(recordBytes: recordBytes))
            do {
                let acceptor = try Acceptor(listener, on: reactor) { server.accept($0) }
                // Both live as long as the reactor runs.
                reactor.onWake { withExtendedLifetime((server, acceptor)) {} }
            } catch {
                reactor.stop()
            }
        }
        thread.join()
    }
}
