internal import Glibc
internal import Metrics
internal import Synchronization
internal import System

extension Committer {
    /// The most bytes that the batch can take in the journal.
    var upperBound: UInt64 {
        let records = blocks.reduce(0) { $0 + $1.count }
        let bytes =
            BatchHeader.bytes + min(records, log.shardCount) * Extent.bytes
            + controls.reduce(0) { $0 + $1.entry.encodedBytes }
            + blocks.reduce(0) { $0 + $1.used }
        return UInt64(roundedUp(bytes, to: Limits.pageBytes))
    }

    /// Sees to it that the batch fits in the current journal file, before anything is ordered. When
    /// the disk is full, as much of the batch as fits, and its controls in any case, from the
    /// reserve; the rest waits for its turn or is refused.
    func makeRoom() throws(SystemError) {
        while true {
            let need = upperBound
            if let journal, journal.offset + need <= journal.bytes { return }
            // The file is given up with everything in it durable.
            if let journal, durableThrough < lastNumber, !syncOrRescue(journal) {
                throw SystemError(errno: Self.ioError, operation: "fdatasync")
            }
            if blocks.isEmpty {
                return try log.withReserve(bytes: need + UInt64(Limits.pageBytes)) {
                    () throws(SystemError) in try advance(room: need)
                }
            }
            do throws(SystemError) {
                return try advance(room: need)
            } catch {
                guard error.isNoSpace else { throw error }
                if blocks.count == 1 {
                    lack(error, bytes: need, "the journal cannot be extended")
                }
                takeLess()
            }
        }
    }

    /// Gives half of the blocks back to be taken in the next batch; a single one is refused.
    private func takeLess() {
        guard blocks.count > 1 else {
            for block in blocks {
                for place in 0..<block.count { refuse(block, place) }
                post(block)
            }
            return blocks.removeAll()
        }
        for block in blocks[(blocks.count / 2)...].reversed() {
            log.mailboxes[block.reader].outgoing.withLock { $0.insert(block, at: 0) }
        }
        blocks.removeSubrange((blocks.count / 2)...)
    }

    /// Nothing of the record was written.
    func refuse(_ block: Block, _ place: Int) {
        let record = block[place]
        block.settle(place, .failed)
        record.shard.stagedBytes.subtract(Int(record.length), ordering: .relaxed)
        log.counters.failed.add()
    }

    /// Begins the next journal file; one that failed with something else than the disk being full
    /// was given up, and another is tried.
    func advance(room: UInt64) throws(SystemError) {
        do throws(SystemError) {
            journal = try nextFile(room: room)
        } catch {
            if error.isNoSpace { throw error }
            journal = try nextFile(room: room)
        }
    }

    func nextFile(room: UInt64) throws(SystemError) -> Journal.Writer {
        try log.journal.advance(
            epoch: epoch, lastBatch: durableThrough,
            segmentsThrough: log.segmentsThrough.load(ordering: .acquiring), room: room)
    }

    /// Writes the head and the runs to the journal.
    func write(syncs: Bool) throws(SystemError) {
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

    func sync(_ writer: Journal.Writer) throws(SystemError) {
        let start = MonotonicClock.nanoseconds
        try writer.file.sync()
        let end = MonotonicClock.nanoseconds
        log.counters.journalSyncs.record(end - start)
        lastSyncNanoseconds = end
    }

    /// Makes durable what was written before, when nothing new came with the demand. False if that
    /// is not so, and the log takes no writes.
    func syncOnly() -> Bool {
        guard let journal, durableThrough < lastNumber else { return true }
        return syncOrRescue(journal)
    }

    /// Writes the same bytes into the shards' segments, each shard's with as few calls as the
    /// segments it spans. May be done again after it has failed.
    func copyIntoSegments() throws(SystemError) {
        for extent in extents.indices {
            var place = extents[extent].firstRun
            while place >= 0 { place = try copyPart(extent, place) }
        }
    }

    /// Writes the runs from `first` on that go into one segment; answers the next run, or -1.
    private func copyPart(_ extent: Int, _ first: Int) throws(SystemError) -> Int {
        var segment = runs[first].segment
        let position = runs[first].position
        var place = first
        gather.removeAll()
        while place >= 0, runs[place].segment === segment {
            blocks[runs[place].block].gather(runs[place].range, into: &gather)
            place = runs[place].next
        }
        do throws(SystemError) {
            try segment.file(segmentFiles).write(gather, at: segment.offset(position))
        } catch {
            // The first attempt may have met what made the old file fail.
            do throws(SystemError) {
                segment = try moveOn(extent, first, to: place)
            } catch {
                segment = try moveOn(extent, first, to: place)
            }
        }
        if !segment.isDirty.exchange(true, ordering: .acquiringAndReleasing) {
            log.noteDirty(segment)
        }
        return place
    }

    /// The last batch: says that the log was closed, and that all before it is durable. Its
    /// ceiling is what was needed and no more, so that the next start need not wait for it.
    func finish() {
        if stuck != nil { attempt() }
        guard !log.condition.isRefusing else { return }
        do throws(SystemError) {
            try makeRoom()
            guard syncOnly() else { return }
            do throws(SystemError) {
                try log.syncSegments()
            } catch {
                // What could not be synced goes into new files, for which somebody has asked.
                for segment in log.takeRequests().rewrites { rewrite(segment) }
                try log.syncSegments()
            }
            // As if a batch were ordered from here on for ever: whoever asks for a quiet point
            // meanwhile gets no number beyond the lower ceiling.
            var ordering = Ordering()
            let now = ordering.begin(log.nodeTime)
            try writeMarkerSomewhere(
                flags: BatchHeader.closedFlag, ceiling: max(now + 1, neededCeiling))
        } catch {
            log.condition.enter(.over, error, "the log cannot be closed")
        }
    }

    /// Writes and syncs a batch without contents, to a fresh file if the current one fails.
    func writeMarkerSomewhere(flags: UInt32, ceiling: Int64) throws(SystemError) {
        do throws(SystemError) {
            try writeMarker(flags: flags, ceiling: ceiling)
        } catch {
            if error.isNoSpace { throw error }
            try beginAfresh(room: UInt64(Limits.pageBytes))
            try writeMarker(flags: flags, ceiling: ceiling)
        }
    }

    /// Writes and syncs a batch without contents.
    func writeMarker(flags: UInt32, ceiling marked: Int64) throws(SystemError) {
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
