internal import Glibc
internal import Metrics
internal import Synchronization
internal import System

/// What the committer does when the disk fails it.
///
/// A file of the journal that fails is given up: the batch, still in memory, is written once more to
/// a fresh one, behind what the failed one has of batches that were announced without a sync. The
/// fresh file's header says after which batch it follows, and what the failed one has beyond that
/// does not count, whether it reached the disk or not.
///
/// When that fails too, nobody knows whether the batch is in the log; it is *undecided*. Its waiters
/// are told so, the log takes no writes, and once a second a fresh file is begun again. As soon as
/// one takes a synced batch, that file decides: the batch is not in the log, its numbers stay unused,
/// and writing goes on. A recovery that comes before decides from what it finds.
///
/// A batch that is durable and cannot be copied into any segment is *unpublished*: the committer
/// keeps its bytes and tries again once a second.
extension Committer {
    struct Stuck {
        /// Not ended while it is not known which numbers are used.
        var ordering: Ordering
        /// Durable, and not in the segments. Nil if it is undecided.
        var batch: Unpublished?
    }

    /// A batch's working state, with blocks of its own.
    struct Unpublished {
        var number: UInt64
        var counts: Counts
        var blocks: [Block]
        var controls: [ShardLog.PendingControl]
        var extents: [PendingExtent]
        var runs: [Run]
        var opened: [Shard]
        var changed: [Shard]
    }

    // The journal.

    /// Writes the batch, which is still in memory, once more: to a file that has not failed.
    func writeAfresh() throws(SystemError) {
        try beginAfresh(room: UInt64(roundedUp(gather.byteCount, to: Limits.pageBytes)))
        log.counters.journalRetries.add()
        try write(syncs: true)
    }

    /// Syncs the file; if it fails, its batches go to a fresh one. False if that fails as well.
    func syncOrRescue(_ writer: Journal.Writer) -> Bool {
        do throws(SystemError) {
            try sync(writer)
            didSync(lastNumber)
            return true
        } catch {
            do throws(SystemError) {
                try beginAfresh(room: UInt64(Limits.pageBytes))
                log.counters.journalRetries.add()
                guard let journal else { preconditionFailure("a fresh file was begun") }
                try sync(journal)
                didSync(lastNumber)
                return true
            } catch {
                giveUpFresh(error)
                return false
            }
        }
    }

    /// Begins a file in place of one that has failed, and brings over the batches that were
    /// announced without a sync.
    func beginAfresh(room: UInt64) throws(SystemError) {
        if let failed = journal {
            log.journal.distrust(failed.name)
            if suspect == nil, durableThrough < lastNumber { suspect = failed }
            journal = nil
        }
        let unsynced = try unsyncedBatches()
        var fresh = try nextFile(room: room + UInt64(unsynced.count))
        if !unsynced.isEmpty {
            do throws(SystemError) {
                try fresh.file.write(unsynced, at: fresh.offset)
            } catch {
                log.journal.abandon(fresh.name)
                throw error
            }
            fresh.offset += UInt64(unsynced.count)
        }
        journal = fresh
    }

    /// What a failed file has of batches that were announced: the kernel keeps it in memory even if
    /// it could not write it, as a rule, and the checksums say whether it did.
    private func unsyncedBatches() throws(SystemError) -> [UInt8] {
        guard let suspect, durableThrough < lastNumber else { return [] }
        let count = Int(suspect.offset - suspect.syncedOffset)
        let bytes = try suspect.file.read(at: suspect.syncedOffset, count: count)
        guard bytes.count == count, areWhole(bytes.span) else {
            let failure = SystemError(errno: Self.ioError, operation: "fdatasync")
            log.condition.enter(
                .over, failure, "batches that were acknowledged without a sync are lost")
            throw failure
        }
        return bytes
    }

    private func areWhole(_ span: Span<UInt8>) -> Bool {
        var number = durableThrough
        var offset = 0
        while offset < span.count {
            guard let batch = try? Batch(span.extracting(offset..<span.count)),
                batch.header.epoch == epoch, batch.header.number == number + 1
            else { return false }
            number += 1
            offset += roundedUp(batch.header.totalBytes, to: Limits.pageBytes)
        }
        return number == lastNumber
    }

    /// The fresh file has failed as well: what was to be in it is undecided.
    func giveUpFresh(_ failure: SystemError) {
        if let journal {
            log.journal.abandon(journal.name)
            self.journal = nil
        }
        log.condition.enter(.stuck, failure, "the journal cannot be written")
    }

    /// Tries once more what is stuck.
    func attempt() {
        guard var held = stuck, log.condition.state == .stuck else { return }
        do throws(SystemError) {
            if let batch = held.batch { try publishLate(batch) } else { try decide() }
        } catch {
            return
        }
        held.ordering.step(log.nodeTime)
        stuck = nil
        log.condition.endStuck()
    }

