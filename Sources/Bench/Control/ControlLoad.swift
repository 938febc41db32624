import HTTP
import Kinesis
import Reactor
import System
import WeirClient
import Wire

/// Control calls in phases; a phase begins when every call of the one before was answered.
struct ControlPlan: Sendable {
    /// One call, whose body is a JSON object.
    struct Call: Sendable {
        var operation: KinesisOperation
        var body: String
        /// Under which it is reported.
        var title: String

        init(_ operation: KinesisOperation, _ body: String, title: String? = nil) {
            self.operation = operation
            self.body = body
            self.title = title ?? operation.name
        }
    }

    var phases: [[Call]]
    var inFlight: Int
    /// What is refused is passed over: for cleaning up after a run that failed somewhere.
    var passesOverRefusals = false
    var region: String?
    var server: Int32?
}

/// What it found.
struct ControlOutcome: Sendable {
    /// By title, in the order of the plan.
    var titles: [String] = []
    var latencies: [String: Latencies] = [:]
    var all = Latencies()
    var seconds = 0.0
    var cpu: CPUMeter
    var failure: String?
}

/// Makes the calls of a plan over one connection, so many at a time, and times each answer.
final class ControlLoad: Load, ConnectionOwner, ResponseReceiver {
    private let plan: ControlPlan
    private let finish: (ControlOutcome) -> Void
    private var connection: ClientConnection?
    private let context: ClientContext
    private var phase = 0
    private var next = 0
    private var inFlight = 0
    /// The first one, after which nothing more is asked.
    private var refusal: String?
    private var answered: UInt64 = 0
    private var startedAt: UInt64 = 0
    private var outcome: ControlOutcome
    private var progress = Progress("control", unit: "calls/s")
    private var shownAt: UInt64 = 0
    private var isOver = false

    /// A call that waits for its answer.
    private final class Pending {
        let title: String
        let sentAt: UInt64
        var refusal: [UInt8] = []

        init(_ title: String) {
            self.title = title
            sentAt = MonotonicClock.nanoseconds
        }
    }

    init(
        _ context: ClientContext, _ plan: ControlPlan, finish: @escaping (ControlOutcome) -> Void
    ) {
        self.context = context
        self.plan = plan
        self.finish = finish
        outcome = ControlOutcome(cpu: CPUMeter(server: plan.server))
    }

    func begin() {
        let connection = ClientConnection(context: context, owner: self)
        self.connection = connection
        connection.start()
    }

    func endOfTurn() {
        let now = MonotonicClock.nanoseconds
        if now - shownAt > 1_000_000_000 {
            shownAt = now
            progress.show(answered)
        }
    }

    func connectionOpened(_ connection: ClientConnection) {
        startedAt = MonotonicClock.nanoseconds
        outcome.cpu.start()
        pump()
    }

    func connectionClosed(_ connection: ClientConnection, _ error: ClientError?) {
        end("\(error ?? .closed)")
    }

    private func pump() {
        if let refusal {
            // What is on its way may still be performed; who cleans up comes after it.
            if inFlight == 0 { end(refusal) }
            return
        }
        while !isOver, phase < plan.phases.count {
            let calls = plan.phases[phase]
            if next == calls.count {
                guard inFlight == 0 else { return }
                phase += 1
                next = 0
                continue
            }
            guard inFlight < plan.inFlight, submit(calls[next]) else { return }
            next += 1
        }
        if phase == plan.phases.count { end(nil) }
    }

    /// False if the connection has no room now.
    private func submit(_ call: ControlPlan.Call) -> Bool {
        guard let connection, connection.hasRoom else { return false }
        let fields = RequestFields.make(
            .kinesis(call.operation), encoding: .json, region: plan.region)
        guard
            let sent = connection.submit(
                fields, body: Array(call.body.utf8), receiver: self, tag: 0)
        else { return false }
        sent.attachment = Pending(call.title)
        inFlight += 1
        return true
    }

    func responseBegan(_ call: ClientCall) {}

    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>) {
        guard call.status != 200, let pending = call.attachment as? Pending else { return }
        pending.refusal += [UInt8](taking: bytes, atMost: 500)
    }

    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd) {
        guard let pending = call.attachment as? Pending, !isOver else { return }
        inFlight -= 1
        answered += 1
        if reason == .complete, call.status != 200, plan.passesOverRefusals { return pump() }
        guard reason == .complete, call.status == 200 else {
            let text = String(decoding: pending.refusal, as: UTF8.self)
            refusal =
                refusal ?? "\(pending.title) was refused: \(text.isEmpty ? "\(reason)" : text)"
            return pump()
        }
        let now = MonotonicClock.nanoseconds
        if outcome.latencies[pending.title] == nil { outcome.titles.append(pending.title) }
        outcome.latencies[pending.title, default: Latencies()].record(
            due: pending.sentAt, now: now)
        outcome.all.record(due: pending.sentAt, now: now)
        pump()
    }

    private func end(_ failure: String?) {
        guard !isOver else { return }
        isOver = true
        progress.clear()
        outcome.cpu.stop()
        outcome.seconds = Double(MonotonicClock.nanoseconds - startedAt) / 1e9
        outcome.failure = failure
        finish(outcome)
    }
}
