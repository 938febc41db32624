import HTTP
import Kinesis
import Reactor
import Wire

/// Whoever a shard is read for.
protocol ShardSubscriptionOwner: AnyObject {
    /// An event came; `taken` of the subscription returns its credit.
    func received(
        _ event: SubscriptionEvent, credit: ShardSubscription.EventCredit,
        from subscription: ShardSubscription)
    /// The shard was read to its end.
    func finished(_ subscription: ShardSubscription, children: [ChildShard])
    /// It cannot be read any more.
    func failed(_ subscription: ShardSubscription, _ error: ClientError)
}

/// A chain of subscriptions to one shard: when one ends, after five minutes or because something
/// went wrong, the next begins behind the last continuation number.
final class ShardSubscription {
    let shard: ShardID
    private let consumer: ConsumerARN
    private let loop: ClientLoop
    private weak var owner: (any ShardSubscriptionOwner)?
    private var position: StartingPosition
    private var last: SequenceNumber?
    /// Attempts in a row that brought no event.
    private var failures = 0
    private var reader: EventStreamReader?
    /// Which reader's word counts; what an earlier one held needs no credit any more.
    private var generation = 0
    private var timer: Timer?
    private var children: [ChildShard]?
    private var isOver = false

    init(
        _ shard: ShardID, of consumer: ConsumerARN, from position: StartingPosition,
        loop: ClientLoop, owner: any ShardSubscriptionOwner
    ) {
        self.shard = shard
        self.consumer = consumer
        self.position = position
        self.loop = loop
        self.owner = owner
    }

    func start() {
        guard !isOver else { return }
        generation += 1
        let generation = generation
        let reader = EventStreamReader(
            onEvent: { [weak self] payload, bytes in
                self?.receive(payload, bytes, generation)
            },
            onEnd: { [weak self] end in self?.ended(end) })
        self.reader = reader
        loop.submit(
            SubscribeCall(
                fields: RequestFields.make(
                    .kinesis(.subscribeToShard), encoding: .json,
                    region: loop.configuration.region,
                    accessKeyID: loop.configuration.accessKeyID),
                body: RequestBody.subscribe(consumer, shard, position), reader: reader))
    }

    /// Stops reading; the owner hears nothing more.
    func cancel() {
        isOver = true
        if let timer { loop.context.reactor.cancel(timer) }
        timer = nil
        reader?.cancel()
        reader = nil
    }

    /// Returns the credit of an event.
    func taken(_ credit: EventCredit) {
        if credit.generation == generation { reader?.taken(credit.bytes) }
    }

    /// What `taken` needs to know about an event.
    struct EventCredit: Sendable {
        let bytes: Int
        let generation: Int
    }

    private func receive(_ payload: [UInt8], _ bytes: Int, _ generation: Int) {
        guard !isOver, generation == self.generation else { return }
        var event: SubscriptionEvent
        do throws(ClientError) {
            event = try SubscriptionEvent(shard: shard, payload: payload)
        } catch {
            return fail(error)
        }
        failures = 0
        if let continuation = event.continuation {
            position = .afterSequenceNumber(continuation.description)
        } else {
            children = event.children
        }
        // The server does not repeat itself behind a continuation number; a reader is promised so.
        if let last { event.records.removeAll { $0.sequenceNumber <= last } }
        if let newest = event.records.last { last = newest.sequenceNumber }
        owner?.received(
            event, credit: EventCredit(bytes: bytes, generation: generation), from: self)
    }

    private func ended(_ end: EventStreamReader.End) {
        guard !isOver else { return }
        reader = nil
        if let children {
            isOver = true
            owner?.finished(self, children: children)
            return
        }
        switch end {
        case .complete: retry(.lost("subscriptions end without an event"), atOnce: failures == 0)
        case .refused(let error):
            let isBusy = error.code == .resourceInUse
            if isBusy || error.isTransient || error.isThrottling {
                retry(error)
            } else {
                fail(error)
            }
        case .exception(let error):
            // A ResourceInUseException here says that another subscriber has taken the place. To
            // take it back would only begin a quarrel.
            if error.code == .internalFailureException || error.code == .internalFailure {
                retry(error)
            } else {
                fail(error)
            }
        case .lost(let error):
            if case .response = error { fail(error) } else { retry(error) }
        }
    }

    private func retry(_ error: ClientError, atOnce: Bool = false) {
        failures += 1
        let policy = loop.configuration.retry
        guard failures < policy.subscriptionAttempts else { return fail(error) }
        if atOnce { return start() }
        let wait = policy.milliseconds(
            afterFailures: failures, fraction: Double.random(in: 0...1))
        let timer = Timer { [weak self] in self?.start() }
        self.timer = timer
        let reactor = loop.context.reactor
        reactor.schedule(timer, at: reactor.now + UInt64(wait) * 1_000_000)
    }

    private func fail(_ error: ClientError) {
        let owner = owner
        cancel()
        owner?.failed(self, error)
    }
}

/// SubscribeToShard as a call that may wait for a connection.
final class SubscribeCall: PendingCall {
    let fields: FieldList
    let body: [UInt8]
    var isAbandoned: Bool { reader.isCancelled }
    private let reader: EventStreamReader

    init(fields: FieldList, body: [UInt8], reader: EventStreamReader) {
        self.fields = fields
        self.body = body
        self.reader = reader
    }

    func submitted(_ call: ClientCall, on connection: ClientConnection) {
        reader.reads(call, on: connection)
    }

    func failed(_ error: ClientError) { reader.failed(error) }

    func responseBegan(_ call: ClientCall) { reader.responseBegan(call) }

    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>) {
        reader.responseBody(call, bytes)
    }

    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd) {
        reader.callClosed(call, reason)
    }
}
