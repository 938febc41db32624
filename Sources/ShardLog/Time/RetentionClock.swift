/// Time as retention counts it: a moment, and the stretches before it that nobody has seen pass.
///
/// A record is kept for its retention from its arrival. The wall clock alone cannot say how long
/// ago that was, because it may have been set forward in between, or been ahead at one start.
/// So a stretch that the log did not see pass by the monotonic clock (a step of the wall clock, a
/// time while the node was off) counts for nothing, until an operator says that it did pass. What
/// that keeps longer is no more than a node keeps that runs all the time.
public struct RetentionClock: Sendable, Hashable {
    /// A stretch that does not count.
    struct Skip: Sendable, Hashable {
        var from: Int64
        var to: Int64
    }

    /// Milliseconds since 1970, not above what arrivals are stamped with.
    public var now: Int64
    /// Ascending, apart from each other.
    var skips: [Skip] = []

    /// A clock that has seen all time pass.
    public init(now: Int64) {
        self.now = now
    }

    init(now: Int64, skips: [Skip]) {
        self.now = now
        self.skips = skips
    }

    /// What arrived before this, milliseconds since 1970, has been kept for so many milliseconds.
    public func cutoff(keeping milliseconds: Int64) -> Int64 {
        var left = milliseconds
        var top = now
        for skip in skips.reversed() where skip.from < top {
            let counted = top - min(skip.to, top)
            if left <= counted { break }
            left -= counted
            top = skip.from
        }
        return top.subtractingReportingOverflow(left).partialValue
    }

    /// Milliseconds that count since a moment of the log's time; negative for one to come.
    public func age(of moment: Int64) -> Int64 {
        var age = now.subtractingReportingOverflow(moment)
        guard !age.overflow else { return moment < now ? .max : .min }
        for skip in skips.reversed() where skip.from < now {
            guard skip.to > moment else { break }
            age.partialValue -= min(skip.to, now) - max(skip.from, moment)
        }
        return age.partialValue
    }
}

extension [RetentionClock.Skip] {
    /// Stretches that are remembered; beyond that the two nearest become one.
    static let most = 256

    /// Adds a stretch that ends now. What lies between two that become one does not count either,
    /// so that nothing expires early for it.
    mutating func add(_ skip: RetentionClock.Skip) {
        guard skip.from < skip.to else { return }
        if let last, last.to >= skip.from {
            self[count - 1] = RetentionClock.Skip(
                from: Swift.min(last.from, skip.from), to: Swift.max(last.to, skip.to))
        } else {
            append(skip)
        }
        guard count > Self.most else { return }
        var nearest = 1
        for place in 2..<count
        where self[place].from - self[place - 1].to < self[nearest].from - self[nearest - 1].to {
            nearest = place
        }
        self[nearest - 1].to = self[nearest].to
        remove(at: nearest)
    }

    /// The clock went back to a moment: what it skipped beyond that has not been skipped.
    mutating func cut(to moment: Int64) {
        while let last, last.to > moment {
            if last.from < moment {
                self[count - 1].to = moment
                return
            }
            removeLast()
        }
    }

    /// Forgets what lies before a moment.
    mutating func forget(before moment: Int64) {
        removeAll { $0.to < moment }
    }
}
