/// Ranges of hash keys that together take every key exactly once, as the open shards of a stream
/// do at all times.
public struct HashTiling: Sendable, Hashable {
    /// The greatest keys of the ranges in ascending order; the last is 2^128 − 1.
    private let ends: [UInt128]

    /// The tiling of `ranges`, which are in ascending order, or nil if a key is missing or taken
    /// twice.
    public init?(_ ranges: [HashRange]) {
        guard ranges.first?.start == 0, ranges.last?.end == .max else { return nil }
        for i in ranges.indices.dropFirst() {
            guard ranges[i - 1].end < .max, ranges[i - 1].end + 1 == ranges[i].start else {
                return nil
            }
        }
        ends = ranges.map(\.end)
    }

    /// How many ranges there are, at least one.
    public var count: Int {
        ends.count
    }

    /// Returns the place of the range that has `hashKey`, in O(log count).
    public func place(of hashKey: UInt128) -> Int {
        var low = 0
        var count = ends.count
        // The wanted place is in low ..< low + count; the last end is above every key.
        while count > 1 {
            let half = count / 2
            low = ends[low + half - 1] < hashKey ? low + half : low
            count -= half
        }
        return low
    }
}
