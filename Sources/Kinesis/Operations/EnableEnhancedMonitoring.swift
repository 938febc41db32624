public import Wire

/// Shows more shard-level metrics of a stream.
///
/// Errors: InvalidArgument, LimitExceeded, ResourceInUse (the stream is not ACTIVE),
/// ResourceNotFound, AccessDenied.
public enum EnableEnhancedMonitoring {
    static let shape = Structure(
        "EnableEnhancedMonitoringInput",
        [.name("StreamName"), .shardLevelMetrics, .streamARN(), .streamID])

    public struct Input: Sendable {
        public var stream: StreamSelector
        public var metrics: ShardLevelMetrics
    }

    /// Reads a request; its output is ``MonitoringOutput``.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try StreamSelector(fields),
            metrics: ShardLevelMetrics(names: fields.texts("ShardLevelMetrics")))
    }
}
