internal import Glibc
internal import Synchronization

/// Bytes that a worker has brought into memory a short time ago.
struct WarmRange {
    var range: Range<UInt64>
}

extension Shard {
    /// Visits published records from `position` on.
    ///
    /// At least one record is visited if there is one, whatever `maximumBytes` says; the bytes
    /// counted are those of the data. Every record's checksum is verified before the visit.
    /// Never waits for the disk.
    /// - Parameter visit: false ends the read after this record.
    public func read(
        from position: Position, maximumRecords: Int, maximumBytes: Int,
        _ visit: (borrowing RecordView) -> Bool
    ) -> ReadResult {
        let horizon = self.horizon
        if position < horizon { return ReadResult(next: horizon, outcome: .trimmed) }
        let tail = self.tail.offset
        var place = position.offset
        var records = 0
        var bytes = 0
        while place < tail {
            guard let segment = segment(at: place) else {
                return ended(records, at: place, .damaged("there is no segment"))
            }
            let scan = self.scan(segment, from: place, tail: tail) { record, header, at in
                if records > 0,
                    records >= maximumRecords || bytes + header.dataLength > maximumBytes
                {
                    return .stopBefore
                }
                records += 1
                bytes += header.dataLength
                let view = RecordView(record, header, position: Position(offset: at))
                return visit(view) ? .goOn : .stopAfter
            }
            place = scan.next
            if let problem = scan.problem { return ended(records, at: place, problem) }
            if scan.isStopped { break }
        }
        return ReadResult(
            next: Position(offset: place), outcome: place >= tail ? .pending : .ready)
    }

    /// What has been visited is answered first; the problem is met again by the next read.
    private func ended(_ records: Int, at place: UInt64, _ problem: ScanProblem) -> ReadResult {
        let next = Position(offset: place)
        if records > 0 { return ReadResult(next: next, outcome: .ready) }
        switch problem {
        case .cold(let range):
            return ReadResult(next: next, outcome: .cold(positions(range)))
        case .damaged(let reason):
            return ReadResult(next: next, outcome: .damaged(next, reason: reason))
        }
    }

    /// Brings a range that was answered `.cold` into memory. Waits for the disk: call it on a
    /// worker, then read again soon.
    public func prefault(_ range: Range<Position>) -> PrefaultResult {
        let tail = self.tail.offset
        // What is below the first segment is gone; what is below the horizon in it may be asked for
        // to complete its sparse index.
        let first = segments.withLock { $0.first?.base } ?? tail
        var place = max(range.lowerBound.offset, first)
        let end = min(range.upperBound.offset, tail)
        while place < end {
            guard let segment = segment(at: place) else {
                return .damaged(Position(offset: place), reason: "there is no segment")
            }
            let segmentEnd = min(self.end(of: segment, tail: tail), segment.fileEnd)
            guard place < segmentEnd else {
                return .damaged(
                    Position(offset: place), reason: "the segment's file ends before")
            }
            let part = place..<min(end, segmentEnd)
            if let problem = bringIn(part, of: segment, tail: tail) { return problem }
            place = part.upperBound
        }
        return .ready
    }

    private func bringIn(
        _ part: Range<UInt64>, of segment: Segment, tail: UInt64
    ) -> PrefaultResult? {
        let lower = Int(segment.offset(part.lowerBound))
        let upper = Int(segment.offset(part.upperBound))
        do throws(SystemFailure) {
            let mapping = try segment.map(files)
            do throws(SystemFailure) {
                try mapping.populate(lower..<upper)
            } catch  where error.errno == EINVAL {
                // A kernel that cannot populate: reading through the file fills the page cache.
                _ = try segment.file(files).read(at: UInt64(lower), count: upper - lower)
            }
        } catch {
            return .damaged(
                Position(offset: part.lowerBound),
                reason: "\(error.operation): \(systemErrorText(error.errno))")
        }
        warm.withLock { ranges in
            ranges.removeAll {
                part.lowerBound <= $0.range.lowerBound
                    && $0.range.upperBound <= part.upperBound
            }
            if ranges.count >= Limits.warmRanges { ranges.removeFirst() }
            ranges.append(WarmRange(range: part))
        }
        // A question for a position asks for the whole of what has no marks yet.
        let unmarked = segment.state.withLock { segment.base..<$0.marksFrom }
        if !unmarked.isEmpty, part.lowerBound <= unmarked.lowerBound,
            unmarked.upperBound <= part.upperBound
        {
            return makeMarks(segment, unmarked)
        }
        return nil
    }

    /// Fills in the sparse index of records that were there before the log was opened.
    private func makeMarks(_ segment: Segment, _ range: Range<UInt64>) -> PrefaultResult? {
        var marks: [Segment.Mark] = []
        var ordinal = segment.header.ordinal
        var due = range.lowerBound
        var place = range.lowerBound
        while place < range.upperBound {
            let scan = scan(segment, from: place, tail: range.upperBound) { _, header, at in
                if at >= due {
                    marks.append(
                        Segment.Mark(
                            position: at, index: header.index,
                            arrivalMilliseconds: header.arrivalMilliseconds, ordinal: ordinal))
                    due = at + Limits.sparseBytes
                }
                ordinal += 1
                return .goOn
            }
            place = scan.next
            switch scan.problem {
            case .damaged(let reason):
                return .damaged(Position(offset: place), reason: reason)
            case .cold:
                // What was brought in is out again: whoever asks next asks for it again.
                return nil
            case nil:
                break
            }
        }
        let made = marks
        segment.state.withLock { state in
            guard state.marksFrom == range.upperBound else { return }
            state.marks = made + state.marks
            state.marksFrom = range.lowerBound
        }
        return nil
    }

    func positions(_ range: Range<UInt64>) -> Range<Position> {
        Position(offset: range.lowerBound)..<Position(offset: range.upperBound)
    }
}
