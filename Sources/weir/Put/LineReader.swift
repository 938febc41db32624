import AsyncAlgorithms
import Dispatch
import Synchronization
import System

/// Lines of standard input, read by a thread of its own for the task that puts them.
///
/// A batch is what one read found: what comes while the task puts one waits where it is, in the
/// pipe or the file. Three batches exist at most: one that is being put, one that waits in the
/// channel, and one that is being read. Each has the bytes of one read and of a line that began
/// before. Letting the reader go ends the thread, unless it waits for input that never comes.
struct LineReader: ~Copyable {
    fileprivate typealias Channel = MultiProducerSingleConsumerAsyncChannel<[[UInt8]], any Error>

    /// Bytes that are read at a time: what a call of 500 records of 2 KiB needs.
    static let readBytes = 1 << 20
    /// A line that grows longer is no record of any stream, and is not waited for.
    static let lineBytes = 10 << 20

    private var channel: Channel
    private let producer: LineProducer

    /// Begins to read.
    ///
    /// - Parameter read: Fills the beginning of a buffer with what is there, waits for it, and
    ///   answers how much that was: 0 at the end.
    init(
        _ read: @escaping @Sendable (inout [UInt8]) throws -> Int = {
            try StandardInput.read(into: &$0)
        }
    ) {
        // One batch that waits; the thread goes on when it is taken.
        var made = Channel.makeChannel(
            throwing: (any Error).self, backpressureStrategy: .watermark(low: 1, high: 1))
        channel = made.takeChannel()
        let producer = LineProducer(made.source)
        self.producer = producer
        DispatchQueue(label: "stdin").async { producer.run(read) }
    }

    /// The lines of the next batch, at least one; nil at the end and when the task is cancelled.
    /// Throws what kept the thread from reading on, after everything that it had read.
    mutating func next() async throws -> [[UInt8]]? {
        try await channel.next()
    }

    /// Lines that were read so far, one that is not complete included.
    var count: Int { producer.lines.load(ordering: .acquiring) }
}

/// The thread's side of a `LineReader`.
private final class LineProducer: Sendable {
    let lines = Atomic<Int>(0)
    private let source: Mutex<LineReader.Channel.Source?>

    init(_ source: consuming sending LineReader.Channel.Source) {
        self.source = Mutex(source)
    }

    func run(_ read: (inout [UInt8]) throws -> Int) {
        do {
            try produce(read)
            finish(nil)
        } catch {
            finish(error)
        }
    }

    private func produce(_ read: (inout [UInt8]) throws -> Int) throws {
        var buffer = [UInt8](repeating: 0, count: LineReader.readBytes)
        var cutter = LineCutter()
        var complete = 0
        while true {
            let count = try read(&buffer)
            if count == 0 { break }
            let batch = cutter.cut(buffer[..<count])
            complete += batch.count
            lines.store(complete + (cutter.pendingCount > 0 ? 1 : 0), ordering: .releasing)
            if !batch.isEmpty, !deliver(batch) { return }
            if cutter.pendingCount > LineReader.lineBytes {
                throw CommandFailure(
                    """
                    line \(complete + 1) is longer than 10 MiB, the most that a record can have; \
                    it and what follows it were not put
                    """, .data)
            }
        }
        if let last = cutter.finish() { _ = deliver([last]) }
    }

    /// Waits until the batch before this one was taken; false when nobody takes any more.
    private func deliver(_ batch: [[UInt8]]) -> Bool {
        let turn = DispatchSemaphore(value: 0)
        let isWanted = Answer()
        source.withLock { source in
            source?.send(batch) { result in
                if case .success = result { isWanted.yes.store(true, ordering: .releasing) }
                turn.signal()
            }
        }
        turn.wait()
        return isWanted.yes.load(ordering: .acquiring)
    }

    private func finish(_ error: (any Error)?) {
        source.withLock { source in
            let last = source.take()
            last?.finish(throwing: error)
        }
    }

    private final class Answer: Sendable {
        let yes = Atomic<Bool>(false)
    }
}
