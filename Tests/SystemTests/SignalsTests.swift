import Glibc
import Testing

import System

struct SignalsTests {
    @Test func `each signal is an event to who waits for it`() throws {
        // The mask of this test's thread is put back: other tests use the thread later.
        var before = sigset_t()
        #expect(unsafe pthread_sigmask(SIG_BLOCK, nil, &before) == 0)
        defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }

        let signals = try Signals()
        // Sent to this thread alone, because the test process has threads that do not block them.
        for (number, request) in [
            (SIGHUP, Signals.Request.reload), (SIGINT, .interrupt), (SIGTERM, .terminate),
        ] {
            #expect(pthread_kill(pthread_self(), number) == 0)
            #expect(signals.wait() == request)
        }
    }
}
