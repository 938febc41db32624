import WeirClient

/// The floor: a fan-out by a server that does only what cannot be left out.
enum Floor {
    struct Settings: Sendable {
        var subscribers: Int
        var recordBytes: Int
        var window: Int
        var warmUp: Double
        var duration: Double
    }

    /// Starts a floor server in a process of its own, so that its CPU can be told from ours, and
    /// loads it.
    static func run(_ settings: Settings) async throws -> FanOutOutcome {
        let arguments = [
            "weir", "bench", "floor-server", "--record-bytes", String(settings.recordBytes),
        ]
        guard let child = ChildProcess("/proc/self/exe", arguments) else {
            throw BenchFailure("the floor server cannot be started")
        }
        defer { child.end() }
        var trust: [UInt8] = []
        let ready = "floor ready "
        while let line = child.line() {
            guard line.hasPrefix(ready), let port = UInt16(line.dropFirst(ready.count)) else {
                trust += Array(line.utf8) + [0x0A]
                continue
            }
            let plan = FloorLoad.Plan(
                port: port, subscribers: settings.subscribers, recordBytes: settings.recordBytes,
                window: settings.window, warmUp: settings.warmUp, duration: settings.duration,
                server: child.pid)
            let outcome = try await FloorLoad.run(plan, trust: trust)
            if let failure = outcome.failure { throw BenchFailure(failure) }
            return outcome
        }
        throw BenchFailure("the floor server does not become ready")
    }

    static func report(_ outcome: FanOutOutcome, _ settings: Settings) -> BenchReport {
        var report = BenchReport("floor")
        report.line(
            "load",
            "\(settings.subscribers) subscribers, "
                + "\(Figure.grouped(UInt64(settings.recordBytes))) bytes a record, "
                + "at most \(settings.window) records on their way; TLS without HTTP or log")
        report.number(
            "deliveries_per_second", Double(outcome.deliveries) / outcome.seconds, "deliveries",
            unit: "a second")
        report.cpu(outcome.cpu, per: outcome.deliveries, "delivery", seconds: outcome.seconds)
        return report
    }
}
