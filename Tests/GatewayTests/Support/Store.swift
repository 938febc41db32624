import Foundation
import Kinesis
import ShardLog
import Synchronization
import Testing
import TestSupport
import Wire

@testable import Catalog

func array(_ bytes: Span<UInt8>) -> [UInt8] {
    var copy: [UInt8] = []
    copy.append(copying: bytes)
    return copy
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Wall time as the test wants it, milliseconds since 1970.
final class FakeClock: Sendable {
    private let milliseconds = Atomic<Int64>(1_800_000_000_000)
    var now: Int64 { milliseconds.load(ordering: .sequentiallyConsistent) }
    func advance(milliseconds count: Int64) {
        milliseconds.add(count, ordering: .sequentiallyConsistent)
    }
    func advance(seconds: Int64) { advance(milliseconds: seconds * 1000) }
}

/// A record as a test puts it and wants to see it again.
struct TestRecord: Hashable, CustomStringConvertible {
    var key: String
    var data: [UInt8]
    var description: String { "\(key):\(data.count) bytes" }
}

/// What did not come in time.
struct TimedOut: Error, CustomStringConvertible {
    var description: String
}

/// A log and its catalog in a folder of their own, without a gateway.
final class Store {
    static let account = "123456789012"
    static let region = "us-east-1"
    /// The log's reader that the test itself is; reactors are the first ones.
    static let reader = 40

    let clock: FakeClock
    private let folder: TemporaryFolder
    private var configuration: ShardLog.Configuration
    private(set) var log: ShardLog
    private(set) var catalog: Catalog
    private var staging: Staging
    private let signal = DispatchSemaphore(value: 0)
    private var nextToken: UInt64 = 1
    private var settled: [UInt64: ControlOutcome] = [:]
    private(set) var stored: [UInt64: RecordOutcome.Result] = [:]
    private var isOpen = true

    init(_ change: (inout ShardLog.Configuration) -> Void = { _ in }) throws {
        let clock = FakeClock()
        folder = try TemporaryFolder.made("gateway")
        var configuration = ShardLog.Configuration(
            folder: folder.path + "/log", wallMilliseconds: { clock.now })
        configuration.monotonicMilliseconds = { clock.now }
        // What tests let pass at once has passed.
        configuration.clockRules.gapMilliseconds = .max
        configuration.durability = .os
        configuration.reserveBytes = 1 << 20
        change(&configuration)
        self.clock = clock
        self.configuration = configuration
        (log, catalog) = try Catalog.open(configuration)
        let signal = self.signal
        staging = log.staging(reader: Store.reader) { signal.signal() }
    }

    /// Closes the log; the folder goes with this object.
    func remove() {
        if isOpen { try? log.close() }
        isOpen = false
    }

    /// Closes the log and opens it again, after what is done to its closed folder or to how it is
    /// opened.
    func reopen(
        after change: (inout ShardLog.Configuration) throws -> Void = { _ in }
    ) throws {
        try log.close()
        isOpen = false
        try change(&configuration)
        (log, catalog) = try Catalog.open(configuration)
        isOpen = true
        let signal = self.signal
        staging = log.staging(reader: Store.reader) { signal.signal() }
    }

    static func key(_ name: String) -> StreamKey {
        StreamKey(account: account, region: region, name: name)
    }

    /// Makes a change and waits until it is applied.
    @discardableResult
    func perform(_ change: CatalogChange) throws -> CatalogResult {
        let token = nextToken
        nextToken += 1
        let result = try catalog.perform(
            change, waiter: Waiter(reader: Store.reader, token: token))
        try wait("a change") { settled[token] != nil }
        guard case .applied = settled[token] else { throw TimedOut(description: "not applied") }
        return result
    }

    @discardableResult
    func create(_ name: String, shards: Int = 1, recordKiB: UInt32 = 1024) throws -> StreamState {
        try perform(
            .createStream(
                CreateStreamRequest(
                    key: Store.key(name), shardCount: shards, maxRecordKiB: recordKiB)))
        return try stream(name)
    }

    func split(_ name: String, _ shard: UInt32) throws {
        let state = try self.shard(name, shard)
        let middle = state.range.start + (state.range.end - state.range.start) / 2 + 1
        try perform(
            .splitShard(
                Store.key(name), shard: ShardID(index: shard), newStartingHashKey: middle))
    }

    func merge(_ name: String, _ shard: UInt32, _ adjacent: UInt32) throws {
        try perform(
            .mergeShards(
                Store.key(name), shard: ShardID(index: shard), adjacent: ShardID(index: adjacent)))
    }

    func stream(_ name: String) throws -> StreamState {
        try #require(catalog.snapshot.stream(Store.key(name)))
    }

    func shard(_ name: String, _ index: UInt32 = 0) throws -> ShardState {
        try #require(try stream(name).shards[index])
    }

    /// Puts records into one shard, in order, and waits until they are published.
    @discardableResult
    func put(_ records: [TestRecord], into shard: ShardState) throws -> [UInt64] {
        var indices: [UInt64] = []
        var rest = records[...]
        while !rest.isEmpty {
            stored = [:]
            let part = rest.prefix(4000)
            var bytes = 0
            var count: UInt64 = 0
            for record in part {
                let key = Array(record.key.utf8)
                let result = staging.append(
                    shard.log, waiter: count, ordinal: 0, hashKey: shard.range.start,
                    partitionKey: key.span, data: record.data.span, minimumIndex: 0)
                try #require(result == .staged)
                bytes += record.data.count
                count += 1
                if bytes > 12 << 20 { break }
            }
            rest = rest.dropFirst(Int(count))
            staging.handOver()
            try wait("records") { stored.count == Int(count) }
            for waiter in 0..<count {
                guard case .stored(let index, _) = stored[waiter] else {
                    throw TimedOut(description: "a record was not stored")
                }
                indices.append(index)
            }
        }
        return indices
    }

    /// Takes what the committer has finished until `condition` holds.
    func wait(_ what: String, until condition: () -> Bool) throws {
        let limit = Date().addingTimeInterval(10)
        while !condition() {
            staging.drain(
                completed: { stored[$0.waiter] = $0.result },
                control: { settled[$0] = $1 }, advanced: { _ in })
            if condition() { return }
            guard Date() < limit else { throw TimedOut(description: what) }
            _ = signal.wait(timeout: .now() + .milliseconds(20))
        }
    }
}

extension SeededGenerator {
    mutating func records(_ count: Int, _ sizes: ClosedRange<Int>) -> [TestRecord] {
        (0..<count).map { number in
            TestRecord(
                key: "k\(number)", data: bytes(Int.random(in: sizes, using: &self)))
        }
    }
}
