internal import Synchronization

extension Shard {
    /// The first record whose index is above `index`, or the tail. Never below the horizon.
    public func position(afterIndex index: UInt64) -> Located {
        if let tip = tip(.index), tip.last <= index { return .found(tip.tail) }
        return locate { mark, _ in mark <= index }
    }

    /// The first record that arrived at or after the time, or the tail. Never below the horizon.
    public func position(arrivalAtLeast milliseconds: Int64) -> Located {
        if let tip = tip(.arrival), Int64(tip.last) < milliseconds { return .found(tip.tail) }
        return locate { _, arrival in arrival < milliseconds }
    }

    /// The tail and what the last record below it has, unless a batch is just being published.
    private func tip(_ measure: Measure) -> (tail: Position, last: UInt64)? {
        var tip = Tip(measure)
        let cells = ShardCells(shard: self)
        while !tip.isDone { tip.step(cells) }
        guard case .done(let tail, let last) = tip.state else { return nil }
        return (Position(offset: tail), last)
    }

    /// The first record that is not before what is sought.
    /// - Parameter isBefore: of an index and an arrival; once false it stays false.
    private func locate(_ isBefore: (UInt64, Int64) -> Bool) -> Located {
        let tail = self.tail.offset
        guard let segment = lastSegment(startingBefore: isBefore) else {
            return .found(atLeastHorizon(segments.withLock { $0.first?.base } ?? tail))
        }
        let end = end(of: segment, tail: tail)
        let (start, unmarked) = segment.start(below: end, isBefore)
        if let unmarked {
            let range = unmarked.lowerBound..<min(unmarked.upperBound, tail)
            if let fault = segment.fault {
                return .damaged(Position(offset: range.lowerBound), reason: fault)
            }
            return .cold(positions(range))
        }
        var place = start
        while place < end {
            let scan = scan(segment, from: place, tail: tail) { _, header, _ in
                isBefore(header.index, header.arrivalMilliseconds) ? .goOn : .stopBefore
            }
            place = scan.next
            switch scan.problem {
            case .cold(let range):
                return .cold(positions(range))
            case .damaged(let reason):
                return .damaged(Position(offset: place), reason: reason)
            case nil:
                if scan.isStopped { return .found(atLeastHorizon(place)) }
            }
        }
        // A segment whose first records are not published yet begins at the tail.
        return .found(atLeastHorizon(min(place, tail)))
    }

    private func atLeastHorizon(_ position: UInt64) -> Position {
        max(Position(offset: position), horizon)
    }

    /// The last segment whose first record is before what is sought.
    private func lastSegment(startingBefore isBefore: (UInt64, Int64) -> Bool) -> Segment? {
        segments.withLock { segments in
            var low = 0
            var high = segments.count
            while low < high {
                let middle = (low + high) / 2
                let header = segments[middle].header
                // What has no header takes part with zeros, and is answered as damaged.
                if isBefore(header.firstIndex, header.firstArrivalMilliseconds) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return low == 0 ? nil : segments[low - 1]
        }
    }
}

extension Segment {
    /// Where to start looking, from the sparse index; or the records that have to be brought in to
    /// complete it first.
    func start(
        below end: UInt64, _ isBefore: (UInt64, Int64) -> Bool
    ) -> (UInt64, unmarked: Range<UInt64>?) {
        state.withLock { state in
            var low = 0
            var high = state.marks.count
            while low < high {
                let middle = (low + high) / 2
                let mark = state.marks[middle]
                if mark.position < end, isBefore(mark.index, mark.arrivalMilliseconds) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            if low > 0 { return (state.marks[low - 1].position, nil) }
            // Before the first mark: only right if the marks begin where the segment does.
            if state.marksFrom > base, end > base {
                return (base, base..<min(state.marksFrom, end))
            }
            return (base, nil)
        }
    }

    /// The last mark at or below a position, or the segment's start.
    func mark(below position: UInt64) -> Mark {
        state.withLock { state in
            state.marks.last { $0.position <= position }
                ?? Mark(
                    position: base, index: header.firstIndex,
                    arrivalMilliseconds: header.firstArrivalMilliseconds,
                    ordinal: header.ordinal)
        }
    }
}
