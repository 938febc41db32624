/// A state that is entered with the first of many like events, and left when none has come for a
/// while: so that each change of it is one line in the log, however often the event comes.
struct Episode: Sendable, Equatable {
    /// Monotonic nanoseconds of the first and the latest event.
    private(set) var since: UInt64
    private(set) var latest: UInt64
    private(set) var events = 1

    init(now: UInt64) {
        since = now
        latest = now
    }

    mutating func happened(now: UInt64) {
        latest = max(latest, now)
        events += 1
    }

    /// Whether it has been quiet for long enough.
    func isOver(now: UInt64) -> Bool {
        now >= latest &+ Limits.episodeEnd
    }

    /// From the first event to the latest, in whole seconds.
    var seconds: UInt64 { (latest - since) / 1_000_000_000 }
}
