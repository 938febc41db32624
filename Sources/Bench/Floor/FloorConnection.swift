import Reactor
import TLS

/// One client of the floor. Its first byte is its role: `P` sends frames, `S` is sent them all.
final class FloorConnection: ReadinessHandler {
    /// What a TLS record carries.
    private static let recordBytes = 16_384
    /// Reads of one readiness, as many as bring the socket's whole buffer.
    private static let readsPerTurn = 64
    /// A producer's bytes that are not a whole frame yet.
    private static let inputBytes = 1 << 20

    private unowned let server: FloorServer
    private let socket: Socket
    private let tls: DirectTLSConnection
    private var registration: Registration?
    private var role: Role?
    private var input: [UInt8] = []
    private var position: UInt64 = 0
    /// Length of a write that is to be repeated.
    private var pending = 0
    /// The socket takes no more; readiness will tell.
    private(set) var isBlocked = false
    private(set) var isClosed = false

    enum Role: UInt8 {
        case producer = 0x50
        case subscriber = 0x53
    }

    init(_ server: FloorServer, _ socket: Socket, _ context: TLSContext) throws {
        self.server = server
        self.socket = socket
        tls = try DirectTLSConnection(accepting: socket.descriptor, context: context)
        registration = try server.reactor.add(
            socket.descriptor, interest: .readable, handler: self)
    }

    func ready(_ readiness: Readiness) {
        if readiness.contains(.writable), role == .subscriber { push() }
        if !isClosed, !readiness.isDisjoint(with: [.readable, .hangup, .error]) { read() }
    }

    private func read() {
        var reads = 0
        while reads < Self.readsPerTurn || tls.hasPending, input.count < Self.inputBytes {
            reads += 1
            var result = DirectTLSConnection.Result.wouldBlock
            input.append(addingCapacity: Self.recordBytes) { output in
                result = tls.read(into: &output)
            }
            guard case .bytes = result else {
                if result == .closed { return close() }
                break
            }
            if role == nil { takeRole() }
            if isClosed { return }
        }
        if role == .producer { relay() }
    }

    private func takeRole() {
        role = Role(rawValue: input.removeFirst())
        switch role {
        case .producer: break
        case .subscriber:
            position = server.ring.head
            // An empty frame: from here on it gets everything.
            guard case .bytes = tls.write([0, 0, 0, 0].span) else { return close() }
            server.joined(self)
        case nil: close()
        }
    }

    /// Hands on the whole frames.
    private func relay() {
        var end = 0
        while let length = frameLength(at: end), end + length <= input.count { end += length }
        guard end > 0 else {
            if input.count >= Self.inputBytes { close() }
            return
        }
        do {
            // A second reference for the span to borrow, given up before the first is changed.
            let bytes = input
            server.relay(bytes.span.extracting(..<end))
        }
        input.removeFirst(end)
    }

    private func frameLength(at place: Int) -> Int? {
        guard place + FloorFrame.lengthBytes <= input.count else { return nil }
        var length = 0
        for i in 0..<FloorFrame.lengthBytes { length |= Int(input[place + i]) << (8 * i) }
        return FloorFrame.lengthBytes + length
    }

    /// Sends what the subscriber has not had.
    func push() {
        let head = server.ring.head
        while position < head {
            guard head - position <= UInt64(FloorRing.bytes) else { return close() }
            let count =
                pending > 0 ? pending : Int(min(head - position, UInt64(Self.recordBytes)))
            switch server.ring.withBytes(at: position, count: count, { tls.write($0) }) {
            case .bytes(let written):
                pending = 0
                position += UInt64(written)
            case .wouldBlock:
                pending = count
                return setBlocked(true)
            case .closed:
                return close()
            }
        }
        setBlocked(false)
    }

    private func setBlocked(_ blocked: Bool) {
        guard blocked != isBlocked, let registration else { return }
        isBlocked = blocked
        let interest: Interest = blocked ? [.readable, .writable] : .readable
        do {
            try server.reactor.update(registration, interest: interest)
        } catch {
            close()
        }
    }

    private func close() {
        guard !isClosed else { return }
        isClosed = true
        if let registration { server.reactor.remove(registration) }
        registration = nil
        socket.close()
        server.ended(self, wasProducer: role == .producer)
    }
}
