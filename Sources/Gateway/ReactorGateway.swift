import Access
import Catalog
import HTTP
import Kinesis
public import Reactor
import ShardLog
public import TLS
import Wire

/// The gateway of one reactor. It lives on the reactor's thread and is not shared.
///
/// In each turn the reactor serves sockets (`Connection`), then the messages of other threads: what
/// became of records and changes, what the blocking pool has done, what other reactors want. At the
/// turn's end its records are handed to the committer and every connection with something to say is
/// flushed, so requests that arrived together leave together. Once a second it has everything looked
/// at. Each of its parts is the only owner of what it keeps.
public final class ReactorGateway {
    let node: Node
    let reactor: Reactor
    let index: Int
    let counters: GatewayCounters
    let clock: TurnClock
    /// Records on their way to the committer.
    let staging: Staging
    let connections: Connections
    let subscriptions: Subscriptions
    /// Who waits for the committer, for the blocking pool or for another reactor.
    let waiting: PendingWork
    let transitions: Transitions
    /// Work over all connections, feeds and subscriptions.
    let slices: Slices
    let heads = ResponseHeads()
    /// Whether callers may do what they ask for.
    let authorizer = Authorizer()
    private let catalog: CatalogView
    private let inbox: Inbox<Message>
    private let defaults: Caller
    private var second: Timer?
    private var chores: [() -> Void] = []
    /// Records that went to a shard in turn, whatever their keys.
    private(set) var spreadRecords = 0

    /// Called on the reactor's thread. Throws what OpenSSL says of the certificates.
    public init(
        node: Node, reactor: Reactor, identity: Identity, tickets: TicketKeys
    ) throws(TLSError) {
        self.node = node
        self.reactor = reactor
        index = reactor.index
        counters = node.counters[reactor.index]
        clock = TurnClock(reactor)
        slices = Slices(reactor)
        catalog = CatalogView(node.catalog)
        let waker = reactor.waker
        staging = node.log.staging(reader: reactor.index) { waker.wake() }
        inbox = Inbox(waker: waker)
        waiting = PendingWork(node: node, reactor: reactor.index)
        transitions = Transitions(node: node, reactor: reactor, waiting: waiting)
        connections = try Connections(
            node: node, reactor: reactor, clock: clock, slices: slices, heads: heads,
            identity: identity, tickets: tickets)
        subscriptions = Subscriptions(
            node: node, reactor: reactor, clock: clock, catalog: catalog, slices: slices,
            waiting: waiting)
        defaults = Caller(
            account: node.settings.account, region: node.settings.region, accessKeyID: nil)
        node.register(inbox, reactor.counters, of: index)
        // These hooks are what keeps the gateway of this reactor alive.
        reactor.onWake { self.takeMessages() }
        reactor.atEndOfTurn { self.endTurn() }
        reactor.atEnd { self.end() }
        let second = Timer { [unowned self] in everySecond() }
        self.second = second
        reactor.schedule(second, at: reactor.now &+ 1_000_000_000)
    }

    // MARK: The turn

    private func takeMessages() {
        connections.http.now = reactor.now
        refreshSnapshot()
        takeOutcomes()
        var end: UInt64 = 0
        inbox.drain { message in
            if end == 0 { end = clock.read() &+ Limits.messageNanoseconds }
            receive(message)
            return clock.read() < end
        }
        refreshSnapshot()
    }

    /// What became of records and changes, and which shards have grown.
    private func takeOutcomes() {
        let end = clock.latest &+ Limits.messageNanoseconds
        var woken = 0
        let isLeft = staging.drain(
            limit: Limits.outcomesPerTurn,
            hasTime: { clock.latest < end },
            completed: { recordSettled($0) },
            control: { token, outcome in controlSettled(token, outcome) },
            advanced: {
                woken += subscriptions.advanced($0)
                guard woken >= Limits.sliceItems else { return }
                woken = 0
                _ = clock.read()
            })
        if isLeft { reactor.waker.wake() }
    }

    /// The log's word about one staged record.
    private func recordSettled(_ outcome: RecordOutcome) {
        guard case .put(let pending) = waiting[outcome.waiter] else { return }
        OperationContext(request: pending.request).settle(pending, outcome)
    }

    private func receive(_ message: Message) {
        switch message {
        case .listen(let listener): connections.accept(from: listener, for: self)
        case .accepted(let arrival): connections.adopt(arrival, for: self)
        case .makeRoom: connections.makeRoom()
        case .takenOver(let token, let newcomer): subscriptions.places.takeOver(token, newcomer)
        case .placeIsFree(let token): subscriptions.places.isFree(token)
        case .done(let token, let result): waiting.finish(token, result, for: self)
        case .cut(let fault, let owner): subscriptions.cut(fault, owner)
        case .reload(let identity): connections.reload(identity)
        case .drain(let milliseconds):
            subscriptions.drain(over: milliseconds)
            connections.drain()
        case .closeAll:
            subscriptions.stopDraining()
            connections.closeAll()
        }
    }

    private func endTurn() {
        staging.handOver()
        subscriptions.beginShare()
        connections.flush()
        // Pipelined requests that a flush let in may have staged more.
        staging.handOver()
    }

    /// The last turn is over. Nobody is served any more, so that nothing has to be cut up.
    private func end() {
        connections.end()
        slices.finish()
        subscriptions.end()
    }

    // MARK: Once a second

    /// Adds something of the process to what this reactor does once a second.
    public func everySecondAlso(_ chore: @escaping () -> Void) {
        chores.append(chore)
    }

    private func everySecond() {
        connections.http.now = reactor.now
        for chore in chores { chore() }
        connections.sweep()
        subscriptions.sweep()
        refreshSnapshot()
        if let second { reactor.schedule(second, at: reactor.now &+ 1_000_000_000) }
    }

    // MARK: The catalog

    /// The catalog as this reactor sees it.
    var snapshot: CatalogSnapshot { catalog.snapshot }

    /// Looks whether the catalog has changed; subscriptions hear of it. It is asked before each
    /// connection is read: what was acknowledged on one reactor is seen by the next request on any
    /// other.
    func refreshSnapshot() {
        guard let before = catalog.refresh() else { return }
        if abs(before.shardCount - snapshot.shardCount) > Limits.inlineShards {
            waiting.release(before)
        }
        subscriptions.catalogChanged()
    }

    // MARK: What handlers ask

    /// The number of the next record that goes to a shard in turn.
    func nextSpread() -> Int {
        spreadRecords = spreadRecords &+ 1
        return spreadRecords
    }

    func caller(of head: RequestHead) -> Caller {
        authenticate(authorization: head.field(.authorization), defaults: defaults)
    }
}
