import Foundation
import Synchronization
import TestSupport

@testable import ShardLog

/// A wall clock that tests set. The monotonic clock goes along with it, except for a `jump`.
final class TestClock: Sendable {
    private let milliseconds = Atomic<Int64>(1_700_000_000_000)
    private let ahead = Atomic<Int64>(0)

    var monotonic: @Sendable () -> Int64 {
        { self.now() - self.ahead.load(ordering: .relaxed) }
    }

    /// The wall clock alone is set forward or back.
    func jump(_ by: Int64) {
        ahead.wrappingAdd(by, ordering: .relaxed)
        milliseconds.wrappingAdd(by, ordering: .relaxed)
    }

    var now: @Sendable () -> Int64 {
        { self.milliseconds.load(ordering: .relaxed) }
    }

    func advance(_ by: Int64) {
        milliseconds.wrappingAdd(by, ordering: .relaxed)
    }

    func set(_ to: Int64) {
        milliseconds.store(to, ordering: .relaxed)
    }
}

/// One reader and a log, driven from the test's thread.
final class Bench {
    let log: ShardLog
    let staging: Staging
    private let bell: Bell
    /// Outcomes by the number that came with the record.
    var outcomes: [UInt64: RecordOutcome.Result] = [:]
    var controls: [UInt64: ControlOutcome] = [:]
    var advanced: [ShardNumber] = []
    private var nextToken: UInt64 = 1

    final class Bell: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)

        func ring() { semaphore.signal() }

        /// False after a minute: nothing came, and a test fails instead of hanging.
        func wait() -> Bool { semaphore.wait(timeout: .now() + 60) == .success }
    }

    init(_ log: ShardLog) {
        self.log = log
        let bell = Bell()
        self.bell = bell
        staging = log.staging(reader: 0) { bell.ring() }
    }

    func drain() {
        staging.drain(
            completed: { outcomes[$0.waiter] = $0.result },
            control: { controls[$0] = $1 },
            advanced: { advanced.append($0) })
    }

    /// Takes outcomes of at most `limit` records; how many came, and whether to call again.
    func drain(limit: Int) -> (count: Int, isLeft: Bool) {
        var count = 0
        let isLeft = staging.drain(
            limit: limit,
            completed: {
                count += 1
                outcomes[$0.waiter] = $0.result
            },
            control: { controls[$0] = $1 },
            advanced: { advanced.append($0) })
        return (count, isLeft)
    }

    /// Waits until what is asked for has come.
    func wait(until isThere: () -> Bool) throws {
        drain()
        while !isThere() {
            guard bell.wait() else { throw Lost() }
            drain()
        }
    }

    struct Lost: Error {}

    func stage(
        _ shard: Shard, _ data: [UInt8], key: [UInt8] = Array("key".utf8), hash: UInt128 = 7,
        minimumIndex: UInt64 = 0
    ) -> (token: UInt64, result: StageResult) {
        let token = nextToken
        nextToken += 1
        let result = staging.append(
            shard, waiter: token, ordinal: 0, hashKey: hash, partitionKey: key.span,
            data: data.span, minimumIndex: minimumIndex)
        return (token, result)
    }

    /// Puts one record and waits for its outcome.
    func put(
        _ shard: Shard, _ data: [UInt8], key: [UInt8] = Array("key".utf8),
        minimumIndex: UInt64 = 0
    ) throws -> RecordOutcome.Result {
        let (token, result) = stage(shard, data, key: key, minimumIndex: minimumIndex)
        guard result == .staged else { throw Lost() }
        staging.handOver()
        try wait { outcomes[token] != nil }
        return outcomes[token]!
    }

    func submit(_ change: ControlEntry) throws -> ControlOutcome {
        let token = nextToken
        nextToken += 1
        log.submit(change, waiter: Waiter(reader: 0, token: token))
        try wait { controls[token] != nil }
        return controls[token]!
    }

    /// Makes a shard by a control entry.
    func open(_ number: UInt64, created: Int64 = 1_700_000_000_000) throws -> Shard {
        let description = ShardDescription(
            number: ShardNumber(rawValue: number), createdMilliseconds: created)
        let entry = ControlEntry(payload: Model.opening(description), opens: [description])
        guard case .applied = try submit(entry) else { throw Lost() }
        return log.shard(description.number)!
    }
}

