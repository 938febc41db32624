import Glibc
import Synchronization

/// Waits until every reactor has set itself up, or one could not.
final class StartLatch: Sendable {
    private struct State {
        var missing: Int
        var failure: String?
    }

    private let state: Mutex<State>

    init(reactors: Int) {
        state = Mutex(State(missing: reactors))
    }

    /// One reactor is ready, or says why not.
    func report(_ failure: String?) {
        state.withLock { state in
            state.missing -= 1
            state.failure = state.failure ?? failure
        }
    }

    /// The first failure, after the last report; a start takes milliseconds, so this looks again
    /// and again.
    func wait() -> String? {
        while true {
            let (missing, failure) = state.withLock { ($0.missing, $0.failure) }
            if missing == 0 { return failure }
            usleep(500)
        }
    }
}
