import WeirClient

extension BenchRun {
    /// Memory of connections and subscriptions over HTTP/2, each subscription on a connection. Of a
    /// server that has just started: one that has served more has memory to spare, and would seem
    /// to need none.
    public func memory(held: Int) async throws -> BenchReport {
        guard let pid = server.pid else {
            throw BenchFailure("--server-pid says whose memory is measured")
        }
        let mebibytes = 32
        let outcome = try await withStream(shards: 1) { stream in
            let shards = try await client.listShards(stream, .open)
            let plan = MemoryPlan(
                stream: stream, region: options.region,
                consumers: try await consumers(held, of: stream), shard: shards[0].id,
                recordBytes: options.recordBytes, mebibytes: mebibytes, server: pid)
            return try await LoadThread.run(server.configuration) {
                MemoryLoad($0, plan, finish: $1)
            } as MemoryOutcome
        }
        if let failure = outcome.failure { throw BenchFailure(failure) }
        func each(_ now: Int, _ before: Int) -> Double {
            Double(now - before) / Double(held) / 1024
        }
        var report = BenchReport("memory")
        report.line(
            "load",
            "\(held) connections over HTTP/2, a subscription on each, then \(mebibytes) MiB that "
                + "nobody takes; anonymous memory of the server")
        report.number(
            "idle_connection_kib", each(outcome.connected, outcome.before), "an idle connection",
            unit: "KiB")
        report.number(
            "idle_subscription_kib", each(outcome.subscribed, outcome.before),
            "with an idle subscription", unit: "KiB")
        report.number(
            "stalled_subscription_kib", each(outcome.stalled, outcome.before),
            "with a stalled subscription", unit: "KiB")
        return report
    }
}
