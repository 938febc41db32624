import Kinesis
import System
import WeirClient

/// Puts lines in their order, a call after the other, and keeps count.
struct LinePutter: ~Copyable {
    /// Lines of a call (PutRecords: up to 500 records).
    static let linesPerCall = 500

    let client: WeirClient
    /// The key of all records; a random one each if it is nil.
    let key: String?
    /// The most bytes of data and key together that the stream takes.
    let recordBytes: Int
    /// Where receipts are printed.
    let output: OutputThread?
    private(set) var progress: PutProgress

    init(
        client: WeirClient, stream: String, key: String?, recordBytes: Int, output: OutputThread?
    ) {
        self.client = client
        self.key = key
        self.recordBytes = recordBytes
        self.output = output
        progress = PutProgress(stream: stream)
    }

    /// Puts standard input to its end. Whatever ends it earlier is thrown with the account of what
    /// was read and not acknowledged.
    mutating func putAll(_ reader: consuming LineReader = LineReader()) async throws {
        do {
            while let lines = try await reader.next() { try await put(lines) }
            try Task.checkCancellation()
        } catch {
            throw account(error, reader.count)
        }
    }

    /// Puts a text that was not read from anywhere.
    mutating func putText(_ text: String) async throws {
        do {
            try await put([Array(text.utf8)])
        } catch ClientError.lost(let reason) {
            throw ClientError.lost(reason + "; the record may be stored nevertheless")
        }
    }

    private mutating func put(_ lines: [[UInt8]]) async throws {
        var start = 0
        while start < lines.count {
            try Task.checkCancellation()
            let end = min(start + Self.linesPerCall, lines.count)
            try await putCall(lines[start..<end])
            start = end
        }
    }

    private mutating func putCall(_ lines: ArraySlice<[UInt8]>) async throws {
        var entries: [PutEntry] = []
        var tooLong: CommandFailure?
        for line in lines {
            let entry = PutEntry(data: line, partitionKey: key ?? Self.randomKey())
            let bytes = line.count + entry.partitionKey.utf8.count
            guard bytes <= recordBytes else {
                // What comes before it is put first.
                tooLong = CommandFailure(
                    """
                    line \(progress.firstOpenLine + entries.count) has \(bytes) bytes with its key, \
                    and the stream takes records of up to \(recordBytes); it and what follows it \
                    were not put
                    """, .data)
                break
            }
            entries.append(entry)
        }
        if !entries.isEmpty { try await send(entries) }
        if let tooLong { throw tooLong }
    }

    private mutating func send(_ entries: [PutEntry]) async throws {
        var receipts = [PutReceipt?](repeating: nil, count: entries.count)
        var failure: ClientError?
        do throws(ClientError) {
            try await client.putRecords(entries, stream: progress.stream) { receipts[$0] = $1 }
        } catch {
            failure = error
        }
        progress.note(receipts)
        if let output {
            var text = ""
            for case let receipt? in receipts {
                text += "\(receipt.shard) \(receipt.sequenceNumber)\n"
            }
            do {
                try await output.write(Array(text.utf8))
            } catch  where failure != nil {
                // The server's word is the more important one.
            }
        }
        if let failure { throw failure }
    }

    private func account(_ error: any Error, _ lines: Int) -> any Error {
        var isOpen = false
        switch error {
        case ClientError.lost, ClientError.cancelled: isOpen = true
        default: break
        }
        let account = progress.account(ofRead: lines, mayBeStored: isOpen)
        var failure = CommandFailure(error)
        let isQuiet = failure.status == .closedOutput || Foreground.ending == .closedOutput
        if isQuiet || Task.isCancelled {
            // Nobody is told of the failure itself; of what was left behind always.
            if !isQuiet || lines > progress.acknowledged {
                StandardError.line("weir: ended early: \(account)")
            }
            return isQuiet ? failure : CancellationError()
        }
        failure.description += "; \(account)"
        return failure
    }

    private static func randomKey() -> String {
        String(UInt64.random(in: 0...UInt64.max), radix: 36)
    }
}
