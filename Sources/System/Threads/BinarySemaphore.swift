internal import CLinux
internal import Glibc
internal import Synchronization

/// What one thread waits for and any thread posts; posts between two waits are one.
@safe public final class BinarySemaphore: Sendable {
    private let isPosted = Atomic<Bool>(false)
    // Allocated in `init`, freed in `deinit`; the semaphore's own calls are atomic.
    nonisolated(unsafe) private let semaphore: UnsafeMutablePointer<sem_t>

    public init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe semaphore.initialize(to: sem_t())
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    /// Ends the present wait, or else the next one.
    public func post() {
        if !isPosted.exchange(true, ordering: .sequentiallyConsistent) {
            unsafe sem_post(semaphore)
        }
    }

    /// Waits for a post, at most so long. What was put down before the post can be seen after it.
    public func wait(nanoseconds: UInt64? = nil) {
        if let nanoseconds {
            // By the monotonic clock: a wall clock that is set back must not put a sync off.
            let due = MonotonicClock.nanoseconds + nanoseconds
            while unsafe weir_semaphore_wait(semaphore, due) != 0 {
                if errno != EINTR { break }
            }
        } else {
            while unsafe sem_wait(semaphore) != 0 {}
        }
        // An exchange, not a store: it reads what the last one to post wrote, so that all that this
        // one had put down before is seen, also when its post was one with an earlier one.
        _ = isPosted.exchange(false, ordering: .sequentiallyConsistent)
    }
}
