import ArgumentParser
import Bench

/// `weir bench control`: how fast streams are made, changed and described when there are many.
struct BenchControlCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "control",
        abstract: "Control operations with many streams, and a start with them.")

    @OptionGroup var common: BenchArguments

    @Option(help: "Streams in the catalog while operations are timed; half of them are changed.")
    var streams = 1000

    @Option(help: "Shards of each.")
    var shardsEach = 4

    @Option(help: "Shards of the one stream whose shards are listed page by page.")
    var largest = 5000

    @Option(help: "Calls without an answer at most.")
    var inFlight = 4

    func validate() throws {
        guard (2...100_000).contains(streams), (2...100).contains(shardsEach),
            (1...10_000).contains(largest), (1...100).contains(inFlight)
        else {
            throw ValidationError(
                """
                --streams, --shards-each, --largest, --in-flight: expected 2 to 100000, 2 to 100, \
                1 to 10000, 1 to 100.
                """)
        }
    }

    func run() throws {
        let command = self
        try Foreground.run { try await command.bench() }
    }

    private func bench() async throws {
        try await BenchRun.with(common.options) { run in
            let settings = ControlSettings(
                streams: streams, shardsEach: shardsEach, largest: largest, inFlight: inFlight)
            try await run.control(settings).print(asJSON: common.json)
        }
    }
}
