import Access
import Catalog
import Kinesis
import Metrics
import Reactor
import ShardLog
import System
import Wire

/// What a handler may use while it answers a request: who asks and for what, the catalog as this
/// reactor sees it, the clocks, and the ways to an answer.
///
/// It is the request's reference and nothing more, so that handing it on costs nothing. What it does
/// not offer, a handler does not do: sockets, other requests and other reactors are not its business.
struct OperationContext {
    let request: Request

    private var gateway: ReactorGateway { request.gateway }
    private var node: Node { request.gateway.node }

    // MARK: The request

    /// Who asks, and for which region.
    var caller: Caller { request.caller }
    /// How the request was encoded, and its answer will be.
    var encoding: Encoding { request.encoding }

    /// The operation that the request is for.
    var operation: Operation {
        guard let operation = request.operation else {
            preconditionFailure("Only requests of an operation are handled.")
        }
        return operation
    }

    // MARK: What it finds

    /// The catalog as this reactor sees it.
    var catalog: CatalogSnapshot { gateway.snapshot }

    /// Sees to it that `catalog` has what the log has published.
    func refreshCatalog() { gateway.refreshSnapshot() }

    /// How far a consumer has come in a shard.
    func cursor(of consumer: ConsumerState, in shard: ShardState) -> Cursor? {
        node.catalog.cursor(consumer: consumer.id, shard: shard.number)
    }

    /// The cursors of a stream, or of its one consumer with the id `only`.
    func cursors(
        of stream: StreamState, only: UInt64?, after: CursorListing.Place? = nil
    ) -> CursorListing {
        CursorListing(node: node, stream: stream, only: only, after: after)
    }

    /// What is limited in number.
    var quotas: Quotas { node.settings.quotas }
    /// What is limited over time; nil if nothing is.
    var rateLimits: RateLimits? { node.rateLimits }
    /// Faults that callers may inject; nil unless the server lets them.
    var faults: FaultTable? { node.faults }
    /// Seals iterators and tokens.
    var tokenKey: TokenKey { node.tokenKey }

    // MARK: Time

    /// Nanoseconds of the clock that never goes back.
    func monotonicNow() -> UInt64 { gateway.clock.read() }

    /// Node time in milliseconds, which never goes back: for what numbers are compared with.
    var nodeMilliseconds: Int64 { node.log.nodeMilliseconds() }

    /// The time of day as the log takes it, in milliseconds: for ages, lags and what is shown.
    var presentMilliseconds: Int64 { node.log.presentMilliseconds() }

    /// The present second since 1970.
    var presentSecond: UInt64 { UInt64(max(0, presentMilliseconds)) / 1000 }

    /// The latest time that a request may speak of, milliseconds.
    var latestMilliseconds: Int64 { node.log.latestMilliseconds() }

    /// For what expires.
    var retentionClock: RetentionClock { node.log.retentionClock }

    /// The time that an iterator or a token which was issued at a moment is judged by: what has
    /// passed since counts, and not what the clock was set forward.
    func now(after issued: Int64) -> Int64 {
        issued.addingReportingOverflow(retentionClock.age(of: issued)).partialValue
    }

    /// How long iterators and tokens can be used, milliseconds.
    var tokenLifetime: Int64 { node.settings.timeScale.milliseconds(seconds: Limits.tokenSeconds) }

    /// Now, by the clocks of faults.
    var faultTime: FaultTable.Moment { FaultTable.Moment(node) }

    // MARK: Whether it may

    /// Refuses what the caller may not do.
    func authorize(_ resource: Resource) throws(ServiceError) {
        try request.authorize(.operation(operation), on: resource)
    }

    // MARK: What it has done

    /// Hands a change to the catalog. The answer waits until it is durable and published; it is
    /// empty unless `answer` makes one of the result. A refusal has its usual text unless `refusal`
    /// has another.
    func submit(
        _ change: CatalogChange, answer: @escaping (CatalogResult) -> [UInt8] = { _ in [] },
        refusal: @escaping (CatalogRefusal) -> ServiceError? = { _ in nil }
    ) throws(ServiceError) {
        try gateway.submit(
            PendingChange(request: request, change: change, answer: answer, refusal: refusal))
    }

    /// Has the answer made by a thread of the operation's lane. At the bound of the lane the caller
    /// is told to come back.
    func run(
        _ work: @escaping @Sendable (BlockingJob) -> Result<[UInt8], ServiceError>
    ) throws(ServiceError) {
        guard let lane = operation.row.cost.lane else {
            preconditionFailure("An operation of cost class inline went to another thread.")
        }
        try request.run(lane, .answer(request)) { _, job in .answer(work(job)) }
    }

    /// Has a body of many values read on another thread, which performs the operation then.
    func decodeElsewhere(_ body: [UInt8]) {
        gateway.decodeElsewhere(request, BodyPieces([body]))
    }

    /// Answers what may be about many shards or streams: at once when it is about few.
    func succeed(
        about count: Int, _ make: @escaping @Sendable () -> [UInt8]
    ) throws(ServiceError) {
        if count <= Limits.inlineShards { return succeed(make()) }
        try run { _ in .success(make()) }
    }

    /// Answers with the operation's output; empty for operations that have none.
    func succeed(_ body: [UInt8]) { request.succeed(body) }

    /// Answers with an error.
    func fail(_ error: ServiceError) { request.fail(error) }

    /// Counts records of a PutRecords that are told to come back later.
    func countThrottled(_ records: UInt64) {
        gateway.counters[operation].throttled.add(records)
    }

    /// Answers with what was found out.
    func finish(_ result: Result<[UInt8], ServiceError>) { request.finish(result) }

    // MARK: Records

    /// Where records go on their way to the committer.
    var staging: Staging { gateway.staging }

    /// Keeps a put until its records are settled; they come back under its token.
    func keep(_ pending: PendingPut) {
        pending.token = gateway.waiting.insert(.put(pending))
        request.hold()
    }

    /// Every record of a put is settled.
    func forget(_ pending: PendingPut) {
        gateway.waiting.remove(pending.token)
        request.letGo()
    }

    /// The place, among the open shards of a stream, of the next record that goes to one in turn.
    func nextTurn() -> Int { gateway.nextSpread() }

    /// Why the log takes no records.
    var logHealth: Health { node.log.health }

    // MARK: Subscriptions and faults

    /// Whether nothing new is begun any more.
    var isDraining: Bool { gateway.subscriptions.isDraining }

    /// Whether the subscription of a consumer to a shard is too young to be taken over.
    func hasYoungSubscription(_ consumer: ConsumerState, _ shard: ShardState) -> Bool {
        node.slots.isProtected(
            SubscriptionSlots.Key(consumer: consumer.id, shard: shard.number.rawValue),
            now: monotonicNow(),
            protectedFor: node.scaled(seconds: Limits.takeoverProtectionSeconds))
    }

    /// Has the request become a subscription that begins at a place.
    func subscribe(
        _ consumer: ConsumerState, to shard: ShardState, of stream: StreamState,
        from start: ReadStart
    ) {
        gateway.subscriptions.subscribe(request, consumer, stream, shard, start)
    }

    /// Cuts the subscriptions that a fault is for, on every reactor.
    func cutSubscriptions(_ fault: Fault, _ owner: FaultTable.Owner) {
        for reactor in node.counters.indices { node.post(.cut(fault, owner), to: reactor) }
    }
}
