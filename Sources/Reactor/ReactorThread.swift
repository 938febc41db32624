internal import Glibc
internal import Synchronization
public import System

/// A running reactor, as other threads see it.
public final class ReactorThread: Sendable {
    /// Ends the reactor's sleep.
    public let waker: Waker
    /// What the reactor has done so far.
    public let counters: ReactorCounters
    private let stopRequested: StopRequest
    private let thread: JoinableThread

    init(waker: Waker, counters: ReactorCounters, stop: StopRequest, thread: JoinableThread) {
        self.waker = waker
        self.counters = counters
        stopRequested = stop
        self.thread = thread
    }

    /// Asks the reactor to stop after its present turn.
    public func stop() {
        stopRequested.flag.store(true, ordering: .sequentiallyConsistent)
        waker.wake()
    }

    /// Waits until the thread has ended. Once only, and not on that thread.
    public func join() {
        thread.join()
    }
}

/// Set once, read by the reactor when it is woken.
final class StopRequest: Sendable {
    let flag = Atomic<Bool>(false)
}

extension Reactor {
    /// Starts a thread named `reactor-<index>` with a reactor of its own, and runs `setUp` on it
    /// before the first turn. What `setUp` makes lives on that thread and is released there when
    /// the reactor stops.
    ///
    /// Throws when the kernel has no descriptor or thread to spare.
    public static func start(
        index: Int, setUp: sending @escaping (Reactor) -> Void
    ) throws(SystemError) -> ReactorThread {
        let reactor = try Reactor(index: index)
        let waker = reactor.waker
        let counters = reactor.counters
        let stop = StopRequest()
        let thread = try JoinableThread(name: "reactor-\(index)") {
            reactor.onWake { [unowned reactor] in
                if stop.flag.load(ordering: .sequentiallyConsistent) { reactor.stop() }
            }
            setUp(reactor)
            reactor.run()
        }
        return ReactorThread(waker: waker, counters: counters, stop: stop, thread: thread)
    }
}
