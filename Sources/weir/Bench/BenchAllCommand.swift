import ArgumentParser
import Bench
import System

/// `weir bench` without more: one canonical workload, in about three minutes.
struct BenchAllCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all",
        abstract: "The canonical workload: puts, fan-outs and their floors, push latency, reading.")

    @OptionGroup var common: BenchArguments

    @Option(
        parsing: .upToNextOption, help: "Subscribers of the saturated fan-outs, several numbers.")
    var subscribers = [1, 10, 100, 1000]

    @Option(help: "Connections and subscriptions whose memory is measured.")
    var held = 500

    func validate() throws {
        guard !subscribers.isEmpty, subscribers.allSatisfy({ (1...10_000).contains($0) }),
            (1...10_000).contains(held)
        else { throw ValidationError("--subscribers, --held: expected 1 to 10000.") }
    }

    func run() throws {
        let command = self
        try Foreground.run { try await command.bench() }
    }

    private func bench() async throws {
        try await BenchRun.with(common.options) { run in
            var workload = BenchWorkload(run: run, isSilent: common.json)
            try await workload.all(held: held, subscribers: subscribers)
            if common.json { _ = StandardOutput.line(workload.json) }
        }
    }
}
