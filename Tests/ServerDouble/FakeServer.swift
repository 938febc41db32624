import Foundation
import HTTP
import Reactor
public import Synchronization
import TLS
import Transport
public import WeirClient

/// A server of a few lines on a reactor of its own, which answers as a test says.
public final class FakeServer: Sendable {
    /// A request as it came.
    public struct Request: Sendable {
        /// Behind the prefix of the target: `PutRecords`.
        public var operation: String
        public var body: [UInt8]

        public var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
        }

        public func text(_ name: String) -> String { json[name] as? String ?? "" }

        /// The type of a subscription's starting position, and its number.
        public var position: String {
            let position = json["StartingPosition"] as? [String: Any] ?? [:]
            let number = position["SequenceNumber"] as? String ?? ""
            return "\(position["Type"] ?? "") \(number)".trimmingCharacters(in: .whitespaces)
        }
    }

    /// What comes behind the frames of a stream.
    public enum End: Sendable {
        case complete
        /// It is complete, and the server drains its connections.
        case leave
        /// Nothing more comes, and it does not end.
        case hold
        case reset
    }

    /// What a request is answered with.
    public enum Answer: Sendable {
        case reply(Int, String)
        /// Bytes of an event stream.
        case stream([[UInt8]], End)
        /// The same frame for ever.
        case flood([UInt8])
        /// No answer.
        case silence

        /// A refusal as the protocol has it.
        public static func refusal(_ code: String, _ message: String = "no") -> Answer {
            .reply(400, "{\"__type\":\"\(code)\",\"message\":\"\(message)\"}")
        }
    }

    public let port: UInt16
    /// Payload of all responses that was handed to the sockets.
    public let sentBytes = Atomic<Int>(0)
    public let connectionCount = Atomic<Int>(0)
    private let thread: ReactorThread
    private let log: FakeLog
    private let seen = Mutex<[Request]>([])

    private struct Certificates: Sendable {
        var trust: [UInt8]
        var identity: Identity
    }

    private static let certificates: Result<Certificates, TLSError> = {
        do throws(TLSError) {
            let now = Int64(Date().timeIntervalSince1970)
            let authority = try CertificateAuthority.create(now: now)
            let issued = try authority.issue(
                names: ["localhost"], addresses: ["127.0.0.1"], now: now)
            let identity = try Identity(
                certificateChainPEM: issued.certificateChainPEM,
                privateKeyPEM: issued.privateKeyPEM)
            return .success(
                Certificates(trust: authority.certificatePEM, identity: identity))
        } catch {
            return .failure(error)
        }
    }()

    /// `script` answers each request, on the server's thread.
    ///
    /// - Parameters:
    ///   - port: Where it listens; 0 picks a free one.
    ///   - greeting: What every connection gets, and then its end, instead of a server.
    public init(
        port wanted: UInt16 = 0, greeting: [UInt8]? = nil,
        _ script: @escaping @Sendable (Request) -> Answer
    ) throws {
        let identity = try Self.certificates.get().identity
        let listener = try Listener.bind(host: "127.0.0.1", port: wanted)
        port = listener.port
        let log = FakeLog()
        self.log = log
        thread = try Reactor.start(index: 0) { reactor in
            guard
                let context = try? TLSContext(server: identity, tickets: TicketKeys(), alpn: ["h2"])
            else { return reactor.stop() }
            let handler = FakeHandler(
                reactor: reactor, context: context, log: log, greeting: greeting, script: script)
            let acceptor = try? Acceptor(listener, on: reactor) { handler.accept($0) }
            reactor.onWake { withExtendedLifetime((handler, acceptor)) {} }
        }
        log.server.withLock { $0 = WeakServer(self) }
    }

    deinit { stop() }

    /// Ends it with its connections; a second call does nothing.
    public func stop() {
        log.isOver.store(true, ordering: .releasing)
        thread.stop()
        thread.join()
    }

    func note(_ request: Request) { seen.withLock { $0.append(request) } }

    public var requests: [Request] { seen.withLock { $0 } }

    public func requests(_ operation: String) -> [Request] {
        requests.filter { $0.operation == operation }
    }

    public func configuration() throws -> ClientConfiguration {
        var configuration = ClientConfiguration(
            endpoint: Endpoint(host: "127.0.0.1", port: port),
            trustedCertificates: try Self.certificates.get().trust)
        configuration.retry.firstMilliseconds = 1
        configuration.retry.longestMilliseconds = 10
        return configuration
    }

    public func client(_ change: (inout ClientConfiguration) -> Void = { _ in }) throws
        -> WeirClient
    {
        var configuration = try configuration()
        change(&configuration)
        return try WeirClient(configuration)
    }
}

/// Where the server's thread writes what it saw; the test's reference decides how long it lives.
final class FakeLog: Sendable {
    let server = Mutex(WeakServer(nil))
    /// The next turn is the last one.
    let isOver = Atomic<Bool>(false)
    func withServer(_ body: (FakeServer) -> Void) {
        if let server = server.withLock({ $0.server }) { body(server) }
    }
}

struct WeakServer: Sendable {
    weak let server: FakeServer?
    init(_ server: FakeServer?) { self.server = server }
}

/// What the connections of a fake server share.
final class FakeHandler: RequestHandler {
    let reactor: Reactor
    let context: TLSContext
    let transport: TransportContext
    let http = HTTPContext()
    let log: FakeLog
    private let greeting: [UInt8]?
    private let script: @Sendable (FakeServer.Request) -> FakeServer.Answer
    private var connections: [ObjectIdentifier: FakeConnection] = [:]
    private var bodies: [ObjectIdentifier: [UInt8]] = [:]
    private var isLeaving = false

