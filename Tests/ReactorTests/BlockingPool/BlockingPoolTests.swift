import Glibc
import Synchronization
import Testing
import TestSupport

@testable import Reactor

/// Holds threads until it is opened.
private final class Gate: Sendable {
    private let isOpen = Flag()

    func open() { isOpen.set() }

    func pass() { while !isOpen.isSet { usleep(200) } }
}

private func owner(_ connection: Int) -> JobOwner {
    JobOwner(
        address: PeerAddress(.loopbackIPv4(port: 1)), reactor: 0, connection: UInt64(connection))
}

/// Waits for something that another thread does; false after ten seconds.
private func waits(for condition: () -> Bool) -> Bool {
    for _ in 0..<50_000 {
        if condition() { return true }
        usleep(200)
    }
    return false
}

extension BlockingPool {
    /// Occupies every thread of a lane until the gate opens.
    fileprivate func occupy(_ lane: Lane, _ threads: Int, _ gate: Gate) throws {
        for number in 0..<threads {
            _ = try run(lane, for: owner(1_000 + number)) { _ in gate.pass() }.get()
        }
        #expect(waits { self.counts(lane).running == threads })
    }
}

struct BlockingPoolTests {
    private static let threads = 2

    @Test func `a lane whose threads all hang holds up no other lane`() throws {
        let pool = try BlockingPool()
        let gate = Gate()
        let threads = BlockingPool.Threads()
        try pool.occupy(.disk, threads.disk, gate)
        try pool.occupy(.processor, threads.processor, gate)
        let ran = Flag()
        let name = Mutex("")
        _ = try pool.run(.pages, for: owner(1)) { _ in
            name.withLock { $0 = currentThreadName() }
            ran.set()
        }.get()
        #expect(waits { ran.isSet })
        #expect(name.withLock { $0 } == "pages-0")
        #expect(pool.counts(.disk).oldestNanoseconds > 0)
        gate.open()
        pool.stop()
        #expect(pool.counts(.disk).done == UInt64(threads.disk))
        guard case .failure(.stopped) = pool.run(.disk, for: owner(1), { _ in }) else {
            Issue.record("a job was taken after the stop")
            return
        }
    }

    @Test func `what is given up before it begins never runs and holds nothing`()
        throws
    {
        let pool = try BlockingPool()
        let gate = Gate()
        try pool.occupy(.disk, BlockingPool.Threads().disk, gate)
        var jobs: [BlockingJob] = []
        // More than the lane has room for: each is given up before the next is asked for.
        for number in 0..<3_000 {
            let released = Flag()
            let witness = Witness(released)
            let job = try pool.run(.disk, for: owner(1)) { [witness] _ in
                withExtendedLifetime(witness) {}
                Issue.record("job \(number) ran")
            }.get()
            _ = consume witness
            #expect(job.cancel())
            #expect(released.isSet)
            #expect(!job.isWanted)
            jobs.append(job)
        }
        #expect(pool.counts(.disk).waiting == 0)
        #expect(pool.counts(.disk).skipped == 3_000)
        #expect(jobs.allSatisfy { !$0.cancel() })
        gate.open()
        pool.stop()
    }

    @Test func `what runs is told that nobody waits any more`() throws {
        let pool = try BlockingPool()
        let began = Flag()
        let ended = Flag()
        let job = try pool.run(.processor, for: owner(1)) { job in
            began.set()
            while job.isWanted { usleep(200) }
            ended.set()
        }.get()
        #expect(waits { began.isSet })
        #expect(!job.cancel())
        #expect(waits { ended.isSet })
        pool.stop()
    }

    @Test func `at its bound a connection is refused alone`() throws {
        let pool = try BlockingPool(capacity: 64, connectionCapacity: 4)
        let gate = Gate()
        try pool.occupy(.disk, BlockingPool.Threads().disk, gate)
        for _ in 0..<4 { _ = try pool.run(.disk, for: owner(1)) { _ in }.get() }
        guard case .failure(.connection) = pool.run(.disk, for: owner(1), { _ in }) else {
            Issue.record("a connection has no bound")
            return
        }
        #expect(pool.counts(.disk).refused == 1)
        _ = try pool.run(.disk, for: owner(2)) { _ in }.get()
        gate.open()
        #expect(waits { pool.counts(.disk).waiting == 0 })
        _ = try pool.run(.disk, for: owner(1)) { _ in }.get()
        pool.stop()
    }

    @Test func `every job runs or was given up, whatever the threads do meanwhile`() throws {
        let seed: UInt64 = 0x5eed_0302
        var generator = SeededGenerator(seed: seed)
        let pool = try BlockingPool()
        let ran = Atomic<Int>(0)
        var accepted = 0
        var skipped = 0
        var late = 0
        var open: [BlockingJob] = []
        for _ in 0..<rounds(5_000) {
            let lane = BlockingPool.Lane.allCases.randomElement(using: &generator) ?? .disk
            let who = owner(Int.random(in: 0..<5, using: &generator))
            let spins = Int.random(in: 0..<200, using: &generator)
            let result = pool.run(lane, for: who) { _ in
                for _ in 0..<spins { ran.wrappingAdd(0, ordering: .relaxed) }
                ran.wrappingAdd(1, ordering: .relaxed)
            }
            if case .success(let job) = result {
                accepted += 1
                open.append(job)
            }
            if Bool.random(using: &generator), let job = open.popLast() {
                if job.cancel() { skipped += 1 } else { late += 1 }
            }
        }
        pool.stop()
        #expect(ran.load(ordering: .relaxed) == accepted - skipped, "seed \(seed)")
        #expect(skipped > 0 && late > 0, "seed \(seed): skipped \(skipped), late \(late)")
    }

    @Test func `addresses are told apart as networks are given out`() throws {
        func address(_ text: String) throws -> PeerAddress {
            PeerAddress(try #require(SocketAddress(numeric: text, port: 1)))
        }
        #expect(try address("192.0.2.7") == address("::ffff:192.0.2.7"))
        #expect(try address("192.0.2.7") != address("192.0.2.8"))
        #expect(try address("2001:db8::1") == address("2001:db8::ffff:1"))
        #expect(try address("2001:db8::1") != address("2001:db8:0:1::1"))
        #expect(try address("192.0.2.7").description == "192.0.2.7")
        #expect(try address("2001:db8:0:1::1").description == "2001:db8:0:1::/64")
        #expect(PeerAddress.node != .unknown)
    }
}

/// The calling thread's name as the kernel has it.
private func currentThreadName() -> String {
    let file = unsafe open("/proc/thread-self/comm", O_RDONLY)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = unsafe read(file, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(count - 1, 0)), as: UTF8.self)
}
