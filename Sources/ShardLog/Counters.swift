public import Synchronization

/// What the log has done since it was opened. Every field can be read at any time.
public final class LogCounters: Sendable {
    /// Batches made durable or handed to the kernel, as the durability class says.
    public let commits = Atomic<UInt64>(0)
    public let records = Atomic<UInt64>(0)
    /// Bytes of records with their headers.
    public let bytes = Atomic<UInt64>(0)
    public let controlEntries = Atomic<UInt64>(0)
    /// Bytes of the largest batch.
    public let largestBatchBytes = Atomic<UInt64>(0)
    /// Attempts to stage that were answered `.full`.
    public let refusedFull = Atomic<UInt64>(0)
    /// Records and control entries that were answered `.failed`.
    public let failed = Atomic<UInt64>(0)
    /// fdatasync calls on the journal, by duration.
    public let journalSyncs = SyncHistogram()
    /// Batches that were written once more, to a fresh file, because the journal had failed.
    public let journalRetries = Atomic<UInt64>(0)
    /// fdatasync calls on segments.
    public let segmentSyncs = Atomic<UInt64>(0)
    /// Segments that were continued in a new file because they could not be written.
    public let segmentMoves = Atomic<UInt64>(0)
    /// Segments that were put into a new file because they could not be synced.
    public let segmentRewrites = Atomic<UInt64>(0)
    /// Chores that failed and will be tried again.
    public let housekeepingFailures = Atomic<UInt64>(0)
    /// Bytes of journal and segment files on the disk.
    public let bytesOnDisk = Atomic<UInt64>(0)
    /// Records' bytes staged and not yet answered.
    public let stagedBytes = Atomic<UInt64>(0)

    /// What segments hold of descriptors and mappings.
    public let segmentFiles: SegmentFileCounters

    init(segmentFiles: SegmentFileCounters) {
        self.segmentFiles = segmentFiles
    }
}

/// Durations in buckets that double, from 64 µs on.
public final class SyncHistogram: Sendable {
    /// The upper bound of bucket 0; bucket i ends at this shifted left by i. The last has no end.
    public static let firstBoundNanoseconds: UInt64 = 64_000
    public static let bucketCount = 16

    public let count = Atomic<UInt64>(0)
    public let totalNanoseconds = Atomic<UInt64>(0)
    public let maximumNanoseconds = Atomic<UInt64>(0)
    let buckets = Mutex([UInt64](repeating: 0, count: SyncHistogram.bucketCount))

    init() {}

    /// How many durations fell in each bucket.
    public func snapshot() -> [UInt64] {
        buckets.withLock { $0 }
    }

    func note(_ nanoseconds: UInt64) {
        var bucket = 0
        while bucket < Self.bucketCount - 1, nanoseconds > Self.firstBoundNanoseconds << bucket {
            bucket += 1
        }
        let chosen = bucket
        buckets.withLock { $0[chosen] += 1 }
        count.wrappingAdd(1, ordering: .relaxed)
        totalNanoseconds.wrappingAdd(nanoseconds, ordering: .relaxed)
        maximumNanoseconds.max(nanoseconds, ordering: .relaxed)
    }
}
