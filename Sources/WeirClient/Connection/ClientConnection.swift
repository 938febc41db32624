internal import System
public import HTTP
public import Reactor
import TLS

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
        case handshaking
        case open
        case closed
    }

    public let context: ClientContext
    /// The connection's protocol, for what this class does not pass on: counters and PING.
    public let session: HTTP2ClientSession
    public private(set) var state = State.connecting
    /// The owner keeps the connection, not the other way round.
    private weak var owner: (any ConnectionOwner)?

    private var addressIndex = 0
    private var socket: Socket?
    private var registration: Registration?
    private var tls: TLSConnection?
    /// Ciphertext that the socket has not taken: at most what one write holds.
    private var rest: [UInt8] = []
    private var restStart = 0
    private var isNoted = false
    private var isEnding = false
    private var failure: ClientError?
    private var timer: Timer?
    private var deadline: UInt64 = 0
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
        let timer = Timer { [weak self] in self?.watch() }
        self.timer = timer
        context.reactor.schedule(timer, at: context.reactor.now)
        deadline = context.reactor.now + Limits.connectNanoseconds
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

    // Connecting

    private func watch() {
        guard state != .closed, let timer else { return }
        let now = context.reactor.now
        switch state {
        case .connecting where socket == nil: connect()
        case .connecting, .handshaking:
            if now > deadline {
                finish(.unreachable("\(context.endpoint) does not answer"))
            }
        case .open:
            if session.openCalls == 0 {
                heardAt = now
            } else if now > heardAt + Limits.silentNanoseconds {
                finish(.lost("the server has stopped answering"))
            } else if now > heardAt + Limits.quietNanoseconds {
                pings += 1
                session.ping(pings)
                needsOutput()
            }
        case .closed: return
        }
        if state != .closed {
            context.reactor.schedule(timer, at: now + Limits.watchNanoseconds)
        }
    }

    /// Tries the addresses from the present one on.
    private func connect() {
        while addressIndex < context.addresses.count {
            do throws(SystemError) {
                let socket = try Socket.connect(to: context.addresses[addressIndex])
                self.socket = socket
                registration = try context.reactor.add(
                    socket.descriptor, interest: .writable, handler: self)
                return
            } catch {
                failedAddress(error)
            }
        }
        let reason = failure ?? .unreachable("no address")
        finish(reason)
    }

    private func failedAddress(_ error: SystemError) {
        releaseSocket()
        let host = context.addresses[addressIndex]
        failure = .unreachable("cannot connect to \(host): \(error)")
        addressIndex += 1
    }

    private func connected() {
        guard let socket else { return }
        if let error = socket.connectionError() {
            failedAddress(error)
            return connect()
        }
        failure = nil
        do throws(TLSError) {
            let tls = try TLSConnection(
                context: context.tls, scratch: context.scratch, serverName: context.endpoint.host)
            self.tls = tls
            state = .handshaking
            let progress = tls.start()
            sendCiphertext()
            proceed(progress)
        } catch {
            return finish(.unreachable("TLS: \(error.reason)"))
        }
        // A socket that cannot be told so only waits a little longer for small pieces.
        try? socket.setNoDelay()
        updateInterest()
    }

    private func proceed(_ progress: TLSProgress) {
        switch progress {
        case .handshaking: break
        case .open:
            guard state == .handshaking, let tls else { break }
            guard tls.negotiatedProtocol == "h2" else {
                return finish(.unreachable("\(context.endpoint) does not speak HTTP/2"))
            }
            state = .open
            heardAt = context.reactor.now
            needsOutput()
            owner?.connectionOpened(self)
        case .closed: lost(.closed)
        case .failed(let error):
            let reason = "TLS: \(error.reason)"
            finish(state == .open ? .lost(reason) : .unreachable(reason))
        }
    }

    // Reading

    private func read() {
        guard let socket else { return }
        var buffer = context.takeInput()
        for _ in 0..<Limits.readsPerTurn {
            buffer.removeAll(keepingCapacity: true)
            var result = IOResult.wouldBlock
            buffer.append(addingCapacity: Limits.readBytes) { output in
                result = socket.read(into: &output)
            }
            if case .bytes = result { receive(buffer.span) } else { lost(result) }
            if state == .closed || buffer.count < Limits.readBytes { break }
        }
        context.putBack(input: buffer)
    }

    private func receive(_ ciphertext: Span<UInt8>) {
        guard let tls else { return }
        heardAt = context.reactor.now
        var sessionState = SessionState.open
        let progress = tls.receive(ciphertext) { plaintext in
            sessionState = session.receive(plaintext)
        }
        sendCiphertext()
        proceed(progress)
        if case .failed(let error) = sessionState {
            failure = .lost("the server broke HTTP/2: \(error.reason)")
        }
        needsOutput()
    }

    private func lost(_ result: IOResult) {
        switch result {
        case .bytes, .wouldBlock: return
        case .closed:
            finish(
                state == .open
                    ? .lost("the server closed the connection")
                    : .unreachable("\(context.endpoint) closed the connection at once"))
        case .failed(let code):
            let error = SystemError(errno: code, operation: "connection")
            finish(state == .open ? .lost("\(error)") : .unreachable("\(error)"))
        }
    }

    // Writing

    private var restIsEmpty: Bool { restStart == rest.count }

    /// Writes what the session has, as far as the socket takes it; called at the end of a turn.
    func writeOutput() {
        isNoted = false
        guard state == .open, let tls else { return }
        var plaintext = context.takePlaintext()
        while state == .open, restIsEmpty, session.wantsOutput {
            for _ in 0..<Limits.recordsPerWrite where session.wantsOutput {
                plaintext.removeAll(keepingCapacity: true)
                plaintext.append(addingCapacity: Limits.recordBytes) { output in
                    session.produce(into: &output)
                }
                if plaintext.isEmpty { break }
                _ = tls.send(plaintext.span)
            }
            if !tls.hasOutput { break }
            sendCiphertext()
        }
        context.putBack(plaintext: plaintext)
        if state == .open, restIsEmpty, session.isFinished || isEnding {
            finish(isEnding ? nil : failure ?? .lost("the server ended the connection"))
        } else {
            updateInterest()
        }
    }

    private func sendCiphertext() {
        guard let tls, let socket else { return }
        var result = IOResult.bytes(0)
        tls.takeOutput { bytes in
            var start = 0
            while start < bytes.count, restIsEmpty {
                result = socket.write(bytes.extracting(start...))
                guard case .bytes(let count) = result else { break }
                start += count
            }
            if start < bytes.count { keep(bytes.extracting(start...)) }
        }
        lost(result)
    }

    private func keep(_ bytes: Span<UInt8>) {
        if restIsEmpty {
            rest.removeAll(keepingCapacity: true)
            restStart = 0
        }
        rest.append(addingCapacity: bytes.count) { output in
            for i in bytes.indices { output.append(bytes[i]) }
        }
    }

    private func writeRest() {
        guard let socket, !restIsEmpty else { return }
        while !restIsEmpty {
            let result = socket.write(rest.span.extracting(restStart...))
            guard case .bytes(let count) = result else { return lost(result) }
            restStart += count
        }
        rest = []
        restStart = 0
        needsOutput()
    }

    private func updateInterest() {
        guard state != .closed, let registration else { return }
        let wanted: Interest = restIsEmpty ? .readable : [.readable, .writable]
        guard wanted != interest else { return }
        do throws(SystemError) {
            try context.reactor.update(registration, interest: wanted)
            interest = wanted
        } catch {
            finish(.lost("\(error)"))
        }
    }

    private var interest: Interest = .writable

    // The end

    private func releaseSocket() {
        if let registration { context.reactor.remove(registration) }
        registration = nil
        socket?.close()
        socket = nil
        interest = .writable
    }

    private func finish(_ error: ClientError?) {
        guard state != .closed else { return }
        state = .closed
        if let timer { context.reactor.cancel(timer) }
        timer = nil
        releaseSocket()
        failure = error
        session.connectionLost()
        owner?.connectionClosed(self, error)
    }

    /// Why the connection ended, once it has.
    public var closeError: ClientError? { state == .closed ? failure : nil }
}

extension ClientConnection: ReadinessHandler {
    public func ready(_ readiness: Readiness) {
        switch state {
        case .closed: return
        case .connecting: connected()
        case .handshaking, .open:
            if readiness.contains(.writable) { writeRest() }
            if state != .closed, !readiness.isDisjoint(with: [.readable, .hangup, .error]) {
                read()
            }
            updateInterest()
        }
    }
}
