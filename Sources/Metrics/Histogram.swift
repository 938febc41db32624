/// Amounts by size, in buckets. One thread records, any thread reads.
public struct Histogram: ~Copyable, Sendable {
    /// Buckets at the most, the one without a bound included.
    public static let mostBuckets = 20

    /// Upper bounds of the buckets, each above the one before; one bucket more has no bound.
    public let bounds: [UInt64]
    private let counts = InlineArray<20, Counter> { _ in Counter() }
    private let total = Counter()
    private let highest = Counter()

    /// - Parameter bounds: At most 19, in the unit of what is recorded.
    public init(bounds: [UInt64]) {
        precondition(bounds.count < Self.mostBuckets, "a histogram has at most 20 buckets")
        self.bounds = bounds
    }

    /// Counts an amount, which falls into the first bucket whose bound is not below it.
    public func record(_ amount: UInt64) {
        var bucket = 0
        while bucket < bounds.count, amount > bounds[bucket] { bucket += 1 }
        counts[bucket].add()
        total.add(amount)
        highest.raise(to: amount)
    }

    /// The sum of all amounts.
    public var sum: UInt64 { total.value }
    /// The largest amount.
    public var maximum: UInt64 { highest.value }
    /// How many amounts fell into each bucket, not cumulative; one more than there are bounds.
    public var buckets: [UInt64] { (0...bounds.count).map { counts[$0].value } }

    /// What it shows now.
    public var reading: HistogramReading {
        HistogramReading(bounds: bounds, buckets: buckets, sum: sum)
    }
}

/// What a histogram shows at a moment, or several of the same bounds together.
public struct HistogramReading: Sendable, Hashable {
    public let bounds: [UInt64]
    public private(set) var buckets: [UInt64]
    public private(set) var sum: UInt64

    /// - Parameter buckets: Not cumulative, one more than `bounds`.
    public init(bounds: [UInt64], buckets: [UInt64], sum: UInt64) {
        precondition(buckets.count == bounds.count + 1, "the last bucket has no bound")
        self.bounds = bounds
        self.buckets = buckets
        self.sum = sum
    }

    /// How many amounts there were.
    public var count: UInt64 { buckets.reduce(0, &+) }

    /// Adds what another of the same bounds shows.
    public mutating func add(_ other: HistogramReading) {
        precondition(bounds == other.bounds, "readings of one family have the same bounds")
        for index in buckets.indices { buckets[index] &+= other.buckets[index] }
        sum &+= other.sum
    }
}
