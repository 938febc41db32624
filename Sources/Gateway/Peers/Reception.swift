import Metrics
import Reactor
import System

/// A connection that was accepted and counted, on its way to the reactor that will own it.
struct Arrival: Sendable {
    /// Closed by whoever does not make a connection of it.
    var descriptor: Int32
    var peer: Peer
}

/// Accepts the node's connections on one reactor and spreads them over all: as many as the node has
/// room for, of each address as many as its share.
///
/// What there is no room for waits in the kernel's queue; what is beyond an address's share is
/// closed at once, because in the queue it would stand before others.
final class Reception {
    private let node: Node
    private let reactor: Reactor
    private let adopt: (Arrival) -> Void
    private var acceptor: Acceptor?
    private var next = 0

    /// `adopt` takes those that stay on this reactor.
    init(
        _ listener: Listener, node: Node, reactor: Reactor, adopt: @escaping (Arrival) -> Void
    ) throws(SystemError) {
        self.node = node
        self.reactor = reactor
        self.adopt = adopt
        let acceptor = try Acceptor(listener, on: reactor) { [unowned self] in accepted($0) }
        acceptor.mayAccept = { [unowned self] in mayAccept() }
        acceptor.pauses = { [unowned self] error in
            paused(.system, error.description)
        }
        self.acceptor = acceptor
    }

    /// Accepts no more; the listener goes with the last reference to it, so that clients are
    /// refused at once.
    func stop() {
        acceptor?.stop()
        acceptor = nil
    }

    /// Looks, once a second, whether a state has ended.
    func look() {
        let now = reactor.now
        if let ended = node.accepting.takeEnded(now: now) {
            node.report(.acceptingResumed(seconds: ended.seconds, pauses: ended.events))
        }
        for (address, episode) in node.peers.takeEndedRefusals(now: now) {
            node.report(
                .addressServed(
                    address.description, seconds: episode.seconds, refusals: episode.events))
        }
    }

    private func mayAccept() -> Bool {
        let peers = node.peers
        if peers.isFull {
            paused(.connections)
        } else if peers.newcomers >= peers.newcomersShare {
            paused(.newcomers)
        } else {
            return true
        }
        node.makeRoom()
        return false
    }

    private func paused(_ obstacle: Accepting.Obstacle, _ detail: String = "") {
        guard node.accepting.paused(obstacle, detail, now: reactor.now) else { return }
        node.report(
            .acceptingPaused(obstacle, detail: detail, connections: node.peers.connections))
    }

    private func accepted(_ socket: Socket) {
        // One that has gone again already has no address, and is of no use.
        guard let address = socket.peer.map({ PeerAddress($0) }) else { return socket.close() }
        switch node.peers.admit(address, now: reactor.now) {
        case .admitted(let peer):
            let arrival = Arrival(descriptor: socket.release(), peer: peer)
            let target = next
            next = (next + 1) % node.counters.count
            if target == reactor.index {
                adopt(arrival)
            } else {
                node.post(.accepted(arrival), to: target)
            }
        case .refused(let isNew):
            socket.close()
            node.counters[reactor.index].connectionsClosed.add(.addressShare)
            guard isNew else { return }
            node.report(
                .addressRefused(
                    address.description, connections: node.peers.share(of: address)))
        }
    }
}
