import Dispatch
import Glibc
import Synchronization
import System

/// A command that runs until it is done or is told to end, whatever it waits for.
///
/// The command is a task. The main thread waits for signals: the first one cancels the task, which
/// then has a moment to say farewell to the server and to tell what it has done; a second one, or
/// the end of the moment, ends the process at once. What reads standard input or writes standard
/// output waits on threads of its own, which nobody waits for.
enum Foreground {
    private struct State {
        /// What ends the process; once it is there it stays.
        var ending: ExitStatus?
        var task: Task<Void, Never>?
        /// How long a command that was told to end may take for it.
        var farewellMilliseconds = 0
    }

    private static let state = Mutex(State())
    private static let exiting = Mutex(())
    private static let clock = DispatchQueue(label: "farewell")

    /// Runs `body` and ends the process: with 0 when it returns, with a line on standard error and
    /// the failure's status when it throws, and with the signal's status after one.
    ///
    /// A command that ends servers and removes folders of its own may take half a minute for it;
    /// what only speaks to a server says how much less.
    static func run(
        farewellMilliseconds: Int = 30_000, _ body: @escaping @Sendable () async throws -> Void
    ) throws -> Never {
        state.withLock { $0.farewellMilliseconds = farewellMilliseconds }
        let hangsUp = !Signals.isIgnored(.reload)
        let signals = try Signals()
        let task = Task.detached {
            do {
                try await body()
                if let ending { exit(with: ending) }
                if let failure = StandardOutput.failure { throw failure }
                exit(with: .success)
            } catch is CancellationError {
                exit(with: ending ?? .interrupted)
            } catch let status as ExitStatus {
                exit(with: ending ?? status)
            } catch {
                let status = tell(error)
                exit(with: ending ?? status)
            }
        }
        state.withLock { state in
            state.task = task
            if state.ending != nil { task.cancel() }
        }
        while true {
            switch signals.wait() {
            case .interrupt: end(with: .interrupted)
            case .terminate: end(with: .terminated)
            case .reload: if hangsUp { end(with: .hungUp) }
            }
        }
    }

    /// Tells people of a failure and answers its status. That nobody reads the output is not worth a
    /// word, nor is an end that was asked for.
    static func tell(_ error: any Error) -> ExitStatus {
        let failure = CommandFailure(error)
        if failure.status != .closedOutput, ending == nil {
            StandardError.line("weir: \(failure)")
        }
        return failure.status
    }

    /// Why the process is ending, if it was told to.
    static var ending: ExitStatus? { state.withLock { $0.ending } }

    /// Cancels the command's task, which may say farewell for a moment; a second call ends the
    /// process at once.
    static func end(with status: ExitStatus) {
        let (isFirst, task) = state.withLock { state in
            defer { if state.ending == nil { state.ending = status } }
            return (state.ending == nil, state.task)
        }
        guard isFirst else { exit(with: ending ?? status) }
        task?.cancel()
        limitFarewell(status)
    }

    /// From here on the process lives a moment at most; for a command that has failed and gives
    /// back what it holds.
    static func limitFarewell(_ status: ExitStatus) {
        let milliseconds = state.withLock { $0.farewellMilliseconds }
        clock.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
            exit(with: ending ?? status)
        }
    }

    /// Ends the process. Two threads that come here at once do not both run what `exit` runs.
    private static func exit(with status: ExitStatus) -> Never {
        exiting.withLock { _ in Glibc.exit(status.rawValue) }
    }
}
