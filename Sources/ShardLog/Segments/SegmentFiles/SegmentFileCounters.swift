public import Synchronization

/// What segments hold of the machine's descriptors and mappings.
public final class SegmentFileCounters: Sendable {
    /// Descriptors on segments, those of calls under way included.
    public let open = Atomic<Int>(0)
    /// Mappings of segments, those of reads under way included.
    public let mapped = Atomic<Int>(0)
    /// Files closed and mappings undone to make room for others.
    public let evictions = Atomic<UInt64>(0)
    /// Calls that found no descriptor or no memory, and were made again after something was closed.
    public let lacks = Atomic<UInt64>(0)

    init() {}
}
