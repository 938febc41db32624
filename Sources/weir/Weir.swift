import ArgumentParser

@main
struct Weir: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir",
        abstract: "A self-hosted streaming gateway that speaks the Amazon Kinesis protocol.",
        subcommands: [ServeCommand.self, PutCommand.self, TailCommand.self, BenchCommand.self])
}
