import Glibc
import System
import Testing

@testable import Reactor

/// Lets the first accepts fail.
private final class FailingAccepts: SocketFaults {
    private let code: Int32
    private var remaining: Int
    private(set) var attempts = 0

    init(_ code: Int32, times: Int) {
        self.code = code
        remaining = times
    }

    func before(_ call: SocketCall, count: Int) -> SocketFault {
        attempts += 1
        if remaining == 0 { return .none }
        remaining -= 1
        return .failure(code)
    }
}

struct ListenerTests {
    private func hasIPv6() -> Bool {
        guard let listener = try? Listener.bind(host: "::1", port: 0) else { return false }
        return listener.port != 0
    }

    @Test func `localhost is both families on one port`() throws {
        let listener = try Listener.bind(host: "localhost", port: 0)
        #expect(listener.port != 0)
        var expected = [SocketAddress.loopbackIPv4(port: listener.port)]
        if hasIPv6() { expected.append(.loopbackIPv6(port: listener.port)) }
        #expect(listener.addresses == expected)
    }

    @Test func `connections of both families are accepted, with small pieces sent at once`()
        throws
    {
        let reactor = try Reactor(index: 0)
        let listener = try Listener.bind(host: "localhost", port: 0)
        var accepted: [Socket] = []
        let acceptor = try Acceptor(listener, on: reactor) { accepted.append($0) }
        let clients = try listener.addresses.map { try Socket.connect(to: $0) }
        reactor.turn { accepted.count == clients.count }
        #expect(accepted.count == clients.count)
        for socket in accepted {
            var value: Int32 = 0
            var size = socklen_t(4)
            #expect(
                unsafe getsockopt(
                    socket.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &size) == 0)
            #expect(value != 0)
            #expect(socket.peer?.isLoopback == true)
            #expect(socket.local?.port == listener.port)
        }
        #expect(clients.allSatisfy { $0.connectionError() == nil })
        #expect(reactor.counters.accepts == UInt64(clients.count))
        acceptor.stop()
    }

    @Test func `a port that is taken in one family is given back in the other`() throws {
        guard hasIPv6() else { return }
        let taken = try Listener.bind(host: "::1", port: 0)
        #expect(throws: SystemError(errno: EADDRINUSE, operation: "bind")) {
            _ = try Listener.bind(host: "localhost", port: taken.port)
        }
        let free = try Listener.bind(host: "127.0.0.1", port: taken.port)
        #expect(free.port == taken.port)
    }

    @Test func `a port in use is an error value that says so`() throws {
        let first = try Listener.bind(host: "127.0.0.1", port: 0)
        do {
            _ = try Listener.bind(host: "127.0.0.1", port: first.port)
            Issue.record("the port was given twice")
        } catch {
            #expect(error.isAddressInUse)
            #expect(error.description == "bind: Address already in use")
        }
    }

    @Test func `an address that the machine does not have, or a name, is an error value`() {
        #expect(throws: SystemError(errno: EADDRNOTAVAIL, operation: "bind")) {
            // Reserved for documentation (RFC 5737): no machine has it.
            _ = try Listener.bind(host: "192.0.2.1", port: 0)
        }
        #expect(throws: SystemError(errno: EINVAL, operation: "bind")) {
            _ = try Listener.bind(host: "example.test", port: 0)
        }
    }

    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func `without descriptors nothing is accepted for a while, then all are`(_ code: Int32) throws {
        let reactor = try Reactor(index: 0)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        var accepted: [Socket] = []
        let acceptor = try Acceptor(listener, on: reactor) { accepted.append($0) }
        let faults = FailingAccepts(code, times: 1)
        acceptor.faults = faults
        let clients = try (0..<3).map { _ in try Socket.connect(to: listener.addresses[0]) }
        reactor.turn { acceptor.isPaused }
        #expect(reactor.counters.acceptPauses == 1)
        #expect(accepted.isEmpty)
        // The listener is still readable, but a paused acceptor does not hear of it.
        let attempts = faults.attempts
        let events = reactor.counters.events
        for _ in 0..<20 { reactor.takeTurn(longestWaitNanoseconds: 0) }
        if acceptor.isPaused {
            #expect(faults.attempts == attempts)
            #expect(reactor.counters.events == events)
        }
        reactor.turn { accepted.count == clients.count }
        #expect(accepted.count == clients.count)
        #expect(!acceptor.isPaused)
        acceptor.stop()
    }

    @Test func `without room nothing is accepted, and what waits is accepted when there is`() throws
    {
        let reactor = try Reactor(index: 0)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        var accepted: [Socket] = []
        let acceptor = try Acceptor(listener, on: reactor) { accepted.append($0) }
        var room = 2
        acceptor.mayAccept = { accepted.count < room }
        let clients = try (0..<5).map { _ in try Socket.connect(to: listener.addresses[0]) }
        reactor.turn { accepted.count == 2 && acceptor.isPaused }
        #expect(accepted.count == 2)
        // It asks again now and then, and does not spin in between.
        let turns = reactor.counters.turns
        let end = reactor.now + 200_000_000
        while reactor.now < end { reactor.takeTurn(longestWaitNanoseconds: 200_000_000) }
        #expect(accepted.count == 2)
        #expect(reactor.counters.turns - turns < 100)
        room = 5
        reactor.turn { accepted.count == 5 }
        #expect(accepted.count == 5)
        acceptor.stop()
        withExtendedLifetime(clients) {}
    }

    @Test func `an error that comes every time is not spun on`() throws {
        let reactor = try Reactor(index: 0)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        var accepted: [Socket] = []
        var errors: [SystemError] = []
        let acceptor = try Acceptor(listener, on: reactor) { accepted.append($0) }
        acceptor.pauses = { errors.append($0) }
        acceptor.faults = FailingAccepts(EPERM, times: 1_000)
        let client = try Socket.connect(to: listener.addresses[0])
        reactor.turn { acceptor.isPaused }
        #expect(errors == [SystemError(errno: EPERM, operation: "accept")])
        acceptor.faults = nil
        reactor.turn { !accepted.isEmpty }
        #expect(accepted.count == 1)
        acceptor.stop()
        withExtendedLifetime(client) {}
    }

    @Test func `a connection that died in the queue does not stop the next`() throws {
        let reactor = try Reactor(index: 0)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        var accepted: [Socket] = []
        let acceptor = try Acceptor(listener, on: reactor) { accepted.append($0) }
        acceptor.faults = FailingAccepts(ECONNABORTED, times: 2)
        let client = try Socket.connect(to: listener.addresses[0])
        reactor.turn { !accepted.isEmpty }
        #expect(accepted.count == 1)
        #expect(!acceptor.isPaused)
        withExtendedLifetime(client) {}
    }

    @Test func `an acceptor that is let go accepts no more`() throws {
        let reactor = try Reactor(index: 0)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        var accepted = 0
        var acceptor: Acceptor? = try Acceptor(listener, on: reactor) { _ in accepted += 1 }
        acceptor = nil
        let client = try Socket.connect(to: listener.addresses[0])
        reactor.takeTurn(longestWaitNanoseconds: 1_000_000)
        #expect(accepted == 0)
        #expect(acceptor == nil)
        withExtendedLifetime(client) {}
    }

    @Test func `a refused connection is reported when it becomes writable`() throws {
        let reactor = try Reactor(index: 0)
        let port = try Listener.bind(host: "127.0.0.1", port: 0).port
        let socket: Socket
        do {
            socket = try Socket.connect(to: .loopbackIPv4(port: port))
        } catch {
            #expect(error.errno == ECONNREFUSED)
            return
        }
        var outcome: SystemError?
        var isReady = false
        let registration = try reactor.add(
            socket.descriptor, interest: .writable,
            handler: OnReady { _ in
                isReady = true
                outcome = socket.connectionError() ?? outcome
            })
        reactor.turn { isReady }
        #expect(outcome == SystemError(errno: ECONNREFUSED, operation: "connect"))
        reactor.remove(registration)
    }

    @Test func `what the peer has not acknowledged is counted until it is`() throws {
        let reactor = try Reactor(index: 0)
        let listener = try Listener.bind(host: "127.0.0.1", port: 0)
        var accepted: Socket?
        let acceptor = try Acceptor(listener, on: reactor) { accepted = $0 }
        let client = try Socket.connect(to: listener.addresses[0])
        reactor.turn { accepted != nil }
        let server = try #require(accepted)
        try server.setNotSentLowat(bytes: 16_384)
        try server.setSendBuffer(bytes: 8_192)
        let before = try #require(server.acknowledgedBytes)
        let block = [UInt8](repeating: 7, count: 16_384)
        var sent = 0
        // The client reads nothing, so the kernels' buffers fill up.
        for _ in 0..<10_000 {
            guard case .bytes(let count) = server.write(block.span) else { break }
            sent += count
        }
        #expect(server.unacknowledgedBytes > 0)
        var received = 0
        reactor.turn {
            if case .bytes(let count) = client.read().0 { received += count }
            return received == sent && server.unacknowledgedBytes == 0
        }
        #expect(received == sent)
        #expect(server.unacknowledgedBytes == 0)
        #expect(try #require(server.acknowledgedBytes) - before >= UInt64(sent))
        acceptor.stop()
    }
}
