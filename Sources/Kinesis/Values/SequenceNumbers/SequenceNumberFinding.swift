/// What a sequence number that a client sent is worth for a shard; each has its own answer.
public enum SequenceNumberFinding: Sendable, Hashable {
    /// The text breaks the pattern `^(0|([1-9]\d{0,128}))$`.
    case notANumber
    /// A number, but none that this layout can give; `0` is one of these.
    case undecodable
    /// A number of the shard with this index.
    case otherShard(UInt32)
    /// A number of a shard with this index, but created at another second: of another stream.
    case otherStream
    /// A number of this shard, whether a record has it or not.
    case fine(SequenceNumber)

    /// Examines `text` for use with a shard.
    ///
    /// - Parameters:
    ///   - shardIndex: The shard it is used with.
    ///   - shardCreatedSecond: When that shard was created.
    public init(_ text: Span<UInt8>, shardIndex: UInt32, shardCreatedSecond: UInt64) {
        guard SequenceNumber.matchesPattern(text) else {
            self = .notANumber
            return
        }
        guard let number = SequenceNumber(decimal: text) else {
            self = .undecodable
            return
        }
        if number.shardIndex != shardIndex {
            self = .otherShard(number.shardIndex)
        } else if number.shardCreatedSecond != shardCreatedSecond {
            self = .otherStream
        } else {
            self = .fine(number)
        }
    }
}

extension SequenceNumber {
    /// Tells whether `text` satisfies `^(0|([1-9]\d{0,128}))$`, the pattern that the service's model
    /// has for sequence numbers.
    public static func matchesPattern(_ text: Span<UInt8>) -> Bool {
        guard (1...129).contains(text.count) else { return false }
        for i in text.indices where text[i] &- UInt8(ascii: "0") > 9 {
            return false
        }
        return text[0] != UInt8(ascii: "0") || text.count == 1
    }
}
