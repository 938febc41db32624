import Synchronization

/// The node's memory for request bodies.
///
/// A request reserves its whole body before the first byte of it is accepted; what was admitted is
/// received to its end, what does not fit is answered 503 and may be sent again. So bodies that
/// wait for each other cannot exist.
final class BodyBudget: Sendable {
    /// The limit in bytes.
    let limit: Int
    private let used = Atomic<Int>(0)

    init(limit: Int) {
        precondition(limit > 0, "A body budget needs room.")
        self.limit = limit
    }

    /// Bytes that are reserved now.
    var reservedBytes: Int { used.load(ordering: .relaxed) }

    /// Takes `count` bytes if they fit.
    func reserve(_ count: Int) -> Bool {
        let before = used.wrappingAdd(count, ordering: .relaxed).oldValue
        if before + count <= limit { return true }
        used.wrappingSubtract(count, ordering: .relaxed)
        return false
    }

    /// Gives back what `reserve` took.
    func release(_ count: Int) {
        let before = used.wrappingSubtract(count, ordering: .relaxed).oldValue
        precondition(before >= count, "More was released than reserved.")
    }
}
