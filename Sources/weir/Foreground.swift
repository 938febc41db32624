import Glibc
import Reactor

/// The asynchronous part of a command, with the main thread waiting for signals meanwhile.
enum Foreground {
    /// What a shell sees of a program that was interrupted.
    static let interrupted: Int32 = 130

    /// Runs `body` and ends the process: 0 when it returns, 1 with a line on standard error when
    /// it throws. Ctrl-C and SIGTERM cancel its task; a second one ends the process at once.
    static func run(_ body: @escaping @Sendable () async throws -> Void) throws -> Never {
        let signals = try Signals()
        let task = Task.detached {
            do {
                try await body()
                exit(0)
            } catch let code as ExitStatus {
                exit(code.rawValue)
            } catch is CancellationError {
                exit(interrupted)
            } catch {
                StandardError.line("weir: \(error)")
                exit(1)
            }
        }
        while signals.wait() == .reload {}
        task.cancel()
        while signals.wait() == .reload {}
        exit(interrupted)
    }
}

/// Thrown by a command that has said everything that there is to say.
struct ExitStatus: Error, Hashable {
    var rawValue: Int32
}
