import ArgumentParser
import Bench

/// `weir bench fanout`: one stream, many subscribers.
struct BenchFanOutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout", abstract: "Push to many subscribers.")

    @OptionGroup var common: BenchArguments

    @Option(help: "Subscribers, each a consumer of its own.")
    var subscribers = 100

    @Option(help: "Subscribers that share a connection.")
    var subscribersPerConnection = 1

    @Option(
        help: """
            Subscribers that check each record; the others count them by the lengths of events \
            (default: all on a schedule, 4 in a closed loop).
            """)
    var checked: Int?

    @Option(help: "Records of a call, 1 to 500.")
    var batch = 1

    @Option(help: "Records a second, due whatever happens; 0: a closed loop.")
    var rate: Double = 0

    @Option(help: "Records at most between the producer and the slowest subscriber.")
    var window = 512

    func validate() throws {
        guard (1...10_000).contains(subscribers), subscribersPerConnection >= 1,
            (1...500).contains(batch), rate >= 0, window >= batch, (checked ?? 1) >= 1
        else { throw ValidationError("expected positive numbers, and --window above --batch.") }
    }

    func run() throws {
        let command = self
        try Foreground.run { try await command.bench() }
    }

    private func bench() async throws {
        try await BenchRun.with(common.options) { run in
            var settings = BenchRun.FanOutSettings(subscribers: subscribers, rate: rate)
            settings.subscribersPerConnection = subscribersPerConnection
            settings.checked = checked
            settings.batch = batch
            settings.window = window
            try await run.fanOut(settings).report.print(asJSON: common.json)
        }
    }
}
