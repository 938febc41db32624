/// Where in a shard an iterator or a subscription begins.
///
/// Sequence numbers are as the client wrote them: what they are worth for a shard is told by
/// ``SequenceNumberFinding``.
public enum StartingPosition: Sendable, Hashable {
    /// At the oldest record that is retained.
    case trimHorizon
    /// Behind the newest record.
    case latest
    /// At the first record with this number or a greater one.
    case atSequenceNumber(String)
    /// At the first record with a greater number.
    case afterSequenceNumber(String)
    /// At the first record that arrived at this time or later, in milliseconds since 1970.
    case atTimestamp(Int64)
    /// Where the consumer stopped: an extension of Weir's, for SubscribeToShard.
    case cursor

    /// The values of ShardIteratorType in the order in which AWS prints them.
    private static let printed = [
        "AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON",
    ]

    static let iteratorTypes = Choice(printed)
    /// CURSOR is accepted, but not listed in the text about a value that is not.
    static let subscriptionTypes = Choice(printed, extensions: ["CURSOR"])

    /// Puts a type and its companion together, with AWS's checks in AWS's order.
    init(type: String, number: String?, milliseconds: Int64?) throws(ServiceError) {
        switch type {
        case "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER":
            guard let number else { throw .sequenceNumberMissing(type: type) }
            self =
                type == "AT_SEQUENCE_NUMBER"
                ? .atSequenceNumber(number) : .afterSequenceNumber(number)
        case "TRIM_HORIZON", "LATEST", "CURSOR":
            if number != nil { throw .sequenceNumberNotWanted(type: type) }
            self =
                switch type {
                case "TRIM_HORIZON": .trimHorizon
                case "LATEST": .latest
                default: .cursor
                }
        case "AT_TIMESTAMP":
            guard let milliseconds else { throw .timestampMissing }
            self = .atTimestamp(milliseconds)
        default:
            preconditionFailure("the type passed validation")
        }
    }
}
