/// A stream or consumer in a status that it does not stay in.
public enum Unsettled: Sendable, Hashable {
    /// The stream of this incarnation is CREATING, UPDATING or DELETING.
    case stream(UInt64)
    /// The consumer of this number is CREATING or DELETING.
    case consumer(UInt64)
}
