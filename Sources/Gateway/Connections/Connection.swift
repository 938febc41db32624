import HTTP
import Metrics
import Reactor
import TLS
import Wire

/// One client connection: the socket, TLS and the HTTP session, and the deadlines of all three.
///
/// Stages 1, 2 and 11 of a record's life: bytes from the socket are decrypted into the reactor's
/// scratch and fed to the session; what the session has to say is produced 16 KiB at a time,
/// encrypted and written. Nothing is produced while ciphertext of this connection is unsent, so a
/// slow client costs at most one TLS record here.
final class Connection: ReadinessHandler, TurnHandler {
    let gateway: ReactorGateway
    /// Where it is kept.
    private let home: Connections
    private let reactor: Reactor
    private let clock: TurnClock
    private let counters: GatewayCounters
    private let buffers: IOBuffers
    let openedAt: UInt64
    /// Whose share of the node this connection uses.
    let peer: Peer
    /// `x-amz-id-2` of every answer on this connection: it tells where a request was served, its
    /// request id which one it was.
    let hostID: [UInt8]
    /// What its requests hold of the node's memory.
    let memory: ConnectionMemory
    /// Which of its requests wait, and what was received behind them.
    private let turns: RequestTurns
    private let socket: Socket
    private let tls: TLSConnection
    private var registration: Registration?
    private var interest: Interest = .readable
    private(set) var session: (any Session)?
    /// The first plaintext of a client that did not negotiate by ALPN.
    private var undetected: [UInt8] = []
    private var hasSeenBytes = false
    /// The peer has ended its sending side.
    private var hasInputEnded = false
    private let output: CiphertextOutput
    /// Subscriptions that run on this connection, or wait for their place.
    private var subscriptions = 0
    /// The session is handing over bytes that are not in the socket yet.
    private var isProducing = false
    private var isDirty = false
    private var isClosed = false
    private var closesWhenWritten: CloseReason?
    /// What is counted when the session finishes.
    private var endReason: CloseReason = .finished
    /// Its place among the connections.
    var token: UInt64 = 0
    private(set) var hasMadeRequest = false
    // The list of newcomers owns these two.
    var previousNewcomer: Connection?
    var nextNewcomer: Connection?

    /// Who asks for blocking work on behalf of this connection.
    var jobOwner: JobOwner {
        JobOwner(address: peer.address, reactor: gateway.index, connection: token)
    }

    // Monotonic nanoseconds.
    private var establishedAt: UInt64 = 0
    private var lastActivity: UInt64
    /// Since when this connection only waits for the peer to close.
    private var lingeringSince: UInt64?

    /// Throws when the reactor can watch no more, or there is no memory for TLS.
    init(home: Connections, gateway: ReactorGateway, socket: Socket, peer: Peer) throws {
        self.home = home
        self.gateway = gateway
        self.peer = peer
        self.socket = socket
        reactor = gateway.reactor
        clock = gateway.clock
        counters = gateway.counters
        buffers = home.buffers
        output = CiphertextOutput(socket, gateway, home.buffers)
        memory = ConnectionMemory(gateway.node.memory, peer.memory)
        turns = RequestTurns(memory)
        openedAt = reactor.now
        hostID = gateway.heads.makeHostID()
        lastActivity = openedAt
        tls = try TLSConnection(context: home.tls, scratch: buffers.scratch)
        registration = try reactor.add(socket.descriptor, interest: .readable, handler: self)
    }

    // MARK: From the reactor

    func ready(_ readiness: Readiness) {
        home.http.now = reactor.now
        gateway.refreshSnapshot()
        turns.begin()
        if readiness.contains(.error)
            || readiness.contains(.hangup) && !interest.contains(.readable)
        {
            return close(lingeringSince == nil ? .closedByPeer : endReason)
        }
        if readiness.contains(.writable) { writeUnsent() }
        if readiness.contains(.readable) || readiness.contains(.hangup)
            || readiness.contains(.error)
        {
            readAvailable()
        }
    }

    /// More was received than one turn may serve, or produced than one may write.
    func turn() {
        turns.begin()
        readBacklog()
        markDirty()
    }

