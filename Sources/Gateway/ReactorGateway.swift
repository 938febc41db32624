import Access
import Catalog
import Clock
import HTTP
import Kinesis
public import Reactor
import ShardLog
import Synchronization
public import TLS
import Wire

/// The gateway of one reactor: its connections, what they wait for, and its share of the fan-out.
///
/// It lives on the reactor's thread and is not shared. In each turn the reactor serves sockets and
/// messages; at its end the turn's records are handed to the committer and every connection with
/// something to say is flushed, so requests that arrived together leave together.
public final class ReactorGateway: TurnHandler {
    let node: Node
    let reactor: Reactor
    let index: Int
    let counters: GatewayCounters
    let http: HTTPContext
    let staging: Staging
    let fanOut: FanOut
    let encoding: EncodingShare
    let keepAlives = KeepAliveQueue()
    let scratch = TLSScratch()
    private(set) var tls: TLSContext
    private let tickets: TicketKeys

    /// The catalog as this reactor sees it; read again when its version moved.
    private(set) var snapshot: CatalogSnapshot
    private var snapshotVersion: UInt64

    /// Who waits for the committer, for the blocking pool or for another reactor.
    var waiting = TokenTable<Waiting>()
    var connections = TokenTable<Connection>()
    /// Connections to flush at the end of the turn, and how many of them are done.
    private var dirty: [Connection] = []
    private var flushed = 0
    /// How many of them there are; the list itself costs a check at run time at each look.
    private var dirtyCount = 0
    /// One read's and one TLS record's worth of bytes, used within a call.
    var input: [UInt8] = []
    private var plaintext: [UInt8] = []
    private var blocks: [[UInt8]] = []
    private var ids = ResponseIDs()
    private let date = HTTPDate()
    private let inbox: Inbox<Message>
    var isDraining = false
    /// Work over all connections, feeds and subscriptions.
    private(set) lazy var slices = Slices(reactor)
    private var isSweeping = false
    /// Subscriptions hear of a changed catalog; whether it has changed again meanwhile.
    private var news: (isUnderWay: Bool, isOutdated: Bool) = (false, false)
    private var second: Timer?
    private var chores: [() -> Void] = []
    private var keepAliveTimer: Timer?
    /// Whether a young subscription is not taken over; tests do not wait for it to be older.
    var protectsPlaces = true
    /// Subscriptions whose turn at the disk did not come; see `cutWaiting`.
    var diskBusy: [Subscription] = []
    var drainTimer: Timer?
    /// What this reactor will settle, with the entry by which it began; see `scheduleSettling`.
    var settling: [Unsettled: (since: UInt64, timer: Timer)] = [:]
    /// Resource policies that were read, by their texts.
    let policies = PolicyCache()
    /// Records that went to a shard in turn, whatever their keys.
    var spreadRecords = 0
    var reception: Reception?
    let newcomers = Newcomers()
    let defaults: Caller

    /// Called on the reactor's thread. Throws what OpenSSL says of the certificates.
    public init(
        node: Node, reactor: Reactor, identity: Identity, tickets: TicketKeys
    ) throws(TLSError) {
        self.node = node
        self.reactor = reactor
        http = HTTPContext(counters: node.http[reactor.index])
        self.tickets = tickets
        index = reactor.index
        counters = node.counters[reactor.index]
        tls = try TLSContext(server: identity, tickets: tickets, alpn: ["h2", "http/1.1"])
        snapshotVersion = node.catalog.version
        snapshot = node.catalog.snapshot
        let waker = reactor.waker
        staging = node.log.staging(reader: reactor.index) { waker.wake() }
        inbox = Inbox(waker: waker)
        fanOut = FanOut()
        encoding = EncodingShare(reactor)
        defaults = Caller(
            account: node.settings.account, region: node.settings.region, accessKeyID: nil)
        node.register(inbox, reactor.counters, of: index)
        // These hooks are what keeps the gateway of this reactor alive.
        reactor.onWake { self.drainMessages() }
        reactor.atEndOfTurn { self.endTurn() }
        reactor.atEnd { self.ended() }
        startSweeps()
    }

    // MARK: Time

    /// The clock as it was read last, which is at each answer: often enough to see how long a turn
    /// has taken.
    private var lastLook: UInt64 = 0

    /// The clock itself, for latencies; `reactor.now` is the turn's.
    func monotonicNow() -> UInt64 {
        lastLook = MonotonicClock.nanoseconds
        return lastLook
    }

