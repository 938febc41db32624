import ArgumentParser
import Server
import System

/// `weir inspect`: what is in a data folder.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a data folder, without a server.",
        discussion: """
            Format and journal files, streams and shards, their segments with records and sequence \
            numbers, and what is missing. Reads the folder and writes nothing; of a folder on which a \
            server runs it shows what it meets.

            Ends with 0, with 2 when nothing can be said of the folder, and with 64 for wrong arguments.
            """)

    @Argument(help: "The folder that `weir serve --data` was given, or the log's folder in it.")
    var folder: String

    @Option(name: .shortAndLong, help: "text or json.")
    var output = ReportFormat.text

    @Flag(help: "List every batch of the journal.")
    var batches = false

    func run() throws {
        let command = self
        try Foreground.run(farewellMilliseconds: 0) { try command.report() }
    }

    private func report() throws {
        let found = try Unreadable.telling { () throws(FolderFailure) in
            try DataFolder(folder).inspect()
        }
        switch output {
        case .text:
            try StandardOutput.write(lines: found.text(listsBatches: batches))
        case .json:
            try StandardOutput.write(found.json(listsBatches: batches) + [0x0A])
        }
    }
}

/// How a report is written.
enum ReportFormat: String, ExpressibleByArgument, Sendable {
    case text
    case json
}

/// A folder of which nothing can be said.
enum Unreadable {
    /// Makes the failure one that ends the command with its status.
    static func telling<Value>(
        _ body: () throws(FolderFailure) -> Value
    ) throws(CommandFailure) -> Value {
        do throws(FolderFailure) {
            return try body()
        } catch {
            throw CommandFailure("\(error)", .unreadable)
        }
    }
}
