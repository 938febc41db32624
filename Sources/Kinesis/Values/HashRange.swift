/// The hash keys that a shard takes, both ends included.
public struct HashRange: Sendable, Hashable {
    /// The least hash key.
    public let start: UInt128
    /// The greatest hash key.
    public let end: UInt128

    /// All hash keys: 0 to 2^128 − 1.
    public static let whole = HashRange(start: 0, end: .max)

    /// The range from `start` to `end`, which is not below `start`.
    public init(start: UInt128, end: UInt128) {
        precondition(start <= end, "a range of hash keys has at least one")
        self.start = start
        self.end = end
    }

    /// Divides all hash keys into `count` ranges, at least one, as even as whole numbers allow:
    /// each begins at a multiple of ⌊2^128 / count⌋, and the last takes the rest.
    public static func uniform(count: Int) -> [HashRange] {
        precondition(count > 0, "hash keys are divided among at least one shard")
        let divisor = UInt128(count)
        let (quotient, remainder) = UInt128.max.quotientAndRemainder(dividingBy: divisor)
        // ⌊2^128 / count⌋ from the greatest number that fits, which is one less than 2^128. For a
        // single range it is 2^128 and wraps to 0, which only that range's start of 0 meets.
        let width = remainder == divisor - 1 ? quotient &+ 1 : quotient
        return (0..<count).map { i in
            HashRange(
                start: width &* UInt128(i),
                end: i == count - 1 ? .max : width &* UInt128(i + 1) &- 1)
        }
    }

    /// Tells whether `hashKey` is in the range.
    public func contains(_ hashKey: UInt128) -> Bool {
        start <= hashKey && hashKey <= end
    }

    /// Divides the range below `key`, or returns nil if AWS would refuse to: `key` must be greater
    /// than `start` + 1 and less than `end`.
    public func split(at key: UInt128) -> (lower: HashRange, upper: HashRange)? {
        guard key > start, key - 1 > start, key < end else { return nil }
        return (HashRange(start: start, end: key - 1), HashRange(start: key, end: end))
    }

    /// The union with the range that begins where this one ends, or nil if `upper` does not.
    public func merged(with upper: HashRange) -> HashRange? {
        guard end < .max, end + 1 == upper.start else { return nil }
        return HashRange(start: start, end: upper.end)
    }
}
