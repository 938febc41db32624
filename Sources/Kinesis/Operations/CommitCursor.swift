public import Wire

/// Says that a consumer is done with a shard's records up to a number: an operation of Weir's own.
///
/// Errors: ResourceNotFound (the consumer or the shard), InvalidArgument (the number is not this
/// shard's, or beyond what it has given out), InternalFailure (it could not be made durable).
public enum CommitCursor {
    static let shape = Structure(
        "CommitCursorInput",
        [
            .consumerARN(required: true),
            .name("ShardId", required: true),
            .sequenceNumber("SequenceNumber", required: true),
        ])

    public struct Input: Sendable {
        public var consumer: ConsumerARN
        /// The shard as the client spells it.
        public var shardID: String
        /// The last number that the consumer is done with, as the client wrote it.
        public var sequenceNumber: String
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            consumer: try requiredConsumerARN(in: fields),
            shardID: fields.requiredText("ShardId"),
            sequenceNumber: fields.requiredText("SequenceNumber"))
    }
}
