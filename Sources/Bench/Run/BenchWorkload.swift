import System

/// The parts of the canonical workload, each printed when it is done. A fan-out is followed by its
/// floor at the same bytes a record, and both by their ratio.
public struct BenchWorkload {
    private let run: BenchRun
    private let isSilent: Bool
    private var parts: [(name: String, report: BenchReport)] = []
    /// Records a second that one subscriber was pushed at the most.
    private var mostToOne: Double?

    /// - Parameter isSilent: Nothing is printed; `json` tells everything at the end.
    public init(run: BenchRun, isSilent: Bool) {
        self.run = run
        self.isSilent = isSilent
    }

    /// All parts in their order, in about three minutes.
    ///
    /// - Parameters:
    ///   - held: Connections and subscriptions whose memory is measured.
    ///   - subscribers: Of the saturated fan-outs, one after the other.
    public mutating func all(held: Int, subscribers: [Int]) async throws {
        // First, because a process that has served a load has memory to spare.
        try await memory(held)
        try await puts()
        try await saturated(subscribers)
        try await openLoop(subscribers: 100, rate: 600)
        try await push(rates: [100, 1_000])
        try await reading()
    }

    /// One object with a member for each part.
    public var json: String {
        "{" + parts.map { "\"\($0.name)\":\($0.report.json)" }.joined(separator: ",") + "}"
    }

    private mutating func add(_ name: String, _ title: String, _ report: BenchReport) {
        if !isSilent {
            _ = StandardOutput.line(parts.isEmpty ? title : "\n" + title)
            report.print(asJSON: false)
        }
        parts.append((name, report))
    }

    private mutating func puts() async throws {
        add(
            "put_500", "put, 500 records a call",
            try await run.put(batch: 500, connections: 1, rate: 0, inFlight: 8))
        for inFlight in [64, 256] {
            add(
                "put_1_\(inFlight)", "put, 1 record a call, \(inFlight) in flight",
                try await run.put(batch: 1, connections: 8, rate: 0, inFlight: inFlight))
        }
    }

    /// As fast as the slowest subscriber takes it.
    private mutating func saturated(_ numbers: [Int]) async throws {
        for subscribers in numbers {
            let found = try await run.fanOut(.init(subscribers: subscribers))
            add("fanout_\(subscribers)", "fan-out to \(subscribers)", found.report)
            if subscribers == 1 {
                mostToOne = Double(found.outcome.records) / found.outcome.seconds
            }
            try await floor(
                of: found.outcome, "\(subscribers)", "fan-out to \(subscribers)",
                subscribers: subscribers)
        }
    }

    /// At a rate that is far from saturation, whatever happens.
    private mutating func openLoop(subscribers: Int, rate: Double) async throws {
        let name = "\(subscribers)_at_\(Int(rate))"
        let title = "fan-out to \(subscribers), \(Int(rate)) records/s on a schedule"
        let found = try await run.fanOut(.init(subscribers: subscribers, rate: rate))
        add("fanout_\(name)", title, found.report)
        try await floor(of: found.outcome, name, title, subscribers: subscribers, rate: rate)
    }

    /// To one subscriber at these rates, and at a tenth of the most.
    private mutating func push(rates: [Double]) async throws {
        for rate in rates {
            let found = try await run.fanOut(.init(subscribers: 1, rate: rate))
            let title = "push to 1, \(Int(rate)) records/s on a schedule"
            add("push_at_\(Int(rate))", title, found.report)
            try await floor(
                of: found.outcome, "push_at_\(Int(rate))", title, subscribers: 1, rate: rate)
        }
        guard let mostToOne else { return }
        let rate = max(1, mostToOne / 10)
        add(
            "push_at_a_tenth", "push to 1, at a tenth of the most",
            try await run.fanOut(.init(subscribers: 1, rate: rate)).report)
    }

    private mutating func reading() async throws {
        add("read", "catching up", try await run.read(mebibytes: 256, subscribers: 1).report)
    }

    /// Needs the server's process.
    private mutating func memory(_ held: Int) async throws {
        guard run.server.pid != nil else { return }
        add("memory", "memory of what is held", try await run.memory(held: held))
    }

    /// The floor with the bytes that a subscriber has just had for a record.
    private mutating func floor(
        of fanOut: FanOutOutcome, _ name: String, _ title: String, subscribers: Int,
        rate: Double = 0
    ) async throws {
        let settings = Floor.Settings(
            subscribers: subscribers, frameBytes: max(64, Int(fanOut.bytesPerDelivery.rounded())),
            recordBytes: run.options.recordBytes, rate: rate, warmUp: run.options.warmUp,
            duration: run.options.duration)
        let floor = try await Floor.run(settings)
        add("floor_\(name)", "floor of \(title)", Floor.report(floor, settings))
        var ratios = BenchReport("ratios")
        if let weir = fanOut.serverMicroseconds, let limit = floor.serverMicroseconds, limit > 0 {
            ratios.number(
                "cpu_over_floor", weir / limit, "CPU a delivery", unit: "× the floor's")
        }
        if rate > 0, floor.latencies.count > 0 {
            ratios.number(
                "p50_over_floor",
                fanOut.latencies.microseconds(50) / floor.latencies.microseconds(50), "push p50",
                unit: "× the floor's, which makes nothing durable")
        }
        add("ratios_\(name)", "ratios of \(title)", ratios)
    }
}
