import Kinesis
import ShardLog
import Testing

@testable import Gateway

private let second: UInt64 = 1_000_000_000
private let one = ShardNumber(rawValue: 1)
private let two = ShardNumber(rawValue: 2)

/// Limits of a text, as from the command line.
private func limits(_ text: String) throws -> RateLimits { RateLimits(try Quotas(text: text)) }

struct RateLimitsTests {
    @Test func `a shard takes bytes and records up to its rates, another shard its own`() throws {
        let limits = try limits("write-bytes=1000,write-records=3")
        let small = (0..<5).map { _ in limits.admitsWrite(one, bytes: 1, now: second) }
        #expect(small == [true, true, true, false, false])
        #expect(limits.admitsWrite(two, bytes: 990, now: second))
        #expect(!limits.admitsWrite(two, bytes: 11, now: second))
        #expect(limits.admitsWrite(two, bytes: 10, now: second))
    }

    @Test func `a record that is refused for its bytes does not count as a record`() throws {
        let limits = try limits("write-bytes=100,write-records=2")
        #expect(limits.admitsWrite(one, bytes: 60, now: second))
        for _ in 0..<5 { #expect(!limits.admitsWrite(one, bytes: 60, now: second)) }
        #expect(limits.admitsWrite(one, bytes: 40, now: second))
    }

    @Test func `a record that is refused as a record costs no bytes`() throws {
        let limits = try limits("write-bytes=100,write-records=1")
        #expect(limits.admitsWrite(one, bytes: 10, now: second))
        for _ in 0..<5 { #expect(!limits.admitsWrite(one, bytes: 90, now: second)) }
        #expect(limits.admitsWrite(one, bytes: 100, now: 2 * second))
    }

    @Test func `reads: five calls a second, and a pause for what was given`() throws {
        let limits = try limits("aws")
        let calls = (0..<6).map { _ in limits.admitsRead(one, now: second) }
        #expect(calls == [true, true, true, true, true, false])
        // Ten megabytes are five seconds' worth.
        limits.didRead(one, bytes: 10 << 20, now: second)
        #expect(!limits.admitsRead(one, now: 6 * second - 1000))
        #expect(limits.admitsRead(one, now: 6 * second + 1000))
        #expect(limits.admitsRead(two, now: second))
    }

    @Test func `calls are counted by account and region, or by stream`() throws {
        let limits = try limits("DescribeLimits=1,ListShards=1")
        func account(_ name: String, _ region: String) -> Bool {
            limits.admitsCall(.describeLimits, account: name, region: region, now: second)
        }
        #expect(account("1", "a"))
        #expect(!account("1", "a"))
        #expect(account("2", "a"))
        #expect(account("1", "b"))
        // Those that are counted by stream are not counted for the account.
        for _ in 0..<3 {
            #expect(limits.admitsCall(.listShards, account: "1", region: "a", now: second))
        }
        #expect(limits.admitsCall(.listShards, stream: 1, now: second))
        #expect(!limits.admitsCall(.listShards, stream: 1, now: second))
        #expect(limits.admitsCall(.listShards, stream: 2, now: second))
        #expect(limits.admitsCall(.createStream, account: "1", region: "a", now: second))
    }

    @Test func `one subscribe a second for a consumer and shard; iterators by shard`() throws {
        let limits = try limits("aws")
        #expect(limits.admitsSubscribe(consumer: 1, one, now: second))
        #expect(!limits.admitsSubscribe(consumer: 1, one, now: second))
        #expect(limits.admitsSubscribe(consumer: 1, two, now: second))
        #expect(limits.admitsSubscribe(consumer: 2, one, now: second))
        #expect(limits.admitsSubscribe(consumer: 1, one, now: 2 * second))
        let iterators = (0..<6).map { _ in limits.admitsIterator(one, now: second) }
        #expect(iterators == [true, true, true, true, true, false])
    }

    @Test func `changes are counted over the last 24 hours`() throws {
        let limits = try limits("mode-changes-per-day=2")
        let hour = 3600 * second
        #expect(limits.remainingToday(.updateShardCount, stream: 1, now: hour) == nil)
        limits.didChange(.updateStreamMode, stream: 1, now: hour)
        limits.didChange(.updateStreamMode, stream: 1, now: 2 * hour)
        #expect(limits.remainingToday(.updateStreamMode, stream: 1, now: 3 * hour) == 0)
        #expect(limits.remainingToday(.updateStreamMode, stream: 2, now: 3 * hour) == 2)
        #expect(limits.remainingToday(.updateStreamMode, stream: 1, now: 25 * hour) == 1)
        #expect(limits.remainingToday(.updateStreamMode, stream: 1, now: 26 * hour) == 2)
    }

    @Test func `buckets that are full again are dropped`() throws {
        let limits = try limits("write-records=1000,DescribeLimits=1")
        for number in 1...1000 {
            #expect(
                limits.admitsWrite(ShardNumber(rawValue: UInt64(number)), bytes: 1, now: second))
        }
        #expect(limits.bucketCount == 1000)
        #expect(limits.admitsCall(.describeLimits, account: "1", region: "a", now: 3 * second))
        #expect(limits.bucketCount == 1)
    }
}
