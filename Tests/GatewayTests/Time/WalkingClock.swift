import Catalog
import Kinesis
import ShardLog
import Synchronization
import Testing
import Wire

@testable import Gateway

let hour: Int64 = 3_600_000
let day = 24 * hour

/// Real time, which passes when the test says so, and a wall clock that is off by what it is told.
final class WalkingClock: Sendable {
    private let passed = Atomic<Int64>(0)
    private let off = Atomic<Int64>(0)

    /// Milliseconds that have really passed.
    var real: Int64 { passed.load(ordering: .relaxed) }
    /// What a clock that is right shows.
    var right: Int64 { 1_800_000_000_000 + real }
    var wall: Int64 { right + off.load(ordering: .relaxed) }
    var isRight: Bool { off.load(ordering: .relaxed) == 0 }

    func jump(_ milliseconds: Int64) { off.wrappingAdd(milliseconds, ordering: .relaxed) }
    func putRight() { off.store(0, ordering: .relaxed) }
    func pass(_ milliseconds: Int64) { passed.wrappingAdd(milliseconds, ordering: .relaxed) }
}

/// A store under such a clock, and every record that it has acknowledged.
final class Walk {
    struct Acknowledged {
        var record: TestRecord
        var index: UInt64
        /// When it was put, in real time.
        var at: Int64
    }

    static let tokenKey = TokenKey(bytes: [UInt8](repeating: 9, count: TokenKey.byteCount))

    let clock = WalkingClock()
    let store: Store
    var acknowledged: [UInt32: [Acknowledged]] = [:]
    private var made = 0
    private let what: String

    init(_ what: String, _ rules: ClockRules = ClockRules()) throws {
        self.what = what
        let clock = clock
        store = try Store { configuration in
            configuration.wallMilliseconds = { clock.wall }
            configuration.monotonicMilliseconds = { clock.real }
            configuration.clockRules = rules
            configuration.segmentBytes = 16 << 10
            configuration.segmentFirstBytes = 4 << 10
            configuration.journalFileBytes = 256 << 10
        }
        try store.create("s")
    }

    /// Lets real time pass as it does for a node that runs, with its chores now and then.
    func run(_ milliseconds: Int64) throws {
        var left = milliseconds
        while left > 0 {
            let step = min(left, 60_000)
            clock.pass(step)
            _ = store.log.presentMilliseconds()
            left -= step
        }
        try keepHouse()
    }

    /// What the server's housekeeper does.
    func keepHouse() throws {
        store.log.housekeep()
        try store.catalog.checkpoint()
        let clock = store.log.retentionClock
        let stream = try store.stream("s")
        for shard in stream.shards {
            store.log.trim(shard.log, olderThan: stream.cutoff(clock))
        }
        store.catalog.forgetExpiredShards()
        store.log.housekeep()
    }

    func put(_ count: Int, into shard: UInt32) throws {
        let records = (0..<count).map { number in
            TestRecord(key: "\(made + number)", data: [UInt8](repeating: 7, count: 200))
        }
        made += count
        let indices = try store.put(records, into: try store.shard("s", shard))
        for (record, index) in zip(records, indices) {
            acknowledged[shard, default: []].append(
                Acknowledged(record: record, index: index, at: clock.real))
        }
    }

    /// What reading from here gives.
    func read(
        _ position: ShardIterator.Position, of shard: UInt32
    ) throws -> (records: [DecodedRecord], arrivals: [Int64]) {
        let stream = try store.stream("s")
        let state = try store.shard("s", shard)
        var iterator = ShardIterator(
            stream: stream.id, streamName: "s", shard: shard, position: position,
            issuedMilliseconds: store.log.presentMilliseconds())
        var records: [DecodedRecord] = []
        var arrivals: [Int64] = []
        while true {
            let page = PageReader(
                stream: stream, shard: state, iterator: iterator, limit: 10_000, encoding: .cbor,
                now: store.log.presentMilliseconds(), clock: store.log.retentionClock,
                tokenKey: Self.tokenKey)
            let answer = page.readWaiting()
            // A closed shard without children that are there is over.
            if case .failure = answer, state.isClosed { break }
            let decoded = try DecodedPage(try answer.get(), .cbor)
            records += decoded.records
            arrivals += decoded.arrivals
            guard let next = decoded.next, !decoded.records.isEmpty else { break }
            let opened = ShardIterator.open(next.utf8.span, with: Self.tokenKey)
            iterator = try #require(opened)
        }
        return (records, arrivals)
    }

    /// Every acknowledged record is there for the retention in real time, by every route, and none
    /// before its time or out of order.
    func check(keeping: Int64 = day) throws {
        for (shard, all) in acknowledged {
            guard try store.stream("s").shards[shard] != nil else {
                // Let go when all it had has expired.
                #expect(all.allSatisfy { clock.real - $0.at >= keeping - 2000 }, "\(what)")
                continue
            }
            let (found, arrivals) = try read(.horizon, of: shard)
            let kept = all.suffix(found.count)
            #expect(found.map(\.record) == kept.map(\.record), "\(what), shard \(shard)")
            #expect(found.map(\.number.index) == kept.map(\.index), "\(what), shard \(shard)")
            for lost in all.dropLast(found.count) {
                #expect(
                    clock.real - lost.at >= keeping - 2000,
                    "\(what), shard \(shard): kept \(clock.real - lost.at) ms")
            }
            #expect(arrivals == arrivals.sorted(), "\(what), shard \(shard)")
            try checkRoutes(shard, found, arrivals)
        }
    }

    private func checkRoutes(
        _ shard: UInt32, _ found: [DecodedRecord], _ arrivals: [Int64]
    ) throws {
        guard let last = arrivals.last, let first = arrivals.first else { return }
        for place in [found.count / 2, found.count - 1] {
            let times = [arrivals[place], arrivals[place] + 1, first - day, last + 1]
            for time in times {
                let from = arrivals.firstIndex { $0 >= time } ?? arrivals.count
                let read = try read(.arrival(milliseconds: time), of: shard).records
                #expect(
                    read.map(\.record) == found[from...].map(\.record),
                    "\(what), shard \(shard), from \(time)")
            }
            let after = try read(.after(index: found[place].number.index), of: shard).records
            #expect(
                after.map(\.record) == found[(place + 1)...].map(\.record),
                "\(what), shard \(shard), after \(place)")
        }
    }
}
