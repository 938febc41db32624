import Glibc
import Testing

@testable import Reactor

struct SignalsTests {
    @Test func `each signal arrives as an event on the reactor`() throws {
        // The mask of this test's thread is put back: other tests use the thread later.
        var before = sigset_t()
        #expect(unsafe pthread_sigmask(SIG_BLOCK, nil, &before) == 0)
        defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }

        let reactor = try Reactor(index: 0)
        let signals = try Signals()
        var received: [Signals.Request] = []
        let registration = try signals.deliver(on: reactor) { received.append($0) }
        // Sent to this thread alone, because the test process has threads that do not block them.
        for (number, request) in [
            (SIGHUP, Signals.Request.reload), (SIGINT, .interrupt), (SIGTERM, .terminate),
        ] {
            received = []
            #expect(pthread_kill(pthread_self(), number) == 0)
            reactor.turn { !received.isEmpty }
            #expect(received == [request])
        }
        #expect(pthread_kill(pthread_self(), SIGTERM) == 0)
        reactor.remove(registration)
        #expect(signals.wait() == .terminate)
    }
}
