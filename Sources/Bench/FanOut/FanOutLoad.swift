import HTTP
import Kinesis
import Reactor
import System
import WeirClient
import Wire

/// Puts records and receives them at many subscribers.
final class FanOutLoad: Load, ConnectionOwner {
    private let plan: FanOutPlan
    private let context: ClientContext
    private let finish: (FanOutOutcome) -> Void
    private let producer: Producer
    private let shared = Subscriber.Shared()
    private var connections: [ClientConnection] = []
    private var subscribers: [Subscriber] = []
    private var subscribed = 0
    private var window: MeasuredWindow?
    private var outcome: FanOutOutcome
    private var before = Totals()
    private var stored: UInt64 = 0
    private var timers: [Timer] = []
    private var progress: Progress
    private var isOver = false

    /// Sums over all subscribers.
    private struct Totals {
        var deliveries: UInt64 = 0
        var bytes: UInt64 = 0
        var events: UInt64 = 0
        var checked: UInt64 = 0
        var stored: UInt64 = 0
    }

    init(
        _ context: ClientContext, _ plan: FanOutPlan, finish: @escaping (FanOutOutcome) -> Void
    ) {
        self.context = context
        self.plan = plan
        self.finish = finish
        outcome = FanOutOutcome(cpu: CPUMeter(server: plan.server))
        progress = Progress(
            plan.recordsToRead == nil ? "fanout" : "read", unit: "deliveries/s")
        var payloads = BenchPayload(bytes: plan.recordBytes, seed: MonotonicClock.nanoseconds)
        var number: UInt64 = 0
        producer = Producer(
            context, connections: 1, recordsPerCall: plan.recordsPerCall,
            pace: .closed(inFlight: 1), region: plan.region
        ) { due in
            var entries: [PutEntry] = []
            for _ in 0..<plan.recordsPerCall {
                number += 1
                entries.append(
                    PutEntry(
                        data: payloads.make(due: due, number: number),
                        partitionKey: BenchKey.make(number)))
            }
            return plan.recordsPerCall == 1
                ? RequestBody.putRecord(entries[0], stream: plan.stream, .json)
                : RequestBody.putRecords(entries, stream: plan.stream, .json)
        }
    }

    func begin() {
        shared.failed = { [unowned self] reason in end(reason) }
        shared.began = { [unowned self] in hasSubscribed() }
        producer.failed = { [unowned self] error in end("\(error)") }
        producer.answered = { [unowned self] due, count in answered(due, count) }
        producer.mayBegin = { [unowned self] in mayBegin() }
        producer.opened = { [unowned self] in connectSubscribers() }
        producer.connect()
    }

    func endOfTurn() {
        producer.pump()
        if let wanted = plan.recordsToRead, window != nil, slowest >= wanted { endWindow() }
    }

    // Subscribing

    private var subscriptionCount: Int { plan.consumers.count * plan.shards.count }

    private func connectSubscribers() {
        var session = HTTP2ClientSession.Configuration()
        session.returnsCreditAtOnce = false
        let perConnection = plan.subscriptionsPerConnection
        let count = (subscriptionCount + perConnection - 1) / perConnection
        connections = (0..<count).map { _ in
            ClientConnection(context: context, owner: self, configuration: session)
        }
        for index in 0..<subscriptionCount {
            subscribers.append(Subscriber(shared, checks: index < plan.checked))
        }
        for connection in connections { connection.start() }
    }

    func connectionOpened(_ connection: ClientConnection) {
        guard let index = connections.firstIndex(where: { $0 === connection }) else { return }
        let first = index * plan.subscriptionsPerConnection
        let limit = min(first + plan.subscriptionsPerConnection, subscriptionCount)
        for number in first..<limit {
            let consumer = plan.consumers[number / plan.shards.count]
            let shard = plan.shards[number % plan.shards.count]
            let hasBegun = subscribers[number].begin(
                consumer, shard, from: plan.from, region: plan.region, on: connection)
            guard hasBegun else { return end("a connection takes no more subscriptions") }
        }
    }

    func connectionClosed(_ connection: ClientConnection, _ error: ClientError?) {
        end("\(error ?? .closed)")
    }

