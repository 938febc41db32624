import Glibc
import Synchronization
import System
import Testing

@testable import Reactor

struct ReactorTests {
    @Test func `an event of a closed descriptor does not reach its successor`() throws {
        let reactor = try Reactor(index: 0)
        let (near, far) = try connectedPair()
        let (near2, far2) = try connectedPair()
        let (successor, other) = try connectedPair()
        let sockets = [near, near2]
        var registrations: [Registration] = []
        var delivered: [String] = []
        // Both are ready in one turn. Whoever is first closes the other and puts a third socket
        // under the same number.
        for i in 0..<2 {
            let handler = OnReady { _ in
                delivered.append("original")
                let number = sockets[1 - i].descriptor
                reactor.remove(registrations[1 - i])
                #expect(dup2(successor.descriptor, number) == number)
                do {
                    _ = try reactor.add(
                        number, interest: .readable,
                        handler: OnReady { _ in delivered.append("successor") })
                } catch {
                    Issue.record(error)
                }
            }
            registrations.append(
                try reactor.add(sockets[i].descriptor, interest: .readable, handler: handler))
        }
        _ = far.write([1].span)
        _ = far2.write([1].span)
        reactor.takeTurn()
        #expect(delivered == ["original"])
        #expect(reactor.counters.staleEvents == 1)
        // The successor hears of its own bytes. The first socket is still readable, and its handler
        // must not run again.
        registrations.forEach { reactor.remove($0) }
        _ = other.write([1].span)
        delivered = []
        reactor.turn { !delivered.isEmpty }
        #expect(Set(delivered) == ["successor"])
    }

    @Test func `removing a registration twice leaves a later one of the same descriptor alone`()
        throws
    {
        let reactor = try Reactor(index: 0)
        let (near, far) = try connectedPair()
        let old = try reactor.add(near.descriptor, interest: .readable, handler: OnReady { _ in })
        reactor.remove(old)
        var events = 0
        let new = try reactor.add(
            near.descriptor, interest: .readable, handler: OnReady { _ in events += 1 })
        #expect(old != new)
        reactor.remove(old)
        _ = far.write([1].span)
        reactor.takeTurn()
        #expect(events == 1)
    }

    @Test func `readiness is repeated until the bytes are read`() throws {
        let reactor = try Reactor(index: 0)
        let (near, far) = try connectedPair()
        var events = 0
        let registration = try reactor.add(
            near.descriptor, interest: .readable, handler: OnReady { _ in events += 1 })
        _ = far.write([1].span)
        reactor.takeTurn()
        reactor.takeTurn()
        #expect(events == 2)
        try reactor.update(registration, interest: [])
        reactor.takeTurn(longestWaitNanoseconds: 0)
        #expect(events == 2)
    }

    @Test func `a paused connection hears that its peer has gone, if it asked for that alone`()
        throws
    {
        let reactor = try Reactor(index: 0)
        let (near, far) = try connectedPair()
        var seen: Readiness = []
        _ = try reactor.add(
            near.descriptor, interest: .peerClosed, handler: OnReady { seen = $0 })
        _ = far.write([1].span)
        reactor.takeTurn(longestWaitNanoseconds: 0)
        #expect(seen.isEmpty, "bytes alone are not its business")
        far.shutdownWrites()
        reactor.takeTurn(longestWaitNanoseconds: 1_000_000_000)
        #expect(seen.contains(.peerClosed))
    }

