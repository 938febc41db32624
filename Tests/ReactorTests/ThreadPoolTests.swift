import Glibc
import Synchronization
import Testing

@testable import Reactor

/// Holds threads until it is opened.
private final class Gate: Sendable {
    private let isOpen = Flag()

    func open() { isOpen.set() }

    func pass() { while !isOpen.isSet { usleep(200) } }
}

struct ThreadPoolTests {
    @Test func `every accepted job runs once, on more threads than one`() throws {
        let pool = try ThreadPool(threads: 3, capacity: 10_000)
        let sum = Atomic<Int>(0)
        let names = Mutex<Set<String>>([])
        let arrived = Atomic<Int>(0)
        for number in 1...3 {
            // Three jobs that wait for each other need three threads.
            let isAdded = pool.run {
                arrived.wrappingAdd(1, ordering: .sequentiallyConsistent)
                while arrived.load(ordering: .sequentiallyConsistent) < 3 { usleep(200) }
                let name = currentThreadName()
                names.withLock { _ = $0.insert(name) }
                sum.wrappingAdd(number, ordering: .relaxed)
            }
            #expect(isAdded)
        }
        for number in 4...1_000 {
            #expect(pool.run { sum.wrappingAdd(number, ordering: .relaxed) })
        }
        pool.stop()
        #expect(sum.load(ordering: .relaxed) == 500_500)
        #expect(names.withLock { $0 } == ["pool-0", "pool-1", "pool-2"])
    }

    @Test func `a full queue refuses, and takes again when it has moved on`() throws {
        let pool = try ThreadPool(threads: 1, capacity: 2)
        let gate = Gate()
        let isRunning = Flag()
        #expect(
            pool.run {
                isRunning.set()
                gate.pass()
            })
        while !isRunning.isSet { usleep(200) }
        #expect(pool.run {})
        #expect(pool.run {})
        #expect(pool.waiting == 2)
        #expect(!pool.run { Issue.record("a refused job ran") })
        gate.open()
        while pool.waiting > 0 { usleep(200) }
        #expect(pool.run {})
        pool.stop()
        #expect(!pool.run { Issue.record("a job ran after the stop") })
    }

    @Test func `one thread keeps the order`() throws {
        let pool = try ThreadPool(threads: 1)
        let order = Mutex<[Int]>([])
        for number in 0..<500 {
            #expect(pool.run { order.withLock { $0.append(number) } })
        }
        pool.stop()
        #expect(order.withLock { $0 } == Array(0..<500))
    }

    @Test func `a job's bytes are released when it has run`() throws {
        let pool = try ThreadPool(threads: 1)
        let released = Flag()
        do {
            let witness = Witness(released)
            #expect(pool.run { withExtendedLifetime(witness) {} })
        }
        for _ in 0..<25_000 where !released.isSet { usleep(200) }
        #expect(released.isSet)
        pool.stop()
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
