/// What changes are validated against: every entry that was handed to the log.
///
/// The log can let an entry go without writing it, for lack of space or of room in its queue, and
/// take the next one. The pending state is then ahead by a change that never was. The published
/// state notices by the gap in the entries' numbers; from there the catalog takes no changes until
/// a `Resynchronized` entry has come back, and goes on from the published state, which by then is
/// behind nothing.
struct PendingState: Sendable {
    var state: CatalogState
    /// The number of the `Resynchronized` entry that must come back before changes are taken.
    var awaited: UInt64?
    /// The number of the last entry when the housekeeper last looked.
    var seen: UInt64

    init(_ published: CatalogState) {
        state = Self.planning(from: published)
        seen = published.serial
    }

    private static func planning(from published: CatalogState) -> CatalogState {
        var state = published.withoutCursors()
        state.attach = nil
        return state
    }

    enum Standing {
        case sound
        /// The published state has a gap: begin anew.
        case diverged
        /// The entry that closes the gap is on its way.
        case waiting
        /// The gap is closed; the state is now the published one.
        case closed
    }

    /// Compares with the published state, and takes it over if a gap was closed.
    mutating func compare(with published: CatalogState) -> Standing {
        if let awaited {
            guard published.serial >= awaited else { return .waiting }
            state = Self.planning(from: published)
            self.awaited = nil
            return .closed
        }
        return published.hasDiverged ? .diverged : .sound
    }
}
