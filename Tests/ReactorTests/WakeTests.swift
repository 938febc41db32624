import Glibc
import Synchronization
import System
import Testing
import TestSupport

@testable import Reactor

/// Set on one thread, read on another.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }
}

/// Sets a flag when it is released.
final class Witness: Sendable {
    private let flag: Flag

    init(_ flag: Flag) { self.flag = flag }

    deinit { flag.set() }
}

struct WakeTests {
    /// How many writes the eventfd has seen since the last look.
    private func writes(_ waker: Waker) -> UInt64 {
        var count: UInt64 = 0
        return unsafe read(waker.descriptor, &count, 8) == 8 ? count : 0
    }

    @Test func `many wakes of a sleeper cost one write, and none while it is awake`() throws {
        let waker = try Waker()
        for _ in 0..<100 { waker.wake() }
        #expect(writes(waker) == 0)
        #expect(waker.takeNotice())
        #expect(!waker.takeNotice())

        #expect(waker.fallAsleep())
        for _ in 0..<100 { waker.wake() }
        #expect(writes(waker) == 1)
        #expect(waker.takeNotice())
        #expect(!waker.takeNotice())
    }

    @Test func `a notice before sleep forbids it`() throws {
        let waker = try Waker()
        waker.wake()
        #expect(!waker.fallAsleep())
        #expect(waker.takeNotice())
        #expect(waker.fallAsleep())
    }

    @Test func `a sleep that ends by itself leaves no notice`() throws {
        let waker = try Waker()
        #expect(waker.fallAsleep())
        #expect(!waker.takeNotice())
        waker.wake()
        #expect(writes(waker) == 0, "it is awake again")
        #expect(waker.takeNotice())
    }

    @Test func `a storm of posts from many threads arrives whole and in each thread's order`()
        throws
    {
        let senders = 4
        let perSender = rounds(5_000)
        let total = senders * perSender
        let inboxes = Mutex<Inbox<(sender: Int, number: Int)>?>(nil)
        let isReady = Flag()
        let failures = Atomic<Int>(0)
        let received = Atomic<Int>(0)
        let thread = try Reactor.start(index: 0) { reactor in
            let inbox = Inbox<(sender: Int, number: Int)>(waker: reactor.waker)
            inboxes.withLock { $0 = inbox }
            isReady.set()
            var next = [Int](repeating: 0, count: senders)
            reactor.onWake {
                inbox.drain { message in
                    if next[message.sender] != message.number {
                        failures.wrappingAdd(1, ordering: .relaxed)
                    }
                    next[message.sender] = message.number + 1
                    received.wrappingAdd(1, ordering: .relaxed)
                    return true
                }
                if received.load(ordering: .relaxed) == total { reactor.stop() }
            }
        }
        while !isReady.isSet { usleep(100) }
        let inbox = try #require(inboxes.withLock { $0 })
        let threads = try (0..<senders).map { sender in
            try JoinableThread(name: "sender-\(sender)") {
                for number in 0..<perSender { inbox.post((sender, number)) }
            }
        }
        for sender in threads { sender.join() }
        // Ends only when every message has arrived: a lost wake would make this hang.
        thread.join()
        #expect(received.load(ordering: .relaxed) == total)
        #expect(failures.load(ordering: .relaxed) == 0)
        #expect(thread.counters.wakes <= UInt64(total))
    }

    @Test func `a message posted while draining comes with the next drain`() throws {
        let reactor = try Reactor(index: 0)
        let inbox = Inbox<Int>(waker: reactor.waker)
        var drains: [[Int]] = []
        reactor.onWake {
            var batch: [Int] = []
            inbox.drain { message in
                batch.append(message)
                if message < 3 { inbox.post(message + 1) }
                return true
            }
            drains.append(batch)
        }
        inbox.post(1)
        // The message of the drain wakes the reactor once more, so none of these turns waits.
        for _ in 0..<3 { reactor.takeTurn() }
        #expect(drains == [[1], [2], [3]])
    }

    @Test func `messages for which there is no time come first in the next drain`() throws {
        let reactor = try Reactor(index: 0)
        let inbox = Inbox<Int>(waker: reactor.waker)
        var drains: [[Int]] = []
        reactor.onWake {
            var batch: [Int] = []
            inbox.drain { message in
                batch.append(message)
                if message == 1 { inbox.post(6) }
                return batch.count < 2
            }
            drains.append(batch)
        }
        for message in 1...5 { inbox.post(message) }
        for _ in 0..<3 { reactor.takeTurn(longestWaitNanoseconds: 0) }
        #expect(drains == [[1, 2], [3, 4], [5, 6]])
    }

    @Test func `an inbox that overflows its declared capacity traps`() async {
        await #expect(processExitsWith: .failure) {
            let inbox = Inbox<Int>(waker: try Waker(), capacity: 2)
            for number in 0..<3 { inbox.post(number) }
        }
    }
}
