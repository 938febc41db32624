import ArgumentParser
import Server
import System

/// `weir verify`: whether everything in a data folder is what was written.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify a data folder: every checksum, and that everything is there.",
        discussion: """
            Reads every record, batch, header and index, and says exactly what is damaged: file and \
            byte, stream, shard and sequence numbers, and what a reader still gets. Writes nothing. A \
            torn end of the journal, of which nobody was told, is no damage. Of a folder on which a \
            server runs, what looks wrong is looked at twice.

            Ends with 0 when all is whole, 1 when something is damaged, 2 when nothing can be said of \
            the folder, and 64 for wrong arguments.
            """)

    @Argument(help: "The folder that `weir serve --data` was given, or the log's folder in it.")
    var folder: String

    @Option(name: .shortAndLong, help: "text or json.")
    var output = ReportFormat.text

    func run() throws {
        let command = self
        try Foreground.run(farewellMilliseconds: 0) { try command.report() }
    }

    private func report() throws {
        let found = try Unreadable.telling { () throws(FolderFailure) in
            defer { StandardError.progress("") }
            return try DataFolder(folder).verify { bytes, total in
                StandardError.progress(Self.bar(bytes, of: total))
            }
        }
        switch output {
        case .text: try StandardOutput.write(lines: found.text)
        case .json: try StandardOutput.write(found.json + [0x0A])
        }
        if found.isDamaged { throw ExitStatus.damaged }
    }

    /// A line of progress.
    static func bar(_ bytes: UInt64, of total: UInt64) -> String {
        let width = 40
        let share = total == 0 ? 1 : min(1, Double(bytes) / Double(total))
        let done = Int(share * Double(width))
        return "[" + String(repeating: "#", count: done)
            + String(repeating: ".", count: width - done) + "] \(Int(share * 100)) %"
    }
}