    init(
        reactor: Reactor, context: TLSContext, log: FakeLog, greeting: [UInt8]?,
        script: @escaping @Sendable (FakeServer.Request) -> FakeServer.Answer
    ) {
        self.reactor = reactor
        transport = TransportContext(reactor: reactor)
        self.context = context
        self.log = log
        self.greeting = greeting
        self.script = script
        reactor.atEndOfTurn { [weak self] in
            let isOver = log.isOver.load(ordering: .acquiring)
            guard let self else { return }
            let isLeaving = isLeaving
            self.isLeaving = false
            for connection in Array(connections.values) {
                if isLeaving { connection.drain() }
                connection.write()
                if isOver { connection.close() }
            }
        }
    }

    func accept(_ socket: Socket) {
        if let greeting {
            log.withServer { $0.connectionCount.wrappingAdd(1, ordering: .relaxed) }
            _ = socket.write(greeting.span)
            return socket.close()
        }
        guard let connection = try? FakeConnection(socket, self) else { return }
        connections[ObjectIdentifier(connection)] = connection
        log.withServer { $0.connectionCount.wrappingAdd(1, ordering: .relaxed) }
    }

    func remove(_ connection: FakeConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    func requestBegan(_ exchange: Exchange) { bodies[ObjectIdentifier(exchange)] = [] }

    func requestBody(_ exchange: Exchange, _ bytes: Span<UInt8>) {
        for i in bytes.indices { bodies[ObjectIdentifier(exchange)]?.append(bytes[i]) }
        exchange.consumed(bytes.count)
    }

    func requestEnded(_ exchange: Exchange) {
        var target = ""
        if let field = exchange.head.field(.amzTarget) { target = text(field) }
        let request = FakeServer.Request(
            operation: target.split(separator: ".").last.map(String.init) ?? "",
            body: bodies[ObjectIdentifier(exchange)] ?? [])
        log.withServer { $0.note(request) }
        answer(script(request), exchange)
    }

    private func answer(_ answer: FakeServer.Answer, _ exchange: Exchange) {
        var fields = FieldList()
        switch answer {
        case .silence: break
        case .reply(let status, let body):
            fields.append("content-type", "application/x-amz-json-1.1")
            exchange.respond(ResponseHead(status: status, fields: fields), body: Array(body.utf8))
        case .stream(let frames, let end):
            if case .leave = end { isLeaving = true }
            fields.append("content-type", "application/vnd.amazon.eventstream")
            exchange.respond(
                ResponseHead(status: 200, fields: fields),
                source: FrameSource(frames, end, repeats: false, log))
        case .flood(let frame):
            fields.append("content-type", "application/vnd.amazon.eventstream")
            exchange.respond(
                ResponseHead(status: 200, fields: fields),
                source: FrameSource([frame], .hold, repeats: true, log))
        }
    }

    func exchangeClosed(_ exchange: Exchange, _ reason: ExchangeEnd) {
        bodies[ObjectIdentifier(exchange)] = nil
    }

    private func text(_ span: Span<UInt8>) -> String {
        String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
    }
}

/// Frames of an event stream as a response's body.
final class FrameSource: BodySource {
    private let frames: [[UInt8]]
    private let end: FakeServer.End
    private let repeats: Bool
    private let log: FakeLog
    private var index = 0
    private var offset = 0

    init(_ frames: [[UInt8]], _ end: FakeServer.End, repeats: Bool, _ log: FakeLog) {
        self.frames = frames
        self.end = end
        self.repeats = repeats
        self.log = log
    }

    func nextBytes(_ exchange: Exchange) -> BodyPart {
        if index < frames.count { return .unit(bytes: frames[index], offset: offset) }
        return switch end {
        case .complete, .leave: .end
        case .hold: .wait
        case .reset: .reset(.internalError)
        }
    }

    func didSend(_ exchange: Exchange, _ count: Int) {
        log.withServer { $0.sentBytes.wrappingAdd(count, ordering: .relaxed) }
        offset += count
        guard offset == frames[index].count else { return }
        offset = 0
        if !repeats { index += 1 }
    }
}

/// One connection of a fake server.
final class FakeConnection: TLSStreamOwner {
    private static let openNanoseconds: UInt64 = 60_000_000_000

    private let handler: FakeHandler
    private let session: HTTP2Session
    private var stream: TLSStream?

    init(_ socket: Socket, _ handler: FakeHandler) throws {
        self.handler = handler
        session = HTTP2Session(context: handler.http, handler: handler)
        stream = try TLSStream(
            accepting: socket, tls: handler.context, openNanoseconds: Self.openNanoseconds,
            in: handler.transport, owner: self)
    }

    /// No more requests are taken; those under way come to their end.
    func drain() { session.drain() }

    /// What the session has; at the end of a turn.
    func write() {
        guard let stream, stream.phase == .open else { return }
        stream.send { output in
            if session.wantsOutput { session.produce(into: &output) }
        }
        if session.isFinished, stream.canSend { close() }
    }

    func streamOpened(_ stream: TLSStream) {}

    func streamReceived(_ stream: TLSStream, _ plaintext: Span<UInt8>) {
        _ = session.receive(plaintext)
    }

    func streamDrained(_ stream: TLSStream) {}

    func streamEnded(_ stream: TLSStream, _ end: StreamEnd) { leave() }

    func close() {
        stream?.close()
        leave()
    }

    private func leave() {
        guard stream != nil else { return }
        stream = nil
        session.connectionLost()
        handler.remove(self)
    }
}
