import Kinesis
import Testing

@testable import Gateway

private let owner = FaultTable.Owner(account: "123456789012", region: "eu-west-1")
private let orders = RequestSubject(streamName: "orders")
private let invoices = RequestSubject(streamName: "invoices")

/// A time of both clocks, milliseconds.
private func at(_ milliseconds: Int64) -> FaultTable.Moment {
    FaultTable.Moment(node: milliseconds, monotonic: UInt64(milliseconds) * 1_000_000)
}

private func fault(_ kind: Fault.Kind, _ adjust: (inout Fault) -> Void = { _ in }) -> Fault {
    var fault = Fault(kind)
    if kind == .fail { fault.error = ServiceError(.internalFailure, "broken") }
    adjust(&fault)
    return fault
}

struct FaultTableTests {
    private let table = FaultTable()

    private func error(
        _ operation: Operation = .kinesis(.describeStream), about subject: RequestSubject = orders,
        _ owner: FaultTable.Owner = owner, now: FaultTable.Moment = at(0)
    ) -> ErrorCode? {
        table.verdict(operation, about: subject, owner, now: now).error?.code
    }

    @Test func `a fault hits what it is for and nothing else`() throws {
        let id = try table.inject(
            fault(.fail) {
                $0.operation = .describeStream
                $0.streamName = "orders"
            }, owner, now: at(0))
        #expect(error() == .internalFailure)
        #expect(error(about: invoices) == nil)
        #expect(error(.kinesis(.listShards)) == nil)
        #expect(error(orders, FaultTable.Owner(account: "1", region: "eu-west-1")) == nil)
        #expect(error(orders, FaultTable.Owner(account: "123456789012", region: "x")) == nil)
        #expect(table.list(owner, now: at(0)).map(\.hits) == [1])
        #expect(try table.clear(id, owner, now: at(0)) == 1)
        #expect(error() == nil)
    }

    private func error(_ subject: RequestSubject, _ owner: FaultTable.Owner) -> ErrorCode? {
        error(.kinesis(.describeStream), about: subject, owner)
    }

    @Test func `our own operations are never hit`() throws {
        _ = try table.inject(fault(.fail), owner, now: at(0))
        #expect(error(.weir(.clearFaults)) == nil)
        #expect(error(.weir(.commitCursor)) == nil)
        #expect(error(.kinesis(.putRecords)) == .internalFailure)
    }

    @Test(arguments: [(25, 5), (50, 10), (33, 6), (100, 20), (1, 0)])
    func `a share is kept exactly`(percentage: Int, hits: Int) throws {
        _ = try table.inject(fault(.fail) { $0.percentage = percentage }, owner, now: at(0))
        let hit = (0..<20).count { _ in error() != nil }
        #expect(hit == hits)
    }

    @Test func `a fault ends after its hits or its time`() throws {
        _ = try table.inject(fault(.fail) { $0.times = 2 }, owner, now: at(0))
        #expect((0..<4).map { _ in error() != nil } == [true, true, false, false])
        #expect(table.list(owner, now: at(0)).isEmpty)
        _ = try table.inject(fault(.fail) { $0.durationSeconds = 2 }, owner, now: at(1000))
        #expect(error(now: at(2999)) != nil)
        #expect(error(now: at(3000)) == nil)
    }

    @Test func `delays add up, and the first failure counts`() throws {
        for delay in [10, 20] {
            _ = try table.inject(fault(.delay) { $0.delayMilliseconds = delay }, owner, now: at(0))
        }
        _ = try table.inject(fault(.throttle), owner, now: at(0))
        _ = try table.inject(fault(.fail), owner, now: at(0))
        let verdict = table.verdict(.kinesis(.describeStream), about: orders, owner, now: at(0))
        #expect(verdict.delayMilliseconds == 30)
        #expect(verdict.error == .callRateExceeded(.describeStream))
        #expect(table.list(owner, now: at(0)).map(\.hits) == [1, 1, 1, 0])
    }

    @Test func `records of puts are hit one by one`() throws {
        _ = try table.inject(
            fault(.throttle) {
                $0.percentage = 50
                $0.shardIndex = 1
            }, owner, now: at(0))
        #expect(error(.kinesis(.putRecords)) == nil)
        func record(_ shard: UInt32) -> ErrorCode? {
            table.verdict(
                recordOf: .putRecords, stream: "orders", shard: ShardID(index: shard), owner,
                now: at(0)
            )?.code
        }
        #expect((0..<4).map { _ in record(1) != nil } == [false, true, false, true])
        #expect(record(2) == nil)
        // A failure of a whole call is not one of its records, but that of a shard is.
        _ = try table.clear(nil, owner, now: at(0))
        _ = try table.inject(fault(.fail), owner, now: at(0))
        #expect(record(1) == nil)
        _ = try table.inject(fault(.fail) { $0.shardIndex = 2 }, owner, now: at(0))
        #expect(record(2) == .internalFailure)
    }

    @Test func `iterators that were issued before have expired, later ones have not`() throws {
        _ = try table.inject(fault(.expireIterators) { $0.shardIndex = 3 }, owner, now: at(1000))
        func code(shard: UInt32, issued: Int64) -> ErrorCode? {
            var subject = orders
            subject.shardIndex = shard
            subject.iterator = ShardIterator(
                stream: 1, shard: shard, position: .horizon, issuedMilliseconds: issued)
            return error(.kinesis(.getRecords), about: subject, now: at(1000))
        }
        #expect(code(shard: 3, issued: 999) == .expiredIterator)
        #expect(code(shard: 3, issued: 1000) == .expiredIterator)
        #expect(code(shard: 3, issued: 1001) == nil)
        #expect(code(shard: 4, issued: 999) == nil)
    }

    @Test func `subscriptions stand still while the fault lasts`() throws {
        _ = try table.inject(
            fault(.stallSubscriptions) {
                $0.consumerName = "app"
                $0.durationSeconds = 1
            }, owner, now: at(0))
        var subject = orders
        #expect(!table.stalls(subject, owner, now: at(0)))
        subject.consumerName = "app"
        #expect(table.stalls(subject, owner, now: at(999)))
        #expect(!table.stalls(subject, owner, now: at(1000)))
        // A cut is over at once.
        _ = try table.inject(fault(.cutSubscriptions), owner, now: at(2000))
        #expect(table.list(owner, now: at(2000)).isEmpty)
    }

    @Test func `there are at most a hundred, and one that is not there cannot be ended`() throws {
        for _ in 0..<FaultTable.limit { _ = try table.inject(fault(.throttle), owner, now: at(0)) }
        #expect(throws: ServiceError.tooManyFaults(limit: 100)) {
            try table.inject(fault(.throttle), owner, now: at(0))
        }
        #expect(throws: ServiceError.faultNotFound("fault-999")) {
            try table.clear("fault-999", owner, now: at(0))
        }
        #expect(try table.clear(nil, owner, now: at(0)) == 100)
        #expect(try table.clear(nil, owner, now: at(0)) == 0)
    }
}
