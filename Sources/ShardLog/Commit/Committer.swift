internal import Glibc
internal import Metrics
internal import Synchronization
internal import System

/// The one thread that makes things durable: it gathers what all readers have handed over, orders
/// it, writes it to the journal with one call, syncs once, copies it into the segments, publishes
/// the tails and completes the records.
///
/// While one sync runs, everything that arrives waits and becomes the next batch.
///
/// Made by the thread that opens the log, and used only by the committer's thread from the moment
/// that one starts; that is why it may cross although it has no lock.
final class Committer: @unchecked Sendable {
    let log: ShardLog
    let files: any FileSystem
    let segmentFiles: SegmentFiles
    let apply: @Sendable (_ payload: [UInt8], _ batch: UInt64) -> Void

    let epoch: UInt64
    var journal: Journal.Writer?
    /// The number of the last batch that was written.
    var lastNumber: UInt64
    /// Batches up to this one are durable.
    var durableThrough: UInt64
    /// The ceiling that the last batch carried.
    var ceiling: Int64
    /// What the head being written says of the segments, and what that of the last batch said.
    var headSegmentsThrough: UInt64 = 0
    var writtenSegmentsThrough: UInt64 = 0
    /// The least ceiling for every index given out so far.
    var neededCeiling: Int64 = 0
    var lastSyncNanoseconds: UInt64
    /// A batch has been written that no later one proves.
    var isUnproved = false
    /// What cannot be finished now, and keeps everything else waiting; see `Committer+Stuck`.
    var stuck: Stuck?
    /// A journal file that failed, with batches that were announced and never synced.
    var suspect: Journal.Writer?
    /// Free space has been asked for since the batch under way failed to get some.
    var hasLookedForSpace = false

    // One batch's working state; kept between batches for its memory.
    var blocks: [Block] = []
    var controls: [ShardLog.PendingControl] = []
    var extents: [PendingExtent] = []
    var runs: [Run] = []
    var head = ByteWriter()
    let headMemory = HeadMemory()
    var readersToWake: UInt64 = 0
    var gather = Gather()
    var opened: [Shard] = []
    var changed: [Shard] = []

    /// A shard's part of the batch that is being ordered.
    struct PendingExtent {
        let shard: Shard
        let start: UInt64
        let ordinal: UInt64
        let firstIndex: UInt64
        let firstArrivalMilliseconds: Int64
        /// Of the shard's record before the batch.
        let previousIndex: UInt64
        /// Where the shard stood before the batch, should it have to be undone.
        let segment: Segment?
        let reservedEnd: UInt64
        let nextMark: UInt64
        /// The shard's runs, linked.
        var firstRun: Int
        var lastRun: Int
        var marks: [(Segment, SparseIndex.Mark)] = []
        /// Segments begun in this batch.
        var begun: [Segment] = []
    }

    /// Bytes of one shard that lie together in a block and go together into a segment.
    struct Run {
        let block: Int
        var range: Range<Int>
        var segment: Segment
        let position: UInt64
        var next: Int
    }

    init(
        log: ShardLog, epoch: UInt64, lastNumber: UInt64, ceiling: Int64,
        apply: @escaping @Sendable (_ payload: [UInt8], _ batch: UInt64) -> Void
    ) {
        self.log = log
        files = log.configuration.files
        segmentFiles = log.segmentFiles
        self.epoch = epoch
        self.lastNumber = lastNumber
        durableThrough = lastNumber
        self.ceiling = ceiling
        self.apply = apply
        lastSyncNanoseconds = MonotonicClock.nanoseconds
    }

    static let ioError = EIO

    /// The first batch of this epoch, before anything is served: it proves what was recovered, and
    /// from here on numbers may be given out up to its ceiling.
    func begin() throws(SystemError) {
        let ceiling = max(ceiling, log.nodeTime.now()) + Limits.ceilingLeadMilliseconds
        try advance(room: UInt64(Limits.pageBytes))
        try writeMarkerSomewhere(flags: 0, ceiling: ceiling)
        log.publishedBatch.store(lastNumber, ordering: .releasing)
    }

    /// The thread's life.
    func run() {
        while true {
            log.signal.wait(nanoseconds: syncDue())
            while turn() {}
            if log.isStopping.load(ordering: .acquiring) { break }
        }
        finish()
    }

