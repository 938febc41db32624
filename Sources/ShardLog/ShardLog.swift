internal import Glibc
internal import Synchronization
internal import System

/// A node's log: what is put in is durable before it is acknowledged and published.
///
/// Readers stage records in a `Staging` each and read through `Shard`; the committer's thread does
/// everything between. See `Committer` for the way of a record.
public final class ShardLog: Sendable {
    public let counters: LogCounters
    /// Its `files` is the patient disk of `segmentFiles`.
    let configuration: Configuration
    let segmentFiles: SegmentFiles
    let clock: LogClock
    let nodeTime: NodeTime
    let journal: Journal
    let mailboxes: [Mailbox]
    let signal = BinarySemaphore()
    let segmentFolder: String
    /// What is locked, held for as long as the log is open.
    let lock: Mutex<FolderLock?>

    let shards: Mutex<[ShardNumber: Shard]>
    private let controls = Mutex<[PendingControl]>([])
    private let requests = Mutex(Requests())
    let condition = WriteCondition()
    let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<JoinableThread?>(nil)

    /// When the oldest record of the batch under way was staged, monotonic; 0 if none is.
    let oldestStaged = Atomic<UInt64>(0)
    let publishedBatch: Atomic<UInt64>
    let durableBatch: Atomic<UInt64>
    /// The last batch with control entries that were applied.
    let appliedBatch: Atomic<UInt64>
    /// The records of every batch up to this one are durable in their segments.
    let segmentsThrough: Atomic<UInt64>
    /// What the last durable batch says of that. A recovery knows no more, so a journal file is
    /// used again only if all it holds is below.
    let segmentsThroughOnDisk = Atomic<UInt64>(0)
    let snapshotBatch: Atomic<UInt64>
    /// The last batch that recovery found; `restore` was given everything up to it.
    let recoveredBatch: UInt64
    let controlsSinceSnapshot = Atomic<UInt64>(0)
    /// What recovery found that the operator should know, a line each.
    public let recoveryNotes: [String]

    // What the housekeeper remembers.
    let lastSeenBatch = Atomic<UInt64>(0)
    let lastProvedBatch = Atomic<UInt64>(0)
    let hasReserve = Atomic<Bool>(false)
    /// Shards of which something was missing when the log was opened.
    private let incomplete: [Shard]
    let notices = Mutex<[String]>([])
    let ledger: Mutex<LedgerKeeping>
    /// Recovery found what only a snapshot can keep.
    let needsSnapshot: Atomic<Bool>

    /// Held while segments are synced.
    let syncing = Mutex<Void>(())
    let dirty = Mutex<[Segment]>([])
    let hasNewSegments = Atomic<Bool>(false)
    /// Segments that nobody needs, for the housekeeper to close, unmap and unlink.
    let trash = Mutex<[Segment]>([])

    /// An entry on its way to the committer.
    struct PendingControl: Sendable {
        var entry: ControlEntry
        var waiter: Waiter?
    }

    /// What the committer is asked to do besides records and controls.
    struct Requests: Sendable {
        var wantsCeiling = false
        var wantsProof = false
        /// What is stuck is to be tried again.
        var wantsAttempt = false
        var rewrites: [Segment] = []
        /// Shards whose records have all been dropped.
        var retirements: [Shard] = []
        /// Told when everything written before is durable and published.
        var syncs: [BinarySemaphore] = []
        /// The committer has gone: nobody will do what is asked.
        var isOver = false

        var mustSync: Bool { !syncs.isEmpty }
        var isEmpty: Bool {
            !wantsCeiling && !wantsProof && !wantsAttempt && rewrites.isEmpty && retirements.isEmpty
                && syncs.isEmpty
        }

        func finish() {
            for waiting in syncs { waiting.post() }
        }
    }

    /// What recovery found, from which a log is made.
    struct Recovered {
        var segmentFiles: SegmentFiles
        var clock: LogClock
        var ledger: Ledger?
        var needsSnapshot: Bool
        var nodeTime: NodeTime
        var journal: Journal
        var lock: FolderLock
        var shards: [ShardNumber: Shard]
        var lastBatch: UInt64
        var segmentsThrough: UInt64
        var snapshotBatch: UInt64
        var controls: Int
        var notes: [String]
    }

