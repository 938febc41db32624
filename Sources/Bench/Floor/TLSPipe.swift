import Reactor
import TLS

/// A client's TLS connection without a protocol on it, for a floor server.
final class TLSPipe: ReadinessHandler {
    private let reactor: Reactor
    private let socket: Socket
    private let tls: TLSConnection
    private var registration: Registration?
    private var interest: Interest = .writable
    private var isConnecting = true
    private var rest: [UInt8] = []
    private var restStart = 0
    private var input: [UInt8] = []
    private(set) var isOpen = false
    private(set) var isClosed = false

    var opened: () -> Void = {}
    var received: (Span<UInt8>) -> Void = { _ in }
    var closed: () -> Void = {}

    /// A connection that begins.
    init(
        reactor: Reactor, to address: SocketAddress, serverName: String, context: TLSContext,
        scratch: TLSScratch
    ) throws {
        self.reactor = reactor
        socket = try Socket.connect(to: address)
        tls = try TLSConnection(context: context, scratch: scratch, serverName: serverName)
        registration = try reactor.add(socket.descriptor, interest: interest, handler: self)
    }

    /// Whether `send` may be called.
    var canSend: Bool { isOpen && !isClosed && restStart == rest.count }

    /// Sends all of `bytes`, in TLS records of 16,384.
    func send(_ bytes: Span<UInt8>) {
        precondition(canSend, "what was sent before has left")
        var start = 0
        while start < bytes.count, !isClosed {
            let end = min(start + 16_384, bytes.count)
            _ = tls.send(bytes.extracting(start..<end))
            writeCiphertext()
            start = end
        }
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
