import ArgumentParser

/// `weir bench`: measures a server.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a server.",
        discussion: """
            Starts a server of its own on a folder of its own, and ends it; measures one that runs \
            already only if --endpoint-url names it, never because of the environment. Latencies \
            count from when a message was due.
            """,
        subcommands: [
            BenchAllCommand.self, BenchPutCommand.self, BenchFanOutCommand.self,
            BenchReadCommand.self, BenchMemoryCommand.self, BenchControlCommand.self,
            BenchFloorCommand.self, BenchFloorServerCommand.self,
        ], defaultSubcommand: BenchAllCommand.self)
}
