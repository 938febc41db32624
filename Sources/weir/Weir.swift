import ArgumentParser
import System

@main
struct Weir: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir",
        abstract: "A self-hosted streaming gateway that speaks the Amazon Kinesis protocol.",
        subcommands: [
            ServeCommand.self, StreamCommand.self, PutCommand.self, TailCommand.self,
            BenchCommand.self, InspectCommand.self, VerifyCommand.self,
        ])

    static func main() {
        // Before anything is opened: no file of ours may take the number of a standard stream.
        StandardStreams.occupy()
        main(nil)
    }
}
