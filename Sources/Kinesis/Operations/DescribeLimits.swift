public import Wire

/// Shows what an account has in a region and may have at most.
///
/// Errors: LimitExceeded.
public enum DescribeLimits {
    static let shape = Structure("DescribeLimitsInput", [])

    public struct Input: Sendable {}

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        _ = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input()
    }

    /// Channels are none of ours, so both their numbers are 0.
    public struct Output: Sendable {
        public var shardLimit: Int
        /// Open shards of streams of either mode.
        public var openShardCount: Int
        public var onDemandStreamCount: Int
        public var onDemandStreamCountLimit: Int

        public init(
            shardLimit: Int, openShardCount: Int, onDemandStreamCount: Int,
            onDemandStreamCountLimit: Int
        ) {
            self.shardLimit = shardLimit
            self.openShardCount = openShardCount
            self.onDemandStreamCount = onDemandStreamCount
            self.onDemandStreamCountLimit = onDemandStreamCountLimit
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 160)
            writer.beginStructure()
            writer.member("ShardLimit", integer: shardLimit)
            writer.member("OpenShardCount", integer: openShardCount)
            writer.member("OnDemandStreamCount", integer: onDemandStreamCount)
            writer.member("OnDemandStreamCountLimit", integer: onDemandStreamCountLimit)
            writer.member("ChannelCount", integer: 0)
            writer.member("ChannelCountLimit", integer: 0)
            writer.endStructure()
            return writer.finish()
        }
    }
}
