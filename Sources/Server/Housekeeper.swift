import Catalog
import Clock
import Gateway
import Logging
import Reactor
import ShardLog
import Synchronization
import TLS

/// The node's chores, about once a second, on a thread that may wait for the disk: the log's own,
/// retention, cursors, abandoned consumers, the scaling of on-demand streams and catalog snapshots.
final class Housekeeper: Sendable {
    private let log: ShardLog
    private let catalog: Catalog
    private let ephemerals: EphemeralConsumers
    private let pool: WorkerPool
    private let logger: Logger
    private let isBusy = Atomic<Bool>(false)
    private let tickets: TicketKeys
    private let trimmer: MemoryTrimmer
    private let stateDelayMilliseconds: Int
    // By the monotonic clock: the time of day may go back, and node time may stand still.
    private let lastTrim = Atomic<UInt64>(0)
    private let lastRotation = Atomic<UInt64>(0)

    /// Session tickets are sealed with a new key this often.
    private static let rotationNanoseconds: UInt64 = 12 * 3600 * 1_000_000_000

    /// Retention is looked at this often; a record's time is counted in hours.
    private static let trimNanoseconds: UInt64 = 10 * 1_000_000_000

    init(
        log: ShardLog, catalog: Catalog, ephemerals: EphemeralConsumers, tickets: TicketKeys,
        trimmer: MemoryTrimmer, stateDelayMilliseconds: Int, logger: Logger
    ) throws(SystemError) {
        self.log = log
        self.catalog = catalog
        self.ephemerals = ephemerals
        self.logger = logger
        self.tickets = tickets
        self.trimmer = trimmer
        self.stateDelayMilliseconds = stateDelayMilliseconds
        lastRotation.store(MonotonicClock.nanoseconds, ordering: .relaxed)
        pool = try WorkerPool(threads: 1, capacity: 4)
    }

    /// Starts a round, unless the one before is still waiting for the disk.
    func wake() {
        guard !isBusy.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let accepted = pool.run { [self] in
            round()
            isBusy.store(false, ordering: .releasing)
        }
        if !accepted { isBusy.store(false, ordering: .releasing) }
    }

    /// The last round: what is in memory only goes into the log.
    func finish() {
        pool.stop()
        catalog.flushCursors()
    }

    private func round() {
        trimmer.look()
        log.housekeep()
        let nanoseconds = MonotonicClock.nanoseconds
        catalog.settleOverdue(delayMilliseconds: stateDelayMilliseconds, now: nanoseconds)
        catalog.scaleOnDemandStreams(now: nanoseconds)
        ephemerals.deregisterAbandoned(now: nanoseconds)
        catalog.flushCursors()
        if nanoseconds - lastTrim.load(ordering: .relaxed) >= Self.trimNanoseconds {
            lastTrim.store(nanoseconds, ordering: .relaxed)
            trim()
        }
        if nanoseconds - lastRotation.load(ordering: .relaxed) >= Self.rotationNanoseconds {
            lastRotation.store(nanoseconds, ordering: .relaxed)
            tickets.rotate()
        }
        for notice in log.takeNotices() { logger.warning("\(notice)") }
        do {
            try catalog.checkpoint()
        } catch {
            // The journal keeps the entries until a later round succeeds.
            logger.warning("The catalog could not be saved: \(error)")
        }
    }

    /// Segments in which one round looks for a place: each may take a mebibyte from the disk.
    private static let placesAtOnce = 64
    /// A place within a segment is looked for when this part of the retention can be dropped.
    private static let retentionParts: Int64 = 64

    /// Drops what has outlived its stream's retention, and closed shards that have nothing left.
    private func trim() {
        let clock = log.retentionClock
        var places = Self.placesAtOnce
        catalog.snapshot.visitStreams { stream in
            let cutoff = stream.cutoff(clock)
            for shard in stream.shards where Int64(shard.createdSecond) * 1000 < cutoff {
                let slack = places > 0 ? (clock.now - cutoff) / Self.retentionParts : .max
                if log.trim(shard.log, olderThan: cutoff, slack: slack) { places -= 1 }
            }
            return true
        }
        catalog.forgetExpiredShards()
    }
}