    /// The connection has something to write at the end of this turn.
    func markDirty() {
        guard !isDirty, !isClosed else { return }
        isDirty = true
        home.noteDirty(self)
    }

    // MARK: In

    private func readAvailable() {
        for _ in 0..<Limits.readsPerTurn {
            guard !isClosed, closesWhenWritten == nil, !turns.hasBacklog, !hasInputEnded else {
                return
            }
            if lingeringSince == nil, let session, !session.wantsInput {
                // Pipelined requests wait in the kernel until those before them are answered.
                updateInterest()
                return
            }
            if !readOnce() { return }
        }
    }

    /// Reads what the socket has, one buffer full; answers whether there may be more for this turn.
    private func readOnce() -> Bool {
        var result = IOResult.wouldBlock
        var input = buffers.takeInput()
        input.append(addingCapacity: Limits.ioBytes) { output in
            result = socket.read(into: &output)
        }
        defer { buffers.giveBack(input: input) }
        switch result {
        case .bytes(let count):
            lastActivity = reactor.now
            counters.bytesReceived.add(UInt64(count))
            if lingeringSince == nil { receive(input.span) }
            return count == Limits.ioBytes && !turns.isParking && turns.hasTime(clock.read())
        case .wouldBlock: break
        case .closed: inputEnded()
        case .failed: close(.socketError)
        }
        return false
    }

    private func receive(_ input: Span<UInt8>) {
        if !hasSeenBytes {
            hasSeenBytes = true
            if TLSConnection.looksLikePlainHTTP(input) { return answerPlainHTTP() }
        }
        let wasEstablished = tls.isEstablished
        let progress = tls.receive(input) { plaintext in receivePlaintext(plaintext) }
        // Handshake bytes and alerts lie in the reactor's scratch: they go before another
        // connection needs it.
        drainTLSOutput()
        if !wasEstablished, tls.isEstablished {
            counters.handshakes.add()
            establishedAt = reactor.now
            // HTTP/2 servers speak first: some clients wait for our SETTINGS.
            if session == nil, tls.negotiatedProtocol == "h2" { open(.http2) }
        }
        switch progress {
        case .handshaking, .open: markDirty()
        case .closed: inputEnded()
        case .failed: close(wasEstablished ? .protocolError : .handshakeFailed)
        }
    }

    private func receivePlaintext(_ bytes: Span<UInt8>) {
        guard !isClosed, closesWhenWritten == nil else { return }
        if let session { return feed(bytes, to: session) }
        undetected.append(copying: bytes)
        let detected: ProtocolDetector.Verdict =
            switch tls.negotiatedProtocol {
            case "h2": .http2
            case "http/1.1": .http1
            default: ProtocolDetector.detect(undetected.span)
            }
        switch detected {
        case .needMore: return
        case .http2: open(.http2)
        case .http1: open(.http1)
        }
        let first = undetected
        undetected = []
        if let session { feed(first.span, to: session) }
    }

    private func readBacklog() {
        guard turns.hasBacklog, let session, !isClosed else { return }
        let waiting = turns.takeBacklog()
        feed(waiting.span, to: session)
        if hasInputEnded, !turns.hasBacklog, !isClosed { end(session) }
    }

    /// The peer sends no more, and may wait for the answers of whole requests (a half-close). A
    /// subscription has no end that it could wait for, and a call that a fault holds up is not worth
    /// keeping for who may have gone.
    private func inputEnded() {
        guard lingeringSince == nil else { return close(endReason) }
        guard tls.isEstablished, let session, !isClosed else { return close(.closedByPeer) }
        guard !hasInputEnded else { return }
        hasInputEnded = true
        if !turns.hasBacklog { end(session) }
        markDirty()
        updateInterest()
    }

    /// The session has all that was received.
    private func end(_ session: any Session) {
        if endReason == .finished { endReason = .closedByPeer }
        session.inputEnded { exchange in
            guard let request = exchange.attachment as? Request else { return exchange.isAnswered }
            return request.delay == nil && request.subscription == nil
        }
    }

    private func open(_ version: ProtocolDetector.Verdict) {
        session =
            version == .http2
            ? HTTP2Session(context: home.http, handler: self)
            : HTTP1Session(context: home.http, handler: self)
        markDirty()
    }

