import ArgumentParser
import Kinesis
import System
import WeirClient

/// `weir put`: lines become records.
struct PutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Put lines of standard input into a stream, a record each.",
        discussion: """
            Lines that are there together are put together. A record that was acknowledged is as \
            durable as the server promises. What the server refuses for the moment, and what was \
            lost on the way, is put again for some twenty seconds; so a record may be stored twice. \
            An end before the end of the input says what was not acknowledged.

            \(ExitStatus.help)
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
        try Foreground.run(farewellMilliseconds: 2_000) { try await command.put() }
    }

    private func put() async throws {
        let client = try endpoint.client { configuration in
            // A server that restarts, or a shard that is throttled, is waited for.
            configuration.retry.attempts = 10
        }
        if let create { try await makeStream(client, shards: create) }
        // Before anything is read: a stream that is not there, and how long a record may be.
        let limit = try await client.describe(stream).recordBytes
        let output = verbose ? OutputThread { Foreground.end(with: .closedOutput) } : nil
        var putter = LinePutter(
            client: client, stream: stream, key: partitionKey, recordBytes: limit, output: output)
        if let data {
            try await putter.putText(data)
        } else {
            try await putter.putAll()
        }
        client.close()
        if !verbose { StandardError.line(putter.progress.summary) }
    }

    private func makeStream(_ client: WeirClient, shards: Int) async throws {
        do throws(ClientError) {
            try await client.createStream(stream, shards: shards)
        } catch {
            guard error.code == .resourceInUse else { throw error }
        }
    }
}
