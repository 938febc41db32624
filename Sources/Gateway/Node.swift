public import Catalog
public import HTTP
public import Kinesis
internal import Metrics
internal import Metrics
public import Reactor
public import ShardLog
internal import Synchronization
public import System
public import TLS

/// What all reactors share: the log, the catalog, and the few tables that more than one touches.
///
/// | object | owner | how others reach it |
/// |---|---|---|
/// | log, catalog | themselves | published atomics, their own mutexes |
/// | slots | one mutex | at the start and the end of a subscription |
/// | memory | atomics | take and give back |
/// | peers | one mutex, atomics | when a connection begins and ends |
/// | rate limits, faults | a mutex each, if they exist | for each call that they concern |
/// | inboxes | each reactor drains its own | `post` |
public final class Node: Sendable {
    public let settings: GatewaySettings
    public let log: ShardLog
    public let catalog: Catalog
    let tokenKey: TokenKey
    let slots = SubscriptionSlots()
    let memory: MemoryBudget
    /// Who is connected, and the shares of connections.
    let peers: PeerTable
    /// Whether connections are accepted.
    public let accepting = Accepting()
    /// Nil while nothing is limited over time.
    let rateLimits: RateLimits?
    /// Nil unless the server allows people to inject faults.
    let faults: FaultTable?
    /// What would hold up a reactor.
    let blocking: BlockingPool
    /// One for each reactor; written by that reactor only.
    public let counters: [GatewayCounters]
    public let http: [HTTPCounters]
    /// Tells the operator; never waits.
    let report: @Sendable (Notice) -> Void
    let pages: PageRoutes
    private let handles: Mutex<[ReactorHandle?]>

    /// Where a reactor is reached, and what it counts.
    private struct ReactorHandle {
        var inbox: Inbox<Message>
        var counters: ReactorCounters
    }

    public init(
        settings: GatewaySettings, log: ShardLog, catalog: Catalog, tokenKey: TokenKey,
        reactors: Int, report: @escaping @Sendable (Notice) -> Void = { _ in },
        pages: [PageRoute] = []
    ) throws(SystemError) {
        self.settings = settings
        self.log = log
        self.catalog = catalog
        self.tokenKey = tokenKey
        memory = MemoryBudget(limit: settings.bodyMemoryBytes)
        peers = PeerTable(bound: settings.connections)
        self.report = report
        rateLimits = settings.quotas.limitsRates ? RateLimits(settings.quotas) : nil
        faults = settings.allowsFaultInjection ? FaultTable() : nil
        blocking = try BlockingPool(settings.blockingThreads)
        counters = (0..<reactors).map { _ in GatewayCounters() }
        http = (0..<reactors).map { _ in HTTPCounters() }
        handles = Mutex(Array(repeating: nil, count: reactors))
        self.pages = PageRoutes(pages)
    }

    /// Lets the first reactor accept connections, once all of them are there to take some.
    public func listen(on listener: Listener) {
        post(.listen(listener), to: 0)
    }

    /// A duration in nanoseconds, as this node counts it.
    func scaled(seconds: Double) -> UInt64 { settings.timeScale.nanoseconds(seconds: seconds) }

    /// Hands a message to a reactor; it finds it in its next turn.
    func post(_ message: Message, to reactor: Int) {
        handles.withLock { $0[reactor]?.inbox }?.post(message)
    }

    func register(_ inbox: Inbox<Message>, _ counters: ReactorCounters, of reactor: Int) {
        handles.withLock { $0[reactor] = ReactorHandle(inbox: inbox, counters: counters) }
    }

    /// What the running reactors count about themselves, in their order.
    public var reactorCounters: [ReactorCounters] {
        handles.withLock { $0.compactMap { $0?.counters } }
    }

    /// Connections that are open now.
    public var openConnections: Int {
        counters.reduce(0) { $0 + $1.connectionsOpen.value }
    }

    /// Connections that may be open at a time.
    public var connectionBound: Int { peers.bound }
    /// Open connections that have made no request yet.
    public var newcomers: Int { peers.newcomers }
    /// Addresses that are refused more connections than they have.
    public var refusedAddresses: [(address: String, connections: Int)] { peers.refused }

