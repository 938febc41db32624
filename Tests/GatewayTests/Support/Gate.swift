import Foundation
import HTTP
import Kinesis
import System
import Testing
import TLS
import Wire

@testable import Gateway
@testable import Reactor
@testable import WeirClient

/// Certificates for all tests: making keys is slow.
private enum Certificates {
    static let authority = Result { () throws(TLSError) in
        try CertificateAuthority.create(now: Int64(Date().timeIntervalSince1970))
    }
    static let identity = Result { () throws(TLSError) in
        let issued = try authority.get().issue(
            names: ["localhost"], addresses: ["127.0.0.1"],
            now: Int64(Date().timeIntervalSince1970))
        return try Identity(
            certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
    }
}

/// The gateway with everything below it, on the test's own thread: the test takes the reactors'
/// turns, so what happens between two looks is what it let happen. Only the log's committer and
/// the pool threads run beside it.
final class Gate {
    static let tokenKey = TokenKey(bytes: [UInt8](repeating: 7, count: TokenKey.byteCount))

    let store: Store
    let node: Node
    let reactors: [Reactor]
    let gateways: [ReactorGateway]
    private let clientReactor: Reactor
    private let context: ClientContext
    private var acceptor: Acceptor?
    private var clients: [Client] = []
    /// The reactor that gets the next connection.
    private var target = 0

    init(
        _ store: Store, reactors count: Int = 1, timeScale: Double = 1, bodyMemory: Int = 64 << 20
    ) throws {
        self.store = store
        let node = try Node(
            settings: GatewaySettings(
                region: Store.region, account: Store.account, bodyMemoryBytes: bodyMemory,
                timeScale: TimeScale(factor: timeScale)),
            log: store.log, catalog: store.catalog, tokenKey: Gate.tokenKey, reactors: count)
        self.node = node
        reactors = try (0..<count).map { try Reactor(index: $0) }
        let identity = try Certificates.identity.get()
        let tickets = TicketKeys()
        gateways = try reactors.map {
            try ReactorGateway(node: node, reactor: $0, identity: identity, tickets: tickets)
        }
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        clientReactor = try Reactor(index: count)
        context = ClientContext(
            reactor: clientReactor, endpoint: Endpoint(host: "localhost", port: listener.port),
            addresses: [SocketAddress.loopbackIPv4(port: listener.port)],
            tls: try TLSContext(
                client: try Certificates.authority.get().certificatePEM, alpn: ["h2"]))
        acceptor = try Acceptor(listener, on: clientReactor) { [unowned self] socket in
            guard let address = socket.peer.map({ PeerAddress($0) }),
                case .admitted(let peer) = node.peers.admit(address, now: 0)
            else { return }
            node.post(.accepted(Arrival(descriptor: socket.release(), peer: peer)), to: target)
        }
    }

    /// Ends everything, and removes the store.
    func remove() {
        node.closeConnections()
        try? turn("closed connections") { node.openConnections == 0 }
        // Who has not read that it is over is told here.
        for client in clients { client.abandon() }
        clients = []
        // What is put off to the end of a turn has none else to come.
        turn()
        acceptor?.stop()
        for reactor in reactors + [clientReactor] {
            reactor.stop()
            reactor.run()
        }
        store.remove()
    }

    /// Takes turns until `condition` holds.
    func turn(_ what: String, until condition: () throws -> Bool) throws {
        let limit = Date().addingTimeInterval(10)
        while !(try condition()) {
            guard Date() < limit else { throw TimedOut(description: what) }
            turn()
        }
    }

    /// One turn of every reactor.
    func turn() {
        for reactor in reactors { reactor.takeTurn(longestWaitNanoseconds: 0) }
        clientReactor.takeTurn(longestWaitNanoseconds: 100_000)
    }

    /// Turns in which whatever is going to happen by itself has happened.
    func settle() {
        for _ in 0..<50 { turn() }
    }

