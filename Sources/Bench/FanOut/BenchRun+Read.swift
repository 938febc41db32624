import Kinesis
import System
import WeirClient

extension BenchRun {
    /// Fills a stream, then lets subscribers read it from its beginning.
    public func read(
        mebibytes: Int, subscribers: Int
    ) async throws -> FanOutResult {
        let records = UInt64(mebibytes) << 20 / UInt64(options.recordBytes)
        let outcome = try await withStream(shards: options.shards) { stream in
            try await fill(stream, records: records)
            let plan = FanOutPlan(
                stream: stream, region: options.region,
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
        var payloads = BenchPayload(bytes: options.recordBytes, seed: MonotonicClock.nanoseconds)
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
