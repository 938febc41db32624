public import HTTP
internal import Reactor
internal import TLS
public import Transport

/// Whoever a connection belongs to; called on the reactor's thread.
public protocol ConnectionOwner: AnyObject {
    /// TLS and HTTP/2 are agreed; calls may be submitted.
    func connectionOpened(_ connection: ClientConnection)
    /// The connection is over, after its calls were closed; exactly once. Nil if it was closed
    /// from here.
    func connectionClosed(_ connection: ClientConnection, _ error: ClientError?)
}

/// One HTTP/2 connection over TLS to a server: the layer below `WeirClient`, for programs that
/// make their own requests and want no task for each.
///
/// It belongs to its context's reactor. Requests that are submitted in a turn are written together
/// at its end.
public final class ClientConnection {
    /// How far the connection is.
    public enum State: Sendable, Hashable {
        case connecting
        case open
        case closed
    }

    public let context: ClientContext
    /// The connection's protocol, for what this class does not pass on: counters and PING.
    public let session: HTTP2ClientSession
    public private(set) var state = State.connecting
    /// The owner keeps the connection, not the other way round.
    private weak var owner: (any ConnectionOwner)?

    /// The bytes below the protocol.
    private var stream: TLSStream?
    private var isNoted = false
    private var isEnding = false
    private var failure: ClientError?
    private var timer: Timer?
    /// When the server was last heard, or nothing was asked of it.
    private var heardAt: UInt64 = 0
    private var pings: UInt64 = 0

    /// A connection that `start` begins.
    public init(
        context: ClientContext, owner: any ConnectionOwner,
        configuration: HTTP2ClientSession.Configuration = HTTP2ClientSession.Configuration()
    ) {
        self.context = context
        self.owner = owner
        session = HTTP2ClientSession(configuration: configuration)
    }

    // Life

    /// Begins to connect. The owner hears of the outcome later, not from within this call.
    public func start() {
        let stream = TLSStream(
            connectingTo: context.addresses, serverName: context.endpoint.host, tls: context.tls,
            openNanoseconds: Limits.connectNanoseconds, in: context.transport, owner: self)
        self.stream = stream
        stream.start()
    }

    /// Ends the connection once what is queued was written; calls that are open then are lost.
    public func close() {
        guard state != .closed else { return }
        session.close()
        isEnding = true
        needsOutput()
    }

    /// Ends the connection at once; calls that are open are lost.
    func abandon() { finish(nil) }

    /// Sends a POST with these fields to the path `/`; nil if the connection takes no more calls.
    ///
    /// `fields` holds neither pseudo-fields nor `content-length`. `receiver` is called on the
    /// reactor's thread; from there calls may be submitted and cancelled, and credit returned.
    public func submit(
        _ fields: FieldList, body: [UInt8], receiver: any ResponseReceiver, tag: UInt64 = 0
    ) -> ClientCall? {
        guard state == .open, !isEnding else { return nil }
        needsOutput()
        return session.submit(
            authority: context.authority, fields: fields, body: body, receiver: receiver, tag: tag)
    }

    /// Has to be said after a call was cancelled or credit was returned outside of a receiver's
    /// methods: what the session has for the server is written at the end of the turn.
    public func needsOutput() {
        guard !isNoted else { return }
        isNoted = true
        context.noteOutput(of: self)
    }

    /// Whether another call can be submitted and would be sent at once.
    public var hasRoom: Bool {
        state == .open && !isEnding && !session.isDraining
            && session.openCalls < session.concurrentStreams
    }

    // Watching

    private func watch() {
        guard state == .open, let timer, let stream else { return }
        let now = context.reactor.now
        heardAt = session.openCalls == 0 ? now : max(heardAt, stream.heardAt)
        if now > heardAt + Limits.silentNanoseconds {
            return finish(.lost("the server has stopped answering"))
        }
        if now > heardAt + Limits.quietNanoseconds {
            pings += 1
            session.ping(pings)
            needsOutput()
        }
        context.reactor.schedule(timer, at: now + Limits.watchNanoseconds)
    }

    // Writing

    /// Writes what the session has, as far as the socket takes it; called at the end of a turn.
    func writeOutput() {
        isNoted = false
        guard state == .open, let stream else { return }
        stream.send { [session] output in
            if session.wantsOutput { session.produce(into: &output) }
        }
        if state == .open, stream.canSend, session.isFinished || isEnding {
            finish(isEnding ? nil : failure ?? .lost("the server ended the connection"))
        }
    }

    // The end

    private func finish(_ error: ClientError?) {
        guard state != .closed else { return }
        state = .closed
        if let timer { context.reactor.cancel(timer) }
        timer = nil
        stream?.close()
        stream = nil
        failure = error
        session.connectionLost()
        owner?.connectionClosed(self, error)
    }

    /// Why the connection ended, once it has.
    public var closeError: ClientError? { state == .closed ? failure : nil }
}

extension ClientConnection: TLSStreamOwner {
    public func streamOpened(_ stream: TLSStream) {
        guard stream.negotiatedProtocol == "h2" else {
            return finish(.unreachable("\(context.endpoint) does not speak HTTP/2"))
        }
        state = .open
        heardAt = context.reactor.now
        let timer = Timer { [weak self] in self?.watch() }
        self.timer = timer
        context.reactor.schedule(timer, at: heardAt + Limits.watchNanoseconds)
        needsOutput()
        owner?.connectionOpened(self)
    }

    public func streamReceived(_ stream: TLSStream, _ plaintext: Span<UInt8>) {
        if case .failed(let error) = session.receive(plaintext) {
            failure = .lost("the server broke HTTP/2: \(error.reason)")
        }
        needsOutput()
    }

    public func streamDrained(_ stream: TLSStream) { needsOutput() }

    public func streamEnded(_ stream: TLSStream, _ end: StreamEnd) {
        let wasOpen = state == .open
        switch end {
        case .unreachable(let address, let error):
            finish(.unreachable("cannot connect to \(address): \(error)"))
        case .timedOut: finish(.unreachable("\(context.endpoint) does not answer"))
        case .tls(let error):
            let reason = "TLS: \(error.reason)"
            finish(wasOpen ? .lost(reason) : .unreachable(reason))
        case .closedByPeer:
            finish(
                wasOpen
                    ? .lost("the server closed the connection")
                    : .unreachable("\(context.endpoint) closed the connection at once"))
        case .failed(let error):
            finish(wasOpen ? .lost("\(error)") : .unreachable("\(error)"))
        }
    }
}
