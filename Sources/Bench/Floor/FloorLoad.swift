import Reactor
import System
import TLS
import Transport
import WeirClient

/// Sends a floor server frames and counts what all subscribers get, as the load of a fan-out does.
final class FloorLoad {
    private let reactor: Reactor
    private let plan: Plan
    private let finish: (FanOutOutcome) -> Void
    private var frame: FloorFrame
    private let transport: TransportContext
    private var producer: FloorClient?
    private var subscribers: [Counted] = []
    private var joined = 0
    private var isReady = false
    private var schedule: Schedule?
    private var window: MeasuredWindow?
    private var sent: UInt64 = 0
    private var isOver = false
    private var outcome: FanOutOutcome
    private var before: (deliveries: UInt64, bytes: UInt64) = (0, 0)
    private var timers: [Timer] = []
    private var pace: Timer?
    private var batch: [UInt8] = []

    struct Plan: Sendable {
        var port: UInt16
        var subscribers: Int
        /// Subscribers, from the first, that read when each record was due.
        var checked: Int
        /// The whole frame of a record.
        var frameBytes: Int
        /// Records a second; nil runs a closed loop.
        var recordsPerSecond: Double?
        /// Records at most between the producer and the slowest subscriber, in a closed loop.
        var window: Int
        var warmUp: Double
        var duration: Double
        var server: Int32?
    }

    private final class Counted {
        var client: FloorClient?
        var reader: FloorReader
        var hasJoined = false

        init(_ reader: FloorReader) { self.reader = reader }
    }

    /// A TLS record's worth of frames is sent at a time.
    private static let batchBytes = 16_384

    init(_ reactor: Reactor, _ plan: Plan, finish: @escaping (FanOutOutcome) -> Void) {
        self.reactor = reactor
        self.plan = plan
        self.finish = finish
        transport = TransportContext(reactor: reactor)
        frame = FloorFrame(bytes: plan.frameBytes)
        outcome = FanOutOutcome(cpu: CPUMeter(server: plan.server))
    }

    /// Runs against a floor server of this machine whose certificate, for `localhost`, leads to
    /// `trust`.
    static func run(_ plan: Plan, trust: [UInt8]) async throws -> FanOutOutcome {
        let context = try TLSContext(client: trust, alpn: [])
        let outcome = OutcomeBox<FanOutOutcome?>()
        let thread = try Reactor.start(index: 0) { reactor in
            let load = FloorLoad(reactor, plan) { result in
                outcome.fill(result)
                reactor.stop()
            }
            reactor.atEndOfTurn { load.pump() }
            load.connect(context)
        }
        let result = await withTaskCancellationHandler {
            await outcome.value()
        } onCancel: {
            outcome.fill(nil)
            thread.stop()
        }
        thread.join()
        guard let result else { throw CancellationError() }
        return result
    }

    // MARK: Connecting

    private func connect(_ context: TLSContext) {
        for number in 0..<plan.subscribers {
            let reader = FloorReader(frameBytes: plan.frameBytes, checks: number < plan.checked)
            let counted = Counted(reader)
            counted.client = client("S", context) {}
            counted.client?.received = { [unowned self, unowned counted] in
                received(counted, $0)
            }
            subscribers.append(counted)
        }
        producer = client("P", context) { [unowned self] in
            isReady = true
            beginIfComplete()
        }
    }

    private func client(
        _ role: String, _ context: TLSContext, opened: @escaping () -> Void
    ) -> FloorClient {
        FloorClient(
            role: role, to: .loopbackIPv4(port: plan.port), tls: context, in: transport,
            opened: opened
        ) { [unowned self] end in self.end("a connection to the floor server ended: \(end)") }
    }

    private func received(_ counted: Counted, _ bytes: Span<UInt8>) {
        let now = MonotonicClock.nanoseconds
        counted.reader.take(bytes) { due in
            if let window, window.contains(due) { outcome.latencies.record(due: due, now: now) }
        }
        guard !counted.hasJoined, counted.reader.hasJoined else { return }
        counted.hasJoined = true
        joined += 1
        beginIfComplete()
    }

    // MARK: The run

    private func beginIfComplete() {
        guard isReady, joined == plan.subscribers, window == nil else { return }
        let now = MonotonicClock.nanoseconds
        let window = MeasuredWindow(begin: now, warmUpSeconds: plan.warmUp, seconds: plan.duration)
        self.window = window
        schedule = plan.recordsPerSecond.map { Schedule(start: now, perSecond: $0) }
        pace = Timer { [unowned self] in pump() }
        at(window.start) { [unowned self] in
            before = totals()
            outcome.cpu.start()
        }
        at(window.end) { [unowned self] in endWindow(window) }
        pump()
    }

    private func endWindow(_ window: MeasuredWindow) {
        outcome.cpu.stop()
        outcome.seconds = Double(MonotonicClock.nanoseconds - window.start) / 1e9
        let now = totals()
        outcome.deliveries = now.deliveries - before.deliveries
        outcome.bytes = now.bytes - before.bytes
        outcome.records = outcome.deliveries / UInt64(plan.subscribers)
        outcome.allBytes = now.bytes
        outcome.allDeliveries = now.deliveries
        end(nil)
    }

    private func pump() {
        guard window != nil, !isOver, let producer = producer?.stream else { return }
        if schedule != nil { return pumpDue(producer) }
        var slowest = UInt64.max
        for subscriber in subscribers { slowest = min(slowest, subscriber.reader.records) }
        let limit = slowest + UInt64(plan.window)
        while sent < limit, producer.canSend {
            let now = MonotonicClock.nanoseconds
            send(producer) { sent < limit ? now : nil }
        }
    }

    private func pumpDue(_ producer: TLSStream) {
        while producer.canSend {
            let now = MonotonicClock.nanoseconds
            let before = sent
            send(producer) { schedule?.take(now) }
            if sent == before { break }
        }
        if let schedule, let pace { reactor.schedule(pace, at: schedule.next) }
    }

    /// Sends the frames that `next` has a time for, as many as fit.
    private func send(_ producer: TLSStream, _ next: () -> UInt64?) {
        batch.removeAll(keepingCapacity: true)
        repeat {
            guard let due = next() else { break }
            frame.append(due: due, to: &batch)
            sent += 1
        } while batch.count + frame.bytes <= Self.batchBytes
        let bytes = batch
        if !bytes.isEmpty { producer.send(bytes.span) }
    }

    private func totals() -> (deliveries: UInt64, bytes: UInt64) {
        var sums: (deliveries: UInt64, bytes: UInt64) = (0, 0)
        for subscriber in subscribers {
            sums.deliveries += subscriber.reader.records
            sums.bytes += subscriber.reader.bytes
        }
        return sums
    }

    private func at(_ time: UInt64, _ action: @escaping () -> Void) {
        let timer = Timer(action)
        timers.append(timer)
        reactor.schedule(timer, at: time)
    }

    private func end(_ failure: String?) {
        guard !isOver else { return }
        isOver = true
        outcome.failure = failure
        if failure == nil, outcome.deliveries == 0 { outcome.failure = "nothing was delivered" }
        producer?.close()
        for subscriber in subscribers { subscriber.client?.close() }
        finish(outcome)
    }
}
