internal import Metrics
internal import Synchronization

/// Whether the node accepts connections, as `/health`, `/metrics` and the log tell it.
///
/// Accepting pauses for moments, again and again, for as long as there is an obstacle; the state is
/// entered with the first pause and left when there was none for a while.
public final class Accepting: Sendable {
    /// What keeps the node from accepting.
    public enum Obstacle: Hashable, Sendable, CaseIterable {
        /// The bound on connections is reached.
        case connections
        /// Too many connections have not made a request yet.
        case newcomers
        /// The process or the machine has no descriptor or no memory for another socket, whatever
        /// its limits said at the start.
        case system

        /// The value of the metric's label.
        public var name: String {
            switch self {
            case .connections: "connections"
            case .newcomers: "newcomers"
            case .system: "system"
            }
        }
    }

    private struct State {
        var obstacle: Obstacle
        /// The system's words, if it was the system.
        var detail: String
        var episode: Episode
    }

    private let state = Mutex<State?>(nil)
    private let pauses = CounterSet<Obstacle>()

    /// How often accepting has paused for this reason.
    public func pauses(_ obstacle: Obstacle) -> UInt64 {
        pauses[obstacle]
    }

    /// What accepting has paused for; nil while all is well.
    public var obstacle: Obstacle? { state.withLock { $0?.obstacle } }

    /// What the system said, when it is the obstacle.
    public var detail: String { state.withLock { $0?.detail ?? "" } }

    /// Accepting pauses; true if that is new.
    func paused(_ obstacle: Obstacle, _ detail: String = "", now: UInt64) -> Bool {
        pauses.add(obstacle)
        return state.withLock { state in
            guard state != nil else {
                state = State(obstacle: obstacle, detail: detail, episode: Episode(now: now))
                return true
            }
            state?.obstacle = obstacle
            state?.detail = detail
            state?.episode.happened(now: now)
            return false
        }
    }

    /// The episode that has ended by now, if one has.
    func takeEnded(now: UInt64) -> Episode? {
        state.withLock { current in
            guard let episode = current?.episode, episode.isOver(now: now) else { return nil }
            current = nil
            return episode
        }
    }
}
