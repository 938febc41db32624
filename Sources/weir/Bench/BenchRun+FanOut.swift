import Kinesis
import WeirClient

extension BenchRun {
    /// How a fan-out is loaded.
    struct FanOutSettings: Sendable {
        var subscribers: Int
        var subscribersPerConnection = 1
        /// Nil checks all on a schedule, and 4 in a closed loop, where checking would be measured.
        var checked: Int?
        var batch = 1
        /// Records a second; 0 runs a closed loop.
        var rate = 0.0
        var window = 512
    }

    /// What a run found, and the disk beside it.
    struct FanOutResult: Sendable {
        var outcome: FanOutOutcome
        var report: BenchReport
        var probe: DiskProbe?
    }

    func fanOut(_ settings: FanOutSettings) async throws -> FanOutResult {
        var probe = probeDisk()
        let outcome = try await withStream(shards: options.shards) { stream in
            let plan = FanOutPlan(
                stream: stream, region: options.endpoint.region,
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
        probeAgain(&probe)
        return FanOutResult(
            outcome: outcome, report: report(outcome, settings, probe), probe: probe)
    }

    private func run(_ plan: FanOutPlan) async throws -> FanOutOutcome {
        let outcome: FanOutOutcome = try await LoadThread.run(server.configuration) {
            FanOutLoad($0, plan, finish: $1)
        }
        if let failure = outcome.failure { throw BenchFailure(failure) }
        return outcome
    }

    private func consumers(_ count: Int, of stream: String) async throws -> [ConsumerARN] {
        let arn = try await client.describe(stream).arn
        var consumers: [ConsumerARN] = []
        for number in 0..<count {
            consumers.append(
                try await client.registerStreamConsumer("bench-\(number)", stream: arn).arn)
        }
        return consumers
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
        return report
    }

    /// Fills a stream, then lets subscribers read it from its beginning.
    func read(
        mebibytes: Int, subscribers: Int
    ) async throws -> FanOutResult {
        let records = UInt64(mebibytes) << 20 / UInt64(options.recordBytes)
        let outcome = try await withStream(shards: options.shards) { stream in
            try await fill(stream, records: records)
            let plan = FanOutPlan(
                stream: stream, region: options.endpoint.region,
                consumers: try await consumers(subscribers, of: stream),
                shards: try await client.listShards(stream, .open).map(\.id), from: .trimHorizon,
                subscriptionsPerConnection: options.shards,
                checked: subscribers * options.shards, recordBytes: options.recordBytes,
                recordsPerCall: 1, recordsPerSecond: 0, window: 0, warmUp: 0, duration: 600,
                recordsToRead: records, server: server.pid)
            return try await run(plan)
        }
        var report = BenchReport("read")
        report.line(
            "load",
            "\(Figure.grouped(UInt64(mebibytes))) MiB in \(options.shards) shards, pushed from the "
                + "oldest record on to \(subscribers) subscribers")
        let megabytes = Double(outcome.deliveries) * Double(options.recordBytes) / 1e6
        report.number(
            "megabytes_per_second", megabytes / outcome.seconds, "data", unit: "MB a second")
        report.number(
            "deliveries_per_second", Double(outcome.deliveries) / outcome.seconds, "deliveries",
            unit: "a second")
        report.cpu(
            outcome.cpu, per: outcome.deliveries, "delivery", seconds: outcome.seconds)
        return FanOutResult(outcome: outcome, report: report, probe: nil)
    }

    private func fill(_ stream: String, records: UInt64) async throws {
        var payloads = BenchPayload(bytes: options.recordBytes, seed: BenchSystem.now)
        let perCall = max(1, min(500, (4 << 20) / options.recordBytes))
        var progress = Progress("fill", unit: "records/s")
        var number: UInt64 = 0
        while number < records {
            var entries: [PutEntry] = []
            while entries.count < perCall, number < records {
                number += 1
                entries.append(
                    PutEntry(
                        data: payloads.make(due: 0, number: number),
                        partitionKey: BenchKey.make(number)))
            }
            _ = try await client.putRecords(entries, stream: stream)
            if number % UInt64(perCall * 20) == 0 { progress.show(number) }
        }
        progress.clear()
    }
}
