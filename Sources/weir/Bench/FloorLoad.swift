import Reactor
import TLS
import WeirClient

/// Has a floor server push, and counts as the subscribers of a fan-out do that check nothing.
final class FloorLoad {
    private let reactor: Reactor
    private let plan: Plan
    private let finish: (FanOutOutcome) -> Void
    private var trigger: TLSPipe?
    private var subscribers: [Counted] = []
    private var openCount = 0
    private var sent: UInt64 = 0
    private var isRunning = false
    private var isOver = false
    private var outcome: FanOutOutcome
    private var before: (deliveries: UInt64, bytes: UInt64) = (0, 0)
    private var start: UInt64 = 0
    private var timers: [Timer] = []
    private let ones = [UInt8](repeating: UInt8(ascii: "1"), count: 4_096)

    struct Plan: Sendable {
        var port: UInt16
        var subscribers: Int
        var recordBytes: Int
        var window: Int
        var warmUp: Double
        var duration: Double
        var server: Int32
    }

    private final class Counted {
        var pipe: TLSPipe?
        var counter = FrameCounter()
    }

    init(_ reactor: Reactor, _ plan: Plan, finish: @escaping (FanOutOutcome) -> Void) {
        self.reactor = reactor
        self.plan = plan
        self.finish = finish
        outcome = FanOutOutcome(cpu: CPUMeter(server: plan.server))
    }

    /// Runs against a floor server whose certificate leads to `trust`.
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

    private func connect(_ context: TLSContext) {
        // An event of the floor holds one record, so that its length alone is that of a record.
        let frame = FloorServer.frame(recordBytes: plan.recordBytes)
        var measure = FrameCounter()
        measure.bytesPerRecord = 1
        measure.take(frame.span)
        let address = SocketAddress.loopbackIPv4(port: plan.port)
        let scratch = TLSScratch()
        do {
            trigger = try pipe(to: address, "T", context, scratch)
            for _ in 0..<plan.subscribers {
                let counted = Counted()
                counted.counter.bytesPerRecord = Int(measure.records)
                counted.pipe = try pipe(to: address, "S", context, scratch)
                counted.pipe?.received = { [unowned counted] bytes in counted.counter.take(bytes) }
                subscribers.append(counted)
            }
        } catch {
            end("\(error)")
        }
    }

    private func pipe(
        to address: SocketAddress, _ role: String, _ context: TLSContext, _ scratch: TLSScratch
    ) throws -> TLSPipe {
        let pipe = try TLSPipe(
            reactor: reactor, to: address, serverName: "localhost", context: context,
            scratch: scratch)
        pipe.opened = { [unowned self, unowned pipe] in
            pipe.send(Array(role.utf8).span)
            openCount += 1
            // A moment for the last role to arrive; then the run begins.
            if openCount == plan.subscribers + 1 {
                at(BenchSystem.now + 100_000_000) { [unowned self] in begin() }
            }
        }
        pipe.closed = { [unowned self] in end("the floor server closed a connection") }
        return pipe
    }

    private func begin() {
        isRunning = true
        let now = BenchSystem.now
        let window = MeasuredWindow(begin: now, warmUpSeconds: plan.warmUp, seconds: plan.duration)
        start = window.start
        at(window.start) { [unowned self] in
            before = totals()
            outcome.cpu.start()
        }
        at(window.end) { [unowned self] in
            outcome.cpu.stop()
            outcome.seconds = Double(BenchSystem.now - start) / 1e9
            let now = totals()
            outcome.deliveries = now.deliveries - before.deliveries
            outcome.bytes = now.bytes - before.bytes
            outcome.records = outcome.deliveries / UInt64(plan.subscribers)
            end(nil)
        }
        pump()
    }

    private func pump() {
        guard isRunning, !isOver, let trigger, trigger.canSend else { return }
        var slowest = UInt64.max
        for subscriber in subscribers { slowest = min(slowest, subscriber.counter.records) }
        let room = slowest + UInt64(plan.window) - sent
        guard room > 0 else { return }
        let count = min(Int(room), ones.count)
        let ones = ones
        trigger.send(ones.span.extracting(..<count))
        sent += UInt64(count)
    }

    private func totals() -> (deliveries: UInt64, bytes: UInt64) {
        var sums: (deliveries: UInt64, bytes: UInt64) = (0, 0)
        for subscriber in subscribers {
            sums.deliveries += subscriber.counter.records
            sums.bytes += subscriber.counter.bytes
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
        finish(outcome)
    }
}
