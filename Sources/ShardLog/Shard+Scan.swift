internal import Synchronization

/// Why a scan could not go on.
enum ScanProblem {
    case cold(Range<UInt64>)
    case damaged(String)
}

/// How far a scan came.
struct Scan {
    /// Behind the last record that was taken.
    var next: UInt64
    var problem: ScanProblem?
    /// The visitor ended it.
    var isStopped = false
}

enum ScanStep {
    case goOn
    case stopBefore
    case stopAfter
}

extension Shard {
    /// The segment that holds a position, if there is one.
    func segment(at position: UInt64) -> Segment? {
        segments.withLock { segments in
            var low = 0
            var high = segments.count
            // The first segment whose base is above the position.
            while low < high {
                let middle = (low + high) / 2
                if segments[middle].base <= position { low = middle + 1 } else { high = middle }
            }
            return low == 0 ? nil : segments[low - 1]
        }
    }

    /// Where a segment's records end: at the next segment, or at the tail.
    func end(of segment: Segment, tail: UInt64) -> UInt64 {
        segments.withLock { segments in
            guard let last = segments.last else { return tail }
            if last === segment { return tail }
            var low = 0
            var high = segments.count
            while low < high {
                let middle = (low + high) / 2
                if segments[middle].base <= segment.base {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return low < segments.count ? min(segments[low].base, tail) : tail
        }
    }

    /// The position up to which bytes from `place` on can be touched without waiting.
    private func residentEnd(_ place: UInt64, end: UInt64, tail: UInt64) -> UInt64? {
        let mark = max(residentFrom, tail - min(tail, residentBytes))
        if place >= mark { return end }
        let found = warm.withLock { ranges in
            var best: UInt64?
            for warm in ranges where warm.range.contains(place) {
                best = max(best ?? 0, warm.range.upperBound)
            }
            return best
        }
        guard let found else { return nil }
        // What follows the warm bytes may be resident in its turn.
        return found >= mark ? end : min(found, end)
    }

    /// Walks the records of one segment, each verified before it is shown.
    func scan(
        _ segment: Segment, from start: UInt64, tail: UInt64,
        _ body: (_ record: Span<UInt8>, _ header: Record.Header, _ at: UInt64) -> ScanStep
    ) -> Scan {
        var scan = Scan(next: start)
        if let fault = segment.fault {
            scan.problem = .damaged(fault)
            return scan
        }
        let segmentEnd = end(of: segment, tail: tail)
        guard start < segmentEnd else { return scan }
        let cold = start..<min(start + Limits.prefaultBytes, segmentEnd)
        guard let resident = residentEnd(start, end: segmentEnd, tail: self.tail.offset),
            let mapping = segment.state.withLock({ $0.mapping })
        else {
            scan.problem = start < segment.fileEnd ? .cold(cold) : .damaged(Self.fileEnds)
            return scan
        }
        segment.isUsed.store(true, ordering: .relaxed)
        let limit = min(resident, segment.fileEnd)
        guard start < limit else {
            scan.problem = .damaged(Self.fileEnds)
            return scan
        }
        let bytes = mapping.bytes(Int(segment.offset(start))..<Int(segment.offset(limit)))
        var offset = 0
        while offset < bytes.count {
            let rest = bytes.extracting(offset..<bytes.count)
            let available = UInt64(rest.count)
            let need: UInt64
            if rest.count < Record.headerBytes {
                need = UInt64(Record.headerBytes)
            } else {
                let header = Record.Header(rest)
                need = header.isPlausible ? UInt64(header.length) : 0
            }
            if need > available {
                // The record goes beyond what may be touched now.
                let end = min(scan.next + max(need, Limits.prefaultBytes), segmentEnd)
                scan.problem =
                    scan.next + need <= min(segmentEnd, segment.fileEnd)
                    ? .cold(scan.next..<end) : .damaged("the record is cut off")
                return scan
            }
            if let fault = Record.fault(rest, shard: number.rawValue) {
                scan.problem = .damaged(fault)
                return scan
            }
            let header = Record.Header(rest)
            switch body(rest.extracting(0..<header.length), header, scan.next) {
            case .stopBefore:
                scan.isStopped = true
                return scan
            case .stopAfter:
                scan.isStopped = true
                scan.next += UInt64(header.length)
                return scan
            case .goOn:
                scan.next += UInt64(header.length)
                offset += header.length
            }
        }
        return scan
    }

    private static let fileEnds = "the segment's file ends before the record"
}