    /// One batch; false if there was nothing to do.
    private func turn() -> Bool {
        let requests = log.takeRequests()
        if requests.wantsAttempt { attempt() }
        takeWork()
        let isSyncDue = syncDue() == 0
        if blocks.isEmpty, controls.isEmpty, requests.isEmpty, !isSyncDue { return false }
        defer { forgetBatch() }
        if log.condition.isRefusing {
            fail()
            requests.finish()
            return true
        }
        // The attempt counts: one that fails is made again after the interval, not at once for ever.
        if isSyncDue { lastSyncNanoseconds = MonotonicClock.nanoseconds }
        for segment in requests.rewrites { rewrite(segment) }
        for shard in requests.retirements { retire(shard) }
        if let oldest = blocks.lazy.map(\.stagedAt).min() {
            log.oldestStaged.store(oldest, ordering: .relaxed)
        }
        commit(
            mustSync: isSyncDue || requests.mustSync,
            isMarker: requests.wantsCeiling || (requests.wantsProof && isUnproved))
        requests.finish()
        return true
    }

    /// Takes what readers have handed over, in turn, up to a batch's size, and all controls.
    private func takeWork() {
        controls = log.takeControls()
        var bytes = 0
        let limit = log.configuration.batchBytes
        var isMore = true
        while isMore, bytes < limit {
            isMore = false
            for mailbox in log.mailboxes {
                let taken: Block? = mailbox.outgoing.withLock { blocks in
                    blocks.isEmpty ? nil : blocks.removeFirst()
                }
                guard let taken else { continue }
                isMore = true
                bytes += taken.used
                blocks.append(taken)
            }
        }
    }

    /// What became of a batch.
    private enum BatchOutcome {
        case done
        /// It is not in the log and never will be.
        case failed
        /// Whether it is in the log is decided by the next file of the journal, or the next
        /// recovery. No number above its records may be given out until then.
        case undecided
        /// It is in the log, and not in the segments. The same holds.
        case unpublished(number: UInt64, Counts)
    }

    /// Orders, writes, syncs, copies, publishes and completes what was taken.
    private func commit(mustSync: Bool, isMarker: Bool) {
        var ordering = Ordering()
        let now = ordering.begin(log.nodeTime)
        hasLookedForSpace = false
        switch commit(now: now, mustSync: mustSync, isMarker: isMarker) {
        case .done:
            // Before anybody is told: who knows that a batch is done is not held up by it.
            ordering.step(log.nodeTime)
            complete()
        case .failed:
            ordering.step(log.nodeTime)
            fail()
        case .undecided:
            stuck = Stuck(ordering: ordering)
            fail()
        case .unpublished(let number, let counts):
            stick(number, counts, ordering)
        }
    }

    private func commit(now: Int64, mustSync: Bool, isMarker: Bool) -> BatchOutcome {
        do throws(SystemError) {
            try makeRoom()
        } catch {
            // A file that failed with batches in it that were announced has been seen to.
            if log.condition.isRefusing { return .undecided }
            lack(error, bytes: upperBound, "the journal cannot be extended")
            return .failed
        }
        orderControls()
        let counts = orderRecords(now: now)
        if runs.isEmpty, controls.isEmpty, !isMarker {
            if mustSync, !syncOnly() { return .undecided }
            return .done
        }
        let lastCeiling = ceiling
        let raises = raiseCeiling(now: now, isMarker: isMarker)
        let number = lastNumber + 1
        encodeHead(number: number, now: now, counts)
        var syncs = mustSync || raises || log.configuration.durability == .commit
        if let outcome = writeSomewhere(syncs: &syncs) ?? outcomeOfUnnamed() {
            undo()
            // Nothing has carried the new one: the next batch must, and be synced for it.
            ceiling = lastCeiling
            return outcome
        }
        wrote(number)
        isUnproved = !runs.isEmpty || !controls.isEmpty
        if syncs { didSync(number) }
        do throws(SystemError) {
            try copyIntoSegments()
        } catch {
            log.condition.enter(.stuck, error, "a segment cannot be written")
            return .unpublished(number: number, counts)
        }
        note(counts)
        applyControls(number)
        publish(number)
        return .done
    }

    /// Writes the batch to the current file, else to a fresh one, which is synced in any case; nil if
    /// one of them has it.
    private func writeSomewhere(syncs: inout Bool) -> BatchOutcome? {
        do throws(SystemError) {
            try write(syncs: syncs)
            return nil
        } catch {
            if error.isNoSpace, error.operation != "fdatasync" {
                lack(error, bytes: upperBound, "the journal cannot be written")
                return .failed
            }
        }
        do throws(SystemError) {
            try writeAfresh()
            syncs = true
            return nil
        } catch {
            giveUpFresh(error)
            return .undecided
        }
    }

    /// A journal file that somebody has deleted holds the batch for this process only. Asked of the
    /// open file, which is cheap beside the write.
    private func outcomeOfUnnamed() -> BatchOutcome? {
        guard let journal, (try? journal.file.isNamed()) == false else { return nil }
        log.loseFolder()
        return .undecided
    }

