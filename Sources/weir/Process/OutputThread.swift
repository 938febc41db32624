import Dispatch
import Synchronization
import System

/// Standard output for tasks: a thread of its own waits for whoever reads it, so that a reader who
/// stands still holds up no task that has something else to do.
final class OutputThread: Sendable {
    private let queue = DispatchQueue(label: "stdout")
    private let watch = DispatchQueue(label: "stdout-watch")
    private let clock = DispatchQueue(label: "stdout-time")

    /// - Parameter onClosing: Called once, when nobody reads the output any more.
    init(onClosing: @escaping @Sendable () -> Void) {
        watch.async {
            StandardOutput.waitForClosing()
            onClosing()
        }
    }

    /// How long a write that has begun is waited for when its task is cancelled: one that nobody
    /// holds up is done by then, and counts.
    private static let graceMilliseconds = 200

    /// Writes all of `bytes` and returns when that is done. Throws a `StreamFailure`, or a
    /// `CancellationError` when the task is cancelled and the reader stands still; then the bytes
    /// may still be written.
    func write(_ bytes: [UInt8]) async throws {
        let outcome = Outcome()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                outcome.wait(continuation)
                queue.async {
                    do throws(StreamFailure) {
                        try StandardOutput.write(bytes)
                        outcome.settle(.success(()))
                    } catch {
                        outcome.settle(.failure(error))
                    }
                }
            }
        } onCancel: {
            clock.asyncAfter(deadline: .now() + .milliseconds(Self.graceMilliseconds)) {
                outcome.settle(.failure(CancellationError()))
            }
        }
    }
}

/// The first word on a write; later ones do not count.
private final class Outcome: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Void, any Error>)
        case settled(Result<Void, any Error>)
        case told
    }

    private let state = Mutex(State.open)

    func wait(_ continuation: CheckedContinuation<Void, any Error>) {
        let known = state.withLock { state -> Result<Void, any Error>? in
            guard case .settled(let result) = state else {
                state = .waiting(continuation)
                return nil
            }
            state = .told
            return result
        }
        if let known { continuation.resume(with: known) }
    }

    func settle(_ result: Result<Void, any Error>) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            switch state {
            case .open: state = .settled(result)
            case .waiting(let continuation):
                state = .told
                return continuation
            case .settled, .told: break
            }
            return nil
        }
        waiter?.resume(with: result)
    }
}
