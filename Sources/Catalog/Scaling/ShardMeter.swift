public import Synchronization

/// What has gone through a shard since the start: the numbers behind the shard-level metrics, and
/// behind the scaling of on-demand streams.
///
/// It belongs to the shard through all versions of the catalog. Any thread adds to it and reads it.
public final class ShardMeter: Sendable {
    /// Data and partition keys of stored records, bytes.
    public let incomingBytes = Atomic<UInt64>(0)
    public let incomingRecords = Atomic<UInt64>(0)
    /// Data and partition keys of records given to GetRecords and to subscriptions, bytes.
    public let outgoingBytes = Atomic<UInt64>(0)
    public let outgoingRecords = Atomic<UInt64>(0)
    /// Records that were refused because the shard's write rate was exceeded.
    public let writesThrottled = Atomic<UInt64>(0)
    /// Data and partition keys of those records, bytes.
    public let throttledBytes = Atomic<UInt64>(0)
    /// Calls that were refused because the shard's read rate was exceeded.
    public let readsThrottled = Atomic<UInt64>(0)
    /// How far behind the tip the last read was, milliseconds.
    public let iteratorAgeMilliseconds = Atomic<UInt64>(0)

    init() {}

    public func stored(records: Int, bytes: Int) {
        incomingRecords.wrappingAdd(UInt64(records), ordering: .relaxed)
        incomingBytes.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    }

    public func refused(records: Int, bytes: Int) {
        writesThrottled.wrappingAdd(UInt64(records), ordering: .relaxed)
        throttledBytes.wrappingAdd(UInt64(bytes), ordering: .relaxed)
    }

    public func read(records: Int, bytes: Int, ageMilliseconds: Int64) {
        outgoingRecords.wrappingAdd(UInt64(records), ordering: .relaxed)
        outgoingBytes.wrappingAdd(UInt64(bytes), ordering: .relaxed)
        iteratorAgeMilliseconds.store(UInt64(max(0, ageMilliseconds)), ordering: .relaxed)
    }
}
