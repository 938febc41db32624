import Reactor
import Synchronization

/// What one address holds of the node. Connections of all reactors share it; whoever charges it
/// for something gives that back before the connection ends.
final class Peer: Sendable {
    let address: PeerAddress
    /// What its connections hold of the node's memory.
    let memory = PeerMemory()
    /// Written under the table's mutex, read by anybody.
    fileprivate let count = Atomic<Int>(0)

    fileprivate init(_ address: PeerAddress) {
        self.address = address
    }

    /// Connections that it has open.
    var connections: Int { count.load(ordering: .relaxed) }
}

/// Who is connected, and what each address holds: the node's bound on connections, the share of it
/// that one address may have, and the share of those that have not made a request yet.
///
/// The mutex is touched when a connection begins and when it ends, nowhere else; the counts that
/// are asked in between are atomics.
final class PeerTable: Sendable {
    /// Connections that the node has at most.
    let bound: Int
    private let open = Atomic<Int>(0)
    private let unproven = Atomic<Int>(0)
    private let state: Mutex<State>

    private struct State {
        var peers: [PeerAddress: Peer] = [:]
        /// Addresses that were refused a connection lately.
        var refusals: [PeerAddress: Episode] = [:]
    }

    init(bound: Int) {
        precondition(bound > 0, "A node without connections serves nobody.")
        self.bound = bound
        state = Mutex(State())
    }

    // MARK: Bounds

    /// Connections of all addresses.
    var connections: Int { open.load(ordering: .relaxed) }
    /// Connections that have not made a request yet.
    var newcomers: Int { unproven.load(ordering: .relaxed) }
    /// Whether nobody can be let in before somebody leaves.
    var isFull: Bool { connections >= bound }

    /// How many of `connections` may be ones without a request: a quarter. Such a connection costs
    /// its peer nothing, so they must not be able to take the place of those that are used.
    var newcomersShare: Int { max(1, bound / 4) }

    /// The connections that one address may have. Half of all; of this machine's own addresses,
    /// which all local programs have in common, seven eighths: enough is left for a program that
    /// comes by another loopback address, such as a look at `/health`.
    func share(of address: PeerAddress) -> Int {
        max(1, address.isLoopback ? bound - bound / 8 : bound / 2)
    }

    /// Whether a peer could not have another connection.
    func isAtShare(_ peer: Peer) -> Bool { peer.connections >= share(of: peer.address) }

    // MARK: Coming and going

    enum Admission {
        /// It counts from now on; `leave` ends that.
        case admitted(Peer)
        /// The address has its share; `isNew` if it was not refused anything lately.
        case refused(isNew: Bool)
    }

    /// A connection from `address` has been accepted; the caller has seen that there is room.
    func admit(_ address: PeerAddress, now: UInt64) -> Admission {
        state.withLock { state in
            let peer = state.peers[address] ?? Peer(address)
            guard !isAtShare(peer) else {
                let isNew = state.refusals[address] == nil
                if isNew {
                    state.refusals[address] = Episode(now: now)
                } else {
                    state.refusals[address]?.happened(now: now)
                }
                return .refused(isNew: isNew)
            }
            peer.count.add(1, ordering: .relaxed)
            state.peers[address] = peer
            open.add(1, ordering: .relaxed)
            unproven.add(1, ordering: .relaxed)
            return .admitted(peer)
        }
    }

    /// A connection has made its first request.
    func prove() {
        unproven.subtract(1, ordering: .relaxed)
    }

    /// A connection has ended.
    func leave(_ peer: Peer, wasProven: Bool) {
        if !wasProven { prove() }
        open.subtract(1, ordering: .relaxed)
        state.withLock { state in
            peer.count.subtract(1, ordering: .relaxed)
            if peer.connections == 0 { state.peers[peer.address] = nil }
        }
    }

    /// Takes out the addresses that have not been refused anything for a while.
    func takeEndedRefusals(now: UInt64) -> [(PeerAddress, Episode)] {
        state.withLock { state in
            let ended = state.refusals.filter { $0.value.isOver(now: now) }
            for address in ended.keys { state.refusals[address] = nil }
            return ended.map { ($0.key, $0.value) }
        }
    }

    /// Addresses that are being refused connections, as text, and what each holds.
    var refused: [(address: String, connections: Int)] {
        state.withLock { state in
            state.refusals.keys.map { ($0.description, state.peers[$0]?.connections ?? 0) }
        }
    }

    /// Addresses with a connection.
    var addresses: Int { state.withLock { $0.peers.count } }
}
