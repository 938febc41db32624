import Crypto
import Testing

@Suite struct `Random numbers` {
    @Test func `random bytes have the wanted length and differ`() {
        #expect(Random.bytes(0).isEmpty)
        for count in [1, 16, 1000] {
            #expect(Random.bytes(count).count == count)
        }
        #expect(Random.bytes(32) != Random.bytes(32))
        #expect(Random.uint64() != Random.uint64())
    }

    @Test func `a pool never gives a number twice, across its refills and beside another`() {
        var pool = RandomPool()
        var other = RandomPool()
        var seen: Set<UInt64> = []
        for _ in 0..<1000 {
            seen.insert(pool.uint64())
            seen.insert(other.uint64())
        }
        #expect(seen.count == 2000)
    }

    @Test func `every bit of a pool's numbers is sometimes set and sometimes not`() {
        var pool = RandomPool()
        var all = UInt64.max
        var any: UInt64 = 0
        for _ in 0..<200 {
            let number = pool.uint64()
            all &= number
            any |= number
        }
        #expect(all == 0 && any == .max)
    }
}
