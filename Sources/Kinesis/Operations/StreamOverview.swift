import Wire

/// What DescribeStream and DescribeStreamSummary say alike about a stream.
///
/// Encryption at rest is the node's own affair, so EncryptionType is always NONE.
public struct StreamOverview: Sendable {
    public var name: String
    public var arn: StreamARN
    public var status: StreamStatus
    public var mode: StreamMode
    public var retentionHours: Int
    /// When the stream was created, in seconds since 1970.
    public var createdSecond: UInt64
    /// The shard-level metrics that are shown.
    public var metrics: ShardLevelMetrics

    public init(
        name: String, arn: StreamARN, status: StreamStatus, mode: StreamMode,
        retentionHours: Int, createdSecond: UInt64, metrics: ShardLevelMetrics
    ) {
        self.name = name
        self.arn = arn
        self.status = status
        self.mode = mode
        self.retentionHours = retentionHours
        self.createdSecond = createdSecond
        self.metrics = metrics
    }

    /// Writes the members of a structure that was begun.
    func write(to writer: inout ResponseWriter) {
        writer.member("StreamName", text: name)
        writer.member("StreamARN", text: arn.description)
        writer.member("StreamStatus", text: status.rawValue)
        writer.writeMode(mode)
        writer.member("RetentionPeriodHours", integer: retentionHours)
        writer.member("StreamCreationTimestamp", second: createdSecond)
        writer.key("EnhancedMonitoring")
        writer.beginList()
        writer.beginStructure()
        writer.member("ShardLevelMetrics", texts: metrics.names)
        writer.endStructure()
        writer.endList()
        writer.member("EncryptionType", text: "NONE")
    }
}

extension ResponseWriter {
    mutating func writeMode(_ mode: StreamMode) {
        key("StreamModeDetails")
        beginStructure()
        member("StreamMode", text: mode.rawValue)
        endStructure()
    }
}
