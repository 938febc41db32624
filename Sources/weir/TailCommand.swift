import ArgumentParser
import Kinesis
import Synchronization
import WeirClient
import Wire

/// `weir tail`: what is put into a stream, as it is pushed.
struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Print a stream's records as they are pushed.",
        discussion: """
            Registers a consumer, subscribes to every shard and to those that continue them, and \
            tells the server what it has printed: with --from cursor it goes on there. Ctrl-C ends \
            it.
            """)

    @Argument(help: "The stream's name.")
    var stream: String

    @Option(
        help: ArgumentHelp(
            """
            Where to begin: latest, trim-horizon (the oldest record), cursor (behind what this \
            consumer printed last), or @ and a time: seconds since 1970, or like \
            2026-11-23T08:15:00Z.
            """, valueName: "where"))
    var from = "latest"

    @Option(help: ArgumentHelp("The consumer's name.", valueName: "name"))
    var consumer = "weir-tail"

    @Flag(help: "Print an object with shard, number, key, time and base64 data for each record.")
    var json = false

    @OptionGroup var endpoint: EndpointOptions

    func validate() throws {
        guard StartArgument(argument: from) != nil else {
            throw ValidationError(
                "--from \(from): expected latest, trim-horizon, cursor, or @ and a time.")
        }
    }

    func run() throws {
        let command = self
        try Foreground.run { try await command.tail() }
    }

    private func tail() async throws {
        let client = try endpoint.client()
        let start = StartArgument(argument: from)?.position ?? .latest
        let arn = try await client.describe(stream).arn
        let consumer = try await client.registerStreamConsumer(consumer, stream: arn)
        let subscription = try await client.subscribe(
            stream: stream, consumer: consumer.arn, from: start)
        let printed = PrintedPlaces(client, consumer.arn)
        let committer = Task.detached { await printed.commitEverySecond() }
        defer { committer.cancel() }
        var failure: ClientError?
        do throws(ClientError) {
            try await print(subscription, printed)
        } catch {
            failure = error
        }
        subscription.cancel()
        // Not in this task, which may be cancelled.
        let last = await Task.detached { await printed.commit() }.value
        client.close()
        if let error = failure ?? last { throw error }
    }

    private func print(
        _ subscription: Subscription, _ printed: PrintedPlaces
    ) async throws(ClientError) {
        var events = subscription.makeAsyncIterator()
        while let event = try await events.next() {
            guard let last = event.records.last else { continue }
            var output: [UInt8] = []
            for record in event.records { append(record, to: &output) }
            guard StandardOutput.write(output) else { return }
            printed.note(event.shard, last.sequenceNumber)
        }
    }

    private func append(_ record: Record, to output: inout [UInt8]) {
        if json {
            output += Self.object(record)
        } else {
            output += record.data
        }
        output.append(0x0A)
    }

    /// The members that a record has in GetRecords, and its shard.
    static func object(_ record: Record) -> [UInt8] {
        var writer = ResponseWriter(.json, capacity: 256 + 2 * record.data.count)
        writer.beginStructure()
        writer.key("ShardId")
        writer.text(record.shard.description)
        writer.key("SequenceNumber")
        writer.text(record.sequenceNumber.description)
        writer.key("PartitionKey")
        writer.text(record.partitionKey)
        writer.key("ApproximateArrivalTimestamp")
        writer.timestamp(milliseconds: record.arrivalMilliseconds)
        writer.key("Data")
        writer.blob(record.data.span)
        writer.endStructure()
        return writer.finish()
    }
}

/// How far each shard was printed, and how much of that the server knows.
private final class PrintedPlaces: Sendable {
    private let client: WeirClient
    private let consumer: ConsumerARN
    private let uncommitted = Mutex<[ShardID: SequenceNumber]>([:])

    init(_ client: WeirClient, _ consumer: ConsumerARN) {
        self.client = client
        self.consumer = consumer
    }

    func note(_ shard: ShardID, _ number: SequenceNumber) {
        uncommitted.withLock { $0[shard] = number }
    }

    func commitEverySecond() async {
        while !Task.isCancelled {
            // An error stays for the last commit, unless an attempt before it succeeds.
            _ = await commit()
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Commits what was printed since; what fails is committed with the next.
    func commit() async -> ClientError? {
        let places = uncommitted.withLock { places in
            defer { places = [:] }
            return places
        }
        var failure: ClientError?
        for (shard, number) in places {
            do throws(ClientError) {
                try await client.commitCursor(consumer, shard: shard, through: number)
            } catch {
                failure = error
                uncommitted.withLock { places in
                    if places[shard] == nil { places[shard] = number }
                }
            }
        }
        return failure
    }
}
