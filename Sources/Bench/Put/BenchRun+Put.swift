import WeirClient

extension BenchRun {
    /// Puts as fast as `inFlight` calls without an answer allow, or `rate` calls a second, over so
    /// many connections; `batch` records a call, 1 of which is PutRecord.
    public func put(
        batch: Int, connections: Int, rate: Double, inFlight: Int
    ) async throws -> BenchReport {
        var probe = probeDisk()
        let outcome = try await withStream(shards: options.shards) { stream in
            let plan = PutPlan(
                stream: stream, region: options.region, connections: connections,
                recordsPerCall: batch, recordBytes: options.recordBytes,
                callsPerSecond: rate > 0 ? rate : nil, inFlight: inFlight,
                warmUp: options.warmUp, duration: options.duration, server: server.pid)
            return try await LoadThread.run(server.configuration) { context, finish in
                PutLoad(context, plan, finish: finish)
            } as PutOutcome
        }
        probeAgain(&probe)
        if let failure = outcome.failure { throw BenchFailure(failure) }
        var report = BenchReport("put")
        report.line(
            "load",
            "\(batch == 1 ? "PutRecord" : "PutRecords of \(batch)"), "
                + "\(Figure.grouped(UInt64(options.recordBytes))) bytes each, "
                + "\(connections) connections, \(options.shards) shards, "
                + (rate > 0
                    ? "\(Figure.decimal(rate)) calls/s on a schedule"
                    : "\(inFlight) calls in flight"))
        report.number(
            "records_per_second", Double(outcome.records) / outcome.seconds, "records",
            unit: "a second")
        report.times("acknowledgement", outcome.latencies, "acknowledgement")
        report.cpu(outcome.cpu, per: outcome.records, "record", seconds: outcome.seconds)
        if outcome.refusals > 0 {
            report.number("refused_calls", Double(outcome.refusals), "refused calls")
        }
        report.disk(probe, durability: server.durability)
        return report
    }
}
