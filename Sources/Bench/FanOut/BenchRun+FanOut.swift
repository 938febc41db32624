import Kinesis
import System
import WeirClient

extension BenchRun {
    /// How a fan-out is loaded.
    public struct FanOutSettings: Sendable {
        /// Consumers, each with a subscription to every shard.
        public var subscribers: Int
        /// How many of them share a connection.
        public var subscribersPerConnection = 1
        /// Nil checks all on a schedule, and 4 in a closed loop, where checking would be measured.
        public var checked: Int?
        /// Records of a call.
        public var batch = 1
        /// Records a second; 0 runs a closed loop.
        public var rate = 0.0
        /// Records at most between the producer and the slowest subscriber, in a closed loop.
        public var window = 512

        public init(subscribers: Int, rate: Double = 0) {
            self.subscribers = subscribers
            self.rate = rate
        }
    }

    /// What a run found, and the disk beside it.
    public struct FanOutResult: Sendable {
        var outcome: FanOutOutcome
        public var report: BenchReport
        var probe: DiskProbe?
    }

    /// Puts records into a stream that so many consumers subscribe to.
    public func fanOut(_ settings: FanOutSettings) async throws -> FanOutResult {
        let pace = settings.rate > 0 ? settings.rate / Double(settings.batch) : nil
        var probe = probeDisk(pace: pace)
        let start = MonotonicClock.nanoseconds
        let outcome = try await withStream(shards: options.shards) { stream in
            let plan = FanOutPlan(
                stream: stream, region: options.region,
                consumers: try await consumers(settings.subscribers, of: stream),
                shards: try await client.listShards(stream, .open).map(\.id), from: .latest,
                subscriptionsPerConnection: settings.subscribersPerConnection * options.shards,
                checked: options.shards
                    * (settings.checked ?? (settings.rate > 0 ? settings.subscribers : 4)),
                recordBytes: options.recordBytes, recordsPerCall: settings.batch,
                recordsPerSecond: settings.rate > 0 ? settings.rate : nil, window: settings.window,
                warmUp: options.warmUp, duration: options.duration, server: server.pid)
            return try await run(plan)
        }
        probeAgain(&probe, pace: pace)
        var report = report(outcome, settings, probe)
        report.number(
            "setup_seconds", Double(outcome.began - start) / 1e9, "set up in", unit: "s")
        return FanOutResult(outcome: outcome, report: report, probe: probe)
    }

    func run(_ plan: FanOutPlan) async throws -> FanOutOutcome {
        let outcome: FanOutOutcome = try await LoadThread.run(server.configuration) {
            FanOutLoad($0, plan, finish: $1)
        }
        if let failure = outcome.failure { throw BenchFailure(failure) }
        return outcome
    }

    private func report(
        _ outcome: FanOutOutcome, _ settings: FanOutSettings, _ probe: DiskProbe?
    ) -> BenchReport {
        var report = BenchReport("fanout")
        report.line(
            "load",
            "\(settings.subscribers) subscribers, \(settings.subscribersPerConnection) a "
                + "connection, \(Figure.grouped(UInt64(options.recordBytes))) bytes a record, "
                + "\(settings.batch) a call, \(options.shards) shards, "
                + (settings.rate > 0
                    ? "\(Figure.decimal(settings.rate)) records/s on a schedule"
                    : "at most \(settings.window) records on their way"))
        report.number(
            "deliveries_per_second", Double(outcome.deliveries) / outcome.seconds, "deliveries",
            unit: "a second")
        report.number(
            "records_per_second", Double(outcome.records) / outcome.seconds, "records",
            unit: "a second")
        report.number(
            "bytes_per_delivery", outcome.bytesPerDelivery, "bytes", unit: "a delivery")
        report.times("push", outcome.latencies, "push, from due to receipt")
        report.times("acknowledgement", outcome.acknowledgements, "acknowledgement")
        if outcome.events > 0 {
            report.number(
                "records_per_event", Double(outcome.checkedRecords) / Double(outcome.events),
                "records an event")
        }
        report.cpu(
            outcome.cpu, per: outcome.deliveries, "delivery", seconds: outcome.seconds)
        report.disk(probe, durability: server.durability)
        if settings.rate > 0, let paced = probe?.pacedSyncs, paced.count > 0 {
            report.times("paced_fdatasync", paced, "write and fdatasync, paced")
            report.number(
                "push_p50_over_paced_fdatasync_p50",
                outcome.latencies.microseconds(50) / paced.microseconds(50), "push p50",
                unit: "× the paced write and fdatasync")
        }
        return report
    }
}
