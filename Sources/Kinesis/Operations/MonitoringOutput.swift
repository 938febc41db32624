public import Wire

/// What EnableEnhancedMonitoring and DisableEnhancedMonitoring answer alike (the model's
/// `EnhancedMonitoringOutput`).
public struct MonitoringOutput: Sendable {
    public var stream: StreamARN
    /// The metrics that were shown before the call.
    public var current: ShardLevelMetrics
    /// Those that are shown from now on.
    public var desired: ShardLevelMetrics

    public init(stream: StreamARN, current: ShardLevelMetrics, desired: ShardLevelMetrics) {
        self.stream = stream
        self.current = current
        self.desired = desired
    }

    public func encoded(_ encoding: Encoding) -> [UInt8] {
        var writer = ResponseWriter(encoding, capacity: 512)
        writer.beginStructure()
        writer.member("StreamName", text: stream.name)
        writer.member("CurrentShardLevelMetrics", texts: current.names)
        writer.member("DesiredShardLevelMetrics", texts: desired.names)
        writer.member("StreamARN", text: stream.description)
        writer.endStructure()
        return writer.finish()
    }
}
