import Kinesis
import Reactor
import System
import WeirClient
import Wire

/// What a put bench found.
struct PutOutcome: Sendable {
    var records: UInt64 = 0
    var seconds = 0.0
    var latencies = Latencies()
    var refusals: UInt64 = 0
    var cpu: CPUMeter
    /// Why the run is worth nothing.
    var failure: String?
}

/// What a put bench does.
struct PutPlan: Sendable {
    var stream: String
    var region: String?
    var connections: Int
    var recordsPerCall: Int
    var recordBytes: Int
    /// Calls a second; nil runs a closed loop.
    var callsPerSecond: Double?
    var inFlight: Int
    var warmUp: Double
    var duration: Double
    var server: Int32?
}

/// Puts records and times the acknowledgements.
final class PutLoad: Load {
    /// Bodies that were made before, so that making them costs nothing during the run.
    private static let bodies = 16

    private let plan: PutPlan
    private let context: ClientContext
    private let finish: (PutOutcome) -> Void
    private let producer: Producer
    private var window: MeasuredWindow?
    private var outcome: PutOutcome
    private var stored: UInt64 = 0
    private var storedBefore: UInt64 = 0
    private var timers: [Timer] = []
    private var progress: Progress

    init(
        _ context: ClientContext, _ plan: PutPlan, finish: @escaping (PutOutcome) -> Void
    ) {
        self.context = context
        self.plan = plan
        self.finish = finish
        outcome = PutOutcome(cpu: CPUMeter(server: plan.server))
        progress = Progress("put", unit: "records/s")
        var payloads = BenchPayload(bytes: plan.recordBytes, seed: MonotonicClock.nanoseconds)
        var number: UInt64 = 0
        let bodies = (0..<Self.bodies).map { _ in
            let entries = (0..<plan.recordsPerCall).map { _ in
                number += 1
                return PutEntry(
                    data: payloads.make(due: 0, number: number),
                    partitionKey: BenchKey.make(number))
            }
            return plan.recordsPerCall == 1
                ? RequestBody.putRecord(entries[0], stream: plan.stream, .json)
                : RequestBody.putRecords(entries, stream: plan.stream, .json)
        }
        var next = 0
        producer = Producer(
            context, connections: plan.connections, recordsPerCall: plan.recordsPerCall,
            pace: .closed(inFlight: plan.inFlight), region: plan.region
        ) { _ in
            next = next + 1 == bodies.count ? 0 : next + 1
            return bodies[next]
        }
    }

    func begin() {
        producer.opened = { [unowned self] in start() }
        producer.failed = { [unowned self] error in end("\(error)") }
        producer.answered = { [unowned self] due, count in answered(due, count) }
        producer.connect()
    }

    func endOfTurn() { producer.pump() }

    private func start() {
        let now = MonotonicClock.nanoseconds
        let window = MeasuredWindow(
            begin: now, warmUpSeconds: plan.warmUp, seconds: plan.duration)
        self.window = window
        if let rate = plan.callsPerSecond {
            producer.start(.scheduled(Schedule(start: now, perSecond: rate)))
        } else {
            producer.start(.closed(inFlight: plan.inFlight))
        }
        at(window.start) { [unowned self] in
            storedBefore = stored
            outcome.cpu.start()
        }
        at(window.end) { [unowned self] in
            outcome.records = stored - storedBefore
            outcome.seconds = Double(MonotonicClock.nanoseconds - window.start) / 1e9
            outcome.cpu.stop()
            producer.stop()
            // Answers that are on their way have their latencies counted; a second is enough.
            at(MonotonicClock.nanoseconds + 1_000_000_000) { [unowned self] in end(nil) }
        }
        tick()
    }

    private func tick() {
        progress.show(stored)
        at(MonotonicClock.nanoseconds + 1_000_000_000) { [unowned self] in tick() }
    }

    private func at(_ time: UInt64, _ action: @escaping () -> Void) {
        let timer = Timer(action)
        timers.append(timer)
        context.reactor.schedule(timer, at: time)
    }

    private func answered(_ due: UInt64, _ count: Int) {
        stored += UInt64(count)
        guard let window, window.contains(due) else { return }
        outcome.latencies.record(due: due, now: MonotonicClock.nanoseconds)
    }

    private func end(_ failure: String?) {
        progress.clear()
        outcome.refusals = producer.refusals
        outcome.failure = failure
        if failure == nil, outcome.records == 0 {
            outcome.failure = producer.firstRefusal ?? "no record was stored"
        } else if producer.refusals > 0 {
            StandardError.line(
                "weir: \(producer.refusals) calls refused: \(producer.firstRefusal ?? "")")
        }
        finish(outcome)
    }
}
