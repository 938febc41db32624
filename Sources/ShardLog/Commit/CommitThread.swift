internal import CLinux
internal import Glibc
internal import Synchronization

/// A bell that one thread waits for and any thread rings; rings between two waits are one.
@safe final class Signal: Sendable {
    private let isRung = Atomic<Bool>(false)
    // Allocated in `init`, freed in `deinit`; the semaphore's own calls are atomic.
    nonisolated(unsafe) private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe semaphore.initialize(to: sem_t())
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func post() {
        if !isRung.exchange(true, ordering: .sequentiallyConsistent) {
            unsafe sem_post(semaphore)
        }
    }

    /// Waits for a ring, at most so long. What was put down before the ring can be seen after it.
    func wait(nanoseconds: UInt64? = nil) {
        if let nanoseconds {
            // By the monotonic clock: a wall clock that is set back must not put a sync off.
            let due = monotonicNanoseconds() + nanoseconds
            while unsafe weir_semaphore_wait(semaphore, due) != 0 {
                if errno != EINTR { break }
            }
        } else {
            while unsafe sem_wait(semaphore) != 0 {}
        }
        // An exchange, not a store: it reads what the last ringer wrote, so that all the ringer had
        // put down before is seen, also when its ring was one with an earlier one.
        _ = isRung.exchange(false, ordering: .sequentiallyConsistent)
    }
}

/// CLOCK_MONOTONIC.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The committer's thread.
final class CommitThread: Sendable {
    private let thread: pthread_t

    fileprivate final class Work {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    init(_ body: @escaping @Sendable () -> Void) throws(SystemFailure) {
        // Retained here, released by the thread that runs it.
        let work = unsafe Unmanaged.passRetained(Work(body))
        var made = pthread_t()
        let code = unsafe pthread_create(&made, nil, commitThreadMain, work.toOpaque())
        guard code == 0 else {
            unsafe work.release()
            throw SystemFailure(errno: code, operation: "pthread_create")
        }
        thread = made
    }

    func join() {
        pthread_join(thread, nil)
    }
}

@c private func commitThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // Retained by `CommitThread.init` for this call.
    let work = unsafe Unmanaged<CommitThread.Work>.fromOpaque(context).takeRetainedValue()
    unsafe weir_set_thread_name("committer")
    work.body()
    return nil
}
