import ArgumentParser

/// `weir bench`: measures a server.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a server.",
        discussion: """
            Without a server named or at the usual place, starts one of its own on a folder of its \
            own, and ends it. Latencies count from when a message was due.
            """,
        subcommands: [
            BenchAllCommand.self, BenchPutCommand.self, BenchFanOutCommand.self,
            BenchReadCommand.self, BenchControlCommand.self, BenchFloorCommand.self,
            BenchFloorServerCommand.self,
        ], defaultSubcommand: BenchAllCommand.self)
}
