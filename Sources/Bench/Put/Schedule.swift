/// When messages are due, whether or not earlier ones were answered: number `i` at `i` divided by
/// the rate after the start. What is late then counts as late, also when the sender was.
struct Schedule: Equatable {
    let start: UInt64
    let perSecond: Double
    /// How many have been handed out.
    private(set) var sent: UInt64 = 0

    init(start: UInt64, perSecond: Double) {
        precondition(perSecond > 0, "a schedule has a rate")
        self.start = start
        self.perSecond = perSecond
    }

    /// When number `index` is due.
    func due(_ index: UInt64) -> UInt64 {
        start + UInt64((Double(index) * 1_000_000_000 / perSecond).rounded())
    }

    /// When the next one is due.
    var next: UInt64 { due(sent) }

    /// Takes one that is due at `now` and says when it was; nil if none is.
    mutating func take(_ now: UInt64) -> UInt64? {
        let due = next
        guard due <= now else { return nil }
        sent += 1
        return due
    }
}

/// The part of a run that counts.
struct MeasuredWindow: Equatable {
    let start: UInt64
    let end: UInt64

    init(begin: UInt64, warmUpSeconds: Double, seconds: Double) {
        start = begin + UInt64(warmUpSeconds * 1e9)
        end = start + UInt64(seconds * 1e9)
    }

    func contains(_ time: UInt64) -> Bool { start <= time && time < end }

    var seconds: Double { Double(end - start) / 1e9 }
}
