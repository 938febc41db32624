public import Wire

/// Makes a stream. It is CREATING until its shards are there.
///
/// Errors: ResourceInUse (the name is taken), LimitExceeded (a quota), InvalidArgument (PROVISIONED
/// without a number of shards), Validation (warm throughput).
public enum CreateStream {
    static let mode = Structure(
        "StreamModeDetails",
        [.choice("StreamMode", Choice(StreamMode.allCases.map(\.rawValue)), required: true)])

    static let shape = Structure(
        "CreateStreamInput",
        [
            .name("StreamName", required: true),
            .integer("ShardCount", minimum: 1),
            .structure("StreamModeDetails", mode),
            .tags(),
            .warmThroughput(),
            .integer("MaxRecordSizeInKiB", minimum: 1024, maximum: 10_240),
            .distributionStrategy(),
        ])

    public struct Input: Sendable {
        public var name: String
        /// The mode asked for, or the one that follows from ``shardCount``: PROVISIONED if there is
        /// a number, else ON_DEMAND.
        public var mode: StreamMode
        /// How many shards the stream begins with; for an on-demand stream always four, whatever
        /// the request said.
        public var shardCount: Int
        public var tags: [ResourceTag]
        /// What data and key of a record may have together, in KiB.
        public var maxRecordKiB: Int
        public var distribution: RecordDistributionStrategy
        /// Write throughput that an on-demand stream shall be ready for, MiB a second; nil for none.
        public var warmMiBps: Int?
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        let shardCount = fields.integer("ShardCount")
        let stated = fields.structure("StreamModeDetails")?.requiredText("StreamMode")
        let mode =
            stated.flatMap(StreamMode.init(rawValue:))
            ?? (shardCount == nil ? .onDemand : .provisioned)
        if mode == .provisioned, shardCount == nil { throw .shardCountMissing }
        return Input(
            name: fields.requiredText("StreamName"),
            mode: mode,
            shardCount: mode == .onDemand ? Limits.onDemandShards : shardCount ?? 1,
            tags: try checkedTags(in: fields),
            maxRecordKiB: fields.integer("MaxRecordSizeInKiB") ?? Limits.defaultMaxRecordKiB,
            distribution: fields.text("RecordDistributionStrategy")
                .flatMap(RecordDistributionStrategy.init(rawValue:)) ?? .userPartitionKey,
            warmMiBps: fields.integer("WarmThroughputMiBps").flatMap { $0 > 0 ? $0 : nil })
    }
}
