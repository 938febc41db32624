public import Metrics

/// What segments hold of the machine's descriptors and mappings.
public final class SegmentFileCounters: Sendable {
    /// Descriptors on segments, those of calls under way included.
    public let open = SharedGauge()
    /// Mappings of segments, those of reads under way included.
    public let mapped = SharedGauge()
    /// Files closed and mappings undone to make room for others.
    public let evictions = SharedCounter()
    /// Calls that found no descriptor or no memory, and were made again after something was closed.
    public let lacks = SharedCounter()

    init() {}
}