    init(_ configuration: Configuration, _ recovered: Recovered) {
        self.configuration = configuration
        segmentFiles = recovered.segmentFiles
        counters = LogCounters(segmentFiles: segmentFiles.counters)
        clock = recovered.clock
        ledger = Mutex(LedgerKeeping(stored: recovered.ledger))
        needsSnapshot = Atomic(recovered.needsSnapshot)
        nodeTime = recovered.nodeTime
        journal = recovered.journal
        let held = recovered.lock
        lock = Mutex(held)
        mailboxes = (0..<Limits.readers).map { _ in Mailbox() }
        segmentFolder = Folder.segments(configuration.folder)
        let shards = recovered.shards
        incomplete = shards.values.filter { !$0.missingRecords.isEmpty }
            .sorted { $0.number < $1.number }
        self.shards = Mutex(shards)
        publishedBatch = Atomic(recovered.lastBatch)
        durableBatch = Atomic(recovered.lastBatch)
        appliedBatch = Atomic(recovered.lastBatch)
        segmentsThrough = Atomic(recovered.segmentsThrough)
        snapshotBatch = Atomic(recovered.snapshotBatch)
        recoveredBatch = recovered.lastBatch
        recoveryNotes = recovered.notes
        controlsSinceSnapshot.store(UInt64(recovered.controls), ordering: .relaxed)
    }

    /// Opens the folder and recovers what is in it. Waits for the disk.
    /// - Parameters:
    ///   - restore: gets the last control snapshot and the payloads after it, in order; answers
    ///     which shards exist. Shards that it does not name are removed.
    ///   - apply: runs on the committer's thread, in batch order, when an entry has reached the
    ///     durability class; before the batch's tails are published and its waiters are told. The
    ///     shards that the entry opens can be had from `shard` by then.
    public static func open(
        _ configuration: Configuration,
        restore: (_ snapshot: [UInt8]?, _ payloads: [[UInt8]]) throws -> [ShardDescription],
        apply: @escaping @Sendable (_ payload: [UInt8], _ batch: UInt64) -> Void
    ) throws(LogError) -> ShardLog {
        var configuration = configuration
        let segmentFiles = SegmentFiles(configuration)
        configuration.files = segmentFiles.disk
        let (recovery, log) = try recover(configuration, segmentFiles, restore)
        let committer = Committer(
            log: log, epoch: recovery.epoch, lastNumber: recovery.contents.lastNumber,
            ceiling: recovery.contents.ceiling, apply: apply)
        do throws(SystemError) {
            do throws(SystemError) {
                try committer.begin()
            } catch  where error.isNoSpace {
                // On a full disk what is there can still be read and deleted.
                try giveUpWholeReserve(configuration)
                try committer.begin()
            }
            // Missing on a full disk it costs no more than that: the housekeeper tries again.
            try? log.keepLedger(always: true)
            let thread = try JoinableThread(name: "committer") {
                committer.run()
                log.endRequests()
            }
            log.thread.withLock { $0 = thread }
        } catch {
            throw LogError(error, file: configuration.folder)
        }
        return log
    }

    /// Recovers what is in the folder; on a full disk with the space of the reserve.
    private static func recover(
        _ configuration: Configuration, _ segmentFiles: SegmentFiles,
        _ restore: (_ snapshot: [UInt8]?, _ payloads: [[UInt8]]) throws -> [ShardDescription]
    ) throws(LogError) -> (Recovery, ShardLog) {
        var recovery = try Recovery(configuration, segmentFiles)
        do throws(LogError) {
            let log = try recovery.run(restore: restore)
            return (recovery, log)
        } catch {
            guard case .system(ENOSPC, _) = error.reason else { throw error }
        }
        do throws(SystemError) {
            try giveUpWholeReserve(configuration)
        } catch {
            throw LogError(error, file: Folder.reserve(configuration.folder))
        }
        recovery = try Recovery(configuration, segmentFiles)
        let log = try recovery.run(restore: restore)
        return (recovery, log)
    }

    /// Registers a reader, 0..<64. `wake` is called from the committer's thread when `drain` has
    /// something; it must not block.
    public func staging(reader: Int, wake: @escaping @Sendable () -> Void) -> Staging {
        mailboxes[reader].wake.withLock { $0 = Mailbox.Wake(call: wake) }
        return Staging(reader: reader, log: self)
    }

    /// Hands a change to the committer. Any thread. The outcome goes to the waiter's reader; a log
    /// that refuses answers `.failed`.
    public func submit(_ change: ControlEntry, waiter: Waiter?) {
        precondition(change.payload.count <= Limits.maximumPayloadBytes)
        let isTaken = controls.withLock { controls in
            guard controls.count < Limits.waitingControlEntries else { return false }
            controls.append(PendingControl(entry: change, waiter: waiter))
            return true
        }
        if isTaken {
            signal.post()
        } else if let waiter {
            mailboxes[waiter.reader].incoming.withLock {
                $0.controls.append((waiter.token, .failed))
            }
            mailboxes[waiter.reader].wake.withLock { $0 }?.call()
        }
    }

