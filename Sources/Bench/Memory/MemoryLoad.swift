import HTTP
import Kinesis
import Reactor
import System
import WeirClient
import Wire

/// What a memory bench does.
struct MemoryPlan: Sendable {
    var stream: String
    var region: String?
    /// One for each connection.
    var consumers: [ConsumerARN]
    var shard: ShardID
    var recordBytes: Int
    /// Data that is put while nobody reads it.
    var mebibytes: Int
    var server: Int32
}

/// Memory of the server that no file backs, bytes.
struct MemoryOutcome: Sendable {
    var before = 0
    /// With the connections, each of which has made a request.
    var connected = 0
    /// With a subscription on each, which has its records as they come.
    var subscribed = 0
    /// With subscriptions that take nothing any more.
    var stalled = 0
    var failure: String?
}

/// Opens connections, subscribes on each, and lets the subscriptions stall.
final class MemoryLoad: Load, ConnectionOwner {
    private let plan: MemoryPlan
    private let context: ClientContext
    private let finish: (MemoryOutcome) -> Void
    private let producer: Producer
    private let shared = Subscriber.Shared()
    private var connections: [ClientConnection] = []
    private var subscribers: [Subscriber] = []
    private var open = 0
    private var subscribed = 0
    private var stored: UInt64 = 0
    private var outcome = MemoryOutcome()
    private var timers: [Timer] = []
    private var isOver = false

    /// The server has let go of what it needed for a moment only.
    private static let settleNanoseconds: UInt64 = 500_000_000

    init(
        _ context: ClientContext, _ plan: MemoryPlan, finish: @escaping (MemoryOutcome) -> Void
    ) {
        self.context = context
        self.plan = plan
        self.finish = finish
        var payloads = BenchPayload(bytes: plan.recordBytes, seed: MonotonicClock.nanoseconds)
        var number: UInt64 = 0
        producer = Producer(
            context, connections: 1, recordsPerCall: MemoryPlan.recordsPerCall,
            pace: .closed(inFlight: 1), region: plan.region
        ) { due in
            let entries = (0..<MemoryPlan.recordsPerCall).map { _ in
                number += 1
                return PutEntry(
                    data: payloads.make(due: due, number: number),
                    partitionKey: BenchKey.make(number))
            }
            return RequestBody.putRecords(entries, stream: plan.stream, .json)
        }
    }

    func begin() {
        shared.failed = { [unowned self] reason in end(reason) }
        shared.began = { [unowned self] in hasSubscribed() }
        producer.failed = { [unowned self] error in end("\(error)") }
        producer.answered = { [unowned self] _, count in answered(count) }
        producer.mayBegin = { [unowned self] in
            producer.recordsSent < UInt64(plan.mebibytes << 20 / plan.recordBytes)
        }
        producer.opened = { [unowned self] in
            measure { [unowned self] bytes in
                outcome.before = bytes
                connect()
            }
        }
        producer.connect()
    }

    func endOfTurn() { producer.pump() }

    private func connect() {
        var session = HTTP2ClientSession.Configuration()
        session.returnsCreditAtOnce = false
        session.streamWindowBytes = 65_535
        session.connectionWindowBytes = 65_535
        connections = plan.consumers.map { _ in
            ClientConnection(context: context, owner: self, configuration: session)
        }
        for connection in connections { connection.start() }
    }

    func connectionOpened(_ connection: ClientConnection) {
        let fields = RequestFields.make(
            .kinesis(.listStreams), encoding: .json, region: plan.region)
        let answered = Answered { [unowned self] in
            open += 1
            guard open == connections.count else { return }
            measure { [unowned self] bytes in
                outcome.connected = bytes
                subscribe()
            }
        }
        guard connection.submit(fields, body: Array("{}".utf8), receiver: answered) != nil else {
            return end("a connection takes no request")
        }
    }

    func connectionClosed(_ connection: ClientConnection, _ error: ClientError?) {
        end("\(error ?? .closed)")
    }

    private func subscribe() {
        for (number, connection) in connections.enumerated() {
            // It counts what comes and gives no credit back, so that it stalls by itself.
            let subscriber = Subscriber(shared, checks: false, returnsCredit: false)
            subscribers.append(subscriber)
            let hasBegun = subscriber.begin(
                plan.consumers[number], plan.shard, from: .latest, region: plan.region,
                on: connection)
            guard hasBegun else { return end("a connection takes no subscription") }
        }
    }

    private func hasSubscribed() {
        subscribed += 1
        guard subscribed == subscribers.count else { return }
        measure { [unowned self] bytes in
            outcome.subscribed = bytes
            producer.start(.closed(inFlight: 4))
        }
    }

    private func answered(_ count: Int) {
        stored += UInt64(count)
        if count < MemoryPlan.recordsPerCall {
            return end("a put was refused: \(producer.firstRefusal ?? "")")
        }
        guard !producer.mayBegin(), producer.inFlight == 0 else { return }
        producer.stop()
        measure { [unowned self] bytes in
            outcome.stalled = bytes
            end(nil)
        }
    }

    private func measure(_ then: @escaping (Int) -> Void) {
        let timer = Timer { [unowned self] in
            guard let bytes = ProcessMemory.anonymousBytes(of: plan.server) else {
                return end("the memory of process \(plan.server) cannot be read")
            }
            then(bytes)
        }
        timers.append(timer)
        context.reactor.schedule(timer, at: MonotonicClock.nanoseconds + Self.settleNanoseconds)
    }

    private func end(_ failure: String?) {
        guard !isOver else { return }
        isOver = true
        outcome.failure = failure
        finish(outcome)
    }
}

extension MemoryPlan {
    /// A call of so many records of 1 KiB is far below what one may have.
    static let recordsPerCall = 100
}

/// Waits for one answer, whatever it is.
private final class Answered: ResponseReceiver {
    private let done: () -> Void

    init(_ done: @escaping () -> Void) { self.done = done }

    func responseBegan(_ call: ClientCall) {}
    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>) { call.consumed(bytes.count) }
    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd) { done() }
}
