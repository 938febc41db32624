import Catalog
import HTTP
import Kinesis
import Metrics
import Reactor
import ShardLog
import Synchronization
import Wire

/// One pushed stream of events: a position in a shard's log that moves as the client takes bytes.
///
/// It is never a queue. While the client's window is closed it holds no encoded bytes, only the
/// cut of the event that was half sent. The connection asks for bytes when it can send
/// (`nextBytes`); when there are none the subscription sleeps at the shard's tail and a commit
/// wakes it.
final class Subscription: BodySource {
    /// How it ends, once that is decided; what was half sent is completed first.
    enum Ending {
        /// The lifetime is over, or the server goes down: a clean end.
        case clean
        /// An exception frame, then the end.
        case exception(ServiceError)
    }

    private enum Phase {
        /// Accepted, but the subscription that held the place has not answered yet.
        case waitingForPlace
        case initialResponse
        case events
        case lastUnit
        case ended
    }

    /// The unit that is being sent.
    private struct Unit {
        var bytes: [UInt8]
        var offset = 0
        /// Absent for the initial response and for exceptions.
        var cut: EventCut?
        /// True when `bytes` were given up while the window was closed.
        var isForgotten = false
    }

    let request: Request
    let feed: ShardFeed
    let consumer: ConsumerState
    let status = SubscriptionStatus()
    /// Where its place stands in the reactor's table.
    var token: UInt64 = 0

    /// Where it is kept among the subscriptions.
    var place: UInt64 = 0

    private let home: Subscriptions
    private let node: Node
    private let reactor: Reactor
    private let counters: GatewayCounters
    private var phase: Phase = .waitingForPlace
    private var unit: Unit?
    private var ending: Ending?
    private(set) var position: Position
    /// The highest index that was told to the client.
    private(set) var continuation: UInt64
    private var marks = CreditMarks()
    private var keepAliveIsDue: Bool
    private(set) var isWaitingForDisk = false
    /// Its next event, which a thread that may wait is cutting.
    var diskWork: BlockingWork?
    /// What was cut for it at its position and it has not looked at yet.
    private var prepared: EventCutter.Cut?
    /// The half-sent event cannot be had from the disk any more.
    private var isUnreadable = false
    /// Among the feed's sleepers.
    var isAsleep = false
    private let expiresAt: UInt64
    /// When it is cut off, in the reactor's nanoseconds; set once it has been asked to end.
    private var cutOffAt: UInt64?
    /// Holds it to its rate; nil without such a limit.
    private var pace: Pace?

    // The reactor's keep-alive queue owns these four.
    var previousInQueue: Subscription?
    var nextInQueue: Subscription?
    var lastEventAt: UInt64
    /// What that was when it took its place in the queue.
    var queuedAt: UInt64 = 0

    /// - Parameters:
    ///   - continuation: An index that the client may resume after while it has seen nothing.
    ///   - expiresAt: When it ends, in the reactor's nanoseconds.
    init(
        request: Request, home: Subscriptions, node: Node, reactor: Reactor, feed: ShardFeed,
        consumer: ConsumerState, position: Position, continuation: UInt64, expiresAt: UInt64
    ) {
        self.request = request
        self.home = home
        self.node = node
        self.reactor = reactor
        counters = node.counters[reactor.index]
        self.feed = feed
        self.consumer = consumer
        self.position = position
        self.continuation = continuation
        self.expiresAt = expiresAt
        lastEventAt = reactor.now
        // The first event goes out at once even without records: a number to resume after.
        keepAliveIsDue = true
        pace = node.settings.quotas.subscriptionBytes.map { rate in
            Pace(rate: rate, reactor) { [unowned self] in wake() }
        }
    }

    /// The place is ours: answer with the head and the initial response at once.
    func start() {
        guard case .waitingForPlace = phase else { return }
        phase = .initialResponse
        request.succeed(streaming: self)
    }

    var isWaitingForPlace: Bool {
        if case .waitingForPlace = phase { true } else { false }
    }

    /// The place that it holds.
    var key: SubscriptionSlots.Key {
        SubscriptionSlots.Key(consumer: consumer.id, shard: feed.shard.number.rawValue)
    }

    /// Ends after what is half sent. The client hears of it if its window lets it before `deadline`,
    /// in the reactor's nanoseconds; then it is cut off.
    func end(_ ending: Ending, by deadline: UInt64? = nil) {
        let deadline = deadline ?? reactor.now &+ node.scaled(seconds: Limits.endSeconds)
        cutOffAt = min(cutOffAt ?? deadline, deadline)
        guard self.ending == nil else { return }
        self.ending = ending
        wake()
    }

    /// Its place went to a newcomer, who waits for its end.
    func losePlace() {
        guard isWaitingForPlace else {
            return end(
                .exception(activeElsewhere),
                by: reactor.now &+ node.scaled(seconds: Limits.takeoverSeconds))
        }
        // It never began, and has nobody to tell but its own client.
        request.fail(activeElsewhere)
        home.ended(self)
    }

