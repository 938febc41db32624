internal import CLinux
internal import Glibc
internal import Synchronization
public import System

/// A few threads that take jobs in order: for what waits and nobody outside has asked for, as lines
/// of the log and upkeep. What peers ask for is work of a `BlockingPool`.
public final class ThreadPool: Sendable {
    private let queue: JobQueue
    private let threads: [JoinableThread]

    /// Starts the threads, named `pool-0` and so on. At most `capacity` jobs wait.
    public init(threads count: Int, capacity: Int = Limits.threadPoolJobs) throws(SystemError) {
        precondition(count > 0 && capacity > 0, "a pool has threads and room")
        let queue = try JobQueue(capacity: capacity)
        self.queue = queue
        var started: [JoinableThread] = []
        do throws(SystemError) {
            for i in 0..<count {
                started.append(try JoinableThread(name: "pool-\(i)") { queue.work() })
            }
        } catch {
            Self.end(queue, started)
            throw error
        }
        threads = started
    }

    deinit {
        // Whoever lets the pool go must not be one of its threads; jobs do not keep the pool.
        Self.end(queue, threads)
    }

    /// Runs `work` on one of the threads, in the order of asking. False, and nothing happens, when
    /// the queue is full or the pool has stopped: the caller answers that it is busy, or asks again
    /// later.
    public func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        queue.add(work)
    }

    /// Jobs that wait for a thread.
    public var waiting: Int { queue.waiting }

    /// Takes no more jobs, runs those that wait, and ends the threads. Not to be called on one of
    /// them.
    public func stop() {
        Self.end(queue, threads)
    }

    private static func end(_ queue: JobQueue, _ threads: [JoinableThread]) {
        queue.close(wakingUp: threads.count)
        for thread in threads { thread.join() }
    }
}

/// Jobs in order, and a semaphore that counts them.
private final class JobQueue: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        /// Jobs before this one have been taken.
        var first = 0
        var isClosed = false
    }

    private let capacity: Int
    private let state = Mutex(State())
    private let semaphore: Int32

    init(capacity: Int) throws(SystemError) {
        self.capacity = capacity
        semaphore = weir_semaphore()
        if semaphore < 0 { throw .last("eventfd") }
    }

    deinit {
        _ = Glibc.close(semaphore)
    }

    var waiting: Int { state.withLock { $0.jobs.count - $0.first } }

    func add(_ job: @escaping @Sendable () -> Void) -> Bool {
        let isAdded = state.withLock { state in
            if state.isClosed || state.jobs.count - state.first >= capacity { return false }
            state.jobs.append(job)
            return true
        }
        if isAdded { eventfd_write(semaphore, 1) }
        return isAdded
    }

    func close(wakingUp threads: Int) {
        state.withLock { $0.isClosed = true }
        eventfd_write(semaphore, UInt64(threads))
    }

    /// A thread's life: take a job or sleep, until the queue is closed and empty.
    func work() {
        while true {
            var count: UInt64 = 0
            if unsafe eventfd_read(semaphore, &count) != 0 {
                precondition(errno == EINTR, "eventfd: errno \(errno)")
                continue
            }
            guard let job = take() else { return }
            job()
        }
    }

    /// The oldest job; nil when there is none, which happens only after closing.
    private func take() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if state.first == state.jobs.count { return nil }
            let job = state.jobs[state.first]
            // The slot must not keep the job's bytes alive until the array is compacted.
            state.jobs[state.first] = {}
            state.first += 1
            if state.first == state.jobs.count || state.first >= 64 {
                state.jobs.removeFirst(state.first)
                state.first = 0
            }
            return job
        }
    }
}
