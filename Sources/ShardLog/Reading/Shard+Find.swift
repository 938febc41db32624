internal import Synchronization

extension Shard {
    /// The first record whose index is above `index`, or the tail. Never below the horizon.
    ///
    /// - Parameter mayWait: whether this thread may wait for the disk; then the answer is never
    ///   `.cold`.
    public func position(afterIndex index: UInt64, mayWait: Bool = false) -> Located {
        if let tip = tip(.index), tip.last <= index { return .found(tip.tail) }
        return minding(locate(mayWait) { mark, _ in mark <= index }, afterIndex: index)
    }

    /// The first record that arrived at or after the time, or the tail. Never below the horizon.
    ///
    /// - Parameter mayWait: whether this thread may wait for the disk; then the answer is never
    ///   `.cold`.
    public func position(
        arrivalAtLeast milliseconds: Int64, mayWait: Bool = false
    ) -> Located {
        if let tip = tip(.arrival), Int64(tip.last) < milliseconds { return .found(tip.tail) }
        return mindingTime(locate(mayWait) { _, arrival in arrival < milliseconds })
    }

    /// The tail and what the last record below it has, unless a batch is just being published.
    func tip(_ measure: Measure) -> (tail: Position, last: UInt64)? {
        var tip = Tip(measure)
        let cells = ShardCells(shard: self)
        while !tip.isDone { tip.step(cells) }
        guard case .done(let tail, let last) = tip.state else { return nil }
        return (Position(offset: tail), last)
    }

    /// The first record that is not before what is sought.
    /// - Parameter isBefore: of an index and an arrival; once false it stays false.
    private func locate(_ mayWait: Bool, _ isBefore: (UInt64, Int64) -> Bool) -> Located {
        let tail = self.tail.offset
        guard let segment = lastSegment(startingBefore: isBefore) else {
            return .found(atLeastHorizon(segments.withLock { $0.first?.base } ?? tail))
        }
        let end = end(of: segment, tail: tail)
        var scan = Scan(next: segment.base, mayWait: mayWait)
        do throws(ReadProblem) {
            do throws(ReadProblem) {
                try search(&scan, segment, end: end, tail: tail, isBefore)
            } catch {
                // A record may be damaged; or the index file is, and leads astray.
                guard case .damaged = error, segment.forgetIndexFile() else { throw error }
                scan = Scan(next: segment.base, mayWait: mayWait)
                try search(&scan, segment, end: end, tail: tail, isBefore)
            }
        } catch {
            switch error {
            case .cold: return .cold
            case .damaged(let reason):
                let place = Position(offset: scan.next)
                // Retention may have taken the file under a search that was on its way to it.
                if place < horizon { return .found(horizon) }
                return .damaged(place, reason: reason)
            }
        }
        // A segment whose first records are not published yet begins at the tail.
        return .found(atLeastHorizon(min(scan.next, tail)))
    }

    /// Goes to the last mark before what is sought, and from there on record by record.
    private func search(
        _ scan: inout Scan, _ segment: Segment, end: UInt64, tail: UInt64,
        _ isBefore: (UInt64, Int64) -> Bool
    ) throws(ReadProblem) {
        var start = segment.state.withLock { $0.index.start(below: end, isBefore) }
        if start.isInGap, segment.state.withLock({ $0.index.isUnread }) {
            guard scan.mayWait else { throw .cold }
            loadIndex(segment)
            start = segment.state.withLock { $0.index.start(below: end, isBefore) }
        }
        try walk(&scan, segment, from: start, tail: tail) { header, _ in
            isBefore(header.index, header.arrivalMilliseconds)
        }
    }

    /// Goes from a mark on record by record, as long as they are wanted. What was looked at for the
    /// first time need not be looked at again, however the walk ends.
    func walk(
        _ scan: inout Scan, _ segment: Segment, from start: SparseIndex.Start, tail: UInt64,
        _ isWanted: (Record.Header, _ at: UInt64) -> Bool
    ) throws(ReadProblem) {
        scan.next = start.mark?.position ?? segment.base
        let isSkipped = try skipLong(&scan, start, segment, tail: tail)
        var walk = MarkWalk(from: start, in: segment.header, isSkipped: isSkipped)
        var isAstray = false
        if scan.next < start.next {
            self.scan(&scan, in: segment, tail: tail) { _, header, at in
                if let mark = start.mark, at == mark.position, header.index != mark.index {
                    isAstray = true
                    return .stopBefore
                }
                guard isWanted(header, at) else { return .stopBefore }
                if start.isInGap { walk.note(header, at: at) }
                return .goOn
            }
        }
        if isAstray { throw .damaged("another record is there than was") }
        if start.isInGap {
            let (walk, reached) = (walk, scan.next)
            segment.state.withLock { $0.index.extend(walk, to: reached) }
            segment.isIndexKept.store(false, ordering: .relaxed)
        }
        if let problem = scan.problem { throw problem }
    }

    /// Goes over a long record that is marked: the mark says that it is before what is sought, and
    /// its header how long it is. Its data, of up to 10 MiB, is not looked at.
    private func skipLong(
        _ scan: inout Scan, _ start: SparseIndex.Start, _ segment: Segment, tail: UInt64
    ) throws(ReadProblem) -> Bool {
        // Two marks are that far apart only if the first one's record is long.
        guard let mark = start.mark, start.next - mark.position >= 2 * Limits.sparseBytes else {
            return false
        }
        let limit = try limit(of: segment, from: mark.position, tail: tail)
        let headerEnd = mark.position + UInt64(Record.headerBytes)
        guard headerEnd <= limit else { return false }
        var window = try Window(
            self, segment, from: mark.position, limit: limit, mayWait: scan.mayWait)
        if window.end < headerEnd { try window.extend(self, to: headerEnd, limit: headerEnd) }
        let offset = Int(segment.offset(mark.position))
        let header = Record.Header(
            window.mapping.bytes(offset..<offset + Record.headerBytes))
        let next = mark.position + UInt64(header.length)
        // Else the walk tells what is wrong with it.
        guard header.isPlausible, header.shard == number.rawValue, header.index == mark.index,
            next - mark.position >= Limits.sparseBytes, next <= start.next
        else { return false }
        scan.next = next
        return true
    }

    private func atLeastHorizon(_ position: UInt64) -> Position {
        max(Position(offset: position), horizon)
    }

    /// The last segment whose first record is before what is sought.
    private func lastSegment(startingBefore isBefore: (UInt64, Int64) -> Bool) -> Segment? {
        segments.withLock { segments in
            // What has no header takes part with zeros, and is answered as damaged.
            let count = segments.countOfFirst {
                isBefore($0.header.firstIndex, $0.header.firstArrivalMilliseconds)
            }
            return count == 0 ? nil : segments[count - 1]
        }
    }
}

extension Segment {
    /// Takes back what the index file has said and no walk has confirmed; false if there is nothing
    /// of the kind.
    func forgetIndexFile() -> Bool {
        let wasFromFile = state.withLock { state in
            let wasFromFile = state.index.isFromFile
            if wasFromFile { state.index.forgetFile() }
            return wasFromFile
        }
        if wasFromFile { isIndexKept.store(false, ordering: .relaxed) }
        return wasFromFile
    }

    /// The last mark at or below a position, or the segment's start.
    func mark(below position: UInt64) -> SparseIndex.Mark {
        state.withLock { $0.index.mark(below: position) }
            ?? SparseIndex.Mark(
                position: base, index: header.firstIndex,
                arrivalMilliseconds: header.firstArrivalMilliseconds, ordinal: header.ordinal)
    }
}
