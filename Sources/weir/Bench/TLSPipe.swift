import Reactor
import TLS

/// A TLS connection without a protocol on it, for either end: what the floor is made of.
final class TLSPipe: ReadinessHandler {
    private let reactor: Reactor
    private let socket: Socket
    private let tls: TLSConnection
    private var registration: Registration?
    private var interest: Interest = .writable
    private var isConnecting: Bool
    private var rest: [UInt8] = []
    private var restStart = 0
    private var input: [UInt8] = []
    private(set) var isOpen = false
    private(set) var isClosed = false

    var opened: () -> Void = {}
    var received: (Span<UInt8>) -> Void = { _ in }
    /// What was sent has left, and more can be.
    var drained: () -> Void = {}
    var closed: () -> Void = {}

    /// An accepted socket.
    init(
        reactor: Reactor, accepted socket: Socket, context: TLSContext, scratch: TLSScratch
    ) throws {
        self.reactor = reactor
        self.socket = socket
        tls = try TLSConnection(context: context, scratch: scratch)
        isConnecting = false
        interest = .readable
        registration = try reactor.add(socket.descriptor, interest: interest, handler: self)
    }

    /// A connection that begins.
    init(
        reactor: Reactor, to address: SocketAddress, serverName: String, context: TLSContext,
        scratch: TLSScratch
    ) throws {
        self.reactor = reactor
        socket = try Socket.connect(to: address)
        tls = try TLSConnection(context: context, scratch: scratch, serverName: serverName)
        isConnecting = true
        registration = try reactor.add(socket.descriptor, interest: interest, handler: self)
    }

    /// Whether `send` may be called.
    var canSend: Bool { isOpen && !isClosed && restStart == rest.count }

    /// Sends at most 16,384 bytes as one TLS record.
    func send(_ bytes: Span<UInt8>) {
        precondition(canSend, "one record at a time")
        _ = tls.send(bytes)
        writeCiphertext()
        updateInterest()
    }

    func ready(_ readiness: Readiness) {
        if isClosed { return }
        if isConnecting {
            guard socket.connectionError() == nil else { return close() }
            isConnecting = false
            try? socket.setNoDelay()
            _ = tls.start()
            writeCiphertext()
        } else {
            if readiness.contains(.writable) { writeRest() }
            if !readiness.isDisjoint(with: [.readable, .hangup, .error]) { read() }
        }
        updateInterest()
    }

    private func read() {
        var buffer: [UInt8] = []
        swap(&buffer, &input)
        for _ in 0..<16 where !isClosed {
            buffer.removeAll(keepingCapacity: true)
            var result = IOResult.wouldBlock
            buffer.append(addingCapacity: 65_536) { output in result = socket.read(into: &output) }
            guard case .bytes(let count) = result else {
                if result != .wouldBlock { close() }
                break
            }
            let progress = tls.receive(buffer.span) { received($0) }
            writeCiphertext()
            switch progress {
            case .handshaking: break
            case .open:
                if !isOpen {
                    isOpen = true
                    opened()
                }
            case .closed, .failed: close()
            }
            if count < 65_536 { break }
        }
        swap(&buffer, &input)
    }

    private func writeCiphertext() {
        var isBroken = false
        tls.takeOutput { bytes in
            var start = 0
            while start < bytes.count, restStart == rest.count {
                let result = socket.write(bytes.extracting(start...))
                guard case .bytes(let count) = result else {
                    isBroken = result != .wouldBlock
                    break
                }
                start += count
            }
            if start < bytes.count {
                rest += [UInt8](taking: bytes.extracting(start...), atMost: .max)
            }
        }
        if isBroken { close() }
    }

    private func writeRest() {
        while restStart < rest.count {
            let result = socket.write(rest.span.extracting(restStart...))
            guard case .bytes(let count) = result else {
                if result != .wouldBlock { close() }
                return
            }
            restStart += count
        }
        rest.removeAll(keepingCapacity: true)
        restStart = 0
        drained()
    }

    private func updateInterest() {
        guard !isClosed, let registration else { return }
        let wanted: Interest = restStart == rest.count ? .readable : [.readable, .writable]
        guard wanted != interest else { return }
        interest = wanted
        do { try reactor.update(registration, interest: wanted) } catch { close() }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        if let registration { reactor.remove(registration) }
        registration = nil
        socket.close()
        closed()
    }
}
