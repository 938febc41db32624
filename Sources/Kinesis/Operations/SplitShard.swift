public import Wire

/// Divides an open shard's range into two children.
///
/// Errors: ResourceNotFound, ResourceInUse (the stream is not ACTIVE, the shard is closed),
/// InvalidArgument (the key is not inside the range), LimitExceeded, Validation (on-demand stream),
/// AccessDenied.
public enum SplitShard {
    static let shape = Structure(
        "SplitShardInput",
        [
            .name("StreamName"),
            .name("ShardToSplit", required: true),
            .hashKey("NewStartingHashKey", required: true),
            .streamARN(),
            .streamID,
        ])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// The shard as the client spells it.
        public var shardID: String
        /// Where the upper child begins, in decimal digits; it may be above every range.
        public var newStartingHashKeyText: String

        /// Where the upper child begins, or nil if it is 2^128 or above.
        public var newStartingHashKey: UInt128? {
            hashKey(fromDecimal: newStartingHashKeyText.utf8.span)
        }
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            shardID: fields.requiredText("ShardToSplit"),
            newStartingHashKeyText: fields.requiredText("NewStartingHashKey"))
    }
}
