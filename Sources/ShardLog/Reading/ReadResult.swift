/// How a read ended, and where the next one starts.
public struct ReadResult: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        /// Records were visited and there are more.
        case ready
        /// `next` is the tail: everything published was visited.
        case pending
        /// The bytes at `next` may not be in memory: read from there on a thread that may wait.
        /// Never the answer to a read that may.
        case cold
        /// The record at this position is not what was written, or cannot be read.
        case damaged(Position, reason: String)
        /// The position was below the horizon; nothing was visited and `next` is the horizon.
        case trimmed
    }

    public var next: Position
    public var outcome: Outcome
}

/// Where a position was found.
public enum Located: Sendable, Hashable {
    case found(Position)
    /// What has to be looked at may not be in memory: ask on a thread that may wait. Never the
    /// answer to a question that may.
    case cold
    /// The record at this position is not what was written, or cannot be read.
    case damaged(Position, reason: String)
}

/// A number for "everything up to here has been seen", and the tail that it belongs to.
public struct QuietPoint: Sendable, Hashable {
    /// Below the index of every record from `tail` on, whenever that is published; at or above
    /// every record that had been acknowledged when the question was asked. A record published
    /// meanwhile may be below `tail` and above this.
    public var continuation: UInt64
    /// The tail, read after everything else. Who stands before it has not seen everything up to
    /// `continuation`.
    public var tail: Position
}
