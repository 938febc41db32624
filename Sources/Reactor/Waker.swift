internal import CLinux
internal import Glibc
internal import Synchronization
internal import System

/// Ends a reactor's sleep from any thread.
///
/// Many wakes before the reactor has noticed the first cost one write to its eventfd, and none
/// while the reactor is busy: it looks at the state itself before it sleeps.
public final class Waker: Sendable {
    private enum State {
        static let awake: UInt8 = 0
        static let asleep: UInt8 = 1
        static let notified: UInt8 = 2
    }

    private let state = Atomic<UInt8>(State.awake)
    /// Closed in `deinit`, so no write can reach a descriptor that means something else by then.
    let descriptor: Int32

    init() throws(SystemError) {
        descriptor = weir_eventfd()
        if descriptor < 0 { throw .last("eventfd") }
    }

    deinit {
        close(descriptor)
    }

    /// Makes the reactor run its wake hooks soon. What the caller stored before this call is
    /// visible to the hooks.
    public func wake() {
        let previous = state.exchange(State.notified, ordering: .sequentiallyConsistent)
        if previous == State.asleep { eventfd_write(descriptor, 1) }
    }

    /// Announces sleep. False when somebody has called in the meantime: then do not sleep.
    func fallAsleep() -> Bool {
        state.compareExchange(
            expected: State.awake, desired: State.asleep, ordering: .sequentiallyConsistent
        ).exchanged
    }

    /// Ends the sleep and clears the notice; true when there was one. Whatever is posted from here
    /// on notifies anew, so inboxes are drained after this.
    func takeNotice() -> Bool {
        // Reading first keeps the cache line shared in turns that nobody asked for.
        if state.load(ordering: .sequentiallyConsistent) == State.awake { return false }
        return state.exchange(State.awake, ordering: .sequentiallyConsistent) == State.notified
    }
}
