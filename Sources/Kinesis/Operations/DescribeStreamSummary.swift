public import Wire

/// Shows a stream without its shards.
///
/// The model's StreamId is never given: an SDK that learns it sends it back and then leaves the
/// endpoint it was configured with.
///
/// Errors: ResourceNotFound, LimitExceeded, InvalidArgument, AccessDenied.
public enum DescribeStreamSummary {
    static let shape = Structure(
        "DescribeStreamSummaryInput", [.name("StreamName"), .streamARN(), .streamID])

    public struct Input: Sendable {
        public var stream: StreamSelector
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(stream: try StreamSelector(fields))
    }

    public struct Output: Sendable {
        public var stream: StreamOverview
        public var openShardCount: Int
        public var consumerCount: Int
        /// What data and key of a record may have together, in KiB.
        public var maxRecordKiB: Int
        public var distribution: RecordDistributionStrategy
        /// Of an on-demand stream whose account has a throughput commitment.
        public var warmThroughput: WarmThroughput?

        public init(
            stream: StreamOverview, openShardCount: Int, consumerCount: Int, maxRecordKiB: Int,
            distribution: RecordDistributionStrategy, warmThroughput: WarmThroughput?
        ) {
            self.stream = stream
            self.openShardCount = openShardCount
            self.consumerCount = consumerCount
            self.maxRecordKiB = maxRecordKiB
            self.distribution = distribution
            self.warmThroughput = warmThroughput
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 640)
            writer.beginStructure()
            writer.key("StreamDescriptionSummary")
            writer.beginStructure()
            stream.write(to: &writer)
            writer.member("OpenShardCount", integer: openShardCount)
            writer.member("ConsumerCount", integer: consumerCount)
            warmThroughput?.write(to: &writer)
            writer.member("MaxRecordSizeInKiB", integer: maxRecordKiB)
            // Channels and queues are none of ours.
            writer.member("ChannelCount", integer: 0)
            writer.member("RecordDistributionStrategy", text: distribution.rawValue)
            writer.member("QueueCount", integer: 0)
            writer.endStructure()
            writer.endStructure()
            return writer.finish()
        }
    }
}