    /// Node time in milliseconds, which never goes back: for what numbers are compared with.
    var nodeMilliseconds: Int64 { node.log.nodeMilliseconds() }

    /// The time of day as the log takes it, in milliseconds: for ages, lags and what is shown.
    var presentMilliseconds: Int64 { node.log.presentMilliseconds() }

    /// For what expires.
    var retentionClock: RetentionClock { node.log.retentionClock }

    /// The time that an iterator or a token which was issued at a moment is judged by: what has
    /// passed since counts, and not what the clock was set forward.
    func now(after issued: Int64) -> Int64 {
        issued.addingReportingOverflow(retentionClock.age(of: issued)).partialValue
    }

    func scaled(seconds: Double) -> UInt64 {
        node.settings.timeScale.nanoseconds(seconds: seconds)
    }

    // MARK: The turn

    private func drainMessages() {
        let now = reactor.now
        http.now = now
        refreshSnapshot()
        let end = max(lastLook, now) &+ Limits.messageNanoseconds
        var woken = 0
        let isLeft = staging.drain(
            limit: Limits.outcomesPerTurn,
            hasTime: { lastLook < end },
            completed: { settle($0) },
            control: { token, outcome in controlSettled(token, outcome) },
            advanced: {
                woken += fanOut.advanced($0)
                guard woken >= Limits.sliceItems else { return }
                woken = 0
                _ = monotonicNow()
            })
        if isLeft { reactor.waker.wake() }
        var endOfMessages: UInt64 = 0
        inbox.drain { message in
            if endOfMessages == 0 { endOfMessages = monotonicNow() &+ Limits.messageNanoseconds }
            receive(message)
            return monotonicNow() < endOfMessages
        }
        refreshSnapshot()
    }

    private func receive(_ message: Message) {
        switch message {
        case .listen(let listener): accept(from: listener)
        case .accepted(let arrival): adopt(arrival)
        case .makeRoom: newcomers.makeRoom(now: reactor.now)
        case .takenOver(let token, let newcomer): takeOver(token, newcomer)
        case .placeIsFree(let token): placeIsFree(token)
        case .done(let token, let result): workDone(token, result)
        case .cut(let fault, let owner): cut(fault, owner)
        case .reload(let identity): reload(identity)
        case .drain(let milliseconds): drain(milliseconds)
        case .closeAll: closeAll()
        }
    }

    private func endTurn() {
        staging.handOver()
        flushDirty()
        // Pipelined requests that a flush let in may have staged more.
        staging.handOver()
    }

    /// Flushes the connections that have something to say, in the order in which they came to have
    /// it. A fan-out to thousands takes several turns, so that who became ready meanwhile does not
    /// wait for all of them.
    private func flushDirty() {
        encoding.begin()
        let first = flushed
        var timeIsUp = UInt64.max
        let sent = counters.bytesSent.load(ordering: .relaxed)
        // A connection that is flushed may make others dirty; they are appended and served too.
        while flushed < dirtyCount {
            // Whoever is alone needs no bound.
            if flushed == first + 1 {
                timeIsUp = max(lastLook, reactor.now) &+ Limits.serviceNanoseconds
            }
            if flushed > first,
                flushed - first >= Limits.flushesPerTurn || lastLook > timeIsUp
                    || counters.bytesSent.load(ordering: .relaxed) &- sent
                        > Limits.flushedBytesPerTurn
            {
                if flushed > dirtyCount / 2 {
                    dirty.removeFirst(flushed)
                    dirtyCount -= flushed
                    flushed = 0
                }
                return reactor.runNextTurn(self)
            }
            flushed += 1
            dirty[flushed - 1].flush()
        }
        guard dirtyCount > 0 else { return }
        dirty.removeAll(keepingCapacity: true)
        dirtyCount = 0
        flushed = 0
    }

    /// The connection is flushed at the end of this turn.
    func noteDirty(_ connection: Connection) {
        dirty.append(connection)
        dirtyCount += 1
    }

    /// The reactor does not sleep while something is to be flushed.
    public func turn() {}

    /// Whether the snapshot is the newest there is.
    var catalogIsCurrent: Bool { node.catalog.version == snapshotVersion }

    /// Looks whether the catalog has changed; subscriptions hear of it. One load when it has not,
    /// so it is asked before each connection is read: what was acknowledged on one reactor is seen
    /// by the next request on any other.
    func refreshSnapshot() {
        let version = node.catalog.version
        guard version != snapshotVersion else { return }
        snapshotVersion = version
        let before = snapshot
        snapshot = node.catalog.snapshot
        if abs(before.shardCount - snapshot.shardCount) > Limits.inlineShards { release(before) }
        tellSubscriptions()
    }

