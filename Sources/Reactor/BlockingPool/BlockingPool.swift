public import Metrics
public import System

/// Threads for what would hold up a reactor: cold pages of the log, large bodies and answers, pages
/// about ten thousand shards.
///
/// Each lane has threads and a queue of its own, so that no lane waits for another: a disk that
/// hangs holds up neither large puts nor `/metrics`. Within a lane peers take turns and have a
/// share of the room (``FairQueue``). Bytes move to a thread with the closure; the value comes back
/// through an `Inbox`.
public final class BlockingPool: Sendable {
    /// What the work waits for.
    public enum Lane: Int, Sendable, CaseIterable {
        /// The disk: pages of the log that are not in memory.
        case disk
        /// A processor: decoding and encoding of what is large, plans about many shards.
        case processor
        /// The node's own pages, which are read when something is wrong.
        case pages

        /// The name in metrics, and of the lane's threads.
        public var name: String {
            switch self {
            case .disk: "disk"
            case .processor: "cpu"
            case .pages: "pages"
            }
        }
    }

    /// How many threads each lane has.
    public struct Threads: Sendable {
        public var disk = 2
        public var processor = 2
        public var pages = 1

        public init() {}
    }

    private let disk: BlockingLane
    private let processor: BlockingLane
    private let pages: BlockingLane

    /// Starts the threads. In each lane at most `capacity` jobs wait, of one connection at most
    /// `connectionCapacity`.
    public init(
        _ threads: Threads = Threads(), capacity: Int = Limits.laneJobs,
        connectionCapacity: Int = Limits.laneJobsPerConnection
    ) throws(SystemError) {
        func lane(_ lane: Lane, _ count: Int) throws(SystemError) -> BlockingLane {
            try BlockingLane(
                lane.name, threads: count, capacity: capacity,
                connectionCapacity: connectionCapacity)
        }
        disk = try lane(.disk, threads.disk)
        processor = try lane(.processor, threads.processor)
        pages = try lane(.pages, threads.pages)
    }

    /// Has `work` run on one of the lane's threads when its owner's turn comes.
    ///
    /// It runs exactly once, unless ``BlockingJob/cancel()`` comes first. When it is refused nothing
    /// happens: the caller answers that it is busy, or asks again later.
    public func run(
        _ lane: Lane, for owner: JobOwner, _ work: @escaping @Sendable (BlockingJob) -> Void
    ) -> Result<BlockingJob, BlockingRefusal> {
        self[lane].run(for: owner, work)
    }

    /// What a lane has to do, and has done.
    public func counts(_ lane: Lane) -> LaneCounts { self[lane].counts }

    /// Takes no more jobs, runs those that wait, and ends the threads. Not to be called on one of
    /// them.
    public func stop() {
        for lane in Lane.allCases { self[lane].stop() }
    }

    private subscript(_ lane: Lane) -> BlockingLane {
        switch lane {
        case .disk: disk
        case .processor: processor
        case .pages: pages
        }
    }
}

extension BlockingPool {
    /// What `/metrics` shows of a pool.
    public static let metrics: [Metric<BlockingPool>] = [
        .gauge(
            "weir_blocking_jobs", "Jobs that wait for a thread of a lane, or run.",
            each: Lane.allCases.flatMap { [($0, "waiting"), ($0, "running")] },
            labels: { [("lane", $0.0.name), ("state", $0.1)] }
        ) { pool, one in
            let counts = pool.counts(one.0)
            return one.1 == "waiting" ? counts.waiting : counts.running
        },
        .counter(
            "weir_blocking_jobs_total", "Jobs of a lane, by what became of them.",
            each: Lane.allCases.flatMap { [($0, "done"), ($0, "skipped"), ($0, "refused")] },
            labels: { [("lane", $0.0.name), ("outcome", $0.1)] }
        ) { pool, one in
            let counts = pool.counts(one.0)
            return switch one.1 {
            case "done": counts.done
            case "skipped": counts.skipped
            default: counts.refused
            }
        },
        .counter(
            "weir_blocking_wait_seconds_total", "How long jobs waited for a thread.",
            in: .nanoseconds, each: Lane.allCases, labels: { [("lane", $0.name)] }
        ) { $0.counts($1).waitedNanoseconds },
        .gauge(
            "weir_blocking_oldest_seconds",
            "For how long the oldest running job of a lane has been running; 0 if none runs.",
            in: .nanoseconds, each: Lane.allCases, labels: { [("lane", $0.name)] }
        ) { Int(clamping: $0.counts($1).oldestNanoseconds) },
    ]
}

/// Why a job was not taken.
public enum BlockingRefusal: Error, Sendable {
    /// The connection has as many jobs waiting as it may.
    case connection
    /// The connections of the peer's address have, together.
    case address
    /// The lane has no room left for anybody.
    case full
    /// The pool has stopped.
    case stopped
}

/// What a lane has to do and has done since the start; read by any thread.
public struct LaneCounts: Sendable {
    /// Jobs that wait for a thread.
    public var waiting = 0
    /// Jobs that run.
    public var running = 0
    /// Jobs that have run.
    public var done: UInt64 = 0
    /// Jobs that nobody waited for any more when their turn would have come.
    public var skipped: UInt64 = 0
    /// Jobs that were refused.
    public var refused: UInt64 = 0
    /// How long all jobs that were begun had waited, nanoseconds.
    public var waitedNanoseconds: UInt64 = 0
    /// How long the oldest of the running jobs has been running, nanoseconds; 0 when none runs.
    public var oldestNanoseconds: UInt64 = 0
}
