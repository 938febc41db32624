import ArgumentParser
import Bench

/// `weir bench put`: how fast records are acknowledged.
struct BenchPutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Acknowledgements of PutRecord and PutRecords.")

    @OptionGroup var common: BenchArguments

    @Option(
        help: "Calls a second, due whether or not earlier ones were answered; 0: a closed loop.")
    var rate: Double = 0

    @Option(help: "Calls without an answer at most, in a closed loop.")
    var inFlight = 8

    @Option(help: "Connections.")
    var connections = 1

    @Option(help: "Records of a call, 1 to 500; 1 calls PutRecord.")
    var batch = 500

    func validate() throws {
        guard (1...500).contains(batch) else {
            throw ValidationError("--batch \(batch): expected 1 to 500.")
        }
        guard rate >= 0, inFlight >= 1, (1...10_000).contains(connections) else {
            throw ValidationError("--rate, --in-flight, --connections: expected positive numbers.")
        }
        guard batch * (common.recordBytes + 8) <= 10 << 20 else {
            throw ValidationError("--batch times --record-bytes: at most 10 MiB in a call.")
        }
    }

    func run() throws {
        let command = self
        try Foreground.run { try await command.bench() }
    }

    private func bench() async throws {
        try await BenchRun.with(common.options) { run in
            let report = try await run.put(
                batch: batch, connections: connections, rate: rate, inFlight: inFlight)
            report.print(asJSON: common.json)
        }
    }
}
