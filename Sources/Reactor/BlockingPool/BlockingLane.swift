internal import CLinux
internal import Glibc
internal import Synchronization
internal import System

/// A job that waits or runs; whoever asked for it may lose interest.
public final class BlockingJob: Sendable {
    private let queue: LaneQueue
    private let wanted = Atomic<Bool>(true)
    /// In the queue; written before the job can be taken.
    fileprivate let ticket = Atomic<UInt64>(0)

    fileprivate init(_ queue: LaneQueue) {
        self.queue = queue
    }

    /// Whether somebody still waits for the outcome. Long work looks at it in between, and ends
    /// early with whatever it has.
    public var isWanted: Bool { wanted.load(ordering: .relaxed) }

    /// Nobody waits for the outcome any more. True when the job has not begun: then it never does,
    /// and its closure with all that it holds has been let go. False when it runs or has run.
    @discardableResult
    public func cancel() -> Bool {
        wanted.store(false, ordering: .relaxed)
        return queue.remove(self)
    }
}

/// Some threads and their queue.
final class BlockingLane: Sendable {
    private let queue: LaneQueue
    private let threads: [JoinableThread]

    /// Starts the threads, named `name-0` and so on.
    init(
        _ name: String, threads count: Int, capacity: Int, connectionCapacity: Int
    ) throws(SystemError) {
        precondition(count > 0, "a lane has threads")
        let queue = try LaneQueue(
            threads: count, capacity: capacity, connectionCapacity: connectionCapacity)
        self.queue = queue
        var started: [JoinableThread] = []
        do throws(SystemError) {
            for i in 0..<count {
                started.append(try JoinableThread(name: "\(name)-\(i)") { queue.work(i) })
            }
        } catch {
            Self.end(queue, started)
            throw error
        }
        threads = started
    }

    deinit {
        // Whoever lets the lane go must not be one of its threads; jobs do not keep the lane.
        stop()
    }

    func run(
        for owner: JobOwner, _ work: @escaping @Sendable (BlockingJob) -> Void
    ) -> Result<BlockingJob, BlockingRefusal> {
        queue.add(work, of: owner)
    }

    var counts: LaneCounts { queue.counts }

    /// Takes no more jobs, runs those that wait, and ends the threads.
    func stop() {
        Self.end(queue, threads)
    }

    private static func end(_ queue: LaneQueue, _ threads: [JoinableThread]) {
        queue.close(wakingUp: threads.count)
        for thread in threads { thread.join() }
    }
}

/// Jobs in turns, and a semaphore that counts at least those that wait: a job that is cancelled
/// leaves its count behind, and a thread that finds nothing sleeps again.
private final class LaneQueue: Sendable {
    private struct Waiting {
        let job: BlockingJob
        let work: @Sendable (BlockingJob) -> Void
        let since: UInt64
    }

    private struct State {
        var jobs: FairQueue<Waiting>
        var isClosed = false
        var counts = LaneCounts()
        /// When each thread began with its job; 0 while it has none.
        var began: [UInt64]
    }

    private let state: Mutex<State>
    private let semaphore: Int32

    init(threads: Int, capacity: Int, connectionCapacity: Int) throws(SystemError) {
        state = Mutex(
            State(
                jobs: FairQueue(capacity: capacity, connectionCapacity: connectionCapacity),
                began: Array(repeating: 0, count: threads)))
        semaphore = weir_semaphore()
        if semaphore < 0 { throw .last("eventfd") }
    }

    deinit {
        _ = Glibc.close(semaphore)
    }

    var counts: LaneCounts {
        let now = MonotonicClock.nanoseconds
        return state.withLock { state in
            var counts = state.counts
            counts.waiting = state.jobs.count
            let running = state.began.filter { $0 > 0 }
            counts.running = running.count
            counts.oldestNanoseconds = running.min().map { now > $0 ? now - $0 : 1 } ?? 0
            return counts
        }
    }

    func add(
        _ work: @escaping @Sendable (BlockingJob) -> Void, of owner: JobOwner
    ) -> Result<BlockingJob, BlockingRefusal> {
        let job = BlockingJob(self)
        let waiting = Waiting(job: job, work: work, since: MonotonicClock.nanoseconds)
        let refusal: BlockingRefusal? = state.withLock { state in
            if state.isClosed { return .stopped }
            switch state.jobs.add(waiting, of: owner) {
            case .success(let ticket):
                job.ticket.store(ticket, ordering: .relaxed)
                return nil
            case .failure(let refusal):
                state.counts.refused += 1
                return refusal
            }
        }
        if let refusal { return .failure(refusal) }
        eventfd_write(semaphore, 1)
        return .success(job)
    }

    /// Takes a job out that has not begun.
    func remove(_ job: BlockingJob) -> Bool {
        // Let go outside of the lock: the closure may be the last owner of much.
        let removed = state.withLock { state in
            let removed = state.jobs.remove(ticket: job.ticket.load(ordering: .relaxed))
            if removed != nil { state.counts.skipped += 1 }
            return removed
        }
        return removed != nil
    }

    func close(wakingUp threads: Int) {
        state.withLock { $0.isClosed = true }
        eventfd_write(semaphore, UInt64(threads))
    }

    /// A thread's life: run a job or sleep, until the queue is closed and empty.
    func work(_ thread: Int) {
        while true {
            var count: UInt64 = 0
            if unsafe eventfd_read(semaphore, &count) != 0 {
                precondition(errno == EINTR, "eventfd: errno \(errno)")
                continue
            }
            if !runNext(thread) { return }
        }
    }

    /// Runs the job whose turn it is, if there is one; false when none will come any more.
    private func runNext(_ thread: Int) -> Bool {
        let now = MonotonicClock.nanoseconds
        let (next, isOver) = state.withLock { state in
            guard let next = state.jobs.take() else { return (Waiting?.none, state.isClosed) }
            state.began[thread] = now
            state.counts.waitedNanoseconds &+= now > next.since ? now - next.since : 0
            return (next, false)
        }
        guard let next else { return !isOver }
        next.work(next.job)
        state.withLock { state in
            state.began[thread] = 0
            state.counts.done += 1
        }
        return true
    }
}
