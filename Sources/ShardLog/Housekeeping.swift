internal import Synchronization

extension ShardLog {
    /// The log's chores: journal files made ready and taken back, segments synced, the ceiling
    /// extended if someone came near it, files of removed shards unlinked. Call it about once a
    /// second, always from the same thread, one that may wait for the disk.
    public func housekeep() {
        if isOutOfSpace { lookForSpace() }
        if isRefusingForGood { return }
        checkFolder()
        if nodeTime.takeCeilingWanted() { request { $0.wantsCeiling = true } }
        proveWhenQuiet()
        do throws(SystemFailure) {
            try keepLedger()
        } catch {
            counters.housekeepingFailures.add(1, ordering: .relaxed)
        }
        takeOutTrash()
        do throws(SystemFailure) {
            // Once a file is full, what it holds has to get into the segments for good.
            if let full = journal.newestFull, full > segmentsThrough.load(ordering: .acquiring) {
                try syncSegments()
            }
            recycleJournal()
            // Behind the recycling: a new file is made only if none has become free.
            try journal.prepare()
            try journal.removeSurplus()
            try keepReserve()
        } catch {
            // A full disk is met again by the committer, where it matters; a segment that could
            // not be synced keeps its journal files, and is tried again.
            counters.housekeepingFailures.add(1, ordering: .relaxed)
        }
        keepIndices()
        unmapUnused()
        countBytes()
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
        do throws(SystemFailure) {
            try journal.removeSurplus()
        } catch {
            // The housekeeper comes to it.
            counters.housekeepingFailures.add(1, ordering: .relaxed)
        }
    }