    /// Gives bytes to the session, and keeps back what is behind more requests than a turn serves.
    private func feed(_ bytes: Span<UInt8>, to session: any Session) {
        markDirty()
        guard !turns.hasBacklog else { return turns.keepBack(bytes) }
        var start = 0
        while start < bytes.count, !isClosed {
            let end = min(start + Limits.feedBytes, bytes.count)
            if case .failed = session.receive(bytes.extracting(start..<end)) {
                // The session says why (GOAWAY or 400) before it is finished.
                endReason = .protocolError
                return closeLost(session)
            }
            start = end
            if start < bytes.count, turns.isParking || !turns.hasTime(clock.read()) {
                turns.keepBack(bytes.extracting(start...))
                return reactor.runNextTurn(self)
            }
        }
    }

    private func answerPlainHTTP() {
        endReason = .plainHTTP
        let answer = PlainHTTP.answer(home.http)
        if case .bytes = socket.write(answer.span) {
            lingeringSince = reactor.now
            socket.shutdownWrites()
        } else {
            close(.plainHTTP)
        }
    }

    // MARK: Out

    /// Writes what the session has to say, at the end of the turn.
    func flush() {
        isDirty = false
        guard !isClosed else { return }
        turns.begin()
        if turns.isParking { turns.resume(clock) { gateway.route($0) } }
        drainTLSOutput()
        var budget = Limits.writesPerTurn
        while output.isEmpty, closesWhenWritten == nil, let session, session.wantsOutput {
            if budget == 0 {
                reactor.runNextTurn(self)
                break
            }
            budget -= 1
            var plaintext = buffers.takePlaintext()
            isProducing = true
            plaintext.append(addingCapacity: Limits.ioBytes) { output in
                session.produce(into: &output)
            }
            isProducing = false
            let isEmpty = plaintext.isEmpty
            if !isEmpty, case .failed = tls.send(plaintext.span) {
                return close(.protocolError)
            }
            buffers.giveBack(plaintext: plaintext)
            if isEmpty { break }
            drainTLSOutput()
        }
        guard !isClosed else { return }
        if turns.couldResume { reactor.runNextTurn(self) }
        if output.isEmpty {
            if let reason = closesWhenWritten { return close(reason) }
            if let session, session.isFinished {
                return session.closesWithInputPending && !hasInputEnded
                    ? linger() : close(endReason)
            }
        }
        updateInterest()
    }

    /// Serves a request now, or when it is its turn.
    func serve(_ request: Request, at now: UInt64) {
        guard turns.mayServe(at: now) else {
            if !memory.mayAnswer { counters.requestsParked.add() }
            return turns.park(request)
        }
        gateway.route(request)
    }

    /// Body bytes of a streamed response that the peer's TCP has acknowledged, at least: what is on
    /// its way is counted with TLS and framing, so the answer is never too high. Nil when the
    /// kernel no longer tells.
    func acknowledgedBodyBytes(of exchange: Exchange) -> UInt64? {
        guard let acknowledged = socket.acknowledgedBytes else { return nil }
        // The kernel counts the connection's SYN as one byte.
        let arrived = min(output.written, acknowledged == 0 ? 0 : acknowledged - 1)
        var underway = output.written - arrived + UInt64(output.count) + output.lost
        if isProducing { underway += UInt64(Limits.ioBytes) }
        return exchange.sentBodyBytes > underway ? exchange.sentBodyBytes - underway : 0
    }

    /// Ciphertext that the socket has not taken.
    var unsentBytes: Int { output.count }

    private func drainTLSOutput() {
        tls.takeOutput { ciphertext in
            if !output.write(ciphertext) { closesWhenWritten = .socketError }
        }
    }

    private func writeUnsent() {
        switch output.writeRest() {
        case .bytes:
            if lingeringSince != nil { socket.shutdownWrites() }
            markDirty()
        case .wouldBlock: updateInterest()
        case .closed: close(.closedByPeer)
        case .failed: close(.socketError)
        }
    }

