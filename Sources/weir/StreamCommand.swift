import ArgumentParser
import Kinesis
import System
import WeirClient

/// `weir stream`: streams are created, listed and deleted.
struct StreamCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Create, list and delete streams.",
        subcommands: [Create.self, List.self, Delete.self])

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a stream and wait until it can be used.",
            discussion: ExitStatus.help)

        @Argument(help: "The stream's name.")
        var name: String

        @Option(help: "How many shards it has.")
        var shards = 1

        @OptionGroup var endpoint: EndpointOptions

        func validate() throws {
            if shards < 1 { throw ValidationError("--shards \(shards): expected at least 1.") }
        }

        func run() throws {
            let command = self
            try Foreground.run(farewellMilliseconds: 0) {
                try await command.endpoint.client().createStream(
                    command.name, shards: command.shards)
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the names of the streams, one a line.",
            discussion: ExitStatus.help)

        @OptionGroup var endpoint: EndpointOptions

        func run() throws {
            let command = self
            try Foreground.run(farewellMilliseconds: 0) {
                for name in try await command.endpoint.client().listStreams() {
                    try StandardOutput.write(Array(name.utf8) + [0x0A])
                }
            }
        }
    }

    struct Delete: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a stream with its records and wait until it is gone.",
            discussion: ExitStatus.help)

        @Argument(help: "The stream's name.")
        var name: String

        @Flag(help: "Delete its registered consumers too; without this they keep it.")
        var enforceConsumerDeletion = false

        @OptionGroup var endpoint: EndpointOptions

        func run() throws {
            let command = self
            try Foreground.run(farewellMilliseconds: 0) {
                try await command.endpoint.client().deleteStream(
                    command.name, enforceConsumerDeletion: command.enforceConsumerDeletion)
            }
        }
    }
}