/// Control payloads that say which shards exist, as the catalog's would.
enum Model {
    static func opening(_ shard: ShardDescription) -> [UInt8] {
        Array("open \(shard.number.rawValue) \(shard.createdMilliseconds)".utf8)
    }

    static func closing(_ shard: ShardNumber) -> [UInt8] {
        Array("close \(shard.rawValue)".utf8)
    }

    static func removing(_ shard: ShardNumber) -> [UInt8] {
        Array("remove \(shard.rawValue)".utf8)
    }

    /// Applies payloads, each of which may have several lines.
    static func shards(_ snapshot: [UInt8]?, _ payloads: [[UInt8]]) -> [ShardDescription] {
        var shards: [UInt64: ShardDescription] = [:]
        for payload in (snapshot.map { [$0] } ?? []) + payloads {
            for line in String(decoding: payload, as: UTF8.self).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count > 1, let number = UInt64(words[1]) else { continue }
                switch words[0] {
                case "open":
                    shards[number] = ShardDescription(
                        number: ShardNumber(rawValue: number),
                        createdMilliseconds: Int64(words[2]) ?? 0)
                case "close": shards[number]?.isClosed = true
                case "remove": shards[number] = nil
                default: break
                }
            }
        }
        return shards.values.sorted { $0.number < $1.number }
    }

    static func snapshot(_ shards: [ShardDescription]) -> [UInt8] {
        var lines: [String] = []
        for shard in shards {
            lines.append("open \(shard.number.rawValue) \(shard.createdMilliseconds)")
            if shard.isClosed { lines.append("close \(shard.number.rawValue)") }
        }
        return Array(lines.joined(separator: "\n").utf8)
    }
}

func small(
    _ folder: TemporaryFolder, _ clock: TestClock = TestClock(),
    files: any FileSystem = RealFileSystem()
) -> ShardLog.Configuration {
    var configuration = ShardLog.Configuration(
        folder: folder.path, wallMilliseconds: clock.now, files: files)
    configuration.monotonicMilliseconds = clock.monotonic
    // What tests let pass at once has passed.
    configuration.clockRules.gapMilliseconds = .max
    configuration.journalFileBytes = 256 << 10
    configuration.segmentBytes = 64 << 10
    configuration.segmentFirstBytes = 8 << 10
    configuration.stagingBytes = 16 << 20
    configuration.reserveBytes = 64 << 10
    return configuration
}

func openLog(_ configuration: ShardLog.Configuration) throws(LogError) -> ShardLog {
    try ShardLog.open(
        configuration, restore: { Model.shards($0, $1) }, apply: { _, _ in })
}

struct Seen: Equatable {
    var index: UInt64
    var arrival: Int64
    var key: [UInt8]
    var data: [UInt8]
    var position: UInt64
}

extension Span where Element == UInt8 {
    var array: [UInt8] {
        var bytes: [UInt8] = []
        for place in 0..<count { bytes.append(self[place]) }
        return bytes
    }
}

/// Reads all there is, waiting for what is cold; the problem that ended it, if one did.
func readAll(
    _ shard: Shard, from start: Position? = nil
) -> (records: [Seen], problem: String?, at: Position) {
    var seen: [Seen] = []
    var position = start ?? shard.horizon
    while true {
        let result = shard.read(
            from: position, maximumRecords: 100, maximumBytes: 1 << 20, mayWait: true
        ) { record in
            seen.append(
                Seen(
                    index: record.index, arrival: record.arrivalMilliseconds,
                    key: record.partitionKey.array, data: record.data.array,
                    position: record.position.offset))
            return true
        }
        let before = position
        position = result.next
        switch result.outcome {
        case .ready, .trimmed:
            if position > before { continue }
            return (seen, "comes no further", position)
        case .pending: return (seen, nil, position)
        case .damaged(let at, let reason): return (seen, reason, at)
        case .cold: return (seen, "a read that may wait was told to", position)
        }
    }
}
