/// A change of the node's state that the operator is told of, once when it is entered and once when
/// it is left. The texts say what to do.
public enum Notice: Sendable, CustomStringConvertible {
    case acceptingPaused(Accepting.Obstacle, detail: String, connections: Int)
    case acceptingResumed(seconds: UInt64, pauses: Int)
    /// An address has all the connections that one may have, and is refused more.
    case addressRefused(String, connections: Int)
    case addressServed(String, seconds: UInt64, refusals: Int)

    /// Whether this is a state that wants attention, not its end.
    public var isWarning: Bool {
        switch self {
        case .acceptingPaused, .addressRefused: true
        case .acceptingResumed, .addressServed: false
        }
    }

    public var description: String {
        switch self {
        case .acceptingPaused(.connections, _, let connections):
            """
            accepting pauses: all \(connections) connections are open; new ones wait until others \
            end, idle ones end after 10 s. More descriptors (ulimit -n, LimitNOFILE=) allow more
            """
        case .acceptingPaused(.newcomers, _, let connections):
            """
            accepting pauses now and then: too many of \(connections) connections have made no \
            request; those that stay silent are closed to make room
            """
        case .acceptingPaused(.system, let detail, let connections):
            """
            accepting pauses with \(connections) connections open: \(detail). New ones wait until \
            there is room
            """
        case .acceptingResumed(let seconds, let pauses):
            "accepting goes on, after \(pauses) pauses in \(seconds) s"
        case .addressRefused(let address, let connections):
            """
            \(address) is refused more than the \(connections) connections that it has: its share \
            of all
            """
        case .addressServed(let address, let seconds, let refusals):
            "\(address) is within its share again, after \(refusals) refusals in \(seconds) s"
        }
    }
}
