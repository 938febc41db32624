import ArgumentParser
import Bench

/// `weir bench memory`: what a connection and a subscription cost while nothing happens.
struct BenchMemoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Memory of idle connections, idle subscriptions and stalled ones.")

    @OptionGroup var common: BenchArguments

    @Option(help: "Connections, each with a subscription.")
    var held = 1000

    func validate() throws {
        guard (1...10_000).contains(held), common.recordBytes <= 64 << 10 else {
            throw ValidationError("--held: expected 1 to 10000; --record-bytes: at most 65536.")
        }
    }

    func run() throws {
        let command = self
        try Foreground.run { try await command.bench() }
    }

    private func bench() async throws {
        try await BenchRun.with(common.options) { run in
            try await run.memory(held: held).print(asJSON: common.json)
        }
    }
}
