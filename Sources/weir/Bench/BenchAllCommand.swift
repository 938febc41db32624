import ArgumentParser
import WeirClient

/// `weir bench` without more: one canonical workload, in about a minute.
struct BenchAllCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all",
        abstract: "The canonical workload: puts, fan-out and its floor, push latency, reading.")

    @OptionGroup var options: BenchOptions

    @Option(help: "Subscribers of the fan-out.")
    var subscribers = 100

    func run() throws {
        let command = self
        try Foreground.run { try await command.bench() }
    }

    private func bench() async throws {
        try await BenchRun.with(options) { run in
            var parts: [(name: String, report: BenchReport)] = []
            func add(_ name: String, _ title: String, _ report: BenchReport) {
                if !options.json {
                    _ = StandardOutput.line(parts.isEmpty ? title : "\n" + title)
                    report.print(asJSON: false)
                }
                parts.append((name, report))
            }
            add(
                "put_500", "put, 500 records a call",
                try await run.put(batch: 500, connections: 1, rate: 0, inFlight: 8))
            add(
                "put_1", "put, 1 record a call",
                try await run.put(batch: 1, connections: 8, rate: 0, inFlight: 256))
            let many = try await run.fanOut(.init(subscribers: subscribers))
            add("fanout", "fan-out to \(subscribers)", many.report)
            let settings = Floor.Settings(
                subscribers: subscribers, recordBytes: options.recordBytes, window: 512,
                warmUp: options.warmUp, duration: options.duration)
            let floor = try await Floor.run(settings)
            add("floor", "floor of the fan-out", Floor.report(floor, settings))
            // What one subscriber can be pushed, and then a tenth of it on a schedule.
            let most = try await run.fanOut(.init(subscribers: 1))
            let rate = max(1, Double(most.outcome.records) / most.outcome.seconds / 10)
            let calm = try await run.fanOut(.init(subscribers: 1, rate: rate))
            add("push", "push to 1, at a tenth of the most", calm.report)
            add("read", "catching up", try await run.read(mebibytes: 256, subscribers: 1).report)
            add("ratios", "ratios", Self.ratios(many: many, floor: floor, calm: calm))
            if options.json {
                let members = parts.map { "\"\($0.name)\":\($0.report.json)" }
                _ = StandardOutput.line("{" + members.joined(separator: ",") + "}")
            }
        }
    }

    private static func ratios(
        many: BenchRun.FanOutResult, floor: FanOutOutcome, calm: BenchRun.FanOutResult
    ) -> BenchReport {
        var report = BenchReport("ratios")
        if let weir = many.outcome.serverMicroseconds, let limit = floor.serverMicroseconds,
            limit > 0
        {
            report.number(
                "fanout_cpu_over_floor", weir / limit, "CPU a delivery", unit: "× the floor's")
        }
        if let sync = calm.probe?.syncs, sync.count > 0 {
            report.number(
                "push_p50_over_fdatasync_p50",
                calm.outcome.latencies.microseconds(50) / sync.microseconds(50), "push p50",
                unit: "× fdatasync p50")
        }
        return report
    }
}

extension FanOutOutcome {
    /// Server CPU a delivery; nil if it was not measured.
    var serverMicroseconds: Double? {
        deliveries == 0 ? nil : cpu.serverSeconds.map { $0 * 1e6 / Double(deliveries) }
    }
}
