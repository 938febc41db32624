internal import Synchronization

/// A node's log: what is put in is durable before it is acknowledged and published.
public final class ShardLog: Sendable {
    public let counters = LogCounters()

    init() {}

    /// Opens the folder and recovers what is in it. Waits for the disk.
    /// - Parameters:
    ///   - restore: gets the last control snapshot and the payloads after it, in order; answers
    ///     which shards exist. Shards that it does not name are removed.
    ///   - apply: runs on the committer's thread, in batch order, when an entry has reached the
    ///     durability class; before the batch's tails are published and its waiters are told.
    public static func open(
        _ configuration: Configuration,
        restore: (_ snapshot: [UInt8]?, _ payloads: [[UInt8]]) throws -> [ShardDescription],
        apply: @escaping @Sendable (_ payload: [UInt8], _ batch: UInt64) -> Void
    ) throws(LogError) -> ShardLog {
        ShardLog()
    }

    /// Registers a reader, 0..<64. `wake` is called from the committer's thread when `drain` has
    /// something; it must not block.
    public func staging(reader: Int, wake: @escaping @Sendable () -> Void) -> Staging {
        Staging(reader: reader)
    }

    /// Hands a change to the committer. Any thread. The outcome goes to the waiter's reader.
    public func submit(_ change: ControlEntry, waiter: Waiter?) {}

    /// The shard of this number, from the moment its opening is applied to its removal.
    public func shard(_ number: ShardNumber) -> Shard? { nil }

    /// Milliseconds since 1970 that never go back, also over a restart.
    public func nodeMilliseconds() -> Int64 { 0 }

    /// Stores the control state as of batch `batch`, so that entries up to it need not be kept.
    /// Waits for the disk.
    public func saveSnapshot(_ bytes: [UInt8], batch: UInt64) throws(LogError) {}

    /// The journal holds more control entries than it should: call `saveSnapshot` soon.
    public var wantsSnapshot: Bool { false }

    public var health: Health { .accepting }

    /// The log's chores; call it about once a second from a thread that may wait for the disk.
    public func housekeep() {}

    /// Drops the records that arrived before the time. From the same thread as `housekeep`.
    public func trim(_ shard: Shard, olderThan arrivalMilliseconds: Int64) {}

    /// Completes what was handed over, syncs, and stops the committer. Waits for the disk.
    public func close() throws(LogError) {}
}
