public import Metrics
public import Synchronization

/// What the log has done since it was opened. Every field can be read at any time.
public final class LogCounters: Sendable {
    /// Batches made durable or handed to the kernel, as the durability class says.
    public let commits = SharedCounter()
    public let records = SharedCounter()
    /// Bytes of records with their headers.
    public let bytes = SharedCounter()
    public let controlEntries = SharedCounter()
    /// Bytes of the largest batch.
    public let largestBatchBytes = Counter()
    /// Attempts to stage that were answered `.full`.
    public let refusedFull = SharedCounter()
    /// Records and control entries that were answered `.failed`.
    public let failed = SharedCounter()
    /// fdatasync calls on the journal, nanoseconds.
    public let journalSyncs = Histogram(bounds: syncBounds)
    /// Batches that were written once more, to a fresh file, because the journal had failed.
    public let journalRetries = SharedCounter()
    /// fdatasync calls on segments.
    public let segmentSyncs = SharedCounter()
    /// Segments that were continued in a new file because they could not be written.
    public let segmentMoves = SharedCounter()
    /// Segments that were put into a new file because they could not be synced.
    public let segmentRewrites = SharedCounter()
    /// Chores that failed and will be tried again.
    public let housekeepingFailures = SharedCounter()
    /// Bytes of journal and segment files on the disk.
    public let bytesOnDisk = SharedGauge()
    /// Records' bytes staged and not yet answered.
    public let stagedBytes = Atomic<UInt64>(0)

    /// What segments hold of descriptors and mappings.
    public let segmentFiles: SegmentFileCounters

    init(segmentFiles: SegmentFileCounters) {
        self.segmentFiles = segmentFiles
    }

    /// 64 µs, and twice as much each, to a second.
    private static let syncBounds: [UInt64] = (0..<15).map { 64_000 << UInt64($0) }
}

extension ShardLog {
    /// What `/metrics` shows of a log.
    public static let metrics: [Metric<ShardLog>] = [
        .gauge("weir_log_accepting", "1 while puts are accepted.") {
            $0.health == .accepting ? 1 : 0
        },
        .gauge(
            "weir_log_state", "1 for the state that /health tells the reason of.",
            each: Health.names, labels: { [("state", $0)] }
        ) { log, name in log.health.name == name ? 1 : 0 },
        .counter("weir_log_state_changes_total", "Changes of that state.") { $0.healthChanges },
        .counter("weir_log_commits_total", "Batches committed.") { $0.counters.commits.value },
        .counter("weir_log_records_total", "Records committed.") { $0.counters.records.value },
        .counter("weir_log_bytes_total", "Bytes of records committed.") {
            $0.counters.bytes.value
        },
        .counter("weir_log_control_entries_total", "Control entries committed.") {
            $0.counters.controlEntries.value
        },
        .counter("weir_log_refused_total", "Records refused because too much was staged.") {
            $0.counters.refusedFull.value
        },
        .counter("weir_log_failed_total", "Records and entries that the disk refused.") {
            $0.counters.failed.value
        },
        .counter("weir_log_segment_syncs_total", "fdatasync calls on segments.") {
            $0.counters.segmentSyncs.value
        },
        .counter(
            "weir_log_segment_moves_total",
            "Segments continued in a new file: the old could not be written."
        ) { $0.counters.segmentMoves.value },
        .counter(
            "weir_log_segment_rewrites_total",
            "Segments put into a new file: the old could not be synced."
        ) { $0.counters.segmentRewrites.value },
        .counter(
            "weir_log_journal_retries_total",
            "Batches written to a fresh journal file: the old had failed."
        ) { $0.counters.journalRetries.value },
        .counter(
            "weir_log_chore_failures_total", "Chores of the log that failed and are tried again."
        ) { $0.counters.housekeepingFailures.value },
        .histogram(
            "weir_log_fdatasync_seconds", "fdatasync calls on the journal.", in: .nanoseconds
        ) { $0.counters.journalSyncs.reading },
        .gauge(
            "weir_log_missing_ranges",
            "Ranges of records that must be in the log and are not; see /health."
        ) { $0.missingRecords.count },
        .gauge("weir_clock_believed", "1 while arrivals follow the system's clock.") {
            $0.clockStatus.isBelieved ? 1 : 0
        },
        .gauge(
            "weir_clock_ahead_seconds",
            "How far a clock that is not believed is ahead of the log's time.", in: .milliseconds
        ) { Int($0.clockStatus.aheadMilliseconds) },
        .gauge(
            "weir_clock_uncounted_seconds",
            "Time off and steps of the clock that retention does not count.", in: .milliseconds
        ) { Int($0.clockStatus.uncountedMilliseconds) },
        .gauge("weir_log_largest_batch_bytes", "The largest batch so far.") {
            Int(clamping: $0.counters.largestBatchBytes.value)
        },
        .gauge("weir_log_disk_bytes", "Bytes of journal and segments on the disk.") {
            $0.counters.bytesOnDisk.value
        },
        .gauge("weir_log_open_segments", "Descriptors on segments.") {
            max(0, $0.counters.segmentFiles.open.value)
        },
        .gauge("weir_log_mapped_segments", "Mappings of segments.") {
            max(0, $0.counters.segmentFiles.mapped.value)
        },
        .counter(
            "weir_log_segment_evictions_total",
            "Segments' files closed and mappings undone to make room for others."
        ) { $0.counters.segmentFiles.evictions.value },
        .counter(
            "weir_log_descriptor_lacks_total",
            "Calls of the log that found no descriptor or memory and were made again."
        ) { $0.counters.segmentFiles.lacks.value },
        .gauge("weir_log_staged_bytes", "Bytes of records that wait for their commit.") {
            Int(clamping: $0.counters.stagedBytes.load(ordering: .relaxed))
        },
    ]
}
