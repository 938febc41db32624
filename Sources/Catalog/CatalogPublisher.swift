internal import ShardLog
internal import Synchronization

/// The catalog's durable side: takes the entries that the log gives back, and shows the outcome.
///
/// It exists before the log, whose recovery fills it and whose committer changes it. The log holds
/// it through the closures of its opening; it holds the log weakly, and only to find the records
/// of shards that entries open.
final class CatalogPublisher: Sendable {
    private struct Progress: Sendable {
        var state = CatalogState()
        /// The batch of the last entry; 0 before the first since the start.
        var batch: UInt64 = 0
    }

    /// Changed by the committer's thread alone once the log is open.
    private let progress = Mutex(Progress())
    /// Held only to exchange the reference, so that no reader waits for a change to be made.
    private let published = Mutex(CatalogSnapshot(CatalogState()))
    private let versionNumber = Atomic<UInt64>(0)
    let cursors = LiveCursors()

    var version: UInt64 { versionNumber.load(ordering: .acquiring) }
    var snapshot: CatalogSnapshot { published.withLock { $0 } }

    /// Builds the state from the log's last snapshot and what the journal has behind it.
    func restore(
        _ snapshot: [UInt8]?, _ payloads: [[UInt8]]
    ) throws(CatalogError) -> [ShardDescription] {
        let restored = try CatalogState(snapshot: snapshot, entries: payloads)
        progress.withLock { $0.state = restored }
        return restored.descriptions
    }

    /// Gives shards their records and cursors their bounds, now that the log is open, and
    /// publishes the first version.
    /// - Returns: the state that was restored.
    func start(_ log: ShardLog) -> CatalogState {
        var state = progress.withLock { $0.state }
        state.attachAll { [weak log] number in log?.shard(number) }
        state.streams.visit { _, stream in
            cursors.follow(CursorEffects(addedConsumers: stream.consumers.map(\.id)))
            return true
        }
        // Under the classes that acknowledge before the disk has answered, a crash can take
        // records that a cursor is behind; the cursor then stands at the end of what is left.
        state.cursors.visit { key, cursor in
            let lastIndex = log.shard(key.shard)?.lastIndex ?? 0
            cursors.restore(key, cursor.clamped(to: lastIndex))
            return true
        }
        let started = state
        progress.withLock { $0.state = started }
        publish(started)
        return started
    }

    /// Makes the change of an entry that is durable. Called on the committer's thread.
    func apply(_ payload: [UInt8], batch: UInt64) {
        let numbered: NumberedEntry
        do throws(CatalogError) {
            numbered = try NumberedEntry(payload)
        } catch {
            preconditionFailure("an entry of this process: \(error)")
        }
        let (effects, visible) = progress.withLock { progress in
            let effects = numbered.entry.cursors(in: progress.state)
            do throws(CatalogError) {
                try progress.state.apply(numbered)
            } catch {
                preconditionFailure("an entry of this process: \(error)")
            }
            progress.batch = batch
            let isVisible = type(of: numbered.entry).isVisible
            return (effects, isVisible ? progress.state : nil)
        }
        cursors.follow(effects)
        if let visible { publish(visible) }
    }

    /// The durable state, and the batch of its last entry.
    func durable() -> (state: CatalogState, batch: UInt64) {
        progress.withLock { ($0.state, $0.batch) }
    }

    /// The durable state; nil while an entry is being applied.
    func durableAtOnce() -> CatalogState? {
        progress.withLockIfAvailable { $0.state }
    }

    private func publish(_ state: CatalogState) {
        var next = CatalogSnapshot(state.withoutCursors())
        // The old version is released outside the lock: it may be the last reference to much.
        published.withLock { swap(&$0, &next) }
        versionNumber.wrappingAdd(1, ordering: .releasing)
    }
}
