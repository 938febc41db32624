import Reactor
import Synchronization
import WeirClient

/// Something that makes requests and reads answers on a thread of its own.
protocol Load: AnyObject {
    /// Runs once, at the beginning.
    func begin()
    /// Runs at the end of every turn, before output is written.
    func endOfTurn()
}

/// Runs a load on a reactor until it has a result.
enum LoadThread {
    /// `make` is given the connections' context and what takes the result, and runs on the new
    /// thread.
    static func run<Outcome: Sendable>(
        _ configuration: ClientConfiguration,
        _ make:
            @escaping @Sendable (ClientContext, @escaping (Outcome) -> Void) -> any Load
    ) async throws -> Outcome {
        let prepared = try ClientContext.prepare(configuration)
        let addresses = prepared.addresses
        let tls = prepared.tls
        // Nil when the task was cancelled.
        let outcome = OutcomeBox<Outcome?>()
        let thread = try Reactor.start(index: 0) { reactor in
            var load: (any Load)?
            reactor.atEndOfTurn { load?.endOfTurn() }
            let context = ClientContext(
                reactor: reactor, endpoint: configuration.endpoint, addresses: addresses, tls: tls)
            load = make(context) { result in
                outcome.fill(result)
                reactor.stop()
            }
            load?.begin()
        }
        let result = await withTaskCancellationHandler {
            await outcome.value()
        } onCancel: {
            outcome.fill(nil)
            thread.stop()
        }
        thread.join()
        guard let result else { throw CancellationError() }
        return result
    }
}

/// A result that one thread gives and one task waits for.
final class OutcomeBox<Outcome: Sendable>: Sendable {
    private struct State {
        var outcome: Outcome?
        var waiter: CheckedContinuation<Outcome, Never>?
    }

    private let state = Mutex(State())

    /// Only the first outcome counts.
    func fill(_ outcome: Outcome) {
        state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.waiter = nil }
            return state.waiter
        }?.resume(returning: outcome)
    }

    func value() async -> Outcome {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state in
                if state.outcome == nil { state.waiter = continuation }
                return state.outcome
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }
}
