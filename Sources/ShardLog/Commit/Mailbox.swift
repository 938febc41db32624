internal import Synchronization

/// What passes between one reader and the committer. Each side holds a mutex only to move what is
/// in it.
final class Mailbox: Sendable {
    struct Incoming {
        var blocks: [Block] = []
        var controls: [(token: UInt64, outcome: ControlOutcome)] = []
        var advanced: [ShardNumber] = []

        var isEmpty: Bool { blocks.isEmpty && controls.isEmpty && advanced.isEmpty }
    }

    /// Handed over and not yet taken by the committer; the reader may take the last one back to
    /// fill it further, so that short turns do not cost a block each.
    let outgoing = Mutex<[Block]>([])
    /// Finished by the committer. Bounded by what was staged, submitted and slept for.
    let incoming = Mutex(Incoming())
    let wake = Mutex<Wake?>(nil)

    /// How a reader is woken. The closure stands in a structure because one that is read through a
    /// generic `inout`, as `Mutex.withLock` gives, is written back with another thunk around it
    /// each time.
    struct Wake: Sendable {
        let call: @Sendable () -> Void
    }
}
