internal import Glibc
internal import Metrics
internal import Synchronization
internal import System

extension Committer {
    /// Takes the controls' effects on shards into account before any record is ordered: what the
    /// batch closes gets no record of this batch.
    func orderControls() {
        for control in controls {
            for description in control.entry.opens where log.shard(description.number) == nil {
                opened.append(
                    Shard(
                        description, Shard.Origin(), log.configuration, log.nodeTime,
                        segmentFiles))
            }
            for number in control.entry.closes {
                guard let shard = find(number) else { continue }
                shard.committerSide.state = .closed
                changed.append(shard)
            }
            for number in control.entry.removes {
                guard let shard = find(number) else { continue }
                shard.committerSide.state = .removed
                changed.append(shard)
            }
        }
    }

    private func find(_ number: ShardNumber) -> Shard? {
        log.shard(number) ?? opened.first { $0.number == number }
    }

    /// Gives every record its index and time, and decides where it goes.
    func orderRecords(now: Int64) -> Counts {
        var counts = Counts()
        let present = log.clock.now()
        let durableCeiling = log.nodeTime.durableCeiling.load(ordering: .sequentiallyConsistent)
        for place in blocks.indices {
            let block = blocks[place]
            for record in 0..<block.count {
                let staged = block[record]
                let writer = staged.shard.committerSide
                let length = UInt64(staged.length)
                guard writer.state == .open else {
                    block.settle(record, writer.state == .closed ? .shardClosed : .shardGone)
                    staged.shard.stagedBytes.subtract(Int(length), ordering: .relaxed)
                    continue
                }
                let created = staged.shard.createdMilliseconds
                let index = NodeTime.index(
                    after: writer.lastIndex, at: now, created: created,
                    above: staged.minimumIndex, durableCeiling: durableCeiling)
                let arrival = max(writer.lastArrivalMilliseconds, present)
                if writer.position + length > writer.reservedEnd || writer.slot < 0 {
                    guard
                        begin(
                            staged.shard, length: length, index: index, arrival: arrival)
                    else {
                        refuse(block, record)
                        continue
                    }
                }
                addRun(place, staged, writer)
                if MarkWalk.isDue(at: writer.position, length: length, due: writer.nextMark),
                    let segment = writer.segment
                {
                    extents[writer.slot].marks.append(
                        (
                            segment,
                            SparseIndex.Mark(
                                position: writer.position, index: index,
                                arrivalMilliseconds: arrival, ordinal: writer.records)
                        ))
                    writer.nextMark = writer.position + Limits.sparseBytes
                }
                var sum = block.stamp(record, index: index, arrivalMilliseconds: arrival)
                    .littleEndian
                counts.checksum = extended(counts.checksum, by: &sum)
                counts.records += 1
                counts.bytes += Int(length)
                writer.position += length
                writer.lastIndex = index
                writer.lastArrivalMilliseconds = arrival
                writer.records += 1
                neededCeiling = max(
                    neededCeiling, NodeTime.ceiling(for: index, created: created))
            }
        }
        return counts
    }

    @inline(always)
    private func extended(_ sum: UInt32, by more: inout UInt32) -> UInt32 {
        // Four bytes of a local integer, read inside the call.
        unsafe withUnsafePointer(to: &more) { unsafe crc32c(sum, $0, 4) }
    }

    /// Appends the record's bytes to the shard's last run, or begins one.
    private func addRun(_ place: Int, _ staged: StagedRecord, _ writer: ShardWriter) {
        guard let segment = writer.segment else {
            preconditionFailure("a shard that was begun has a segment")
        }
        let start = Int(staged.offset)
        let end = start + Int(staged.length)
        let last = extents[writer.slot].lastRun
        if last >= 0, runs[last].block == place, runs[last].range.upperBound == start,
            runs[last].segment === segment, last == runs.count - 1
        {
            runs[last].range = runs[last].range.lowerBound..<end
            return
        }
        runs.append(
            Run(
                block: place, range: start..<end, segment: segment, position: writer.position,
                next: -1))
        let this = runs.count - 1
        if last >= 0 { runs[last].next = this } else { extents[writer.slot].firstRun = this }
        extents[writer.slot].lastRun = this
    }