    /// Records are refused for something that is lacking, disk space in the first place.
    func lack(_ failure: SystemError, bytes: UInt64, _ what: String) {
        log.condition.enter(
            .lacking(WriteCondition.Lack(failure, bytes: bytes)), failure, what)
        guard failure.isNoSpace, !hasLookedForSpace else { return }
        hasLookedForSpace = true
        if let free = log.freeBytes() { log.condition.noteFree(free) }
    }

    /// What an ordering counted.
    struct Counts {
        var records = 0
        var bytes = 0
        var checksum: UInt32 = 0
    }

    private func encodeHead(number: UInt64, now: Int64, _ counts: Counts) {
        var header = BatchHeader(
            epoch: epoch, number: number, durableThrough: durableThrough,
            segmentsThrough: takeSegmentsThrough())
        header.ceilingMilliseconds = ceiling
        header.nodeMilliseconds = now
        header.controlCount = UInt32(controls.count)
        header.controlBytes = UInt64(controls.reduce(0) { $0 + $1.entry.encodedBytes })
        header.extentCount = UInt32(extents.count)
        header.recordCount = UInt32(counts.records)
        header.recordBytes = UInt64(counts.bytes)
        header.recordsChecksum = counts.checksum
        encode(header)
    }

    func encode(_ header: BatchHeader) {
        var writer = head
        head = ByteWriter()
        writer.removeAll()
        header.encode(into: &writer)
        for extent in extents {
            let state = extent.shard.committerSide
            Extent(
                shard: extent.shard.number.rawValue, start: extent.start,
                byteCount: state.position - extent.start, ordinal: extent.ordinal,
                firstIndex: extent.firstIndex, lastIndex: state.lastIndex,
                lastArrivalMilliseconds: state.lastArrivalMilliseconds,
                recordCount: UInt32(state.records - extent.ordinal)
            ).encode(into: &writer)
        }
        for control in controls { control.entry.encode(into: &writer) }
        BatchHeader.seal(&writer)
        head = writer
    }

    /// The ceiling that this batch carries; true if it is a new one, which must be synced.
    private func raiseCeiling(now: Int64, isMarker: Bool) -> Bool {
        let raised = NodeTime.raised(
            ceiling, at: now, needed: neededCeiling, isWanted: isMarker)
        guard let raised else { return false }
        ceiling = raised
        return true
    }

    /// What a head says of the segments.
    func takeSegmentsThrough() -> UInt64 {
        headSegmentsThrough = log.segmentsThrough.load(ordering: .acquiring)
        return headSegmentsThrough
    }

    func wrote(_ number: UInt64) {
        lastNumber = number
        writtenSegmentsThrough = headSegmentsThrough
    }

    func didSync(_ number: UInt64) {
        durableThrough = number
        if var synced = journal {
            synced.syncedOffset = synced.offset
            journal = synced
        }
        suspect = nil
        log.segmentsThroughOnDisk.store(writtenSegmentsThrough, ordering: .releasing)
        log.durableBatch.store(number, ordering: .releasing)
        log.nodeTime.durableCeiling.store(ceiling, ordering: .sequentiallyConsistent)
    }

    func note(_ counts: Counts) {
        let counters = log.counters
        counters.commits.add()
        counters.records.add(UInt64(counts.records))
        counters.bytes.add(UInt64(counts.bytes))
        counters.controlEntries.add(UInt64(controls.count))
        counters.largestBatchBytes.raise(to: UInt64(counts.bytes))
    }

    /// Nanoseconds until the journal must be synced although nothing new comes; nil for never.
    private func syncDue() -> UInt64? {
        guard case .interval(let milliseconds) = log.configuration.durability,
            durableThrough < lastNumber, !log.condition.isRefusing
        else { return nil }
        let due = lastSyncNanoseconds + UInt64(max(milliseconds, 1)) * 1_000_000
        let now = MonotonicClock.nanoseconds
        return due > now ? due - now : 0
    }

    func forgetBatch() {
        blocks.removeAll(keepingCapacity: true)
        controls.removeAll(keepingCapacity: true)
        extents.removeAll(keepingCapacity: true)
        runs.removeAll(keepingCapacity: true)
        opened.removeAll(keepingCapacity: true)
        changed.removeAll(keepingCapacity: true)
    }
}

extension Shard {
    /// The committer's view of the shard, for the committer.
    var committerSide: ShardWriter {
        // See `writer`: there is one thread that asks.
        unsafe writer
    }
}

extension SystemError {
    /// The disk, or what we may have of it, is full; that can pass.
    var isNoSpace: Bool {
        errno == ENOSPC || errno == EDQUOT
    }
}