    private func updateInterest() {
        guard !isClosed, let registration else { return }
        var wanted: Interest = []
        if closesWhenWritten == nil, !hasInputEnded,
            lingeringSince != nil || session?.wantsInput ?? true
        {
            wanted.insert(.readable)
        }
        if !output.isEmpty { wanted.insert(.writable) }
        guard wanted != interest else { return }
        interest = wanted
        do {
            try reactor.update(registration, interest: wanted)
        } catch {
            close(.socketError)
        }
    }

    // MARK: Life

    /// Finishes what runs and takes nothing new.
    func drain() {
        guard let session else { return close(.shutdown) }
        session.drain()
        markDirty()
    }

    /// A subscription runs on this connection, or waits for its place.
    func subscriptionBegan() { subscriptions += 1 }

    func subscriptionEnded() {
        subscriptions -= 1
        // From now on it is this connection that has to take its bytes.
        if subscriptions == 0 { output.begin() }
    }

    /// The whole head of a request has come.
    func madeRequest() {
        guard !hasMadeRequest else { return }
        hasMadeRequest = true
        home.proved(self)
    }

    /// How old it may become without a request while others wait to be accepted, nanoseconds.
    var patience: UInt64 {
        if tls.isEstablished { return establishedAt - openedAt + Limits.requestPatience }
        return hasSeenBytes ? Limits.handshakePatience : Limits.silencePatience
    }

    func close(_ reason: CloseReason) {
        guard !isClosed else { return }
        isClosed = true
        session?.connectionLost()
        if let session { closeLost(session) }
        turns.forget()
        let waits = reason == .finished || reason == .shutdown || hasInputEnded
        if waits, reason != .socketError, output.isEmpty {
            tls.closeNotify()
            tls.takeOutput { ciphertext in _ = socket.write(ciphertext) }
        }
        if let registration { reactor.remove(registration) }
        registration = nil
        socket.close()
        home.forget(self, reason)
    }

    /// Closes the exchanges of a session that has ended, some at a time.
    private func closeLost(_ session: any Session) {
        guard session.hasLostExchanges else { return }
        gateway.slices.add { [self] in
            // Until the last of them this connection is kept, which they report to.
            withExtendedLifetime(self) { session.closeLost(atMost: Limits.lostExchanges) }
        }
    }

    /// Called about once a second.
    func checkDeadlines(now: UInt64) {
        guard !isClosed else { return }
        if let lingeringSince {
            if now > lingeringSince &+ Limits.lingerDeadline { close(endReason) }
            return
        }
        // A slow subscriber is waited for as long as its subscription lives. Nobody else has to hold
        // a record of TLS for longer, however few bytes of it are taken at a time.
        if !output.isEmpty, subscriptions == 0, now > output.stuckSince &+ Limits.writeDeadline {
            return close(.timedOut)
        }
        guard tls.isEstablished else {
            if now > openedAt &+ Limits.handshakeDeadline { close(.handshakeTimeout) }
            return
        }
        guard let session else {
            if now > establishedAt &+ Limits.headDeadline { close(.headTimeout) }
            return
        }
        if session.hasDeadlines, session.enforce(Deadlines()) > 0 {
            endReason = .timedOut
            markDirty()
        }
        if !hasMadeRequest, now > establishedAt &+ Limits.firstRequestDeadline {
            // A whole second round of waiting means that it does not even take its GOAWAY.
            guard endReason != .headTimeout else { return close(.headTimeout) }
            endReason = .headTimeout
            return drain()
        }
        if session.openExchanges == 0, !session.hasIncompleteHead,
            now > lastActivity &+ idleDeadline
        {
            endReason = .idle
            drain()
        }
    }

    /// Shorter while its place is wanted.
    private var idleDeadline: UInt64 {
        let peers = gateway.node.peers
        return peers.isFull || peers.isAtShare(peer)
            ? Limits.idleDeadlineWhenFull : Limits.idleDeadline
    }

    /// The last answer is out, but the peer may still be sending: closing now would make the
    /// kernel reset the connection and the answer be lost. Sends our end, then reads and drops
    /// for a moment.
    private func linger() {
        guard lingeringSince == nil else { return }
        lingeringSince = reactor.now
        if let session { closeLost(session) }
        tls.closeNotify()
        drainTLSOutput()
        if closesWhenWritten != nil { return close(endReason) }
        if output.isEmpty { socket.shutdownWrites() }
        updateInterest()
    }
}
