import Kinesis
import ShardLog
import Testing
import TestSupport

@testable import Catalog

/// The catalog's pure part without a log: a pending state and the payloads that it has made.
struct Journal {
    var state = CatalogState()
    var payloads: [[UInt8]] = []

    @discardableResult
    mutating func perform(
        _ change: CatalogChange, at second: UInt64 = 1_800_000_000,
        under rules: CatalogRules = CatalogRules()
    ) throws(CatalogRefusal) -> CatalogResult {
        let plan = try state.plan(change, at: max(second, state.second), under: rules)
        append(plan.entry)
        return plan.result
    }

    mutating func append(_ entry: any Entry) {
        let numbered = NumberedEntry(serial: state.serial + 1, entry: entry)
        do throws(CatalogError) {
            try state.apply(numbered)
        } catch {
            Issue.record("an entry that was planned does not fit: \(error)")
        }
        payloads.append(numbered.encoded())
    }

    /// The refusal of a change that must be refused, and must leave no trace.
    mutating func refusal(
        _ change: CatalogChange, at second: UInt64 = 1_800_000_000,
        under rules: CatalogRules = CatalogRules()
    ) -> CatalogRefusal? {
        let before = state.encoded()
        do throws(CatalogRefusal) {
            try perform(change, at: second, under: rules)
            return nil
        } catch {
            #expect(state.encoded() == before)
            return error
        }
    }

    static func replay(_ payloads: some Sequence<[UInt8]>) throws -> CatalogState {
        try replay(payloads, onto: CatalogState())
    }

    static func replay(
        _ payloads: some Sequence<[UInt8]>, onto start: CatalogState
    ) throws -> CatalogState {
        var state = start
        for payload in payloads { try state.apply(try NumberedEntry(payload)) }
        return state
    }
}

func key(_ name: String, account: String = "000000000000", region: String = "us-east-1")
    -> StreamKey
{
    StreamKey(account: account, region: region, name: name)
}

func create(_ name: String, shards: Int? = 1) -> CatalogChange {
    .createStream(CreateStreamRequest(key: key(name), shardCount: shards))
}

/// Changes at random, most of them valid, over a few streams and consumers.
struct RandomChanges {
    var generator: SeededGenerator
    var second: UInt64 = 1_800_000_000

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// Tries one change on the journal; refusals are part of the game.
    mutating func step(_ journal: inout Journal) {
        // The clock goes on, stands still, or is set back.
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: second += UInt64.random(in: 1...50_000, using: &generator)
        case 1: second -= UInt64.random(in: 0...20, using: &generator)
        case 2, 3: second += 1
        default: break
        }
        guard let change = choose(journal.state) else { return }
        do throws(CatalogRefusal) {
            try journal.perform(change, at: second)
        } catch {}
    }

    mutating func choose(_ state: CatalogState) -> CatalogChange? {
        let name = key("s\(Int.random(in: 0..<5, using: &generator))")
        guard let stream = state.stream(name) else {
            return .createStream(
                CreateStreamRequest(
                    key: name,
                    shardCount: generator.chance(4)
                        ? nil : Int.random(in: 1...6, using: &generator)))
        }
        let consumer = "c\(Int.random(in: 0..<25, using: &generator))"
        switch Int.random(in: 0..<24, using: &generator) {
        case 20...22:
            let count = stream.open.count
            return .updateStream(
                name,
                .shardCount(Int.random(in: (count + 1) / 2...min(2 * count, 40), using: &generator))
            )
        case 23:
            return .updateStream(
                name, .mode(generator.chance(3) ? .onDemand : .provisioned, warmMiBps: nil))
        case 0: return .deleteStream(name, enforceConsumerDeletion: generator.chance(2))
        case 1...6:
            let shard = stream.open[Int.random(in: 0..<stream.open.count, using: &generator)]
            let hashKey = UInt128.random(
                in: shard.range.start...shard.range.end, using: &generator)
            return .splitShard(name, shard: shard.id, newStartingHashKey: hashKey)
        case 7...11:
            guard stream.open.count > 1 else { return nil }
            let place = Int.random(in: 0..<stream.open.count - 1, using: &generator)
            return .mergeShards(
                name, shard: stream.open[place].id, adjacent: stream.open[place + 1].id)
        case 12...14: return .registerConsumer(name, name: consumer)
        case 15, 16:
            guard let some = stream.consumers.randomElement(using: &generator) else { return nil }
            return .deregisterConsumer(name, name: some.name)
        case 17, 18:
            guard let some = stream.consumers.randomElement(using: &generator) else { return nil }
            guard let shard = Array(stream.shards).randomElement(using: &generator) else {
                return nil
            }
            return .commitCursor(
                consumer: some.id, shard: shard.number,
                CursorPoint(
                    index: UInt64.random(in: 0...1 << 60, using: &generator), milliseconds: 5))
        default:
            let closed = stream.shards.filter { $0.isClosed && generator.chance(2) }
            return .forgetShards(stream: stream.id, shards: closed.map(\.id))
        }
    }
}