    /// Lets every reactor close connections that have made no request, for others that wait.
    func makeRoom() {
        for reactor in counters.indices { post(.makeRoom, to: reactor) }
    }

    /// What the node knows to hold for its peers: requests and answers, rings of events, and the
    /// state of connections, about 64 KiB each.
    public var heldBytes: Int {
        memory.heldBytes + max(0, openConnections) * (64 << 10)
            + counters.reduce(0) { $0 + max(0, $1.ringBytes.value) }
    }

    /// Bytes that are held for peers now, of `bodyMemoryBytes`.
    public var reservedBodyBytes: Int { memory.heldBytes }

    /// What a lane of the blocking work has to do, and has done.
    public func blockingCounts(_ lane: BlockingPool.Lane) -> LaneCounts { blocking.counts(lane) }

    /// New connections get these certificates; those that exist keep theirs.
    public func reload(_ identity: Identity) {
        for reactor in counters.indices { post(.reload(identity), to: reactor) }
    }

    /// No new requests; subscriptions end cleanly, spread over `milliseconds`.
    public func drain(milliseconds: UInt64) {
        for reactor in counters.indices { post(.drain(milliseconds), to: reactor) }
    }

    /// Closes every connection, whatever it was doing.
    public func closeConnections() {
        for reactor in counters.indices { post(.closeAll, to: reactor) }
    }
}

/// What the gateway is told by the command line.
public struct GatewaySettings: Sendable {
    /// Region of requests whose credentials name none.
    public var region: String
    /// Twelve digits; the account of callers whose access key id names none.
    public var account: String
    /// Node-wide memory for requests and for answers that have not been taken.
    public var bodyMemoryBytes: Int
    /// Scales lifetimes and expiries; for tests.
    public var timeScale: TimeScale
    /// How long streams and consumers are CREATING, UPDATING and DELETING; 0 if not at all, which
    /// the catalog's rules must agree with.
    public var stateDelayMilliseconds: Int
    /// What is limited over time; what is limited in number is in the catalog's rules.
    public var quotas: Quotas
    /// Whether callers may inject faults; for tests of their programs.
    public var allowsFaultInjection: Bool
    /// Connections that may be open at a time.
    public var connections: Int
    /// Threads for what would hold up a reactor.
    public var blockingThreads: BlockingPool.Threads

    public init(
        region: String, account: String, bodyMemoryBytes: Int, timeScale: TimeScale,
        stateDelayMilliseconds: Int = 0, quotas: Quotas = .none,
        allowsFaultInjection: Bool = false, connections: Int = 20_000,
        blockingThreads: BlockingPool.Threads = BlockingPool.Threads()
    ) {
        self.region = region
        self.account = account
        self.bodyMemoryBytes = bodyMemoryBytes
        self.timeScale = timeScale
        self.stateDelayMilliseconds = stateDelayMilliseconds
        self.quotas = quotas
        self.allowsFaultInjection = allowsFaultInjection
        self.connections = connections
        self.blockingThreads = blockingThreads
    }
}

/// What one thread tells a reactor.
enum Message: Sendable {
    case listen(Listener)
    case accepted(Arrival)
    /// Others wait to be accepted.
    case makeRoom
    /// End this subscription: its place went to a newcomer, who waits for the answer.
    case takenOver(token: UInt64, newcomer: SubscriptionSlots.Holder)
    /// The subscription that held the place has ended.
    case placeIsFree(token: UInt64)
    /// The blocking pool has done what was asked under this token.
    case done(token: UInt64, WorkResult)
    /// Cut the subscriptions that this fault is for.
    case cut(Fault, FaultTable.Owner)
    case reload(Identity)
    case drain(UInt64)
    case closeAll
}

/// What the blocking pool brings back: values only.
enum WorkResult: Sendable {
    /// The answer is encoded, or refused.
    case answer(Result<[UInt8], ServiceError>)
    /// An event was cut out of a shard's log, or could not be.
    case cut(EventCutter.Cut)
    case decoded(DecodedBody)
    case page(PageAnswer)
    /// A large change was handed to the log, or refused.
    case planned(Result<CatalogResult, CatalogRefusal>)
    case located(Result<ReadPlace, ServiceError>)
}
