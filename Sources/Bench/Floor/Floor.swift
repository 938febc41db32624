import WeirClient

/// The floor: a fan-out by a server that does only what cannot be left out.
public enum Floor {
    /// How a floor is loaded.
    public struct Settings: Sendable {
        public var subscribers: Int
        /// Bytes that a record takes on its way to a subscriber.
        public var frameBytes: Int
        /// Records a second; 0 runs a closed loop.
        public var rate = 0.0
        /// Records at most between the producer and the slowest subscriber, in a closed loop.
        public var window = 512
        /// Seconds that are measured, and of the same load before that.
        public var duration: Double
        public var warmUp: Double
        /// A floor server that runs already; nil starts one.
        public var server: Running?

        /// - Parameter frameBytes: Nil for what a subscriber of Weir gets for a record of
        ///   `recordBytes` with ten records in an event.
        public init(
            subscribers: Int, frameBytes: Int?, recordBytes: Int, rate: Double, warmUp: Double,
            duration: Double
        ) {
            self.subscribers = subscribers
            self.frameBytes = frameBytes ?? FloorFrame.bytes(recordBytes: recordBytes)
            self.rate = rate
            self.warmUp = warmUp
            self.duration = duration
        }
    }

    /// A server that speaks as the floor does, such as one that is written in C.
    public struct Running: Sendable {
        /// Where it listens on this machine.
        public var port: UInt16
        /// PEM of the authority of its certificate, which is for `localhost`.
        public var trust: [UInt8]
        /// Its process, whose processor time is measured; nil measures none.
        public var pid: Int32?

        public init(port: UInt16, trust: [UInt8], pid: Int32?) {
            self.port = port
            self.trust = trust
            self.pid = pid
        }
    }

    /// Frames that may be on their way at most: what a floor server keeps for its subscribers.
    public static let mostBytesUnderWay = FloorRing.bytes / 2

    /// Loads a floor server in a process of its own, so that its CPU can be told from ours.
    static func run(_ settings: Settings) async throws -> FanOutOutcome {
        if let server = settings.server { return try await run(settings, server) }
        guard let child = ChildProcess("/proc/self/exe", ["weir", "bench", "floor-server"]) else {
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
            return try await run(settings, Running(port: port, trust: trust, pid: child.pid))
        }
        throw BenchFailure("the floor server does not become ready")
    }

    private static func run(
        _ settings: Settings, _ server: Running
    ) async throws -> FanOutOutcome {
        let isScheduled = settings.rate > 0
        let plan = FloorLoad.Plan(
            port: server.port, subscribers: settings.subscribers,
            checked: isScheduled ? settings.subscribers : 4, frameBytes: settings.frameBytes,
            recordsPerSecond: isScheduled ? settings.rate : nil, window: settings.window,
            warmUp: settings.warmUp, duration: settings.duration, server: server.pid)
        let outcome = try await FloorLoad.run(plan, trust: server.trust)
        if let failure = outcome.failure { throw BenchFailure(failure) }
        return outcome
    }

    /// Loads a floor server and says what was found.
    public static func measure(_ settings: Settings) async throws -> BenchReport {
        report(try await run(settings), settings)
    }

    static func report(_ outcome: FanOutOutcome, _ settings: Settings) -> BenchReport {
        var report = BenchReport("floor")
        report.line(
            "load",
            "\(settings.subscribers) subscribers, "
                + "\(Figure.grouped(UInt64(settings.frameBytes))) bytes a record, "
                + (settings.rate > 0
                    ? "\(Figure.decimal(settings.rate)) records/s on a schedule"
                    : "at most \(settings.window) records on their way")
                + "; TLS without HTTP or log")
        report.number(
            "deliveries_per_second", Double(outcome.deliveries) / outcome.seconds, "deliveries",
            unit: "a second")
        report.number(
            "bytes_per_delivery", outcome.bytesPerDelivery, "bytes", unit: "a delivery")
        report.times("push", outcome.latencies, "push, from due to receipt")
        report.cpu(outcome.cpu, per: outcome.deliveries, "delivery", seconds: outcome.seconds)
        return report
    }
}
