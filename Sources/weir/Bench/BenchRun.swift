import WeirClient

/// One run of `weir bench`: a server, a stream of its own on it, and the disk measured before and
/// after each load.
struct BenchRun: Sendable {
    let options: BenchOptions
    let server: BenchServer
    let client: WeirClient

    /// Finds or starts the server, and ends what it started whatever happens.
    static func with(
        _ options: BenchOptions, _ body: @Sendable (BenchRun) async throws -> Void
    ) async throws {
        let server = try await BenchServer.find(options)
        defer { server.end() }
        let client = try WeirClient(server.configuration)
        defer { client.close() }
        try await body(BenchRun(options: options, server: server, client: client))
    }

    /// Makes a stream for the duration of `body`.
    func withStream<Result>(
        shards: Int, _ body: (String) async throws -> Result
    ) async throws -> Result {
        let stream = "weir-bench-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        try await client.createStream(stream, shards: shards)
        do {
            let result = try await body(stream)
            try await client.deleteStream(stream)
            return result
        } catch {
            // The first error is the one to tell.
            try? await client.deleteStream(stream)
            throw error
        }
    }

    func probeDisk() -> DiskProbe? { server.folder.flatMap { DiskProbe(folder: $0) } }

    /// Measures once more behind the load, so that a disk that changes shows.
    func probeAgain(_ probe: inout DiskProbe?) {
        if let folder = server.folder { probe?.measure(folder) }
    }
}

/// A run that brought no figure.
struct BenchFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

extension BenchRun {
    func put(
        batch: Int, connections: Int, rate: Double, inFlight: Int
    ) async throws -> BenchReport {
        var probe = probeDisk()
        let outcome = try await withStream(shards: options.shards) { stream in
            let plan = PutPlan(
                stream: stream, region: options.endpoint.region, connections: connections,
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
