public import Reactor
internal import System
public import TLS

/// Whoever a stream belongs to; called on the reactor's thread. The stream keeps it until it ends.
public protocol TLSStreamOwner: AnyObject {
    /// The handshake is complete: bytes may be sent. Plaintext that came with the end of the
    /// handshake was received before this.
    func streamOpened(_ stream: TLSStream)
    /// 1 to 16,384 bytes came, which are valid during the call only.
    func streamReceived(_ stream: TLSStream, _ plaintext: Span<UInt8>)
    /// The socket has taken what it had refused; more may be sent.
    func streamDrained(_ stream: TLSStream)
    /// The stream is over; once, and not if it was closed from here.
    func streamEnded(_ stream: TLSStream, _ end: StreamEnd)
}

/// TLS on a socket: bytes in, bytes out.
///
/// In the order in which it happens: `start` connects to the first address that takes it (or the
/// socket was accepted); readiness completes the handshake; what is read is decrypted and handed to
/// the owner; what is sent is encrypted and written as far as the socket takes it. What it does not
/// take is kept, and nothing more is taken from the owner until it has left: that is the
/// back-pressure. A stream that is not open in time ends.
public final class TLSStream {
    /// How far a stream is.
    public enum Phase: Sendable, Hashable {
        case connecting
        case handshaking
        case open
        case ended
    }

    public private(set) var phase: Phase
    /// When bytes came last, by the reactor's clock.
    public private(set) var heardAt: UInt64

    private let context: TransportContext
    private let tlsContext: TLSContext
    private let openNanoseconds: UInt64
    /// Nil for an accepted one.
    private let serverName: String?
    private var owner: (any TLSStreamOwner)?

    private var addresses: ArraySlice<SocketAddress>
    private var failure: StreamEnd?
    private var socket: Socket?
    private var registration: Registration?
    private var interest: Interest
    private var tls: TLSConnection?
    /// Ciphertext that the socket has not taken: of one call of `send` at most, or of one write.
    private var rest: [UInt8] = []
    private var restStart = 0
    private var timer: Timer?
    private var deadline: UInt64 = 0

    /// A client's end, which `start` begins.
    ///
    /// - Parameters:
    ///   - addresses: At least one, in the order in which they are tried.
    ///   - serverName: Whom the certificate must be for.
    ///   - openNanoseconds: How long connecting and the handshake may take together.
    public init(
        connectingTo addresses: [SocketAddress], serverName: String, tls: TLSContext,
        openNanoseconds: UInt64, in context: TransportContext, owner: any TLSStreamOwner
    ) {
        precondition(!addresses.isEmpty, "a stream is connected to an address")
        self.context = context
        self.owner = owner
        self.addresses = addresses[...]
        self.serverName = serverName
        self.openNanoseconds = openNanoseconds
        tlsContext = tls
        phase = .connecting
        interest = .writable
        heardAt = context.reactor.now
    }

    /// The server's end on a socket that was accepted, which is its own from here on.
    public init(
        accepting socket: Socket, tls: TLSContext, openNanoseconds: UInt64,
        in context: TransportContext, owner: any TLSStreamOwner
    ) throws(StreamEnd) {
        self.context = context
        self.owner = owner
        self.socket = socket
        self.openNanoseconds = openNanoseconds
        addresses = []
        serverName = nil
        tlsContext = tls
        phase = .handshaking
        interest = .readable
        heardAt = context.reactor.now
        do throws(TLSError) {
            self.tls = try TLSConnection(context: tls, scratch: context.scratch)
        } catch {
            throw .tls(error)
        }
        do throws(SystemError) {
            registration = try context.reactor.add(
                socket.descriptor, interest: interest, handler: self)
        } catch {
            throw .failed(error)
        }
        watch()
    }

    // Connecting

    /// Begins to connect. The owner hears of the outcome later, not from within this call.
    public func start() {
        precondition(phase == .connecting && timer == nil, "a client's end is started once")
        deadline = context.reactor.now + openNanoseconds
        schedule(at: context.reactor.now)
    }

    private func watch() {
        deadline = context.reactor.now + openNanoseconds
        schedule(at: deadline)
    }

    private func schedule(at time: UInt64) {
        let timer = timer ?? Timer { [weak self] in self?.timePassed() }
        self.timer = timer
        context.reactor.schedule(timer, at: time)
    }

    private func timePassed() {
        switch phase {
        case .connecting where socket == nil:
            connect()
            if phase != .ended { schedule(at: deadline) }
        case .connecting, .handshaking: end(.timedOut)
        case .open, .ended: break
        }
    }

    /// Tries the addresses from the present one on.
    private func connect() {
        while let address = addresses.first {
            do throws(SystemError) {
                let socket = try Socket.connect(to: address)
                self.socket = socket
                registration = try context.reactor.add(
                    socket.descriptor, interest: .writable, handler: self)
                return
            } catch {
                failed(address, error)
            }
        }
        guard let failure else { preconditionFailure("an address was tried") }
        end(failure)
    }

    private func failed(_ address: SocketAddress, _ error: SystemError) {
        releaseSocket()
        failure = .unreachable(address, error)
        addresses.removeFirst()
    }

