internal import Kinesis
public import ShardLog
internal import Synchronization

/// Streams, shards, consumers and cursors: the state that the journal's control entries make.
///
/// | part | owner | others |
/// |---|---|---|
/// | pending state: every entry handed to the log | whoever holds its mutex | nobody |
/// | published state: every durable entry | the committer's thread | `checkpoint` takes a copy |
/// | snapshot: what readers see | immutable | everybody, by `version` and `snapshot` |
/// | cursors in memory | a mutex, for one change | reactors note, the housekeeper flushes |
///
/// A change is validated against the pending state and handed to the log under one mutex, so the
/// journal's order is that of validation. Under it the published state's mutex and the log's queue
/// are taken, never the other way round. `PendingState` says what happens when the log lets an
/// entry go.
public final class Catalog: Sendable {
    let log: ShardLog
    let publisher: CatalogPublisher
    /// How changes are taken.
    public let rules: CatalogRules
    let pending: Mutex<PendingState>
    /// When the housekeeper first saw a transition that nobody has ended.
    let firstSeen = Mutex<[ResourceInTransition: Observation]>([:])
    let scalingWatch = Mutex(ScalingWatch())
    /// What the last stored snapshot covers.
    let saved: Mutex<Saved>

    struct Observation: Sendable {
        /// The entry by which the status began.
        var since: UInt64
        /// Nanoseconds of the monotonic clock.
        var at: UInt64
    }

    struct Saved: Sendable {
        var serial: UInt64
        /// 0 before the first since the start.
        var batch: UInt64 = 0
    }

    /// Opens the log, restores the catalog from it, and wires one to the other. Waits for the disk.
    ///
    /// Cursors that stand behind records which a recovery did not find are set back to the end of
    /// what it found. What was CREATING, UPDATING or DELETING still is; see ``inTransition``.
    public static func open(
        _ configuration: ShardLog.Configuration, rules: CatalogRules = CatalogRules()
    ) throws(LogError) -> (log: ShardLog, catalog: Catalog) {
        let publisher = CatalogPublisher()
        let log = try ShardLog.open(
            configuration,
            restore: { snapshot, payloads in try publisher.restore(snapshot, payloads) },
            apply: { payload, batch in publisher.apply(payload, batch: batch) })
        let catalog = Catalog(log, publisher, rules)
        if log.wantsSnapshotAtOnce {
            do throws(LogError) {
                try catalog.checkpoint()
                log.removeOldJournals()
            } catch {
                // The journal has it all; the housekeeper tries again.
            }
        }
        return (log, catalog)
    }

    private init(_ log: ShardLog, _ publisher: CatalogPublisher, _ rules: CatalogRules) {
        self.log = log
        self.rules = rules
        self.publisher = publisher
        let state = publisher.start(log)
        pending = Mutex(PendingState(state))
        saved = Mutex(Saved(serial: state.serial))
    }

    /// Grows whenever a new snapshot is published: look at `snapshot` again only then.
    public var version: UInt64 { publisher.version }

    /// The last durable state. Any thread.
    public var snapshot: CatalogSnapshot { publisher.snapshot }

    /// Validates a change and hands its entry to the log. Any thread.
    ///
    /// What is returned holds once the log tells the waiter that the entry is applied; from then
    /// on `snapshot` shows it. When the log takes no writes, what frees space and what consumers
    /// commit is still handed to it, because on a full disk there is room left for these.
    @discardableResult
    public func perform(
        _ change: CatalogChange, waiter: Waiter?
    ) throws(CatalogRefusal) -> CatalogResult {
        try admit(change)
        return try pending.withLock { (pending) throws(CatalogRefusal) -> CatalogResult in
            try perform(change, on: &pending, publisher.durable().state, waiter)
        }
    }

    /// The same on a thread that has no time to wait for another change: nil, and nothing happens,
    /// while one is being decided or published, which takes as long as it has shards.
    public func performAtOnce(
        _ change: CatalogChange, waiter: Waiter?
    ) throws(CatalogRefusal) -> CatalogResult? {
        try admit(change)
        let result = try pending.withLockIfAvailable {
            (pending) throws(CatalogRefusal) -> CatalogResult? in
            guard let durable = publisher.durableAtOnce() else { return nil }
            return try perform(change, on: &pending, durable, waiter)
        }
        return result ?? nil
    }

    /// Decides a change and hands its entry to the log; the caller holds the mutex.
    private func perform(
        _ change: CatalogChange, on pending: inout PendingState, _ durable: CatalogState,
        _ waiter: Waiter?
    ) throws(CatalogRefusal) -> CatalogResult {
        guard catchUp(&pending, durable) else {
            throw .refusing(reason: "changes that could not be written are being undone")
        }
        let plan = try pending.state.plan(
            change, at: max(second, pending.state.second), on: log.retentionClock,
            under: rules)
        submit(plan.entry, to: &pending.state, waiter)
        return plan.result
    }

    /// Refuses what the log would not take now, and reserves what a change needs.
    private func admit(_ change: CatalogChange) throws(CatalogRefusal) {
        switch change {
        case .createStream, .splitShard, .scaleUp, .mergeShards, .updateStream, .registerConsumer,
            .updateConsumer, .updateCommitment:
            if case .refusing(let reason) = log.health { throw .refusing(reason: reason) }
        case .commitCursor(let consumer, let shard, _):
            try reserveCursor(consumer, shard)
        case .deleteStream, .deregisterConsumer, .forgetShards, .endTransition:
            break
        }
    }

    /// The log's time, which does not go back.
    var second: UInt64 {
        let milliseconds = max(log.nodeMilliseconds(), 0)
        return min(UInt64(milliseconds) / 1000, SequenceNumber.greatestSecond)
    }

    /// Numbers an entry, makes its change in the pending state, and hands it to the log; the
    /// caller holds the mutex.
    func submit(_ entry: any Entry, to state: inout CatalogState, _ waiter: Waiter? = nil) {
        let numbered = NumberedEntry(serial: state.serial + 1, entry: entry)
        let shards = entry.shards(in: state)
        do throws(CatalogError) {
            try state.apply(numbered)
        } catch {
            preconditionFailure("an entry that was planned: \(error)")
        }
        log.submit(
            ControlEntry(
                payload: numbered.encoded(), opens: shards.opens, closes: shards.closes,
                removes: shards.removes),
            waiter: waiter)
    }

    /// Makes sure that the pending state has no change that the log has let go; false if changes
    /// cannot be taken yet. The caller holds the mutex.
    func catchUp(_ pending: inout PendingState) -> Bool {
        catchUp(&pending, publisher.durable().state)
    }

    private func catchUp(_ pending: inout PendingState, _ durable: CatalogState) -> Bool {
        switch pending.compare(with: durable) {
        case .sound:
            return true
        case .waiting:
            return false
        case .closed:
            publisher.cursors.markAllMoved()
            return true
        case .diverged:
            resynchronize(&pending)
            return false
        }
    }

    /// Begins anew: nothing is handed over behind this entry until it has come back.
    func resynchronize(_ pending: inout PendingState) {
        submit(Resynchronized(), to: &pending.state)
        pending.awaited = pending.state.serial
    }
}
