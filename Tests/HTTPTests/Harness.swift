import HTTP

func text(_ span: Span<UInt8>) -> String {
    String(decoding: (0..<span.count).map { span[$0] }, as: UTF8.self)
}

func array(_ span: Span<UInt8>) -> [UInt8] { (0..<span.count).map { span[$0] } }

/// Everything a handler was told about one request.
final class Seen {
    var method = ""
    var path = ""
    var authority = ""
    var fields: [(String, String)] = []
    var body: [UInt8] = []
    var ended = false
    var closed: [ExchangeEnd] = []
    unowned var exchange: Exchange

    init(_ exchange: Exchange) {
        self.exchange = exchange
        method = text(exchange.head.methodName)
        path = text(exchange.head.path)
        authority = text(exchange.head.authority)
        exchange.head.forEach { name, value in
            fields.append(("\(name.text)", text(value)))
        }
    }

    /// One line that two runs can be compared by.
    var summary: String {
        let fields = fields.map { "\($0.0)=\($0.1)" }.joined(separator: ";")
        return "\(method) \(path) \(authority) [\(fields)] \(body.count):\(body.hashValue) \(ended)"
    }
}

/// A handler that notes everything and answers as it is told.
final class TestHandler: RequestHandler {
    var seen: [Seen] = []
    var consumes = true
    var began: (Exchange, Seen) -> Void = { _, _ in }
    var ended: (Exchange, Seen) -> Void = { exchange, seen in
        var head = ResponseHead(status: 200)
        head.fields.append("x-test", "yes")
        exchange.respond(head, body: seen.body)
    }
    private var live: [ObjectIdentifier: Seen] = [:]

    func requestBegan(_ exchange: Exchange) {
        let seen = Seen(exchange)
        self.seen.append(seen)
        live[ObjectIdentifier(exchange)] = seen
        began(exchange, seen)
    }

    func requestBody(_ exchange: Exchange, _ bytes: Span<UInt8>) {
        live[ObjectIdentifier(exchange)]?.body += array(bytes)
        if consumes { exchange.consumed(bytes.count) }
    }

    func requestEnded(_ exchange: Exchange) {
        guard let seen = live[ObjectIdentifier(exchange)] else { return }
        seen.ended = true
        ended(exchange, seen)
    }

    func exchangeClosed(_ exchange: Exchange, _ reason: ExchangeEnd) {
        live.removeValue(forKey: ObjectIdentifier(exchange))?.closed.append(reason)
    }

    /// Requests that were begun and not closed exactly once.
    var unbalanced: Int { seen.count { $0.closed.count != 1 } }
}

/// A source over a list of units, which may run dry.
final class TestSource: BodySource {
    var units: [[UInt8]] = []
    var offset = 0
    var ends = true
    var sent = 0
    var asked = 0
    var last: BodyPart = .end

    init(_ units: [[UInt8]] = [], ends: Bool = true) {
        self.units = units.reversed()
        self.ends = ends
    }

    func add(_ unit: [UInt8]) { units.insert(unit, at: 0) }

    func nextBytes(_ exchange: Exchange) -> BodyPart {
        asked += 1
        if let unit = units.last { return .unit(bytes: unit, offset: offset) }
        return ends ? last : .wait
    }

    func didSend(_ exchange: Exchange, _ count: Int) {
        sent += count
        offset += count
        if let unit = units.last, offset == unit.count {
            units.removeLast()
            offset = 0
        }
    }
}

/// What `produce` gives in outputs of one size, until it has nothing left.
func produceAll(_ session: any Session, capacity: Int = 16_384) -> [UInt8] {
    var all: [UInt8] = []
    while true {
        let piece = [UInt8](capacity: capacity) { session.produce(into: &$0) }
        if piece.isEmpty { return all }
        all += piece
    }
}

func produceOnce(_ session: any Session, capacity: Int = 16_384) -> [UInt8] {
    [UInt8](capacity: capacity) { session.produce(into: &$0) }
}

@discardableResult
func feed(_ session: any Session, _ bytes: [UInt8]) -> SessionState { session.receive(bytes.span) }

@discardableResult
func feed(_ session: any Session, _ text: String) -> SessionState {
    feed(session, Array(text.utf8))
}

/// A client's response as it was received.
final class TestReceiver: ResponseReceiver {
    var status = 0
    var body: [UInt8] = []
    var fields: [String: String] = [:]
    var closed: [ExchangeEnd] = []
    var consumes = false
    var onBody: (ClientCall) -> Void = { _ in }

    func responseBegan(_ call: ClientCall) {
        status = call.status
        call.fields.forEach { fields["\($0.text)"] = text($1) }
    }

    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>) {
        body += array(bytes)
        if consumes { call.consumed(bytes.count) }
        onBody(call)
    }

    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd) { closed.append(reason) }
}

/// A client and a server in one process, joined without sockets.
final class Pair {
    let context: HTTPContext
    let handler = TestHandler()
    let server: HTTP2Session
    let client: HTTP2ClientSession
    var capacity = 16_384
    /// DATA and other bytes that the server sent.
    var serverBytes = 0

    init(
        client configuration: HTTP2ClientSession.Configuration = .init(),
        server serverConfiguration: HTTPConfiguration = .init()
    ) {
        context = HTTPContext(configuration: serverConfiguration)
        server = HTTP2Session(context: context, handler: handler)
        client = HTTP2ClientSession(configuration: configuration)
    }

    /// One exchange of outputs; whether anything moved.
    @discardableResult
    func step() -> Bool {
        let up = [UInt8](capacity: capacity) { client.produce(into: &$0) }
        if !up.isEmpty { _ = server.receive(up.span) }
        let down = [UInt8](capacity: capacity) { server.produce(into: &$0) }
        serverBytes += down.count
        if !down.isEmpty { _ = client.receive(down.span) }
        return !up.isEmpty || !down.isEmpty
    }

    func run() { while step() {} }

    @discardableResult
    func submit(
        _ body: [UInt8] = [], _ receiver: TestReceiver, path: StaticString = "/",
        method: StaticString = "POST", _ fields: FieldList = FieldList()
    ) -> ClientCall? {
        client.submit(
            method: method, path: path, authority: Array("localhost:4567".utf8), fields: fields,
            body: body, receiver: receiver)
    }
}
