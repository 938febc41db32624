public import Wire

/// Gives a token for a place in a shard, from which GetRecords reads.
///
/// Errors: ResourceNotFound, InvalidArgument (type and companion do not go together, the number is
/// not this shard's, the time is in the future), ProvisionedThroughputExceeded, AccessDenied,
/// InternalFailure.
public enum GetShardIterator {
    static let shape = Structure(
        "GetShardIteratorInput",
        [
            .name("StreamName"),
            .name("ShardId", required: true),
            .choice("ShardIteratorType", StartingPosition.iteratorTypes, required: true),
            .sequenceNumber("StartingSequenceNumber"),
            .timestamp("Timestamp"),
            .streamARN(),
            .streamID,
            .dryRun,
        ])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// The shard as the client spells it.
        public var shardID: String
        /// Never ``StartingPosition/cursor``, which is for subscriptions.
        public var position: StartingPosition
        /// Whether the call is only to be checked.
        public var dryRun: Bool
    }

    /// Reads a request. Whether a time is in the future is for the caller to check.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            shardID: fields.requiredText("ShardId"),
            position: try StartingPosition(
                type: fields.requiredText("ShardIteratorType"),
                number: fields.text("StartingSequenceNumber"),
                milliseconds: fields.timestamp("Timestamp")),
            dryRun: fields.boolean("DryRun") ?? false)
    }

    public struct Output: Sendable {
        public var shardIterator: String

        public init(shardIterator: String) { self.shardIterator = shardIterator }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 64 + shardIterator.utf8.count)
            writer.beginStructure()
            writer.member("ShardIterator", text: shardIterator)
            writer.endStructure()
            return writer.finish()
        }
    }
}
