import ArgumentParser
import Bench

/// `weir bench read`: catching up.
struct BenchReadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read", abstract: "Read a filled stream from its beginning, by push.")

    @OptionGroup var common: BenchArguments

    @Option(help: "MiB of data to read.")
    var mebibytes = 256

    @Option(help: "Subscribers, each a consumer of its own.")
    var subscribers = 1

    func validate() throws {
        guard (1...1 << 20).contains(mebibytes), (1...1_000).contains(subscribers) else {
            throw ValidationError("--mebibytes and --subscribers: expected positive numbers.")
        }
    }

    func run() throws {
        let command = self
        try Foreground.run { try await command.bench() }
    }

    private func bench() async throws {
        try await BenchRun.with(common.options) { run in
            try await run.read(mebibytes: mebibytes, subscribers: subscribers)
                .report.print(asJSON: common.json)
        }
    }
}
