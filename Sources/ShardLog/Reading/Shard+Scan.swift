internal import Synchronization

/// How far a scan came, and how far it may go.
struct Scan {
    /// Behind the last record that was taken.
    var next: UInt64
    /// Whether it may wait for the disk.
    let mayWait: Bool
    var maximumRecords = Int.max
    /// Of data. The first record is taken whatever this says.
    var maximumBytes = Int.max
    var records = 0
    var bytes = 0
    var problem: ReadProblem?
    /// The visitor or a maximum ended it.
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

    /// Walks the records of one segment, each verified before it is shown: to the segment's end,
    /// or until there is a problem or it is stopped.
    func scan(
        _ scan: inout Scan, in segment: Segment, tail: UInt64,
        _ body: (_ record: Span<UInt8>, _ header: Record.Header, _ at: UInt64) -> ScanStep
    ) {
        do throws(ReadProblem) {
            let limit = try limit(of: segment, from: scan.next, tail: tail)
            guard scan.next < limit else { return }
            var window = try Window(
                self, segment, from: scan.next, limit: limit, mayWait: scan.mayWait)
            // Each round begins with more bytes than the one before.
            while let need = try walk(&scan, window, limit: limit, body) {
                try window.extend(self, to: need, limit: limit)
            }
        } catch {
            scan.problem = error
        }
    }

    /// Where the segment's records end as far as its file goes.
    func limit(
        of segment: Segment, from place: UInt64, tail: UInt64
    ) throws(ReadProblem) -> UInt64 {
        if let fault = segment.fault { throw .damaged(fault) }
        let end = end(of: segment, tail: tail)
        let limit = min(end, segment.fileEnd)
        if place < end, place >= limit {
            throw .damaged("the segment's file ends before the record")
        }
        return limit
    }

    /// Visits the records that are whole in the window. Answers the position up to which it has to
    /// reach for the next one, or nil when the scan is over.
    private func walk(
        _ scan: inout Scan, _ window: borrowing Window, limit: UInt64,
        _ body: (_ record: Span<UInt8>, _ header: Record.Header, _ at: UInt64) -> ScanStep
    ) throws(ReadProblem) -> UInt64? {
        let segment = window.segment
        let bytes = window.mapping.bytes(
            Int(segment.offset(scan.next))..<Int(segment.offset(window.end)))
        var offset = 0
        while scan.next < limit {
            if scan.records > 0, scan.records >= scan.maximumRecords {
                scan.isStopped = true
                return nil
            }
            let rest = bytes.extracting(offset..<bytes.count)
            guard rest.count >= Record.headerBytes else {
                return try reach(scan.next + UInt64(Record.headerBytes), limit: limit)
            }
            let header = Record.Header(rest)
            if header.isPlausible {
                // What does not fit is not brought in; its checksum is the next read's matter.
                if scan.records > 0, scan.bytes + header.dataLength > scan.maximumBytes {
                    scan.isStopped = true
                    return nil
                }
                if header.length > rest.count {
                    return try reach(scan.next + UInt64(header.length), limit: limit)
                }
            }
            if let fault = Record.fault(rest, shard: number.rawValue) { throw .damaged(fault) }
            let step = body(rest.extracting(0..<header.length), header, scan.next)
            if step == .stopBefore {
                scan.isStopped = true
                return nil
            }
            scan.records += 1
            scan.bytes += header.dataLength
            scan.next += UInt64(header.length)
            offset += header.length
            if step == .stopAfter {
                scan.isStopped = true
                return nil
            }
        }
        return nil
    }

    private func reach(_ need: UInt64, limit: UInt64) throws(ReadProblem) -> UInt64 {
        guard need <= limit else { throw .damaged("the record is cut off") }
        return need
    }
}
