/// The number of a record in its shard, in AWS's layout version 2.
///
/// On the wire it is a decimal text of 56 digits that clients compare as an integer. In
/// hexadecimal it has 47 digits:
///
/// | digits | content |
/// |---|---|
/// | 1 | `2` |
/// | 9 | second at which the shard was created |
/// | 1 | low four bits of the shard's index |
/// | 16 | index of the record, less than 2^63 |
/// | 2 | `00` |
/// | 9 | second of the record |
/// | 8 | index of the shard, less than 2^31 |
/// | 1 | `2` |
///
/// The record's index stands above its second, so that within a shard the index alone decides the
/// order. Seconds count from 1970.
public struct SequenceNumber: Sendable, Hashable {
    /// The second at which the shard was created, at most ``greatestSecond``.
    public let shardCreatedSecond: UInt64
    /// The number of the shard within its stream, less than 2^31.
    public let shardIndex: UInt32
    /// The place of the record in its shard, less than 2^63: increasing, with gaps.
    public let index: UInt64
    /// The second at which the record arrived, at most ``greatestSecond``.
    public let second: UInt64

    /// The last second that fits: numbers with a later one are invalid on AWS.
    public static let greatestSecond: UInt64 = 16_025_174_999
    /// The last index that fits; it stands in the ending numbers of closed shards.
    public static let greatestIndex = UInt64(Int64.max)
    /// The greatest index of a shard.
    public static let greatestShardIndex = UInt32(Int32.max)
    /// The length of the decimal text: always the same, since the first hexadecimal digit is.
    public static let digitCount = 56

    /// The number of the record with the given index.
    ///
    /// All four are the server's own, and beyond their bounds is a mistake of ours.
    public init(shardCreatedSecond: UInt64, shardIndex: UInt32, index: UInt64, second: UInt64) {
        precondition(shardCreatedSecond <= Self.greatestSecond, "a shard of the year 2477")
        precondition(second <= Self.greatestSecond, "a record of the year 2477")
        precondition(shardIndex <= Self.greatestShardIndex, "shards are counted in 31 bits")
        precondition(index <= Self.greatestIndex, "records are indexed in 63 bits")
        self.shardCreatedSecond = shardCreatedSecond
        self.shardIndex = shardIndex
        self.index = index
        self.second = second
    }

    /// The starting number of a shard, below those of all its records.
    public static func start(shardCreatedSecond: UInt64, shardIndex: UInt32) -> SequenceNumber {
        SequenceNumber(
            shardCreatedSecond: shardCreatedSecond, shardIndex: shardIndex, index: 0,
            second: shardCreatedSecond)
    }

    /// The ending number of a shard that was closed in `closedSecond`, above those of all its
    /// records.
    public static func end(
        shardCreatedSecond: UInt64, shardIndex: UInt32, closedSecond: UInt64
    ) -> SequenceNumber {
        SequenceNumber(
            shardCreatedSecond: shardCreatedSecond, shardIndex: shardIndex, index: greatestIndex,
            second: closedSecond)
    }
}

extension SequenceNumber: Comparable {
    /// Compares as the decimal texts do when read as integers.
    public static func < (a: SequenceNumber, b: SequenceNumber) -> Bool {
        if a.shardCreatedSecond != b.shardCreatedSecond {
            return a.shardCreatedSecond < b.shardCreatedSecond
        }
        if a.shardIndex & 15 != b.shardIndex & 15 {
            return a.shardIndex & 15 < b.shardIndex & 15
        }
        if a.index != b.index {
            return a.index < b.index
        }
        if a.second != b.second {
            return a.second < b.second
        }
        return a.shardIndex < b.shardIndex
    }
}
