internal import Wire

/// The name of a shard in its stream: `shardId-` and twelve digits.
public struct ShardID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The number of the shard, less than 2^31: counted from 0 and never used again.
    public let index: UInt32

    /// The shard with the given number.
    public init(index: UInt32) {
        precondition(index <= SequenceNumber.greatestShardIndex, "shards are counted in 31 bits")
        self.index = index
    }

    /// Reads an id as leniently as AWS does: any text followed by `-`, or nothing, and then a
    /// number below 2^31 with any number of leading zeros.
    public init?(lenient text: Span<UInt8>) {
        var start = text.count
        while start > 0 && text[start - 1] != UInt8(ascii: "-") {
            start -= 1
        }
        guard start < text.count else { return nil }
        var index: UInt32 = 0
        for i in start..<text.count {
            let digit = text[i] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (shifted, isTooLarge) = index.multipliedReportingOverflow(by: 10)
            guard !isTooLarge else { return nil }
            let (next, overflows) = shifted.addingReportingOverflow(UInt32(digit))
            guard !overflows else { return nil }
            index = next
        }
        guard index <= SequenceNumber.greatestShardIndex else { return nil }
        self.index = index
    }

    /// Reads an id as leniently as AWS does.
    public init?(lenient text: String) {
        self.init(lenient: text.utf8.span)
    }

    /// The id as ASCII; `ascii.span` lends it to a writer.
    public var ascii: [20 of UInt8] {
        var ascii: [20 of UInt8] = .init(repeating: UInt8(ascii: "0"))
        let prefix = "shardId-".utf8.span
        for i in 0..<8 {
            ascii[i] = prefix[i]
        }
        var rest = index
        for i in (10..<20).reversed() {
            ascii[i] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        return ascii
    }

    /// Appends the 20 characters of the id to `output`, which must have room for them.
    public func write(into output: inout OutputSpan<UInt8>) {
        output.append(copying: ascii.span)
    }

    /// The id, such as `shardId-000000000007`.
    public var description: String {
        let digits = String(index)
        return "shardId-" + String(repeating: "0", count: 12 - digits.utf8.count) + digits
    }

    /// Orders by number, which is also the order of the texts.
    public static func < (a: ShardID, b: ShardID) -> Bool {
        a.index < b.index
    }
}
