import ArgumentParser
import Kinesis
import WeirClient

/// `weir tail`: what is put into a stream, as it is pushed.
struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Print a stream's records as they are pushed.",
        discussion: """
            Subscribes to every shard and to those that continue them, until it is ended by Ctrl-C. \
            Any number of tails of one stream each print everything. With --consumer it reads under a \
            name that stays, and tells the server what it has printed: with --from cursor it goes on \
            there. A name has one reader; a later one takes its place.

            \(ExitStatus.help)
            """)

    @Argument(help: "The stream's name.")
    var stream: String

    @Option(
        help: ArgumentHelp(
            """
            Where to begin: latest, trim-horizon (the oldest record), cursor (behind what --consumer \
            printed last), or @ and a time: seconds since 1970, or like 2026-11-23T08:15:00Z.
            """, valueName: "where"))
    var from = "latest"

    @Option(
        help: ArgumentHelp(
            """
            Read as this registered consumer, and register it if there is none (default: one of its \
            own, which goes at the end).
            """, valueName: "name"))
    var consumer: String?

    @Flag(help: "Print an object with shard, number, key, time and base64 data for each record.")
    var json = false

    @OptionGroup var endpoint: EndpointOptions

    func validate() throws {
        guard let start = StartArgument(argument: from) else {
            throw ValidationError(
                "--from \(from): expected latest, trim-horizon, cursor, or @ and a time.")
        }
        if start.position == .cursor, consumer == nil {
            throw ValidationError(
                "--from cursor: say with --consumer NAME whose place to go on from.")
        }
    }

    func run() throws {
        let command = self
        try Foreground.run(farewellMilliseconds: 2_000) { try await command.tail() }
    }

    private func tail() async throws {
        let output = OutputThread { Foreground.end(with: .closedOutput) }
        let client = try await bounded(endpoint.configuration())
        let session = try await TailSession(
            client, stream: stream, consumer: consumer,
            from: StartArgument(argument: from)?.position ?? .latest)
        var failure: (any Error)?
        do {
            try await session.print(to: output, asJSON: json)
        } catch is CancellationError {
        } catch {
            failure = await session.explained(error)
        }
        let told = failure.map { Foreground.tell($0) }
        // The server is told what it can be told within a moment, also by a task that was cancelled.
        Foreground.limitFarewell(told ?? .unavailable)
        let last = await Task.detached { await session.end() }.value
        client.close()
        if let told { throw told }
        if let last { throw last }
    }

    /// A client whose subscriptions to all shards together hold a bounded number of bytes for a
    /// reader that stands still.
    private func bounded(_ given: ClientConfiguration) async throws -> WeirClient {
        let client = try WeirClient(given)
        let shards = try await client.describe(stream).openShardCount
        let window = Self.windowBytes(shards: shards)
        guard window != given.subscriptionWindowBytes else { return client }
        client.close()
        var configuration = given
        configuration.subscriptionWindowBytes = window
        return try WeirClient(configuration)
    }

    /// The window of each of so many subscriptions: together 64 MiB, each what HTTP/2 begins with
    /// at least and half a mebibyte at most.
    static func windowBytes(shards: Int) -> Int32 {
        Int32(min(512 << 10, max(65_535, (64 << 20) / max(1, shards))))
    }
}