    private func hasSubscribed() {
        subscribed += 1
        // Reading begins at the first byte; a fan-out when everybody listens.
        if plan.recordsToRead != nil, subscribed == 1 { start() }
        if plan.recordsToRead == nil, subscribed == subscriptionCount { start() }
    }

    // The run

    private func start() {
        let now = MonotonicClock.nanoseconds
        let window = MeasuredWindow(
            begin: now, warmUpSeconds: plan.warmUp, seconds: plan.duration)
        self.window = window
        shared.window = window
        outcome.began = now
        if let rate = plan.recordsPerSecond {
            if rate > 0 {
                let calls = rate / Double(plan.recordsPerCall)
                producer.start(.scheduled(Schedule(start: now, perSecond: calls)))
            }
        } else {
            producer.start(.closed(inFlight: Producer.callsPerConnection))
        }
        at(window.start) { [unowned self] in
            before = totals()
            outcome.cpu.start()
        }
        at(window.end) { [unowned self] in endWindow() }
        tick()
    }

    /// Whether a call may begin: with records on their way, only so many.
    private func mayBegin() -> Bool {
        guard plan.recordsPerSecond == nil else { return true }
        return producer.recordsSent < slowest + UInt64(plan.window)
    }

    /// Records that every consumer has received.
    private var slowest: UInt64 {
        var least = UInt64.max
        let shards = plan.shards.count
        for consumer in plan.consumers.indices {
            var sum: UInt64 = 0
            for shard in 0..<shards { sum += subscribers[consumer * shards + shard].records }
            least = min(least, sum)
        }
        return least
    }

    private func answered(_ due: UInt64, _ count: Int) {
        stored += UInt64(count)
        if count < plan.recordsPerCall {
            return end("a put was refused: \(producer.firstRefusal ?? "")")
        }
        if let window, window.contains(due) {
            outcome.acknowledgements.record(due: due, now: MonotonicClock.nanoseconds)
        }
    }

    private func totals() -> Totals {
        var totals = Totals()
        totals.stored = stored
        for subscriber in subscribers {
            totals.deliveries += subscriber.records
            totals.bytes += subscriber.bytes
            totals.events += subscriber.events
            if subscriber.checks { totals.checked += subscriber.records }
        }
        return totals
    }

    private func endWindow() {
        guard let window, !isOver, outcome.seconds == 0 else { return }
        let now = totals()
        outcome.cpu.stop()
        outcome.seconds = max(1e-9, Double(MonotonicClock.nanoseconds - window.start) / 1e9)
        outcome.deliveries = now.deliveries - before.deliveries
        outcome.records = now.stored - before.stored
        outcome.bytes = now.bytes - before.bytes
        outcome.events = now.events - before.events
        outcome.checkedRecords = now.checked - before.checked
        producer.stop()
        if plan.recordsToRead != nil { return end(nil) }
        waitForTheRest(until: MonotonicClock.nanoseconds + 10_000_000_000)
    }

    /// Everything that was acknowledged arrives at everybody, or the run is worth nothing.
    private func waitForTheRest(until deadline: UInt64) {
        if producer.inFlight == 0, slowest >= stored { return end(nil) }
        if MonotonicClock.nanoseconds > deadline {
            return end("\(stored) records were acknowledged, a subscriber has only \(slowest)")
        }
        at(MonotonicClock.nanoseconds + 20_000_000) { [unowned self] in
            waitForTheRest(until: deadline)
        }
    }

    private func tick() {
        progress.show(totals().deliveries)
        at(MonotonicClock.nanoseconds + 1_000_000_000) { [unowned self] in tick() }
    }

    private func at(_ time: UInt64, _ action: @escaping () -> Void) {
        let timer = Timer(action)
        timers.append(timer)
        context.reactor.schedule(timer, at: time)
    }

    private func end(_ failure: String?) {
        guard !isOver else { return }
        isOver = true
        progress.clear()
        outcome.latencies = shared.latencies
        let all = totals()
        outcome.allBytes = all.bytes
        outcome.allDeliveries = all.deliveries
        outcome.failure = failure
        if failure == nil, outcome.deliveries == 0 { outcome.failure = "nothing was delivered" }
        finish(outcome)
    }
}