    /// Shards have closed, consumers and streams have gone: every feed and subscription looks, some
    /// at a time. What a subscription decides at the end of its shard does not wait for this.
    private func tellSubscriptions() {
        news.isOutdated = news.isUnderWay
        guard !news.isUnderWay, fanOut.subscriptions.count > 0 else { return }
        news.isUnderWay = true
        var feeds: Int? = 0
        var subscriptions: Int? = 0
        slices.add { [unowned self] in
            if let place = feeds {
                let (some, next) = fanOut.allFeeds.slice(from: place, count: Limits.sliceItems)
                for feed in some { catalogChanged(feed) }
                feeds = next
                return true
            }
            if let place = subscriptions {
                let (some, next) = fanOut.subscriptions.slice(
                    from: place, count: Limits.sliceItems)
                for subscription in some { catalogChanged(subscription) }
                subscriptions = next
                return true
            }
            news.isUnderWay = false
            if news.isOutdated { tellSubscriptions() }
            return false
        }
    }

    // MARK: Connections

    /// Accepts connections here and spreads them over the reactors in turn.
    private func accept(from listener: Listener) {
        do throws(SystemError) {
            reception = try Reception(listener, node: node, reactor: reactor) { [unowned self] in
                adopt($0)
            }
        } catch {
            preconditionFailure("A reactor without connections cannot watch its listener: \(error)")
        }
    }

    private func adopt(_ arrival: Arrival) {
        let socket = Socket(descriptor: arrival.descriptor)
        guard !isDraining else {
            socket.close()
            node.peers.leave(arrival.peer, wasProven: false)
            counters.connectionsClosed[CloseReason.shutdown]?.add()
            return
        }
        counters.connectionsAccepted.wrappingAdd(1, ordering: .relaxed)
        do {
            try socket.setNotSentLowat(bytes: Limits.notSentLowWater)
            let connection = try Connection(gateway: self, socket: socket, peer: arrival.peer)
            connection.token = connections.insert(connection)
            newcomers.append(connection)
            counters.connectionsOpen.wrappingAdd(1, ordering: .relaxed)
        } catch {
            socket.close()
            node.peers.leave(arrival.peer, wasProven: false)
            counters.connectionsClosed[CloseReason.socketError]?.add()
        }
    }

    /// A connection has made its first request.
    func proved(_ connection: Connection) {
        newcomers.remove(connection)
        node.peers.prove()
    }

    func forget(_ connection: Connection, _ reason: CloseReason) {
        connections.remove(connection.token)
        newcomers.remove(connection)
        node.peers.leave(connection.peer, wasProven: connection.hasMadeRequest)
        counters.connectionsOpen.wrappingSubtract(1, ordering: .relaxed)
        counters.connectionsClosed[reason]?.add()
    }

    private func reload(_ identity: Identity) {
        do throws(TLSError) {
            tls = try TLSContext(server: identity, tickets: tickets, alpn: ["h2", "http/1.1"])
        } catch {
            // The server made a context of it before it asked; this one fails only without memory,
            // and the certificates in use go on.
        }
    }

    /// The buffer that a connection's output is made in, empty. Taken out and given back, because
    /// what is changed in place costs a check at run time at each use.
    func takePlaintext() -> [UInt8] {
        var taken = plaintext
        plaintext = []
        taken.removeAll(keepingCapacity: true)
        return taken
    }

    func giveBack(plaintext: [UInt8]) { self.plaintext = plaintext }

    /// A block for ciphertext that a socket did not take: one TLS record and its overhead.
    func takeBlock() -> [UInt8] {
        if let block = blocks.popLast() { return block }
        var block: [UInt8] = []
        block.reserveCapacity(Limits.ioBytes + 512)
        return block
    }

    func giveBack(_ block: [UInt8]) {
        guard blocks.count < 256 else { return }
        var block = block
        block.removeAll(keepingCapacity: true)
        blocks.append(block)
    }

    // MARK: Heads

    func caller(of head: RequestHead) -> Caller {
        authenticate(authorization: head.field(.authorization), defaults: defaults)
    }

