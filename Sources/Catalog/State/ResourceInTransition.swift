/// A stream or consumer in a status that it does not stay in.
///
/// Whoever is to end a status in time keeps in mind by which entry it began: a stream that was
/// updated and is updated again is in another one, which lasts as long.
public enum ResourceInTransition: Sendable, Hashable {
    /// The stream of this incarnation is CREATING, UPDATING or DELETING.
    case stream(UInt64)
    /// The consumer of this number is CREATING or DELETING.
    case consumer(UInt64)
}
