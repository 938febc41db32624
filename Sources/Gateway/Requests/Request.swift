import Access
import Catalog
import HTTP
import Kinesis
import Metrics
import Reactor
import ShardLog
import Wire

/// One request from its head to its answer; the attachment of its exchange.
///
/// It answers exactly once. When the client goes away first (`isOpen` false), whatever was asked
/// of the log or of the blocking pool still completes and its result is dropped here.
final class Request {
    let connection: Connection
    let exchange: Exchange
    let gateway: ReactorGateway
    /// Received so far; of a large one the last piece. Whoever has to do with it takes it out: a
    /// property of an object that is changed or passed in place costs a check at run time, wherever
    /// else it is used too.
    private var body: [UInt8] = []
    /// The pieces before it. A large body is not one array: that would be copied each time it grows,
    /// megabytes at once.
    private var pieces: [[UInt8]] = []
    private var pieceBytes = 0
    private var memory: RequestMemory
    /// What of it is for the request and its head.
    private var baseBytes = 0
    private var isHeld = false
    /// The answer was given before the body came to its end; the rest is dropped.
    private(set) var isAnswered = false
    private(set) var isOpen = true

    var operation: Operation?
    var encoding: Encoding = .json
    var caller: Caller
    /// When the request was complete, monotonic nanoseconds.
    var completedAt: UInt64 = 0
    /// What a thread that may wait does for it.
    var work: BlockingWork?
    /// The subscription that this request became.
    var subscription: Subscription?
    /// Performs it later, while an injected fault has it wait.
    var delay: Timer?

    init(connection: Connection, exchange: Exchange, caller: Caller) {
        self.connection = connection
        self.exchange = exchange
        gateway = connection.gateway
        self.caller = caller
        memory = RequestMemory(connection.memory)
    }

    /// Refuses what the caller may not do: the one place where the authorizer is asked.
    func authorize(_ action: Action, on resource: Resource) throws(ServiceError) {
        try gateway.authorizer.authorize(caller, action, on: resource)
    }

    // MARK: Answers

    /// Status 200 with the operation's output; empty for operations that have none.
    func succeed(_ body: [UInt8]) {
        answer(status: 200, body: body, contentType: contentType)
    }

    func fail(_ error: ServiceError) {
        if error.code == .provisionedThroughputExceeded, let operation {
            gateway.counters[operation].throttled.add()
        }
        answer(
            status: error.code.status, body: error.encoded(encoding), contentType: contentType)
    }

    /// Whatever the operation found out, unless it was handed to somebody else.
    func finish(_ result: Result<[UInt8], ServiceError>) {
        switch result {
        case .success(let body): succeed(body)
        case .failure(let error): fail(error)
        }
    }

    /// What a request that is for no operation is answered.
    func refuse(_ refusal: RequestClassifier.Refusal) {
        answer(status: refusal.status, body: refusal.body, contentType: refusal.contentType)
    }

    /// A complete answer that is not an operation's: XML, a page of ours, 413.
    func answer(status: Int, body: [UInt8], contentType: String) {
        guard !isAnswered, isOpen else { return }
        releaseBody()
        guard holdAnswer(body) else {
            gateway.counters.bodyBudgetRefusals.add()
            return fail(.serviceUnavailable)
        }
        isAnswered = true
        let head = gateway.heads.make(status: status, contentType: contentType, for: self)
        count(status: status)
        exchange.respond(head, body: body)
        connection.markDirty()
    }

    /// A page of ours.
    func answer(_ page: PageAnswer) {
        answer(status: page.status, body: page.body, contentType: page.contentType)
    }

    /// The answer to a browser's preflight, which has a request id and no `x-amz-id-2`.
    func answerPreflight(_ fields: [CrossOrigin.Field]) {
        guard !isAnswered, isOpen else { return }
        isAnswered = true
        releaseBody()
        let head = gateway.heads.makePreflight(fields)
        count(status: 200)
        exchange.respond(head, body: [])
        connection.markDirty()
    }

    /// The event stream of a subscription.
    func succeed(streaming source: any BodySource) {
        guard !isAnswered, isOpen else { return }
        isAnswered = true
        releaseBody()
        // What a subscription may hold has bounds of its own.
        keepMemory(0)
        let head = gateway.heads.make(
            status: 200, contentType: "application/vnd.amazon.eventstream", for: self)
        count(status: 200)
        exchange.respond(head, source: source)
        connection.markDirty()
    }

    private var contentType: String { encoding.contentType }

