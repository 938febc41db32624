internal import Logging
internal import Reactor
internal import System

/// Writes log lines for threads that must not wait: standard error may be a pipe that nobody reads.
final class LogWriter: Sendable {
    private let logger: Logger
    private let thread: ThreadPool

    /// Lines that wait to be written; more are lost.
    private static let waitingLines = 256

    init(_ logger: Logger) throws(SystemError) {
        self.logger = logger
        thread = try ThreadPool(threads: 1, capacity: Self.waitingLines)
    }

    func write(_ level: Logger.Level, _ line: String) {
        _ = thread.run { [logger] in logger.log(level: level, "\(line)") }
    }
}