    /// A new connection to one of the reactors.
    func connect(
        to reactor: Int = 0,
        _ configuration: HTTP2ClientSession.Configuration = HTTP2ClientSession.Configuration()
    ) throws -> Client {
        target = reactor
        let before = gateways[reactor].connections.count
        let client = Client(self, context, configuration)
        clients.append(client)
        try turn("a connection") { client.isOpen }
        #expect(gateways[reactor].connections.count == before + 1)
        return client
    }
}

/// One HTTP/2 connection of a client that does nothing by itself.
final class Client: ConnectionOwner {
    let gate: Gate
    private(set) var isOpen = false
    private(set) var isOver = false
    private var connection: ClientConnection?

    init(
        _ gate: Gate, _ context: ClientContext, _ configuration: HTTP2ClientSession.Configuration
    ) {
        self.gate = gate
        let connection = ClientConnection(
            context: context, owner: self, configuration: configuration)
        self.connection = connection
        connection.start()
    }

    func connectionOpened(_ connection: ClientConnection) { isOpen = true }
    func connectionClosed(_ connection: ClientConnection, _ error: ClientError?) { isOver = true }

    /// Sends a body in an encoding and does not wait.
    func send(_ operation: String, raw: [UInt8], _ encoding: Wire.Encoding) throws -> Reply {
        try submit(operation, raw, encoding.contentType)
    }

    /// Sends a request and does not wait.
    func send(_ operation: String, _ input: [String: Any], cbor: [UInt8]? = nil) throws -> Reply {
        try submit(
            operation, cbor ?? JSON.bytes(input),
            cbor == nil ? "application/x-amz-json-1.1" : "application/x-amz-cbor-1.1")
    }

    private func submit(
        _ operation: String, _ body: [UInt8], _ contentType: String
    ) throws -> Reply {
        var fields = FieldList()
        let service =
            operation.hasSuffix("Cursors") || operation.hasSuffix("Cursor")
            ? "Weir_20261122" : "Kinesis_20131202"
        fields.append("x-amz-target", "\(service).\(operation)")
        fields.append("content-type", contentType)
        let reply = Reply()
        let call = try #require(
            connection?.submit(fields, body: body, receiver: reply))
        reply.call = call
        return reply
    }

    /// Sends a request and waits for its answer.
    func call(_ operation: String, _ input: [String: Any]) throws -> Reply {
        let reply = try send(operation, input)
        try gate.turn("the answer of \(operation)") { reply.end != nil }
        return reply
    }

    /// The output of a request that has to be fine.
    @discardableResult
    func output(_ operation: String, _ input: [String: Any]) throws -> [String: Any] {
        let reply = try call(operation, input)
        try #require(reply.status == 200, "\(operation): \(text(reply.body))")
        return reply.body.isEmpty ? [:] : try JSON.object(reply.body)
    }

    /// Code and message of a request that has to fail.
    func refusal(_ operation: String, _ input: [String: Any]) throws -> (code: String, String) {
        let reply = try call(operation, input)
        #expect(reply.status >= 400)
        return try reply.error()
    }

    /// Writes what was said outside of a receiver's methods.
    func needsOutput() { connection?.needsOutput() }

    func close() { connection?.close() }
    func abandon() { connection?.abandon() }
}

/// An answer as it comes in.
final class Reply: ResponseReceiver {
    fileprivate(set) var call: ClientCall?
    private(set) var status = 0
    private(set) var body: [UInt8] = []
    private(set) var end: ExchangeEnd?

    /// Bytes that came some other way.
    func take(_ bytes: [UInt8]) { body += bytes }

    func responseBegan(_ call: ClientCall) { status = call.status }
    func responseBody(_ call: ClientCall, _ bytes: Span<UInt8>) { body.append(copying: bytes) }
    func callClosed(_ call: ClientCall, _ reason: ExchangeEnd) {
        end = reason
        self.call = nil
    }

    func error() throws -> (code: String, message: String) {
        let object = try JSON.object(body)
        return (
            try #require(object["__type"] as? String), object["message"] as? String ?? ""
        )
    }

    /// The whole frames that have come.
    func events() throws -> [DecodedEvent] {
        var decoder = EventStreamDecoder()
        let received = body
        decoder.append(received.span)
        var events: [DecodedEvent] = []
        while let message = try decoder.next() { events.append(try DecodedEvent(message)) }
        return events
    }

    func records() throws -> [DecodedRecord] { try events().flatMap(\.records) }
}