    private func count(status: Int) {
        guard let operation else {
            gateway.counters.unknownRequests.add()
            return
        }
        gateway.counters[operation].answered(
            status: status, nanoseconds: gateway.clock.read() &- completedAt)
    }

    // MARK: Body memory

    /// Bytes of the body received so far.
    var bodyCount: Int { pieceBytes + body.count }

    /// The whole body, for the decoder; its memory stays reserved until the answer. It is in one
    /// piece unless it is larger than what a reactor decodes.
    func takeBody() -> [UInt8] {
        precondition(pieceBytes == 0, "A large body is taken in pieces.")
        return takeLastPiece()
    }

    private func takeLastPiece() -> [UInt8] {
        let taken = body
        body = []
        return taken
    }

    private func keep(_ piece: [UInt8]) {
        pieceBytes = pieceBytes + piece.count
        pieces = pieces + [piece]
    }

    /// The pieces of the whole body, for another thread.
    func takePieces() -> BodyPieces {
        let taken = pieces + [body]
        forgetBody()
        return BodyPieces(taken)
    }

    private func forgetBody() {
        body = []
        guard pieceBytes > 0 else { return }
        pieces = []
        pieceBytes = 0
    }

    /// The body has gone somewhere that lives longer than the request may: its memory stays
    /// reserved until `letGo`.
    func hold() { isHeld = true }

    func letGo() {
        isHeld = false
        if isAnswered || !isOpen { releaseBody() }
    }

    func releaseBody() {
        forgetBody()
        guard !isHeld else { return }
        keepMemory(isOpen ? baseBytes : 0)
    }

    // Through copies, because passing a property of an object costs a check at run time.

    private func keepMemory(_ bytes: Int) {
        var now = memory
        now.keep(bytes)
        memory = now
    }

    private func holdMemory(_ bytes: Int) -> Bool {
        var now = memory
        let fits = now.hold(bytes)
        memory = now
        return fits
    }

    private func holdForAnswer(_ bytes: Int) -> Bool {
        // Most answers are small, and nothing was held for them.
        guard bytes != memory.heldForAnswer else { return true }
        var now = memory
        let fits = now.holdAnswer(bytes)
        memory = now
        return fits
    }

    /// Takes memory for the request and its head; false if there is none.
    func begin() -> Bool {
        baseBytes = Limits.requestBytes + exchange.head.heldBytes
        return holdMemory(baseBytes)
    }

    /// Takes more of the body; false if there is no memory for it.
    func receive(_ bytes: Span<UInt8>) -> Bool {
        var whole = takeLastPiece()
        let charge = BodyCharge.bytes(
            arrived: pieceBytes + whole.count + bytes.count, announced: exchange.head.contentLength)
        guard holdMemory(baseBytes + charge) else { return false }
        if whole.count + bytes.count > whole.capacity {
            // The charge runs ahead, so this is seldom. Beyond the bound of a piece lies what is
            // read at once.
            let most = Limits.inlineBytes + Limits.ioBytes
            whole.reserveCapacity(min(charge - pieceBytes, most))
        }
        whole.append(copying: bytes)
        if whole.count > Limits.inlineBytes {
            keep(whole)
        } else {
            body = whole
        }
        return true
    }

    /// Takes memory for a large answer that is going to be made, which lives until the client has
    /// taken it.
    func reserveAnswer(_ bytes: Int) -> Bool { holdForAnswer(bytes) }

    /// Takes the memory that an answer needs, or gives back what was taken too much. A small one
    /// is within what the request has.
    private func holdAnswer(_ body: [UInt8]) -> Bool {
        let bytes = body.count <= Limits.requestBytes ? 0 : body.capacity
        return holdForAnswer(bytes)
    }

    /// The thread that worked for this request has come to its end.
    func workEnded() {
        work = nil
        releaseAnswer()
    }

    /// What a thread still makes takes its memory until the thread has ended, whether somebody
    /// waits for it or not.
    private func releaseAnswer() {
        guard !isOpen, work == nil else { return }
        _ = holdForAnswer(0)
    }

    /// The exchange is over, whoever ended it.
    func closed() {
        guard isOpen else { return }
        isOpen = false
        if let delay { gateway.reactor.cancel(delay) }
        delay = nil
        if let work, gateway.waiting.giveUp(work) {
            self.work = nil
            isHeld = false
        }
        releaseBody()
        releaseAnswer()
        if let subscription {
            gateway.subscriptions.ended(subscription)
            self.subscription = nil
        }
    }
}
