import Dispatch
import Foundation
import Glibc
import Kinesis
import Synchronization
import System
import TestSupport

@testable import Catalog
@testable import ShardLog

/// A wall clock that tests set, in seconds.
final class TestClock: Sendable {
    private let seconds: Atomic<Int64>

    init(_ start: Int64 = 1_800_000_000) {
        seconds = Atomic(start)
    }

    var now: @Sendable () -> Int64 {
        { self.seconds.load(ordering: .relaxed) * 1000 }
    }

    func advance(_ by: Int64) {
        seconds.wrappingAdd(by, ordering: .relaxed)
    }
}

/// A catalog over a log, with one reader that the test's thread drains.
final class CatalogNode {
    let log: ShardLog
    let catalog: Catalog
    private let folder: TemporaryFolder
    private let staging: Staging
    private let bell = DispatchSemaphore(value: 0)
    private var controls: [UInt64: ControlOutcome] = [:]
    private var records: [UInt64: RecordOutcome.Result] = [:]
    private var nextToken: UInt64 = 1

    struct Lost: Error {}

    init(
        _ folder: TemporaryFolder, _ clock: TestClock = TestClock(),
        files: any FileSystem = RealFileSystem(), rules: CatalogRules = CatalogRules(),
        _ adjust: (inout ShardLog.Configuration) -> Void = { _ in }
    ) throws(LogError) {
        var configuration = ShardLog.Configuration(
            folder: folder.path, wallMilliseconds: clock.now, files: files)
        configuration.monotonicMilliseconds = clock.now
        // What tests let pass at once has passed.
        configuration.clockRules.gapMilliseconds = .max
        configuration.journalFileBytes = 256 << 10
        configuration.segmentBytes = 64 << 10
        configuration.segmentFirstBytes = 8 << 10
        configuration.stagingBytes = 16 << 20
        configuration.reserveBytes = 64 << 10
        adjust(&configuration)
        (log, catalog) = try Catalog.open(configuration, rules: rules)
        self.folder = folder
        let bell = bell
        staging = log.staging(reader: 0) { bell.signal() }
    }

    deinit {
        // A test may have closed it already; that it takes no writes is no concern here.
        try? log.close()
    }

    private func wait(until isThere: () -> Bool) throws {
        while true {
            staging.drain(
                completed: { records[$0.waiter] = $0.result },
                control: { controls[$0] = $1 }, advanced: { _ in })
            if isThere() { return }
            guard bell.wait(timeout: .now() + 60) == .success else { throw Lost() }
        }
    }

    /// Performs a change and waits for the log's word.
    @discardableResult
    func settle(_ change: CatalogChange) throws -> (CatalogResult, ControlOutcome) {
        let token = nextToken
        nextToken += 1
        let result = try catalog.perform(change, waiter: Waiter(reader: 0, token: token))
        try wait { controls[token] != nil }
        guard let outcome = controls[token] else { throw Lost() }
        return (result, outcome)
    }

    /// Performs a change that must go through.
    @discardableResult
    func perform(_ change: CatalogChange) throws -> CatalogResult {
        let (result, outcome) = try settle(change)
        guard case .applied = outcome else { throw Lost() }
        return result
    }

    /// Puts a record and answers its index; nil if it was refused.
    func put(_ shard: ShardState, _ data: [UInt8] = [1, 2, 3]) throws -> UInt64? {
        let token = nextToken
        nextToken += 1
        let key: [UInt8] = Array("key".utf8)
        let staged = staging.append(
            shard.log, waiter: token, ordinal: 0, hashKey: shard.range.start,
            partitionKey: key.span, data: data.span, minimumIndex: 0)
        guard staged == .staged else { throw Lost() }
        staging.handOver()
        try wait { records[token] != nil }
        guard case .stored(let index, _) = records[token] else { return nil }
        return index
    }

    /// Waits until everything that was handed to the log before has been decided.
    func waitForLog() throws {
        while catalog.pending.withLock({ $0.state.serial })
            > catalog.publisher.durable().state.serial
        {
            usleep(500)
        }
        // The committer shows a change after it has made it: it must have gone on from there.
        catalog.log.waitForSync()
    }

    /// The durable state, whole.
    var bytes: [UInt8] { catalog.publisher.durable().state.encoded() }
}

/// A disk that is full when a test says so: writes to the journal then find no space.
final class FullDisk: FileSystem {
    private let real = RealFileSystem()
    let isFull = Atomic<Bool>(false)

    func makeFolder(_ path: String) throws(SystemError) { try real.makeFolder(path) }
    func list(_ path: String) throws(SystemError) -> [String] { try real.list(path) }
    func openFolder(_ path: String) throws(SystemError) -> any File {
        try real.openFolder(path)
    }

    func identity(of path: String) throws(SystemError) -> FileIdentity {
        try real.identity(of: path)
    }

    func rename(_ from: String, to: String) throws(SystemError) {
        try real.rename(from, to: to)
    }
    func unlink(_ path: String) throws(SystemError) { try real.unlink(path) }
    func syncFolder(_ path: String) throws(SystemError) { try real.syncFolder(path) }
    func availableBytes(_ path: String) throws(SystemError) -> UInt64 {
        isFull.load(ordering: .relaxed) ? 0 : try real.availableBytes(path)
    }
    func open(_ path: String, create: Bool) throws(SystemError) -> any File {
        FullDiskFile(
            try real.open(path, create: create), disk: self, isJournal: path.contains("/journal"))
    }
}

private final class FullDiskFile: File {
    private let real: any File
    private let disk: FullDisk
    private let isJournal: Bool

    init(_ real: any File, disk: FullDisk, isJournal: Bool) {
        self.real = real
        self.disk = disk
        self.isJournal = isJournal
    }

    private func check() throws(SystemError) {
        guard isJournal, disk.isFull.load(ordering: .relaxed) else { return }
        throw SystemError(errno: ENOSPC, operation: "pwritev")
    }

    func identity() throws(SystemError) -> FileIdentity { try real.identity() }
    func isNamed() throws(SystemError) -> Bool { try real.isNamed() }
    func size() throws(SystemError) -> UInt64 { try real.size() }
    func allocatedBytes() throws(SystemError) -> UInt64 { try real.allocatedBytes() }
    func read(at offset: UInt64, count: Int) throws(SystemError) -> [UInt8] {
        try real.read(at: offset, count: count)
    }
    func write(_ bytes: borrowing Gather, at offset: UInt64) throws(SystemError) {
        try check()
        try real.write(bytes, at: offset)
    }
    func sync() throws(SystemError) { try real.sync() }
    func reserve(length: UInt64) throws(SystemError) {
        try check()
        try real.reserve(length: length)
    }
    func truncate(length: UInt64) throws(SystemError) { try real.truncate(length: length) }
    func lock() throws(SystemError) -> Bool { try real.lock() }
    func isLocked() throws(SystemError) -> Bool { try real.isLocked() }
    func map(length: Int) throws(SystemError) -> Mapping { try real.map(length: length) }
}
