import Glibc
import Testing
import TestSupport

@testable import Reactor

/// Strikes one call, counted from 0, and makes all later ones short or leaves them alone.
private final class OneFault: SocketFaults {
    private let step: Int
    private let fault: SocketFault
    private(set) var calls = 0

    init(at step: Int, _ fault: SocketFault) {
        self.step = step
        self.fault = fault
    }

    func before(_ call: SocketCall, count: Int) -> SocketFault {
        defer { calls += 1 }
        return calls == step ? fault : .none
    }
}

/// Strikes at random.
private final class RandomFaults: SocketFaults {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    func before(_ call: SocketCall, count: Int) -> SocketFault {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .none
        case 1: .failure(EINTR)
        case 2: .failure(EAGAIN)
        default: .short(Int.random(in: 1...max(1, count / 2), using: &random))
        }
    }
}

struct SocketTests {
    private static let message = (0..<3_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

    /// Moves the message across, in writes and reads of at most 500 bytes.
    private func transfer(from sender: Socket, to receiver: Socket) -> [UInt8] {
        var sent = 0
        var received: [UInt8] = []
        for _ in 0..<100_000 where received.count < Self.message.count {
            if sent < Self.message.count {
                let piece = Array(Self.message[sent..<min(sent + 500, Self.message.count)])
                switch sender.write(piece.span) {
                case .bytes(let count): sent += count
                case .wouldBlock: break
                case let other: Issue.record("write: \(other)")
                }
            }
            let (result, bytes) = receiver.read(500)
            switch result {
            case .bytes(let count): #expect(count == bytes.count)
            case .wouldBlock: #expect(bytes.isEmpty)
            default: Issue.record("read: \(result)")
            }
            received += bytes
        }
        return received
    }

    @Test(arguments: [
        SocketFault.short(1), .short(7), .failure(EINTR), .failure(EAGAIN),
    ])
    func `a fault at any one step changes nothing in what arrives`(_ fault: SocketFault) throws {
        for step in 0..<8 {
            let (near, far) = try connectedPair()
            let writes = OneFault(at: step, fault)
            let reads = OneFault(at: step, fault)
            near.faults = writes
            far.faults = reads
            #expect(transfer(from: near, to: far) == Self.message, "step \(step)")
            #expect(reads.calls > 5)
            #expect(writes.calls > 5)
        }
    }

    @Test func `random faults change nothing in what arrives`() throws {
        for seed in 0..<UInt64(rounds(20)) {
            let (near, far) = try connectedPair()
            near.faults = RandomFaults(seed: seed)
            far.faults = RandomFaults(seed: ~seed)
            #expect(transfer(from: near, to: far) == Self.message, "seed \(seed)")
        }
    }

    @Test func `an injected error is a value with its errno`() throws {
        let (near, _) = try connectedPair()
        near.faults = OneFault(at: 0, .failure(ETIMEDOUT))
        #expect(near.read().0 == .failed(ETIMEDOUT))
        near.faults = OneFault(at: 0, .failure(ENOBUFS))
        #expect(near.write([1].span) == .failed(ENOBUFS))
    }

    @Test func `the end of the stream comes after its last byte`() throws {
        let (near, far) = try connectedPair()
        #expect(far.read().0 == .wouldBlock)
        _ = near.write([1, 2].span)
        near.shutdownWrites()
        #expect(far.read() == (.bytes(2), [1, 2]))
        #expect(far.read().0 == .closed)
        #expect(far.write([3].span) == .bytes(1), "the other direction is open")
    }

    @Test func `a write to a peer that has gone is a value, not a signal`() throws {
        let (near, far) = try connectedPair()
        far.close()
        #expect(near.write([1].span) == .closed)
    }

    @Test func `a full kernel buffer is would-block`() throws {
        let (near, far) = try connectedPair()
        let block = [UInt8](repeating: 1, count: 65_536)
        var sent = 0
        while case .bytes(let count) = near.write(block.span) { sent += count }
        #expect(near.write(block.span) == .wouldBlock)
        #expect(sent > 0)
        while case .bytes = far.read().0 {}
        guard case .bytes = near.write(block.span) else {
            Issue.record("there is room again")
            return
        }
    }

    @Test func `a socket is closed with its last reference, but not once it is released`() throws {
        var (near, far): (Socket?, Socket) = try connectedPair()
        let descriptor = try #require(near).release()
        near = nil
        #expect(far.read().0 == .wouldBlock, "the descriptor is still open")
        var again: Socket? = Socket(descriptor: descriptor)
        #expect(again?.write([1].span) == .bytes(1))
        again = nil
        _ = far.read()
        #expect(far.read().0 == .closed)
    }
}

struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", true, "127.0.0.1:80"), ("127.8.9.1", true, "127.8.9.1:80"),
        ("10.0.0.1", false, "10.0.0.1:80"), ("0.0.0.0", false, "0.0.0.0:80"),
        ("::1", true, "[::1]:80"), ("::", false, "[::]:80"),
        ("::ffff:127.0.0.1", true, "[::ffff:127.0.0.1]:80"), ("fe80::1", false, "[fe80::1]:80"),
    ])
    func `a numeric address is parsed, classified and written`(
        _ text: String, _ isLoopback: Bool, _ description: String
    ) throws {
        let address = try #require(SocketAddress(numeric: text, port: 80))
        #expect(address.isLoopback == isLoopback)
        #expect(address.description == description)
    }

    @Test(arguments: ["", "localhost", "127.0.0", "127.0.0.256", "[::1]", "1", "::g"])
    func `anything else is not a numeric address`(_ text: String) {
        #expect(SocketAddress(numeric: text, port: 80) == nil)
    }

    @Test func `localhost resolves to loopback addresses with the port`() throws {
        let found = try SocketAddress.resolve(host: "localhost", port: 99)
        #expect(!found.isEmpty)
        for address in found {
            #expect(address.isLoopback)
            #expect(address.port == 99)
        }
        #expect(try SocketAddress.resolve(host: "::1", port: 5) == [.loopbackIPv6(port: 5)])
    }

    @Test func `the kernel finds out on either side whether the peer is still there`() throws {
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        let reactor = try Reactor(index: 0)
        var accepted: Socket?
        let acceptor = try Acceptor(listener, on: reactor) { accepted = $0 }
        let client = try Socket.connect(to: .loopbackIPv4(port: listener.port))
        reactor.turn { accepted != nil }
        acceptor.stop()
        func option(_ socket: Socket, _ level: Int32, _ name: Int32) -> Int32 {
            var value: Int32 = -1
            var size = socklen_t(4)
            #expect(unsafe getsockopt(socket.descriptor, level, name, &value, &size) == 0)
            return value
        }
        let tcp = Int32(IPPROTO_TCP)
        let server = try #require(accepted)
        for socket in [server, client] {
            #expect(option(socket, SOL_SOCKET, SO_KEEPALIVE) == 1)
            #expect(option(socket, tcp, TCP_KEEPIDLE) == 60)
            #expect(option(socket, tcp, TCP_KEEPINTVL) == 15)
        }
        // A subscriber may keep its window closed for five minutes.
        #expect(option(server, tcp, TCP_USER_TIMEOUT) == 330_000)
        #expect(option(client, tcp, TCP_USER_TIMEOUT) == 120_000)
    }
}
