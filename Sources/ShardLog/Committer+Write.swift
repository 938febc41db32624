internal import Glibc
internal import Synchronization

extension Committer {
    /// The most bytes that the batch can take in the journal.
    private var upperBound: UInt64 {
        let records = blocks.reduce(0) { $0 + $1.count }
        let bytes =
            BatchHeader.bytes + min(records, log.shardCount) * Extent.bytes
            + controls.reduce(0) { $0 + $1.entry.encodedBytes }
            + blocks.reduce(0) { $0 + $1.used }
        return UInt64(roundedUp(bytes, to: Limits.pageBytes))
    }

    /// Sees to it that the batch fits in the current journal file, before anything is ordered.
    func makeRoom() throws(SystemFailure) {
        let need = upperBound
        if let journal, journal.offset + need <= journal.bytes { return }
        if let journal, durableThrough < lastNumber {
            // The file is given up with everything in it durable.
            try sync(journal)
            didSync(lastNumber)
        }
        try advance(room: need)
    }

    func advance(room: UInt64) throws(SystemFailure) {
        journal = try log.journal.advance(
            epoch: epoch, lastBatch: lastNumber,
            segmentsThrough: log.segmentsThrough.load(ordering: .acquiring), room: room)
    }

    /// Writes the head and the runs to the journal.
    func write(syncs: Bool) throws(SystemFailure) {
        guard var writer = journal else { preconditionFailure("a batch was given no room") }
        gather.removeAll()
        headMemory.load(head.bytes)
        headMemory.gather(into: &gather)
        var place = 0
        // Runs that lie together in a block are one piece, whichever shards they belong to.
        while place < runs.count {
            let block = runs[place].block
            var range = runs[place].range
            place += 1
            while place < runs.count, runs[place].block == block,
                runs[place].range.lowerBound == range.upperBound
            {
                range = range.lowerBound..<runs[place].range.upperBound
                place += 1
            }
            blocks[block].gather(range, into: &gather)
        }
        let bytes = roundedUp(gather.byteCount, to: Limits.pageBytes)
        headMemory.gatherZeros(bytes - gather.byteCount, into: &gather)
        try writer.file.write(gather, at: writer.offset)
        if syncs { try sync(writer) }
        writer.offset += UInt64(bytes)
        journal = writer
    }

    func sync(_ writer: Journal.Writer) throws(SystemFailure) {
        let start = monotonicNanoseconds()
        try writer.file.sync()
        let end = monotonicNanoseconds()
        log.counters.journalSyncs.note(end - start)
        lastSyncNanoseconds = end
    }

    /// Writes the batch, which is still in memory, once more: to a file that has not failed.
    func writeAfresh(syncs: Bool, number: UInt64) throws(SystemFailure) {
        if durableThrough < lastNumber {
            // Batches that were acknowledged without a sync may be lost with the file.
            throw SystemFailure(errno: EIO, operation: "fdatasync")
        }
        try advance(room: UInt64(roundedUp(gather.byteCount, to: Limits.pageBytes)))
        log.counters.journalRetries.add(1, ordering: .relaxed)
        try write(syncs: syncs)
    }

    /// Makes durable what was written before, when nothing new came with the demand.
    func syncOnly() {
        guard let journal, durableThrough < lastNumber else { return }
        do throws(SystemFailure) {
            try sync(journal)
            didSync(lastNumber)
        } catch {
            log.refuse(error, "the journal cannot be synced", isPassing: false)
        }
    }

    /// Writes the same bytes into the shards' segments, each shard's with as few calls as the
    /// segments it spans.
    func copyIntoSegments() throws(SystemFailure) {
        for extent in extents {
            var place = extent.firstRun
            while place >= 0 {
                let segment = runs[place].segment
                let position = runs[place].position
                gather.removeAll()
                while place >= 0, runs[place].segment === segment {
                    blocks[runs[place].block].gather(runs[place].range, into: &gather)
                    place = runs[place].next
                }
                try segment.file(segmentFiles).write(gather, at: segment.offset(position))
                if !segment.isDirty.exchange(true, ordering: .acquiringAndReleasing) {
                    log.noteDirty(segment)
                }
            }
        }
    }

    /// The last batch: says that the log was closed, and that all before it is durable. Its
    /// ceiling is what was needed and no more, so that the next start need not wait for it.
    func finish() {
        guard !log.isRefusingForGood else { return }
        do throws(SystemFailure) {
            try makeRoom()
            if let journal, durableThrough < lastNumber {
                try sync(journal)
                didSync(lastNumber)
            }
            try log.syncSegments()
            // As if a batch were ordered from here on for ever: whoever asks for a quiet point
            // meanwhile gets no number beyond the lower ceiling.
            var ordering = Ordering()
            let now = ordering.begin(log.nodeTime)
            try writeMarker(
                flags: BatchHeader.closedFlag, ceiling: max(now + 1, neededCeiling))
        } catch {
            log.refuse(error, "the log cannot be closed", isPassing: false)
        }
    }

    /// Writes and syncs a batch without contents.
    func writeMarker(flags: UInt32, ceiling marked: Int64) throws(SystemFailure) {
        let number = lastNumber + 1
        var header = BatchHeader(
            epoch: epoch, number: number, durableThrough: durableThrough,
            segmentsThrough: takeSegmentsThrough())
        header.ceilingMilliseconds = marked
        header.nodeMilliseconds = log.nodeTime.now()
        header.flags = flags
        encode(header)
        try write(syncs: true)
        wrote(number)
        ceiling = marked
        didSync(number)
    }
}
