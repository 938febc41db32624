/// A member of a structure: its type and what its value must satisfy.
final class Member: Sendable {
    /// The types of the model.
    enum Kind: Sendable {
        case text, blob, integer, long, boolean, timestamp, structure, list, map
        /// A list of texts.
        case texts
    }

    let name: String
    let kind: Kind
    let isRequired: Bool
    /// The least value of a number; the least length of anything else.
    let minimum: Int?
    /// The greatest value of a number; the greatest length of anything else.
    let maximum: Int?
    let pattern: Pattern?
    let choice: Choice?
    /// The structure itself, or that of a list's elements.
    let inner: Structure?
    /// The lengths of a map's keys and values; those of a text in a list.
    let keys: ClosedRange<Int>?
    let values: ClosedRange<Int>?

    private let utf8: [UInt8]

    private init(
        _ name: String, _ kind: Kind, required: Bool, minimum: Int? = nil, maximum: Int? = nil,
        pattern: Pattern? = nil, choice: Choice? = nil, inner: Structure? = nil,
        keys: ClosedRange<Int>? = nil, values: ClosedRange<Int>? = nil
    ) {
        self.name = name
        self.kind = kind
        isRequired = required
        self.minimum = minimum
        self.maximum = maximum
        self.pattern = pattern
        self.choice = choice
        self.inner = inner
        self.keys = keys
        self.values = values
        utf8 = Array(name.utf8)
    }

    /// The name as error texts spell it: with a small first letter.
    var path: String { name.prefix(1).lowercased() + name.dropFirst() }

    func isNamed(_ other: Span<UInt8>) -> Bool {
        guard other.count == utf8.count else { return false }
        for index in other.indices where other[index] != utf8[index] { return false }
        return true
    }

    // How the tables of the operations spell members.

    static func text(
        _ name: String, _ length: ClosedRange<Int>? = nil, _ pattern: Pattern? = nil,
        required: Bool = false
    ) -> Member {
        Member(
            name, .text, required: required, minimum: length?.lowerBound,
            maximum: length?.upperBound, pattern: pattern)
    }

    static func choice(_ name: String, _ choice: Choice, required: Bool = false) -> Member {
        Member(name, .text, required: required, choice: choice)
    }

    static func blob(_ name: String, maximum: Int, required: Bool = false) -> Member {
        Member(name, .blob, required: required, minimum: 0, maximum: maximum)
    }

    static func integer(
        _ name: String, minimum: Int? = nil, maximum: Int? = nil, required: Bool = false
    ) -> Member {
        Member(name, .integer, required: required, minimum: minimum, maximum: maximum)
    }

    static func boolean(_ name: String) -> Member {
        Member(name, .boolean, required: false)
    }

    static func timestamp(_ name: String) -> Member {
        Member(name, .timestamp, required: false)
    }

    static func structure(_ name: String, _ inner: Structure, required: Bool = false) -> Member {
        Member(name, .structure, required: required, inner: inner)
    }

    static func list(
        _ name: String, of inner: Structure, _ count: ClosedRange<Int>, required: Bool = false
    ) -> Member {
        Member(
            name, .list, required: required, minimum: count.lowerBound, maximum: count.upperBound,
            inner: inner)
    }

    /// A list of texts, each of a length or one of a choice.
    static func texts(
        _ name: String, _ count: ClosedRange<Int>, lengths: ClosedRange<Int>? = nil,
        choice: Choice? = nil, required: Bool = false
    ) -> Member {
        precondition(count.upperBound < Limits.mapEntries, "more elements than are kept")
        return Member(
            name, .texts, required: required, minimum: count.lowerBound,
            maximum: count.upperBound, choice: choice, keys: lengths)
    }

    static func map(
        _ name: String, _ count: ClosedRange<Int>, keys: ClosedRange<Int>,
        values: ClosedRange<Int>, required: Bool = false
    ) -> Member {
        precondition(count.upperBound < Limits.mapEntries, "more entries than are kept")
        return Member(
            name, .map, required: required, minimum: count.lowerBound, maximum: count.upperBound,
            keys: keys, values: values)
    }
}

/// The members that many operations share, under the model's constraints.
extension Member {
    static func name(_ name: String, required: Bool = false) -> Member {
        .text(name, 1...128, .name, required: required)
    }

    static func streamARN(required: Bool = false) -> Member {
        .text("StreamARN", 1...2048, .streamARN, required: required)
    }

    static func consumerARN(required: Bool = false) -> Member {
        .text("ConsumerARN", 1...2048, .consumerARN, required: required)
    }

    /// Reserved by AWS. It is checked and then ignored, and never sent: SDKs that are sent one
    /// leave the configured endpoint.
    static var streamID: Member { .text("StreamId", 1...24, .streamID) }

    static func hashKey(_ name: String, required: Bool = false) -> Member {
        .text(name, nil, .hashKey, required: required)
    }

    static func sequenceNumber(_ name: String, required: Bool = false) -> Member {
        .text(name, nil, .sequenceNumber, required: required)
    }

    static var nextToken: Member { .text("NextToken", 1...1_048_576) }

    static func pageSize(_ name: String) -> Member {
        .integer(name, minimum: 1, maximum: 10_000)
    }

    static func tags(required: Bool = false) -> Member {
        .map("Tags", 1...200, keys: 1...128, values: 0...256, required: required)
    }

    static var tagKeys: Member { .texts("TagKeys", 1...50, lengths: 1...128, required: true) }

    /// The ARN of a stream or of a consumer.
    static var resourceARN: Member {
        .text("ResourceARN", 1...2048, .resourceARN, required: true)
    }

    static var shardLevelMetrics: Member {
        .texts(
            "ShardLevelMetrics", 1...7,
            choice: Choice(ShardLevelMetrics.names.map(\.name) + ["ALL"]), required: true)
    }

    static func distributionStrategy(required: Bool = false) -> Member {
        .choice(
            "RecordDistributionStrategy",
            Choice(RecordDistributionStrategy.allCases.map(\.rawValue)), required: required)
    }

    static func warmThroughput(required: Bool = false) -> Member {
        .integer("WarmThroughputMiBps", minimum: 0, required: required)
    }

    /// The newest model has it on the operations that handle records. It asks whether the call
    /// would succeed: the checks are made, and nothing is done.
    static var dryRun: Member { .boolean("DryRun") }
}
