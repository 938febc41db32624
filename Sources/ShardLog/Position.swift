/// The node-wide number of a shard; never reused, also after the shard was removed.
public struct ShardNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public static func < (left: ShardNumber, right: ShardNumber) -> Bool {
        left.rawValue < right.rawValue
    }

    public var description: String {
        hexadecimal(rawValue)
    }
}

/// A place in a shard's log: the count of bytes of all records before it, a multiple of eight.
///
/// A position is either where a record starts or the tail. It is the engine's own number, dense
/// and free of meaning; the record's index is what clients see.
public struct Position: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var offset: UInt64

    public init(offset: UInt64) {
        self.offset = offset
    }

    public static let start = Position(offset: 0)

    public static func < (left: Position, right: Position) -> Bool {
        left.offset < right.offset
    }

    public var description: String {
        String(offset)
    }
}

/// Sixteen lowercase hexadecimal digits, as file names carry numbers.
func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