    /// The fields that every answer has. What stays the same for a connection or a second is left
    /// to the peer's header table, which saves its coding each time (RFC 7541 §6.1).
    func responseHead(status: Int, contentType: String, request: Request) -> ResponseHead {
        let requestID = ResponseIDs.requestID(ids.next(), ids.next())
        var head = ResponseHead(status: status)
        head.fields.append("x-amzn-requestid", requestID.span, varies: true)
        let hostID = request.connection.hostID
        head.fields.append("x-amz-id-2", hostID.span)
        head.fields.append("content-type", contentType)
        let now = date.bytes(milliseconds: WallClock.milliseconds)
        head.fields.append("date", now.span)
        if request.exchange.head.field(.origin) != nil { append(crossOriginFields, to: &head) }
        return head
    }

    /// A new connection's `x-amz-id-2`.
    func makeHostID() -> [UInt8] {
        var ids = self.ids
        defer { self.ids = ids }
        return ids.makeHostID()
    }

    func preflightHead(_ fields: [CrossOrigin.Field]) -> ResponseHead {
        let requestID = ResponseIDs.requestID(ids.next(), ids.next())
        var head = ResponseHead(status: 200)
        head.fields.append("x-amzn-requestid", requestID.span, varies: true)
        let now = date.bytes(milliseconds: WallClock.milliseconds)
        head.fields.append("date", now.span, varies: true)
        append(crossOriginFields, to: &head)
        append(fields, to: &head)
        return head
    }

    private func append(_ fields: [CrossOrigin.Field], to head: inout ResponseHead) {
        for field in fields {
            head.fields.append(name: field.name.utf8.span, value: field.value.utf8.span)
        }
    }

    // MARK: Once in a while

    private func startSweeps() {
        let second = Timer { [unowned self] in everySecond() }
        self.second = second
        reactor.schedule(second, at: reactor.now &+ 1_000_000_000)
        let keepAlive = Timer { [unowned self] in askQuietSubscriptions() }
        keepAliveTimer = keepAlive
        reactor.schedule(keepAlive, at: reactor.now &+ scaled(seconds: 0.25))
    }

    /// Adds something of the process to what this reactor does once a second.
    public func everySecondAlso(_ chore: @escaping () -> Void) {
        chores.append(chore)
    }

    private func everySecond() {
        http.now = reactor.now
        for chore in chores { chore() }
        reception?.look()
        // One that takes longer than a second is followed by the next, not joined by it.
        if !isSweeping { sweep() }
        refreshSnapshot()
        if let second { reactor.schedule(second, at: reactor.now &+ 1_000_000_000) }
    }

    /// Looks at every connection and subscription, some at a time.
    private func sweep() {
        isSweeping = true
        retryDisk()
        var connection: Int? = 0
        var subscription: Int? = 0
        var tally = StallTally()
        slices.add { [unowned self] in
            let now = reactor.now
            http.now = now
            if let place = connection {
                let (some, next) = connections.slice(from: place, count: Limits.sliceItems)
                for connection in some { connection.checkDeadlines(now: now) }
                connection = next
                return true
            }
            if let place = subscription {
                let (some, next) = fanOut.subscriptions.slice(
                    from: place, count: Limits.sliceItems)
                for subscription in some { sweep(subscription, at: now, into: &tally) }
                subscription = next
                return true
            }
            show(tally)
            isSweeping = false
            return false
        }
    }

    private func askQuietSubscriptions() {
        let age = scaled(seconds: Limits.keepAliveSeconds)
        let isLeft = keepAlives.forEachDue(
            now: reactor.now, age: age, limit: Limits.sliceItems
        ) {
            $0.keepAliveDue()
        }
        if isLeft, let keepAliveTimer {
            return reactor.schedule(keepAliveTimer, at: reactor.now)
        }
        if let keepAliveTimer {
            reactor.schedule(keepAliveTimer, at: reactor.now &+ scaled(seconds: 0.25))
        }
    }
}

/// Who waits under a token.
enum Waiting {
    case put(PendingPut)
    /// Told when its change is durable and published, or refused.
    case control(PendingChange)
    /// A status of a stream or consumer is being ended; nobody is answered.
    case settling
    /// Told when a thread has made the whole answer.
    case answer(Request)
    /// Told when a thread has decoded the body.
    case decoded(Request)
    /// Told when a thread has made a page of ours.
    case page(Request)
    case located(Request, (Result<ReadPlace, ServiceError>) -> Void)
    /// Told when a thread has cut its next event out of cold pages.
    case cut(Subscription)
    /// A subscription's, or that of one which has gone and others wait for.
    case place(Place)
}

/// The fields of every answer to a browser.
private let crossOriginFields = CrossOrigin.fields
