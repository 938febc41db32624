import Histogram

/// Times in nanoseconds, to three significant digits.
struct Latencies: Sendable {
    private var histogram: Histogram<UInt32>

    /// A minute; what took longer counts as that.
    private static let longest: UInt64 = 60_000_000_000

    init() {
        histogram = Histogram(
            highestTrackableValue: Self.longest, numberOfSignificantValueDigits: .three)
    }

    mutating func record(_ nanoseconds: UInt64) {
        _ = histogram.record(min(nanoseconds, Self.longest))
    }

    /// Records the time from when something was due until `now`; nothing can be early.
    mutating func record(due: UInt64, now: UInt64) { record(now > due ? now - due : 0) }

    mutating func add(_ other: Latencies) { histogram.add(other.histogram) }

    var count: UInt64 { histogram.totalCount }

    /// At a percentile from 0 to 100, in microseconds; 0 if nothing was recorded.
    func microseconds(_ percentile: Double) -> Double {
        count == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1_000
    }

    var maxMicroseconds: Double { count == 0 ? 0 : Double(histogram.max) / 1_000 }
}
