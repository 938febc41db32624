import Synchronization

/// Lines of standard input on their way from the thread that reads them to the task that puts
/// them: a batch is whatever has come since the last one.
final class LineBatches: Sendable {
    /// Bytes that wait at most, beyond one read; the reading thread pauses at the bound.
    static let bytesMax = 8 << 20
    /// A longer line cannot be a record.
    static let lineBytesMax = 10 << 20

    fileprivate struct State {
        var lines: [[UInt8]] = []
        var bytes = 0
        var isComplete = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Whether the bound is reached.
    var isFull: Bool { state.withLock { $0.bytes >= Self.bytesMax } }

    func add(_ lines: [[UInt8]]) {
        guard !lines.isEmpty else { return }
        state.withLock { state in
            state.lines += lines
            state.bytes += lines.reduce(0) { $0 + $1.count }
            return state.takeWaiter()
        }?.resume()
    }

    /// Nothing will be added any more.
    func complete() {
        state.withLock { state in
            state.isComplete = true
            return state.takeWaiter()
        }?.resume()
    }

    /// All lines that are there, at least one; nil at the end and when the task is cancelled.
    func next() async -> [[UInt8]]? {
        while !Task.isCancelled {
            let (lines, isComplete) = state.withLock { state in
                var taken: [[UInt8]] = []
                swap(&taken, &state.lines)
                state.bytes = 0
                return (taken, state.isComplete)
            }
            if !lines.isEmpty { return lines }
            if isComplete { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mustWait = state.withLock { state in
                        guard state.lines.isEmpty, !state.isComplete, !Task.isCancelled else {
                            return false
                        }
                        state.waiter = continuation
                        return true
                    }
                    if !mustWait { continuation.resume() }
                }
            } onCancel: {
                state.withLock { $0.takeWaiter() }?.resume()
            }
        }
        return nil
    }
}

extension LineBatches.State {
    fileprivate mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
        defer { waiter = nil }
        return waiter
    }
}

/// Cuts bytes into lines; a line feed at the end ends the last line and begins none.
struct LineCutter {
    private var rest: [UInt8] = []

    /// The lines that `bytes` completes, without their line feeds.
    mutating func cut(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            lines.append(rest + bytes[start..<end])
            rest = []
            start = end + 1
        }
        rest += bytes[start...]
        return lines
    }

    /// Bytes of the line that is not complete.
    var pendingCount: Int { rest.count }

    /// The last line, if it has no line feed.
    mutating func finish() -> [UInt8]? {
        defer { rest = [] }
        return rest.isEmpty ? nil : rest
    }
}
