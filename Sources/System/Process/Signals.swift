internal import CLinux
internal import Glibc

/// The signals that the process answers, as events instead of interruptions.
public final class Signals: Sendable {
    /// What somebody asks of the process.
    public enum Request: Sendable, Hashable {
        /// SIGTERM: drain and end.
        case terminate
        /// SIGINT: somebody pressed Ctrl-C.
        case interrupt
        /// SIGHUP: read the certificates again.
        case reload
    }

    private let descriptor: Int32

    /// Whether the process was started with this signal ignored, as `nohup` does with SIGHUP. To be
    /// asked before the signals are blocked.
    public static func isIgnored(_ request: Request) -> Bool {
        let number =
            switch request {
            case .terminate: SIGTERM
            case .interrupt: SIGINT
            case .reload: SIGHUP
            }
        return weir_signal_is_ignored(number) == 1
    }

    /// Blocks the three signals in this thread and those it starts later, and ignores SIGPIPE: a
    /// write to a closed connection is an error like any other. Called in `main` before any other
    /// thread exists; a thread that has them unblocked would be interrupted as ever.
    public init() throws(SystemError) {
        if weir_ignore_signal(SIGPIPE) != 0 { throw .last("sigaction") }
        let wanted = [SIGTERM, SIGINT, SIGHUP]
        descriptor = unsafe weir_signalfd(wanted, wanted.count)
        if descriptor < 0 { throw .last("signalfd") }
    }

    deinit {
        close(descriptor)
    }

    /// Waits for the next signal: for a main thread that has nothing else to do.
    public func wait() -> Request {
        while true {
            if let request = next() { return request }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, -1)
        }
    }

    /// The oldest signal that nobody has taken yet.
    private func next() -> Request? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        while unsafe read(descriptor, &info, size) == size {
            switch Int32(info.ssi_signo) {
            case SIGTERM: return .terminate
            case SIGINT: return .interrupt
            case SIGHUP: return .reload
            default: continue
            }
        }
        return nil
    }
}
