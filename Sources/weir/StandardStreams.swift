import Glibc

/// Standard input as bytes.
enum StandardInput {
    /// What is there, at most 64 KiB; waits until there is something. Nil at the end.
    static func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count > 0 {
                buffer.removeLast(buffer.count - count)
                return buffer
            }
            if count == 0 || errno != EINTR { return nil }
        }
    }
}

/// Standard output as bytes, whatever they are.
enum StandardOutput {
    /// Writes all of `bytes`; false when nobody reads them any more.
    static func write(_ bytes: [UInt8]) -> Bool { writeAll(bytes, to: STDOUT_FILENO) }

    static func line(_ text: String) -> Bool { write(Array(text.utf8) + [0x0A]) }
}

/// Standard error as lines for people. That nobody reads them is no reason to stop.
enum StandardError {
    static func line(_ text: String) {
        _ = writeAll(Array(text.utf8) + [0x0A], to: STDERR_FILENO)
    }

    /// Writes over the present line of a terminal; nothing if it is none.
    static func progress(_ text: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        _ = writeAll(Array("\r\u{1B}[K\(text)".utf8), to: STDERR_FILENO)
    }
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
        var start = 0
        while start < buffer.count, let base = buffer.baseAddress {
            let count = unsafe Glibc.write(descriptor, base + start, buffer.count - start)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return false }
            start += count
        }
        return true
    }
}
