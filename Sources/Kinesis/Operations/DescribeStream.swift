public import Wire

/// Shows a stream with a page of its shards, closed ones included.
///
/// Errors: ResourceNotFound, LimitExceeded, InvalidArgument, AccessDenied.
public enum DescribeStream {
    static let shape = Structure(
        "DescribeStreamInput",
        [
            .name("StreamName"),
            .pageSize("Limit"),
            .name("ExclusiveStartShardId"),
            .streamARN(),
            .streamID,
        ])

    public struct Input: Sendable {
        public var stream: StreamSelector
        /// How many shards to show at most: 1 to ``Limits/describeStreamShards``.
        public var limit: Int
        /// Show shards with greater ids than this one, which need not exist.
        public var exclusiveStartShardID: String?
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            limit: min(
                fields.integer("Limit") ?? Limits.describeStreamShards,
                Limits.describeStreamShards),
            exclusiveStartShardID: fields.text("ExclusiveStartShardId"))
    }

    public struct Output: Sendable {
        public var stream: StreamOverview
        public var shards: [ListedShard]
        public var hasMoreShards: Bool

        public init(stream: StreamOverview, shards: [ListedShard], hasMoreShards: Bool) {
            self.stream = stream
            self.shards = shards
            self.hasMoreShards = hasMoreShards
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 512 + 400 * shards.count)
            writer.beginStructure()
            writer.key("StreamDescription")
            writer.beginStructure()
            stream.write(to: &writer)
            writer.key("Shards")
            shards.write(to: &writer)
            writer.member("HasMoreShards", boolean: hasMoreShards)
            writer.endStructure()
            writer.endStructure()
            return writer.finish()
        }
    }
}
