internal import Glibc
internal import Synchronization

/// Why bytes could not be read from or written to a standard stream.
public struct StreamFailure: Error, Hashable, CustomStringConvertible {
    /// Which: `standard input`, `standard output` or `standard error`.
    public var stream: String
    /// The C `errno` value.
    public var code: Int32

    /// For a stream whose call left `code` behind.
    public init(stream: String, code: Int32) {
        self.stream = stream
        self.code = code
    }

    /// Whether nobody reads the output any more.
    public var isClosed: Bool { code == EPIPE }

    public var description: String { "\(stream): \(SystemError.text(code))" }
}

/// The three descriptors that a program is started with.
public enum StandardStreams {
    /// Opens those that the program was started without, so that no other file gets their numbers,
    /// and so that reading from and writing to them fails.
    public static func occupy() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            // The lowest free number is this one: those below it are open.
            let wrongWay = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
            _ = unsafe open("/dev/null", wrongWay)
        }
    }

    /// Waits until `descriptor` can be used, for one that somebody else has set not to wait.
    fileprivate static func wait(for descriptor: Int32, _ events: Int32) {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        _ = unsafe poll(&entry, 1, -1)
    }
}

/// Standard input as bytes.
public enum StandardInput {
    /// Fills the beginning of `buffer` with what is there; waits until there is something. 0 at the
    /// end.
    public static func read(into buffer: inout [UInt8]) throws(StreamFailure) -> Int {
        while true {
            let count = unsafe Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: StandardStreams.wait(for: STDIN_FILENO, POLLIN)
            case let code: throw StreamFailure(stream: "standard input", code: code)
            }
        }
    }
}

/// Standard output as bytes, whatever they are.
public enum StandardOutput {
    private static let firstFailure = Mutex<StreamFailure?>(nil)

    /// The first failure of this process to write. A command that has one does not succeed, also if
    /// it did not look.
    public static var failure: StreamFailure? { firstFailure.withLock { $0 } }

    /// Writes all of `bytes`; waits as long as whoever reads them.
    public static func write(_ bytes: [UInt8]) throws(StreamFailure) {
        do throws(StreamFailure) {
            try writeAll(bytes, to: STDOUT_FILENO, "standard output")
        } catch {
            firstFailure.withLock { if $0 == nil { $0 = error } }
            throw error
        }
    }

    /// Writes a line; false when that failed, which `failure` keeps in mind.
    public static func line(_ text: String) -> Bool {
        (try? write(Array(text.utf8) + [0x0A])) != nil
    }

    /// Writes lines.
    public static func write(lines: [String]) throws(StreamFailure) {
        var bytes: [UInt8] = []
        for line in lines {
            bytes += Array(line.utf8)
            bytes.append(0x0A)
        }
        try write(bytes)
    }

    /// Waits until nobody reads a pipe or a socket any more; for ever if that does not happen, and
    /// for files.
    public static func waitForClosing() {
        while true {
            // What is not asked for is told nevertheless: an error or a hang-up.
            var entry = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
            if unsafe poll(&entry, 1, -1) > 0 { return }
        }
    }
}

/// Standard error as lines for people. That nobody reads them is no reason to stop.
public enum StandardError {
    /// Writes a line.
    public static func line(_ text: String) {
        try? writeAll(Array(text.utf8) + [0x0A], to: STDERR_FILENO, "standard error")
    }

    /// Writes over the present line of a terminal; nothing if it is none.
    public static func progress(_ text: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        try? writeAll(Array("\r\u{1B}[K\(text)".utf8), to: STDERR_FILENO, "standard error")
    }
}

private func writeAll(
    _ bytes: [UInt8], to descriptor: Int32, _ name: String
) throws(StreamFailure) {
    var start = 0
    while start < bytes.count {
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.write(descriptor, buffer.baseAddress! + start, buffer.count - start)
        }
        if count > 0 {
            start += count
            continue
        }
        switch count == 0 ? EIO : errno {
        case EINTR: continue
        case EAGAIN: StandardStreams.wait(for: descriptor, POLLOUT)
        case let code: throw StreamFailure(stream: name, code: code)
        }
    }
}
