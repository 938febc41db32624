import HTTP
import Metrics
import Reactor
import System
import TLS

/// The connections of one reactor, from the accepted socket to the last byte.
///
/// `accept` or `adopt` makes one; whoever has something to write is noted as dirty and flushed at
/// the end of the turn; `sweep` looks at their deadlines once a second; `drain` and `closeAll` end
/// them. What they use in turn is lent from here: buffers, certificates, the protocol's context.
final class Connections: TurnHandler {
    private let node: Node
    private let reactor: Reactor
    private let clock: TurnClock
    private let counters: GatewayCounters
    private let slices: Slices
    /// What their sessions share.
    let http: HTTPContext
    let buffers = IOBuffers()
    private let tickets: TicketKeys
    /// The certificates of connections that are made from now on.
    private(set) var tls: TLSContext

    private var table = TokenTable<Connection>()
    private let newcomers = Newcomers()
    private var reception: Reception?
    /// No connection is taken any more.
    private var isDraining = false
    private var isSweeping = false

    /// Connections to flush at the end of the turn, and how many of them are done.
    private var dirty: [Connection] = []
    private var flushed = 0
    /// How many of them there are; the list itself costs a check at run time at each look.
    private var dirtyCount = 0

    /// Throws what OpenSSL says of the certificates.
    init(
        node: Node, reactor: Reactor, clock: TurnClock, slices: Slices, heads: ResponseHeads,
        identity: Identity, tickets: TicketKeys
    ) throws(TLSError) {
        self.node = node
        self.reactor = reactor
        self.clock = clock
        self.slices = slices
        self.tickets = tickets
        counters = node.counters[reactor.index]
        http = HTTPContext(counters: node.http[reactor.index]) { heads.complete(&$0) }
        tls = try TLSContext(server: identity, tickets: tickets, alpn: ["h2", "http/1.1"])
    }

    /// How many are open.
    var count: Int { table.count }

    /// Every connection, in no order that means anything.
    func forEach(_ body: (Connection) -> Void) { table.forEach(body) }

    // MARK: Coming and going

    /// Accepts connections here and spreads them over the reactors in turn.
    func accept(from listener: Listener, for gateway: ReactorGateway) {
        do throws(SystemError) {
            reception = try Reception(listener, node: node, reactor: reactor) {
                [unowned self, unowned gateway] in adopt($0, for: gateway)
            }
        } catch {
            preconditionFailure("A reactor without connections cannot watch its listener: \(error)")
        }
    }

    /// Makes a connection of what was accepted, here or on another reactor.
    func adopt(_ arrival: Arrival, for gateway: ReactorGateway) {
        let socket = Socket(descriptor: arrival.descriptor)
        guard !isDraining else { return turnAway(socket, arrival.peer, .shutdown) }
        counters.connectionsAccepted.add()
        do {
            try socket.setNotSentLowat(bytes: Limits.notSentLowWater)
            let connection = try Connection(
                home: self, gateway: gateway, socket: socket, peer: arrival.peer)
            connection.token = table.insert(connection)
            newcomers.append(connection)
            counters.connectionsOpen.add()
        } catch {
            turnAway(socket, arrival.peer, .socketError)
        }
    }

    private func turnAway(_ socket: Socket, _ peer: Peer, _ reason: CloseReason) {
        socket.close()
        node.peers.leave(peer, wasProven: false)
        counters.connectionsClosed.add(reason)
    }

    /// A connection has made its first request.
    func proved(_ connection: Connection) {
        newcomers.remove(connection)
        node.peers.prove()
    }

    /// A connection has closed.
    func forget(_ connection: Connection, _ reason: CloseReason) {
        table.remove(connection.token)
        newcomers.remove(connection)
        node.peers.leave(connection.peer, wasProven: connection.hasMadeRequest)
        counters.connectionsOpen.subtract()
        counters.connectionsClosed.add(reason)
    }

    /// Closes newcomers that have had their time, for others that wait to be accepted.
    func makeRoom() { newcomers.makeRoom(now: reactor.now) }

    /// New connections get these certificates.
    func reload(_ identity: Identity) {
        do throws(TLSError) {
            tls = try TLSContext(server: identity, tickets: tickets, alpn: ["h2", "http/1.1"])
        } catch {
            // The server made a context of it before it asked; this one fails only without memory,
            // and the certificates in use go on.
        }
    }

    // MARK: The end of a turn

    /// The connection is flushed at the end of this turn.
    func noteDirty(_ connection: Connection) {
        dirty.append(connection)
        dirtyCount += 1
    }

    /// Flushes the connections that have something to say, in the order in which they came to have
    /// it. A fan-out to thousands takes several turns, so that who became ready meanwhile does not
    /// wait for all of them.
    func flush() {
        let first = flushed
        var timeIsUp = UInt64.max
        let sent = counters.bytesSent.value
        // A connection that is flushed may make others dirty; they are appended and served too.
        while flushed < dirtyCount {
            // Whoever is alone needs no bound.
            if flushed == first + 1 { timeIsUp = clock.latest &+ Limits.serviceNanoseconds }
            if flushed > first,
                flushed - first >= Limits.flushesPerTurn || clock.latest > timeIsUp
                    || counters.bytesSent.value &- sent
                        > Limits.flushedBytesPerTurn
            {
                if flushed > dirtyCount / 2 {
                    dirty.removeFirst(flushed)
                    dirtyCount -= flushed
                    flushed = 0
                }
                return reactor.runNextTurn(self)
            }
            flushed += 1
            dirty[flushed - 1].flush()
        }
        guard dirtyCount > 0 else { return }
        dirty.removeAll(keepingCapacity: true)
        dirtyCount = 0
        flushed = 0
    }

    /// The reactor does not sleep while something is to be flushed.
    func turn() {}

    // MARK: Once a second

    /// Looks whether a state of accepting has ended, and at every connection's deadlines, some at a
    /// time. A look that takes longer than a second is followed by the next, not joined by it.
    func sweep() {
        reception?.look()
        guard !isSweeping else { return }
        isSweeping = true
        forEach(some: Limits.sliceItems) { [unowned self] connection in
            http.now = reactor.now
            connection.checkDeadlines(now: reactor.now)
        } then: { [unowned self] in
            isSweeping = false
        }
    }

    // MARK: The end

    /// Takes no connection any more; those that are open finish what runs.
    func drain() {
        stopAccepting()
        forEach(some: Limits.sliceItems) { $0.drain() }
    }

    /// Closes every connection, some at a time; what came in the meantime is closed as it comes.
    func closeAll() {
        stopAccepting()
        forEach(some: 1) { $0.close(.shutdown) }
    }

    /// Closes every connection at once: the reactor has ended.
    func end() {
        stopAccepting()
        let (left, _) = table.slice(from: 0, count: table.places)
        for connection in left { connection.close(.shutdown) }
    }

    private func stopAccepting() {
        isDraining = true
        reception?.stop()
        reception = nil
    }

    private func forEach(
        some count: Int, _ body: @escaping (Connection) -> Void,
        then finish: @escaping () -> Void = {}
    ) {
        var place: Int? = 0
        slices.add { [unowned self] in
            guard let start = place else {
                finish()
                return false
            }
            let (some, next) = table.slice(from: start, count: count)
            for connection in some { body(connection) }
            place = next
            return true
        }
    }
}