    /// Makes everything that the segments have so far durable in them. One at a time: whoever says
    /// how far they are durable must have seen every sync end.
    func syncSegments() throws(SystemFailure) {
        let failure: SystemFailure? = syncing.withLock { _ in
            do throws(SystemFailure) {
                try syncDirtySegments()
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    private func syncDirtySegments() throws(SystemFailure) {
        // What is published when this begins is in the dirty segments or already durable.
        let durable = durableBatch.load(ordering: .acquiring)
        let reached = min(durable, publishedBatch.load(ordering: .acquiring))
        let segments = dirty.withLock { dirty in
            let taken = dirty
            dirty.removeAll()
            return taken
        }
        let hasNew = hasNewSegments.exchange(false, ordering: .acquiringAndReleasing)
        var firstFailure: SystemFailure?
        for segment in segments {
            segment.isDirty.store(false, ordering: .releasing)
            do throws(SystemFailure) {
                try sync(segment)
            } catch {
                if firstFailure == nil { firstFailure = error }
                segment.isDirty.store(true, ordering: .releasing)
                noteDirty(segment)
            }
        }
        if hasNew, firstFailure == nil {
            do throws(SystemFailure) {
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

    private func sync(_ segment: Segment) throws(SystemFailure) {
        if segment.isDropped { return }
        let file: any File
        do throws(SystemFailure) {
            file = try segment.file(segmentFiles)
        } catch {
            if isRemoved(segment) { return }
            throw error
        }
        // After a failure another sync proves nothing: the kernel may have forgotten what it could
        // not write. The journal has it still, and the committer puts it into a new file.
        if segment.hasFailed.load(ordering: .acquiring) {
            throw SystemFailure(errno: Committer.ioError, operation: "fdatasync")
        }
        do throws(SystemFailure) {
            try file.sync()
        } catch {
            segment.hasFailed.store(true, ordering: .releasing)
            request { $0.rewrites.append(segment) }
            throw error
        }
        counters.segmentSyncs.add(1, ordering: .relaxed)
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

    /// Frees what deleted shards and expired records hold: descriptors and mappings at once, and
    /// the disk with them.
    private func takeOutTrash() {
        let segments = trash.withLock { trash in
            let taken = trash
            trash.removeAll()
            return taken
        }
        let stored = ledger.withLock { $0.stored }
        for segment in segments {
            segmentFiles.drop(segment)
            if isKept(segment.path, by: stored) {
                trash.withLock { $0.append(segment) }
                continue
            }
            do throws(SystemFailure) {
                try configuration.files.unlink(IndexFile.path(of: segment.path))
                try configuration.files.unlink(segment.path)
            } catch {
                trash.withLock { $0.append(segment) }
            }
        }
    }

    private func unmapUnused() {
        segmentFiles.unmapUnused { segment in
            // The last one is written: what is put there is about to be read.
            guard let shard = shard(ShardNumber(rawValue: segment.header.shard)) else {
                return true
            }
            return segment.isCold(shard)
        }
    }

    private func countBytes() {
        var bytes = journal.bytesOnDisk
        let all = shards.withLock { Array($0.values) }
        for shard in all {
            let segments = shard.segments.withLock { $0 }
            for segment in segments { bytes += segment.fileBytes.load(ordering: .relaxed) }
        }
        counters.bytesOnDisk.store(bytes, ordering: .relaxed)
    }

    // The reserve.

    private func keepReserve() throws(SystemFailure) {
        guard configuration.reserveBytes > 0, !hasReserve.load(ordering: .relaxed) else { return }
        let file = try configuration.files.open(
            Folder.reserve(configuration.folder), create: true)
        try file.reserve(length: UInt64(configuration.reserveBytes))
        hasReserve.store(true, ordering: .relaxed)
    }

    /// Gives back the space that was set aside, for what must work on a full disk.
    func giveUpReserve() throws(SystemFailure) {
        try Self.giveUpReserve(configuration)
        hasReserve.store(false, ordering: .relaxed)
    }

    static func giveUpReserve(_ configuration: Configuration) throws(SystemFailure) {
        let file = try configuration.files.open(
            Folder.reserve(configuration.folder), create: true)
        try file.truncate(length: 0)
    }

    private func lookForSpace() {
        do throws(SystemFailure) {
            let available = try configuration.files.availableBytes(configuration.folder)
            let need =
                max(
                    Limits.freeBytesToRecover, UInt64(configuration.segmentFirstBytes))
                + UInt64(hasReserve.load(ordering: .relaxed) ? 0 : configuration.reserveBytes)
            if available >= need { recoverFromLackOfSpace() }
        } catch {
            counters.housekeepingFailures.add(1, ordering: .relaxed)
        }
    }
}

extension Segment {
    /// Nothing of it is in the part of the shard that reads without asking.
    func isCold(_ shard: Shard) -> Bool {
        let tail = shard.tail.offset
        return capacityEnd < tail - min(tail, shard.residentBytes)
    }
}

extension Committer {
    /// Puts a segment that could not be synced into a new file: its bytes are in memory still, and
    /// every record's checksum says whether they are the right ones.
    func rewrite(_ segment: Segment) {
        guard let shard = log.shard(ShardNumber(rawValue: segment.header.shard)),
            shard.segments.withLock({ $0.contains { $0 === segment } })
        else {
            // Nobody needs it any more.
            segment.hasFailed.store(false, ordering: .releasing)
            return
        }
        let tail = shard.settledTail.load(ordering: .sequentiallyConsistent)
        let end = shard.end(of: segment, tail: tail)
        do throws(SystemFailure) {
            let old = try segment.file(segmentFiles)
            let length = segment.offset(end)
            let bytes = try old.read(at: 0, count: Int(length))
            guard UInt64(bytes.count) == length, isWhole(bytes, of: segment) else {
                throw SystemFailure(errno: Self.ioError, operation: "segment, after a failed sync")
            }
            let path = segment.path + ".new"
            let new = try segmentFiles.makeReplacement(of: segment, at: path)
            try new.file.truncate(length: 0)
            try new.file.reserve(length: segment.fileBytes.load(ordering: .relaxed))
            try new.file.write(bytes, at: 0)
            try new.file.sync()
            try files.rename(path, to: segment.path)
            // From here on the name is the new file's. That it is so for good is seen to by the
            // next sync of the segments.
            segmentFiles.replaceFile(of: segment, with: new)
            log.noteNewSegment()
            segment.hasFailed.store(false, ordering: .releasing)
            log.counters.segmentRewrites.add(1, ordering: .relaxed)
            if !segment.isDirty.exchange(true, ordering: .acquiringAndReleasing) {
                log.noteDirty(segment)
            }
        } catch {
            log.refuse(error, "a segment cannot be synced", isPassing: false)
        }
    }

    private func isWhole(_ bytes: [UInt8], of segment: Segment) -> Bool {
        let span = bytes.span
        guard Segment.Header(span) == segment.header else { return false }
        var offset = Limits.pageBytes
        while offset < span.count {
            let rest = span.extracting(offset..<span.count)
            guard Record.fault(rest, shard: segment.header.shard) == nil else { return false }
            offset += Record.Header(rest).length
        }
        return true
    }
}
