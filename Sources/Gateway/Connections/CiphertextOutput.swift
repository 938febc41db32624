import Metrics
import Reactor
import Wire

/// The bytes of one connection on their way into its socket: what the socket does not take waits
/// here, at most a record of TLS and what the handshake has to say.
final class CiphertextOutput {
    private let socket: Socket
    private let reactor: Reactor
    private let counters: GatewayCounters
    private let buffers: IOBuffers
    private var unsent: [UInt8] = []
    private var start = 0
    /// Since when the socket does not take what waits, nanoseconds.
    private(set) var stuckSince: UInt64 = 0
    /// Bytes that the socket has taken.
    private(set) var written: UInt64 = 0
    /// Bytes that a broken one has not.
    private(set) var lost: UInt64 = 0

    init(_ socket: Socket, _ gateway: ReactorGateway, _ buffers: IOBuffers) {
        self.socket = socket
        self.buffers = buffers
        reactor = gateway.reactor
        counters = gateway.counters
    }

    /// Whether nothing waits.
    var isEmpty: Bool { start == unsent.count }

    /// Bytes that wait.
    var count: Int { unsent.count - start }

    /// Whoever is at the other end has to take what waits from now on.
    func begin() { stuckSince = reactor.now }

    /// Writes behind what waits; false if the socket is broken.
    func write(_ ciphertext: Span<UInt8>) -> Bool {
        var taken = 0
        if isEmpty {
            switch socket.write(ciphertext) {
            case .bytes(let count):
                taken = count
                note(count)
            case .wouldBlock: break
            case .closed, .failed:
                lost += UInt64(ciphertext.count)
                return false
            }
            if taken == ciphertext.count { return true }
            unsent = buffers.takeBlock()
            start = 0
            begin()
        }
        // Taken out to be changed: in place it would cost a check at run time at each use.
        var block = takeUnsent()
        block.append(copying: ciphertext.extracting(taken...))
        unsent = block
        return true
    }

    /// Writes what waits as far as the socket takes it, and tells what it said last: `.bytes` when
    /// nothing waits any more.
    func writeRest() -> IOResult {
        var all = 0
        while !isEmpty {
            let block = unsent
            switch socket.write(block.span.extracting(start...)) {
            case .bytes(let count):
                start += count
                all += count
                note(count)
            case let other: return other
            }
        }
        buffers.giveBack(block: takeUnsent())
        start = 0
        return .bytes(all)
    }

    private func takeUnsent() -> [UInt8] {
        let taken = unsent
        unsent = []
        return taken
    }

    private func note(_ count: Int) {
        written += UInt64(count)
        counters.bytesSent.add(UInt64(count))
    }
}