    @Test func `adding a descriptor twice is an error value`() throws {
        let reactor = try Reactor(index: 0)
        let (near, _) = try connectedPair()
        _ = try reactor.add(near.descriptor, interest: .readable, handler: OnReady { _ in })
        #expect(throws: SystemError(errno: EEXIST, operation: "epoll_ctl")) {
            _ = try reactor.add(near.descriptor, interest: .readable, handler: OnReady { _ in })
        }
    }

    @Test func `work left over is called in the next turn, without a wait`() throws {
        let reactor = try Reactor(index: 0)
        var turns: [UInt64] = []
        var handler: OnTurn?
        handler = OnTurn {
            turns.append(reactor.counters.turns)
            if turns.count < 3 { reactor.runNextTurn(handler!) }
        }
        reactor.runNextTurn(handler!)
        // No timer and no event would end a wait.
        for _ in 0..<3 { reactor.takeTurn() }
        #expect(turns == [0, 1, 2])
        handler = nil
    }

    @Test func `what a turn has no time for is first in the next`() throws {
        let reactor = try Reactor(index: 0)
        var ran: [Int] = []
        let handlers = (0..<4).map { number in
            OnTurn {
                ran.append(number)
                // Longer than all of them have together.
                if number == 1 { usleep(2_000) }
                if number == 0 { reactor.runNextTurn(OnTurn { ran.append(9) }) }
            }
        }
        for handler in handlers { reactor.runNextTurn(handler) }
        reactor.takeTurn()
        #expect(ran == [0, 1])
        reactor.takeTurn()
        #expect(ran == [0, 1, 2, 3, 9])
    }

    @Test func `hooks for the end run once, behind the last turn`() throws {
        let ran = Mutex<[String]>([])
        let thread = try Reactor.start(index: 0) { reactor in
            reactor.atEndOfTurn { ran.withLock { $0.append("turn") } }
            reactor.atEnd { ran.withLock { $0.append("end") } }
            reactor.stop()
        }
        thread.join()
        #expect(ran.withLock { $0.count { $0 == "end" } } == 1)
        #expect(ran.withLock { $0.last } == "end")
    }

    @Test func `hooks run in the order of adding, once a turn, after everything else`() throws {
        let reactor = try Reactor(index: 0)
        var ran: [String] = []
        let (near, far) = try connectedPair()
        reactor.atEndOfTurn { ran.append("end 1") }
        reactor.atEndOfTurn { ran.append("end 2") }
        reactor.onWake { ran.append("wake") }
        let timer = Timer { ran.append("timer") }
        reactor.schedule(timer, at: 0)
        let handler = OnTurn { ran.append("turn") }
        reactor.runNextTurn(handler)
        reactor.waker.wake()
        _ = try reactor.add(
            near.descriptor, interest: .readable,
            handler: OnReady { _ in
                ran.append("ready")
            })
        _ = far.write([1].span)
        reactor.takeTurn()
        #expect(ran == ["ready", "wake", "timer", "turn", "end 1", "end 2"])
    }

    @Test func `a reactor releases the handlers that it no longer watches`() throws {
        let reactor = try Reactor(index: 0)
        let (near, _) = try connectedPair()
        var handler: OnReady? = OnReady { _ in }
        weak let observed = handler
        let registration = try reactor.add(
            near.descriptor, interest: .readable, handler: handler!)
        handler = nil
        #expect(observed != nil)
        reactor.remove(registration)
        #expect(observed == nil)
    }

    @Test func `a thread runs its reactor until it is stopped, then releases what it made`()
        throws
    {
        let released = Flag()
        let thread = try Reactor.start(index: 7) { reactor in
            let witness = Witness(released)
            reactor.atEndOfTurn { withExtendedLifetime(witness) {} }
            #expect(reactor.index == 7)
        }
        #expect(!released.isSet)
        thread.stop()
        thread.join()
        #expect(released.isSet)
        #expect(thread.counters.turns >= 1)
    }

    @Test func `a reactor that has stopped releases handlers, timers and hooks that refer to it`()
        throws
    {
        let released = [Flag(), Flag(), Flag(), Flag()]
        let thread = try Reactor.start(index: 0) { reactor in
            do throws(SystemError) {
                let listener = try Listener.bind(host: "127.0.0.1", port: 0)
                let first = Witness(released[0])
                var acceptor: Acceptor?
                acceptor = try Acceptor(listener, on: reactor) { _ in
                    withExtendedLifetime((first, acceptor)) {}
                }
                let second = Witness(released[1])
                let timer = Timer { withExtendedLifetime((second, reactor)) {} }
                reactor.schedule(timer, at: .max)
                let third = Witness(released[2])
                reactor.onWake { withExtendedLifetime((third, reactor, timer)) {} }
                let fourth = Witness(released[3])
                reactor.atEndOfTurn {
                    withExtendedLifetime((fourth, reactor, acceptor)) {}
                    acceptor = nil
                }
            } catch {
                Issue.record(error)
            }
        }
        thread.stop()
        thread.join()
        #expect(released.allSatisfy { $0.isSet })
    }

    @Test func `a system error says what failed and how`() {
        let error = SystemError(errno: EADDRINUSE, operation: "bind")
        #expect(error.description == "bind: Address already in use")
        #expect(error.isAddressInUse)
        #expect(SystemError(errno: EMFILE, operation: "accept").isExhaustion)
        #expect(!error.isExhaustion)
    }
}
