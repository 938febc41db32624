public import Wire

/// Joins the ranges of two open shards, of which the second begins where the first ends, in a child.
///
/// Errors: ResourceNotFound, ResourceInUse (the stream is not ACTIVE, a shard is closed),
/// InvalidArgument (the shards are not adjacent in this order), LimitExceeded, Validation (on-demand
/// stream), AccessDenied.
public enum MergeShards {
    static let shape = Structure(
        "MergeShardsInput",
        [
            .name("StreamName"),
            .name("ShardToMerge", required: true),
            .name("AdjacentShardToMerge", required: true),
            .streamARN(),
            .streamID,
        ])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// The lower shard as the client spells it.
        public var shardID: String
        /// The upper shard as the client spells it.
        public var adjacentShardID: String
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            shardID: fields.requiredText("ShardToMerge"),
            adjacentShardID: fields.requiredText("AdjacentShardToMerge"))
    }
}