    /// The catalog has changed: its stream or consumer may have gone.
    func catalogChanged(_ catalog: CatalogSnapshot) {
        let arn = consumer.arn
        guard let stream = catalog.stream(id: feed.stream), stream.status != .deleting else {
            return end(
                .exception(.streamNotFound(name: arn.stream.name, account: arn.stream.account)))
        }
        let current = stream.consumer(id: consumer.id)
        if current == nil || current?.status == .deleting {
            end(.exception(.consumerNotFound(name: arn.name, account: arn.stream.account)))
        }
    }

    /// Looks about once a second whether its time is over, whatever it waits for. True when it was
    /// asked to end and has had time to.
    func mustBeCutOff(now: UInt64) -> Bool {
        if let cutOffAt { return now >= cutOffAt }
        if now >= expiresAt {
            end(.clean, by: now &+ node.scaled(seconds: Limits.endSeconds))
        }
        return false
    }

    /// Sends nothing more, not even the rest of what is half sent.
    func stop() {
        phase = .ended
        unit = nil
    }

    /// The shard has grown, closed, or its cold pages are in.
    func wake() {
        guard !isWaitingForPlace else { return }
        request.exchange.resume()
        request.connection.markDirty()
    }

    /// The event that it waited for was cut by a thread, or cannot be.
    func diskAnswered(_ cut: EventCutter.Cut) {
        isWaitingForDisk = false
        diskWork = nil
        if unit == nil {
            prepared = cut
        } else if case .event(let entry) = cut, unit!.cut == entry.cut {
            unit!.bytes = entry.bytes
            unit!.isForgotten = false
        } else {
            isUnreadable = true
        }
        wake()
    }

    /// Too much waited for the disk: it asks again.
    func diskWasBusy() {
        isWaitingForDisk = false
        wake()
    }

    /// The text for the subscription that loses its place to a newer one.
    var activeElsewhere: ServiceError {
        .subscriptionExists(
            account: consumer.arn.stream.account, stream: consumer.arn.stream.name,
            shardID: feed.shard.id.description, consumer: consumer.name)
    }

    /// When what it has sent last arrived, or its place in node time; milliseconds since 1970.
    var lastSentArrival: Int64 {
        feed.shard.milliseconds(of: continuation)
    }

    /// A quiet stream owes an event. A stream that is held up by the client is not quiet.
    func keepAliveDue() {
        guard unit == nil else { return }
        keepAliveIsDue = true
        wake()
    }

    /// Looks about once a second why it stands still; nil if it does not. While its client takes
    /// nothing it keeps no bytes.
    func findStall() -> StallCode? {
        let stall: StallCode?
        if isWaitingForDisk {
            stall = .disk
        } else if let reason = request.exchange.isStalled {
            forgetBytes()
            stall = StallCode(reason)
        } else {
            stall = isHeldByFault ? .fault : nil
        }
        status.stall.store(stall?.rawValue ?? 0, ordering: .relaxed)
        return stall
    }

    /// Who has asked for it, as faults are told it.
    var owner: FaultTable.Owner { FaultTable.Owner(request.caller) }

    /// What it reads, as faults are told it.
    var subject: RequestSubject {
        var subject = RequestSubject(streamName: consumer.arn.stream.name)
        subject.consumerName = consumer.name
        subject.shardIndex = feed.shard.id.index
        return subject
    }

    /// Whether an injected fault wants it to stand still.
    var isHeldByFault: Bool {
        node.faults?.stalls(subject, owner, now: FaultTable.Moment(node)) ?? false
    }

    // MARK: What the connection asks

    func nextBytes(_ exchange: Exchange) -> BodyPart {
        while true {
            if let part = presentUnit() { return part }
            if isWaitingForDisk { return .wait }
            switch phase {
            case .waitingForPlace: return .wait
            case .initialResponse:
                unit = Unit(bytes: EventStream.initialResponse)
                phase = .events
            case .events:
                if !chooseNext() { return .wait }
            case .lastUnit, .ended:
                phase = .ended
                return .end
            }
        }
    }

    func didSend(_ exchange: Exchange, _ count: Int) {
        guard unit != nil else { preconditionFailure("Bytes were sent of no unit.") }
        unit!.offset += count
        guard unit!.offset >= unit!.bytes.count else { return }
        if let cut = unit!.cut {
            continuation = cut.continuation
            position = cut.end
            status.sent.store(cut.continuation, ordering: .relaxed)
            marks.sent(bytes: exchange.sentBodyBytes, index: cut.continuation)
            counters.eventsSent.add()
            counters.recordsPushed.add(UInt64(cut.count))
            if cut.kind == .records {
                feed.shard.meter.read(
                    records: cut.count, bytes: cut.bytes, ageMilliseconds: cut.millisBehind)
            }
        }
        unit = nil
        home.served(self)
    }

    /// Gives up the bytes of a half-sent event while the client cannot take them.
    private func forgetBytes() {
        prepared = nil
        // Events without records are short, and the last one's children may be gone by then.
        guard let unit, unit.cut?.kind == .records, !unit.isForgotten else { return }
        self.unit!.bytes = []
        self.unit!.isForgotten = true
    }