    /// The shard of this number, from the moment its opening is applied to its removal.
    public func shard(_ number: ShardNumber) -> Shard? {
        shards.withLock { $0[number] }
    }

    /// Milliseconds since 1970 that never go back, also over a restart: what numbers are made of.
    /// Where the clock was ahead once it stands still until the wall clock has come there, so that
    /// nothing may wait for it; see `presentMilliseconds`.
    public func nodeMilliseconds() -> Int64 {
        nodeTime.now()
    }

    /// The time of day as the log takes it, milliseconds since 1970: what arrivals are stamped
    /// with. It may go back.
    public func presentMilliseconds() -> Int64 {
        clock.now()
    }

    /// Not below any time that a client may have gone by: numbers, arrivals, or the wall clock.
    public func latestMilliseconds() -> Int64 {
        max(nodeTime.now(), configuration.wallMilliseconds())
    }

    /// Time as retention counts it, and the age of what was given out.
    public var retentionClock: RetentionClock { clock.retention }

    /// What must be there and is not, and would not have expired yet.
    public var missingRecords: [MissingRecords] {
        incomplete.filter { !$0.isRemoved }.flatMap(\.missingRecords)
    }

    /// What is thought of the wall clock.
    public var clockStatus: ClockStatus { clock.status }

    /// What has come up since the last call that the operator should know, a line each.
    public func takeNotices() -> [String] {
        let own = notices.withLock { notices in
            defer { notices.removeAll() }
            return notices
        }
        return own + clock.takeNotices()
    }

    public var health: Health { condition.health }

    /// How often `health` has changed.
    public var healthChanges: UInt64 { condition.changes.load(ordering: .relaxed) }

    /// Has the observer told of each change of `health`, once, and of the present one if it is not
    /// `.accepting`. It is called from the log's threads and must not block.
    public func observeHealth(_ observer: @escaping @Sendable (Health) -> Void) {
        condition.observe(observer)
    }

    /// Completes what was handed over, syncs, and stops the committer. Waits for the disk. Nothing
    /// may be handed over or submitted from the moment this is called.
    public func close() throws(LogError) {
        isStopping.store(true, ordering: .releasing)
        signal.post()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
        if running != nil, !condition.isRefusing { try? keepLedger(always: true) }
        lock.withLock { $0 = nil }
        if case .refusing(let reason) = health {
            throw LogError(.refusing(reason))
        }
    }

    // What the committer and the housekeeper use.

    var shardCount: Int { shards.withLock { $0.count } }

    func takeControls() -> [PendingControl] {
        controls.withLock { controls in
            var bytes = 0
            var count = 0
            // A batch's worth; the rest is the next batch.
            while count < controls.count, count == 0 || bytes < configuration.batchBytes {
                bytes += controls[count].entry.encodedBytes
                count += 1
            }
            let taken = Array(controls[..<count])
            controls.removeFirst(count)
            return taken
        }
    }

    func takeRequests() -> Requests {
        requests.withLock { requests in
            let taken = requests
            requests = Requests()
            return taken
        }
    }

    /// The committer's last word.
    func endRequests() {
        let left = requests.withLock { requests in
            requests.isOver = true
            return requests
        }
        left.finish()
    }

    /// Returns when the committer has been through everything handed to it so far.
    func waitForSync() {
        let done = BinarySemaphore()
        let isOver = requests.withLock { requests in
            if !requests.isOver { requests.syncs.append(done) }
            return requests.isOver
        }
        if isOver { return }
        signal.post()
        done.wait()
    }

    func request(_ change: (inout Requests) -> Void) {
        requests.withLock { change(&$0) }
        signal.post()
    }

    func addShards(_ opened: [Shard]) {
        shards.withLock { shards in
            for shard in opened { shards[shard.number] = shard }
        }
    }

    /// Takes the shard out of the table; its files go when the housekeeper comes by.
    func removeShard(_ number: ShardNumber) {
        guard let shard = shards.withLock({ $0.removeValue(forKey: number) }) else { return }
        let segments = shard.segments.withLock { $0 }
        trash.withLock { $0.append(contentsOf: segments) }
    }

    func noteDirty(_ segment: Segment) {
        dirty.withLock { $0.append(segment) }
    }

    func noteNewSegment() {
        hasNewSegments.store(true, ordering: .releasing)
    }
}

extension LogError {
    init(_ failure: SystemError, file: String?) {
        self.init(.system(errno: failure.errno, operation: failure.operation), file: file)
    }
}
