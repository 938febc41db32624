internal import Metrics
internal import Synchronization
internal import System

/// What keeps the journal going. Nothing here waits for what is slow per shard: retention and
/// removals are elsewhere, and each step is done whatever became of the one before.
extension ShardLog {
    /// Journal files made ready and taken back, segments synced for that, the ceiling extended if
    /// someone came near it, the reserve kept, what is lacking looked for. Call it about once a
    /// second, always from the same thread, one that may wait for the disk, and save a snapshot
    /// there if `wantsSnapshot`.
    public func keepJournal() {
        look()
        switch condition.state {
        case .stuck: return request { $0.wantsAttempt = true }
        case .over: return
        case .accepting, .lacking: break
        }
        checkFolder()
        if nodeTime.takeCeilingWanted() { request { $0.wantsCeiling = true } }
        proveWhenQuiet()
        chore { () throws(SystemError) in try keepLedger() }
        // A segment that could not be synced keeps its journal files, and is tried again.
        chore { () throws(SystemError) in
            // Once a file is full, what it holds has to get into the segments for good.
            if let full = journal.newestFull, full > segmentsThrough.load(ordering: .acquiring) {
                try syncSegments()
            }
        }
        recycleJournal()
        // Behind the recycling: a new file is made only if none has become free. A full disk is met
        // by the committer, where it matters, and what little is left of it is for the committer.
        if case .lacking(.space) = condition.state { return }
        chore { () throws(SystemError) in try journal.prepare() }
        chore { () throws(SystemError) in try journal.removeSurplus() }
        chore { () throws(SystemError) in try keepReserve() }
    }

    private func chore(_ work: () throws(SystemError) -> Void) {
        do throws(SystemError) {
            try work()
        } catch {
            counters.housekeepingFailures.add()
        }
    }

    /// Looks whether what was lacking is there.
    private func look() {
        guard condition.state != .accepting else { return }
        let free = freeBytes()
        if free == nil { counters.housekeepingFailures.add() }
        condition.look(free: free) {
            (try? configuration.files.open(Folder.format(configuration.folder), create: false))
                != nil
        }
        // First of all what is free fills the reserve up.
        if case .lacking(.space) = condition.state {
            chore { () throws(SystemError) in try keepReserve() }
        }
    }

    /// Frees the journal files of which segments and snapshot have everything, and of which the
    /// disk says so: whoever recovers from it must not look for what was in them.
    private func recycleJournal() {
        journal.recycle(
            through: min(
                segmentsThroughOnDisk.load(ordering: .acquiring),
                snapshotBatch.load(ordering: .acquiring)))
    }

    /// Save a snapshot and `removeOldJournals` before more is done. The journal has a full file for
    /// each of so many starts: the log was opened again and again and never came to its chores. Or
    /// a file of it was missing, and only a snapshot keeps what was found instead.
    public var wantsSnapshotAtOnce: Bool {
        journal.fullCount > Limits.journalFilesAtStart || needsSnapshot.load(ordering: .acquiring)
    }

    /// Removes the journal files that a snapshot has made unnecessary. Before `housekeep` is called.
    public func removeOldJournals() {
        recycleJournal()
        do throws(SystemError) {
            try journal.removeSurplus()
        } catch {
            // The housekeeper comes to it.
            counters.housekeepingFailures.add()
        }
    }

    /// Makes everything that the segments have so far durable in them. One at a time: whoever says
    /// how far they are durable must have seen every sync end.
    func syncSegments() throws(SystemError) {
        let failure: SystemError? = syncing.withLock { _ in
            do throws(SystemError) {
                try syncDirtySegments()
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    private func syncDirtySegments() throws(SystemError) {
        // What is published when this begins is in the dirty segments or already durable.
        let durable = durableBatch.load(ordering: .acquiring)
        let reached = min(durable, publishedBatch.load(ordering: .acquiring))
        let segments = dirty.withLock { dirty in
            let taken = dirty
            dirty.removeAll()
            return taken
        }
        let hasNew = hasNewSegments.exchange(false, ordering: .acquiringAndReleasing)
        var firstFailure: SystemError?
        for segment in segments {
            segment.isDirty.store(false, ordering: .releasing)
            do throws(SystemError) {
                try sync(segment)
            } catch {
                if firstFailure == nil { firstFailure = error }
                segment.isDirty.store(true, ordering: .releasing)
                noteDirty(segment)
            }
        }
        if hasNew, firstFailure == nil {
            do throws(SystemError) {
                try configuration.files.syncFolder(segmentFolder)
            } catch {
                firstFailure = error
            }
        }
        if let firstFailure {
            if hasNew { hasNewSegments.store(true, ordering: .releasing) }
            throw firstFailure
        }
        if reached > segmentsThrough.load(ordering: .relaxed) {
            segmentsThrough.store(reached, ordering: .releasing)
        }
    }

    private func sync(_ segment: Segment) throws(SystemError) {
        if segment.isDropped { return }
        let file: any File
        do throws(SystemError) {
            file = try segment.file(segmentFiles)
        } catch {
            if isRemoved(segment) { return }
            throw error
        }
        // After a failure another sync proves nothing: the kernel may have forgotten what it could
        // not write. The journal has it still, and the committer puts it into a new file.
        if segment.hasFailed.load(ordering: .acquiring) {
            request { $0.rewrites.append(segment) }
            throw SystemError(errno: Committer.ioError, operation: "fdatasync")
        }
        do throws(SystemError) {
            try file.sync()
        } catch {
            segment.hasFailed.store(true, ordering: .releasing)
            request { $0.rewrites.append(segment) }
            throw error
        }
        counters.segmentSyncs.add()
    }

    /// The segment's shard is gone or retention has taken it: there is nothing to keep.
    private func isRemoved(_ segment: Segment) -> Bool {
        guard let shard = shard(ShardNumber(rawValue: segment.header.shard)) else { return true }
        return shard.horizon.offset > segment.base
            && !shard.segments.withLock { $0.contains { $0 === segment } }
    }

    /// Has a batch written that proves the last one, once the log has gone quiet.
    private func proveWhenQuiet() {
        let published = publishedBatch.load(ordering: .acquiring)
        if published != 0, published == lastSeenBatch.exchange(published, ordering: .relaxed),
            published != lastProvedBatch.load(ordering: .relaxed)
        {
            lastProvedBatch.store(published + 1, ordering: .relaxed)
            request { $0.wantsProof = true }
        }
    }
}