    /// Looks at what the client has credited; answers the index when it moved.
    func creditedIndex(bodyBytes: UInt64) -> UInt64? {
        guard marks.acknowledge(bytes: bodyBytes) else { return nil }
        status.credited.store(marks.credited, ordering: .relaxed)
        return marks.credited
    }

    // MARK: Choosing the next event

    /// The unit in progress as the connection wants it, if there is one and its bytes are here.
    private func presentUnit() -> BodyPart? {
        guard let unit else { return nil }
        if !unit.isForgotten { return .unit(bytes: unit.bytes, offset: unit.offset) }
        guard let cut = unit.cut else { preconditionFailure("Only events are forgotten.") }
        if isWaitingForDisk { return .wait }
        if isUnreadable { return giveUp() }
        switch home.again(cut, of: self) {
        case .event(let entry):
            self.unit!.bytes = entry.bytes
            self.unit!.isForgotten = false
            return .unit(bytes: entry.bytes, offset: unit.offset)
        case .later:
            home.waitForShare(self)
            return .wait
        case .cold, .large:
            let cutter = feed.cutter
            waitForDisk { cutter.encode(again: cut, mayWait: true) }
            return .wait
        case .tail, .trimmed, .damaged: return giveUp()
        }
    }

    /// The rest of a half-sent event cannot be told any more; the client resumes elsewhere.
    private func giveUp() -> BodyPart {
        stop()
        return .reset(.internalError)
    }

    /// Sets the next unit; false when there is nothing to send now.
    private func chooseNext() -> Bool {
        if let ending {
            phase = .lastUnit
            if case .exception(let error) = ending {
                unit = Unit(
                    bytes: EventStream.exception(error.code.name, message: error.message ?? ""))
            }
            return true
        }
        if reactor.now >= expiresAt {
            end(.clean)
            return true
        }
        // Once a second it is asked again.
        if isHeldByFault { return false }
        if pace?.isAhead() ?? false { return false }
        let cut = prepared ?? home.nextEvent(of: self)
        prepared = nil
        switch cut {
        case .event(let entry):
            unit = Unit(bytes: entry.bytes, cut: entry.cut)
            keepAliveIsDue = false
            pace?.charge(entry.cut.bytes)
            return true
        case .trimmed(let next):
            position = next
            return true
        case .cold:
            let (cutter, position, now) = (feed.cutter, position, node.log.presentMilliseconds())
            let boundary = feed.ring.boundary(after: position)
            waitForDisk { cutter.cut(at: position, before: boundary, now: now, mayWait: true) }
            return false
        case .large:
            isWaitingForDisk = true
            home.waitForLarge(self)
            return false
        case .later:
            home.waitForShare(self)
            return false
        case .damaged(let text):
            end(.exception(.damagedLog(shard: feed.shard.id, text)))
            return true
        case .tail:
            return chooseAtTail()
        }
    }

    /// Everything published is sent: end of the shard, a sign of life, or sleep.
    private func chooseAtTail() -> Bool {
        if feed.shard.log.isClosed, position >= feed.shard.log.tail {
            guard let children = home.children(of: self) else {
                // The log knows that the shard is closed or gone; the catalog's news is on the way.
                feed.park(self)
                reactor.waker.wake()
                return false
            }
            guard !children.isEmpty else {
                end(.exception(shardIsGone))
                return true
            }
            let behind = feed.shard.closedSecond.map {
                max(0, node.log.presentMilliseconds() - Int64($0) * 1000)
            }
            let cut = emptyCut(
                .shardEnd, continuation: ShardState.endIndex, behind: behind ?? 0)
            unit = Unit(bytes: feed.encodeEnd(cut, children: children), cut: cut)
            phase = .lastUnit
            return true
        }
        if keepAliveIsDue {
            let quiet = feed.shard.log.quietPoint()
            guard quiet.tail == position else { return true }
            keepAliveIsDue = false
            let cut = emptyCut(
                .keepAlive, continuation: max(continuation, quiet.continuation))
            unit = Unit(bytes: feed.encodeKeepAlive(cut), cut: cut)
            return true
        }
        return !feed.sleep(self, at: position, reactor: reactor.index)
    }

    private var shardIsGone: ServiceError {
        .shardDoesNotExist(
            shardID: feed.shard.id.description, stream: consumer.arn.stream.name,
            account: consumer.arn.stream.account)
    }

    /// An event without records that stands where the subscription does.
    private func emptyCut(
        _ kind: EventCut.Kind, continuation: UInt64, behind: Int64 = 0
    ) -> EventCut {
        EventCut(
            kind: kind, start: position, end: position, count: 0, continuation: continuation,
            millisBehind: behind)
    }

    private func waitForDisk(_ cut: @escaping @Sendable () -> EventCutter.Cut) {
        isWaitingForDisk = true
        home.waitForDisk(self, cut)
    }
}
