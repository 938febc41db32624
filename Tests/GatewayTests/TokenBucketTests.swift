import Testing

@testable import Gateway

private let second: UInt64 = 1_000_000_000

/// A bucket that expectations may work on.
private final class Bucket {
    private var bucket: TokenBucket

    init(rate: Int, now: UInt64) { bucket = TokenBucket(rate: rate, now: now) }

    func take(_ amount: Int, now: UInt64) -> Bool { bucket.take(amount, now: now) }
    func charge(_ amount: Int, now: UInt64) { bucket.charge(amount, now: now) }
    func solventAt(now: UInt64) -> UInt64 { bucket.solventAt(now: now) }
    func isFull(now: UInt64) -> Bool { bucket.isFull(now: now) }
}

struct TokenBucketTests {
    @Test func `begins full, and holds one second's worth`() {
        let bucket = Bucket(rate: 5, now: 0)
        let taken = (0..<7).map { _ in bucket.take(1, now: 0) }
        #expect(taken == [true, true, true, true, true, false, false])
        // An hour later there is no more than a second's worth.
        let later = (0..<7).map { _ in bucket.take(1, now: 3600 * second) }
        #expect(later == taken)
    }

    @Test func `refills evenly`() {
        let bucket = Bucket(rate: 10, now: 0)
        #expect(bucket.take(10, now: 0))
        var passed = 0
        for step in 1...100 where bucket.take(1, now: UInt64(step) * second / 100) {
            passed += 1
        }
        #expect(passed == 10)
    }

    @Test func `keeps what could not be taken`() {
        let bucket = Bucket(rate: 10, now: 0)
        #expect(bucket.take(6, now: 0))
        #expect(!bucket.take(6, now: 0))
        #expect(bucket.take(4, now: 0))
    }

    @Test
    func `lets something larger than itself through while full, and then nothing until it is paid`()
    {
        let bucket = Bucket(rate: 100, now: 0)
        #expect(bucket.take(1000, now: 0))
        #expect(bucket.solventAt(now: 0) == 10 * second)
        #expect(!bucket.take(1, now: 10 * second))
        #expect(bucket.take(1, now: 10 * second + second / 50))

        let used = Bucket(rate: 100, now: 0)
        #expect(used.take(1, now: 0))
        #expect(!used.take(1000, now: 0))
    }

    @Test func `can be charged what it does not have`() {
        let bucket = Bucket(rate: 100, now: 0)
        bucket.charge(60, now: 0)
        #expect(bucket.solventAt(now: 0) == 0)
        bucket.charge(90, now: 0)
        #expect(bucket.solventAt(now: 0) == second / 2)
        #expect(!bucket.isFull(now: second))
        #expect(bucket.isFull(now: 2 * second))
    }

    @Test func `is not moved by a clock that stands or goes back`() {
        let bucket = Bucket(rate: 1, now: 5 * second)
        #expect(bucket.take(1, now: 5 * second))
        #expect(!bucket.take(1, now: 4 * second))
        #expect(bucket.take(1, now: 6 * second))
    }
}