    private func connected() {
        guard let socket, let address = addresses.first else { return }
        if let error = socket.connectionError() {
            failed(address, error)
            return connect()
        }
        // A socket that cannot be told so only waits a little longer for small pieces.
        try? socket.setNoDelay()
        do throws(TLSError) {
            let tls = try TLSConnection(
                context: tlsContext, scratch: context.scratch, serverName: serverName)
            self.tls = tls
            phase = .handshaking
            let progress = tls.start()
            writeOutput()
            proceed(progress)
        } catch {
            return end(.tls(error))
        }
    }

    private func proceed(_ progress: TLSProgress) {
        switch progress {
        case .handshaking: break
        case .open:
            guard phase == .handshaking else { break }
            phase = .open
            if let timer { context.reactor.cancel(timer) }
            timer = nil
            heardAt = context.reactor.now
            owner?.streamOpened(self)
        case .closed: end(.closedByPeer)
        case .failed(let error): end(.tls(error))
        }
    }

    /// The application protocol that was agreed, such as `h2`; nil if none was.
    public var negotiatedProtocol: String? { tls?.negotiatedProtocol }

    // In

    private func read() {
        guard let socket else { return }
        var buffer = context.takeInput()
        for _ in 0..<Limits.readsPerTurn {
            buffer.removeAll(keepingCapacity: true)
            var result = IOResult.wouldBlock
            buffer.append(addingCapacity: Limits.readBytes) { output in
                result = socket.read(into: &output)
            }
            if case .bytes = result { receive(buffer.span) } else { settle(result) }
            if phase == .ended || buffer.count < Limits.readBytes { break }
        }
        context.putBack(input: buffer)
    }

    private func receive(_ ciphertext: Span<UInt8>) {
        guard let tls else { return }
        heardAt = context.reactor.now
        let progress = tls.receive(ciphertext) { plaintext in
            owner?.streamReceived(self, plaintext)
        }
        // Handshake bytes and alerts lie in the shared scratch: they go before another stream needs
        // it.
        writeOutput()
        proceed(progress)
    }

    // Out

    /// Whether bytes may be sent: the handshake is complete, and what was sent has left.
    public var canSend: Bool { phase == .open && restIsEmpty }

    private var restIsEmpty: Bool { restStart == rest.count }

    /// Sends all of `bytes`; what the socket does not take now is kept. Not while `canSend` is
    /// false.
    public func send(_ bytes: Span<UInt8>) {
        precondition(canSend, "what was sent before has left")
        guard let tls else { return }
        var start = 0
        while start < bytes.count, phase == .open {
            for _ in 0..<Limits.recordsPerWrite where start < bytes.count {
                let end = min(start + Limits.recordBytes, bytes.count)
                _ = tls.send(bytes.extracting(start..<end))
                start = end
            }
            writeOutput()
        }
        updateInterest()
    }

    /// Sends what `produce` appends, at most 16,384 bytes at a time, until it appends nothing or
    /// the socket takes no more. Does nothing while `canSend` is false.
    public func send(producing produce: (inout OutputSpan<UInt8>) -> Void) {
        guard canSend, let tls else { return }
        var plaintext = context.takePlaintext()
        while canSend {
            for _ in 0..<Limits.recordsPerWrite {
                plaintext.removeAll(keepingCapacity: true)
                plaintext.append(addingCapacity: Limits.recordBytes) { produce(&$0) }
                if plaintext.isEmpty { break }
                _ = tls.send(plaintext.span)
            }
            if !tls.hasOutput { break }
            writeOutput()
        }
        context.putBack(plaintext: plaintext)
        updateInterest()
    }

    /// Writes the ciphertext that waits, as far as the socket takes it, and keeps what it does not.
    private func writeOutput() {
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
        settle(result)
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
            guard case .bytes(let count) = result else { return settle(result) }
            restStart += count
        }
        rest = []
        restStart = 0
        owner?.streamDrained(self)
    }

    private func updateInterest() {
        guard phase != .ended, let registration else { return }
        let wanted: Interest = restIsEmpty ? .readable : [.readable, .writable]
        guard wanted != interest else { return }
        do throws(SystemError) {
            try context.reactor.update(registration, interest: wanted)
            interest = wanted
        } catch {
            end(.failed(error))
        }
    }

    // The end

    private func settle(_ result: IOResult) {
        switch result {
        case .bytes, .wouldBlock: break
        case .closed: end(.closedByPeer)
        case .failed(let code): end(.failed(SystemError(errno: code, operation: "connection")))
        }
    }

    private func releaseSocket() {
        if let registration { context.reactor.remove(registration) }
        registration = nil
        socket?.close()
        socket = nil
        interest = .writable
    }

    /// Ends it at once, whatever was sent; the owner hears nothing more.
    public func close() {
        guard phase != .ended else { return }
        phase = .ended
        owner = nil
        if let timer { context.reactor.cancel(timer) }
        timer = nil
        releaseSocket()
    }

    private func end(_ end: StreamEnd) {
        guard phase != .ended else { return }
        let owner = owner
        close()
        owner?.streamEnded(self, end)
    }
}

extension TLSStream: ReadinessHandler {
    public func ready(_ readiness: Readiness) {
        switch phase {
        case .ended: return
        case .connecting: connected()
        case .handshaking, .open:
            if readiness.contains(.writable) { writeRest() }
            if phase != .ended, !readiness.isDisjoint(with: [.readable, .hangup, .error]) {
                read()
            }
        }
        updateInterest()
    }
}