    /// Begins a file of which the first batch, once durable, says what is in the log.
    private func decide() throws(SystemError) {
        do throws(SystemError) {
            try beginAfresh(room: 2 * UInt64(Limits.pageBytes))
            try writeMarker(flags: 0, ceiling: max(ceiling, neededCeiling))
        } catch {
            giveUpFresh(error)
            throw error
        }
    }

    // The segments.

    /// Keeps a batch that is durable and cannot be published, and tells the waiters of its records.
    /// What became of its controls is told when it is published: their owner waits for that.
    func stick(_ number: UInt64, _ counts: Counts, _ ordering: Ordering) {
        stuck = Stuck(
            ordering: ordering,
            batch: Unpublished(
                number: number, counts: counts, blocks: blocks.map { $0.copy() },
                controls: controls, extents: extents, runs: runs, opened: opened,
                changed: changed))
        controls.removeAll()
        fail()
    }

    /// Copies and publishes a batch that has been kept.
    private func publishLate(_ batch: Unpublished) throws(SystemError) {
        (blocks, controls, extents) = (batch.blocks, batch.controls, batch.extents)
        (runs, opened, changed) = (batch.runs, batch.opened, batch.changed)
        defer { forgetBatch() }
        do throws(SystemError) {
            try copyIntoSegments()
        } catch {
            // Some of it may have gone into new files, where it is looked for next time.
            stuck?.batch?.extents = extents
            stuck?.batch?.runs = runs
            throw error
        }
        note(batch.counts)
        applyControls(batch.number)
        publish(batch.number)
        // The records' waiters have been told; the blocks are the committer's own.
        blocks.removeAll()
        complete()
    }

    /// Puts the runs `first..<end` of a shard, gathered, into a new file, because their segment
    /// cannot be written: a segment of its own from here on, or, if it was begun with them, one of
    /// the same name.
    func moveOn(_ extent: Int, _ first: Int, to end: Int) throws(SystemError) -> Segment {
        let old = runs[first].segment
        let position = runs[first].position
        let segment: Segment
        if old.base == position {
            try replace(old)
            segment = old
        } else {
            segment = try makeFollower(of: old, extent, at: position)
            var place = first
            while place != end {
                runs[place].segment = segment
                place = runs[place].next
            }
        }
        log.counters.segmentMoves.add()
        return segment
    }

    /// Writes the gathered bytes into a new file for a segment that holds nothing else.
    private func replace(_ segment: Segment) throws(SystemError) {
        let path = segment.path + ".new"
        let new = try segmentFiles.makeReplacement(of: segment, at: path)
        try new.file.truncate(length: 0)
        try new.file.reserve(length: segment.fileBytes.load(ordering: .relaxed))
        try new.file.write(segment.header.page(), at: 0)
        try new.file.write(gather, at: UInt64(Limits.pageBytes))
        try files.rename(path, to: segment.path)
        segmentFiles.replaceFile(of: segment, with: new)
        log.noteNewSegment()
    }

    /// Writes the gathered bytes, with which the shard's part of the batch begins, into a segment
    /// that follows `old` before that is full.
    private func makeFollower(
        of old: Segment, _ extent: Int, at position: UInt64
    ) throws(SystemError) -> Segment {
        precondition(position == extents[extent].start)
        let page = UInt64(Limits.pageBytes)
        let length = UInt64(gather.byteCount)
        let header = Segment.Header(
            shard: old.header.shard, base: position,
            fullBytes: max(
                UInt64(log.configuration.segmentBytes), roundedUp(page + length, to: page)),
            ordinal: extents[extent].ordinal, firstIndex: extents[extent].firstIndex,
            firstArrivalMilliseconds: extents[extent].firstArrivalMilliseconds,
            previousBase: old.base, previousIndex: extents[extent].previousIndex)
        let segment = try make(header, length: length)
        do throws(SystemError) {
            try segment.file(segmentFiles).write(gather, at: page)
        } catch {
            segmentFiles.drop(segment)
            try? files.unlink(segment.path)
            throw error
        }
        for place in extents[extent].marks.indices
        where extents[extent].marks[place].0 === old {
            extents[extent].marks[place].0 = segment
        }
        // A segment's first record is marked.
        if extents[extent].marks.first?.1.position != position {
            extents[extent].marks.insert(
                (
                    segment,
                    SparseIndex.Mark(
                        position: position, index: header.firstIndex,
                        arrivalMilliseconds: header.firstArrivalMilliseconds,
                        ordinal: header.ordinal)
                ), at: 0)
        }
        extents[extent].begun.insert(segment, at: 0)
        let writer = extents[extent].shard.committerSide
        if writer.segment === old {
            writer.segment = segment
            writer.reservedEnd = segment.fileEnd
        }
        return segment
    }
}
