import Catalog
import Gateway
import Logging
import Reactor
import ShardLog
import Synchronization
import System
import TLS

/// The node's chores, about once a second, on threads that may wait for the disk. One keeps the
/// journal going, catalog snapshots included, without which its files cannot be used again; the
/// other does what may be slow, because it is done for each shard: removals, retention, cursors,
/// abandoned consumers, the scaling of on-demand streams, and what is seldom due: certificates,
/// ticket keys. Neither waits for the other.
final class Housekeeper: Sendable {
    private let log: ShardLog
    private let catalog: Catalog
    private let ephemerals: EphemeralConsumers
    private let journal: Rounds
    private let janitor: Rounds
    private let logger: Logger
    /// Why the catalog could not be saved last time: told once, and when it can be again.
    private let saveFailure = Mutex<String?>(nil)
    private let tickets: TicketKeys
    private let renewal: CertificateRenewal
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
        renewal: CertificateRenewal, trimmer: MemoryTrimmer, stateDelayMilliseconds: Int,
        logger: Logger
    ) throws(SystemError) {
        self.log = log
        self.catalog = catalog
        self.ephemerals = ephemerals
        self.logger = logger
        self.tickets = tickets
        self.renewal = renewal
        self.trimmer = trimmer
        self.stateDelayMilliseconds = stateDelayMilliseconds
        lastRotation.store(MonotonicClock.nanoseconds, ordering: .relaxed)
        journal = try Rounds()
        janitor = try Rounds()
    }

    /// Starts a round of each, unless the one before is still waiting for the disk.
    func wake() {
        journal.begin { [self] in keepJournal() }
        janitor.begin { [self] in tidy() }
    }

    /// The last round: what is in memory only goes into the log.
    func finish() {
        janitor.stop()
        journal.stop()
        catalog.flushCursors()
    }

    private func keepJournal() {
        log.keepJournal()
        var problem: String?
        do {
            try catalog.checkpoint()
        } catch {
            // The journal keeps the entries until a later round succeeds.
            problem = "\(error)"
        }
        let before = saveFailure.withLock { before in
            defer { before = problem }
            return before
        }
        guard problem != before else { return }
        if let problem {
            logger.warning("The catalog could not be saved, and is tried again: \(problem)")
        } else {
            logger.info("The catalog is saved again")
        }
    }

    private func tidy() {
        trimmer.look()
        log.tidy()
        let nanoseconds = MonotonicClock.nanoseconds
        renewal.look(now: nanoseconds)
        catalog.endOverdueTransitions(delayMilliseconds: stateDelayMilliseconds, now: nanoseconds)
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

/// Chores on a thread of their own, a round at a time.
private final class Rounds: Sendable {
    private let pool: ThreadPool
    private let isBusy = Atomic<Bool>(false)

    init() throws(SystemError) {
        pool = try ThreadPool(threads: 1, capacity: 4)
    }

    func begin(_ round: @escaping @Sendable () -> Void) {
        guard !isBusy.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let isAccepted = pool.run { [self] in
            round()
            isBusy.store(false, ordering: .releasing)
        }
        if !isAccepted { isBusy.store(false, ordering: .releasing) }
    }

    func stop() {
        pool.stop()
    }
}