    /// Gives the shard a place in the batch and its segment disk space for one more record, in a
    /// new segment if the present one is full. False if there is no space.
    private func begin(_ shard: Shard, length: UInt64, index: UInt64, arrival: Int64) -> Bool {
        let writer = shard.committerSide
        if writer.slot < 0 {
            extents.append(
                PendingExtent(
                    shard: shard, start: writer.position, ordinal: writer.records,
                    firstIndex: index, firstArrivalMilliseconds: arrival,
                    previousIndex: writer.lastIndex, segment: writer.segment,
                    reservedEnd: writer.reservedEnd, nextMark: writer.nextMark, firstRun: -1,
                    lastRun: -1))
            writer.slot = extents.count - 1
        }
        let end = writer.position + length
        if end <= writer.reservedEnd { return true }
        do throws(SystemError) {
            if let segment = writer.segment, try extend(segment, to: end) {
                writer.reservedEnd = segment.fileEnd
                return true
            }
            let segment = try makeSegment(
                shard, length: length, index: index, arrival: arrival)
            extents[writer.slot].begun.append(segment)
            writer.segment = segment
            writer.reservedEnd = segment.fileEnd
            writer.nextMark = writer.position
            return true
        } catch {
            lack(error, bytes: length, "a segment cannot be extended")
            // A shard that got a place for this record alone has nothing in the batch.
            if extents[writer.slot].firstRun < 0, writer.slot == extents.count - 1 {
                extents.removeLast()
                writer.slot = -1
            }
            return false
        }
    }

    /// Gives the segment disk space. False if it is full or the disk does not let us: then the next
    /// record begins a new one.
    private func extend(_ segment: Segment, to end: UInt64) throws(SystemError) -> Bool {
        guard segment.fault == nil, end <= segment.capacityEnd else { return false }
        do throws(SystemError) {
            try segment.reserve(
                to: end, first: log.configuration.segmentFirstBytes, segmentFiles)
        } catch {
            if error.isNoSpace { throw error }
            log.counters.segmentMoves.add()
            return false
        }
        // One that was there when the log was opened has none yet. Whoever reads can make it, too.
        _ = try? segment.map(segmentFiles)
        return true
    }

    private func makeSegment(
        _ shard: Shard, length: UInt64, index: UInt64, arrival: Int64
    ) throws(SystemError) -> Segment {
        let writer = shard.committerSide
        let page = UInt64(Limits.pageBytes)
        let full = max(
            UInt64(log.configuration.segmentBytes), roundedUp(page + length, to: page))
        let header = Segment.Header(
            shard: shard.number.rawValue, base: writer.position, fullBytes: full,
            ordinal: writer.records, firstIndex: index, firstArrivalMilliseconds: arrival,
            previousBase: writer.segment?.base ?? writer.position,
            previousIndex: writer.lastIndex)
        do throws(SystemError) {
            return try make(header, length: length)
        } catch {
            if error.isNoSpace { throw error }
            return try make(header, length: length)
        }
    }

    /// Makes a segment's file, with its header and disk space for `length` bytes of records.
    func make(_ header: Segment.Header, length: UInt64) throws(SystemError) -> Segment {
        let path =
            log.segmentFolder + "/" + Segment.name(shard: header.shard, base: header.base)
        let segment = Segment(header, path: path, fileBytes: 0, marksFrom: header.base)
        do throws(SystemError) {
            let file = try segmentFiles.create(segment)
            try segment.reserve(
                to: header.base + length, first: log.configuration.segmentFirstBytes,
                segmentFiles)
            try file.write(header.page(), at: 0)
        } catch {
            segmentFiles.drop(segment)
            try? files.unlink(path)
            throw error
        }
        // Whoever reads can make it, too.
        _ = try? segment.map(segmentFiles)
        log.noteNewSegment()
        return segment
    }

    /// Takes the batch back: nothing of it was written, and the numbers it used are left unused.
    func undo() {
        for extent in extents.reversed() {
            let writer = extent.shard.committerSide
            extent.shard.stagedBytes.subtract(
                Int(writer.position - extent.start), ordering: .relaxed)
            writer.position = extent.start
            writer.records = extent.ordinal
            writer.segment = extent.segment
            writer.reservedEnd = extent.reservedEnd
            writer.nextMark = extent.nextMark
            writer.slot = -1
            for segment in extent.begun {
                segmentFiles.drop(segment)
                try? files.unlink(segment.path)
            }
        }
        extents.removeAll()
        runs.removeAll()
        for shard in changed {
            shard.committerSide.state = shard.isClosed ? .closed : .open
        }
        changed.removeAll()
        opened.removeAll()
    }
}
