import ArgumentParser
import Kinesis
import Glibc
import Reactor
import WeirClient

/// `weir put`: lines become records.
struct PutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Put lines of standard input into a stream, a record each.",
        discussion: """
            Lines that are there together are put together. A record that was acknowledged is as \
            durable as the server promises.
            """)

    @Argument(help: "The stream's name.")
    var stream: String

    @Option(help: "Put this text instead of standard input.")
    var data: String?

    @Option(help: "Key of all records, which keeps their order (default: a random one each).")
    var partitionKey: String?

    @Option(
        help: ArgumentHelp(
            "Create the stream with so many shards if there is none.", valueName: "shards"))
    var create: Int?

    @Flag(name: .shortAndLong, help: "Print shard and sequence number of each record.")
    var verbose = false

    @OptionGroup var endpoint: EndpointOptions

    func validate() throws {
        if let partitionKey, !(1...256).contains(partitionKey.unicodeScalars.count) {
            throw ValidationError("--partition-key: expected 1 to 256 characters.")
        }
        if let create, create < 1 { throw ValidationError("--create: expected at least 1 shard.") }
    }

    func run() throws {
        let command = self
        try Foreground.run { try await command.put() }
    }

    private func put() async throws {
        let client = try endpoint.client()
        if let create { try await makeStream(client, shards: create) }
        var count = 0
        var shards: Set<String> = []
        for try await lines in source() {
            let entries = lines.map {
                PutEntry(data: $0, partitionKey: partitionKey ?? randomKey())
            }
            let receipts = try await client.putRecords(entries, stream: stream)
            count += receipts.count
            for receipt in receipts {
                shards.insert(receipt.shard.description)
                if verbose { _ = StandardOutput.line("\(receipt.shard) \(receipt.sequenceNumber)") }
            }
        }
        client.close()
        if Task.isCancelled { throw ExitStatus(rawValue: Foreground.interrupted) }
        if !verbose { StandardError.line(Self.summary(count, stream, shards: shards.count)) }
    }

    static func summary(_ count: Int, _ stream: String, shards: Int) -> String {
        let records = count == 1 ? "1 record" : "\(count) records"
        return "put \(records) into \(stream)"
            + (shards > 1 ? " (\(shards) shards)" : "")
    }

    private func randomKey() -> String { String(UInt64.random(in: 0...UInt64.max), radix: 36) }

    private func makeStream(_ client: WeirClient, shards: Int) async throws {
        do throws(ClientError) {
            try await client.createStream(stream, shards: shards)
        } catch {
            guard error.code == .resourceInUse else { throw error }
        }
    }

    /// Batches of lines, or the one text.
    private func source() -> Batches {
        if let data { return Batches(lines: nil, single: Array(data.utf8)) }
        let lines = LineBatches()
        let thread = try? WorkerPool(threads: 1)
        let isReading = thread?.run { readLines(into: lines) } ?? false
        if !isReading { lines.complete() }
        return Batches(lines: lines, single: nil, thread: thread)
    }
}

/// Reads standard input to its end; on a thread of its own, because reading waits.
private func readLines(into lines: LineBatches) {
    var cutter = LineCutter()
    while let bytes = StandardInput.read() {
        lines.add(cutter.cut(bytes))
        if cutter.pendingCount > LineBatches.lineBytesMax {
            StandardError.line("weir: a line is longer than 10 MiB")
            exit(1)
        }
        // The task that puts is behind; a millisecond is less than it needs for what waits.
        while lines.isFull { usleep(1_000) }
    }
    if let last = cutter.finish() { lines.add([last]) }
    lines.complete()
}

/// The batches that are put, in order.
private struct Batches: AsyncSequence, AsyncIteratorProtocol {
    let lines: LineBatches?
    var single: [UInt8]?
    /// Kept as long as it is read from.
    var thread: WorkerPool?

    mutating func next() async throws -> [[UInt8]]? {
        if let lines { return await lines.next() }
        defer { single = nil }
        return single.map { [$0] }
    }

    func makeAsyncIterator() -> Batches { self }
}
