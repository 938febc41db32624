internal import Synchronization

extension Shard {
    /// Visits published records from `position` on.
    ///
    /// At least one record is visited if there is one, whatever the maxima say; the bytes counted
    /// are those of the data. Every record's checksum is verified before the visit.
    /// - Parameters:
    ///   - mayWait: whether this thread may wait for the disk. If it may, the read goes on to a
    ///     maximum, the tail or damage and is never answered `.cold`; else only what was written a
    ///     short time ago is touched.
    ///   - visit: false ends the read after this record.
    public func read(
        from position: Position, maximumRecords: Int, maximumBytes: Int, mayWait: Bool = false,
        _ visit: (borrowing RecordView) -> Bool
    ) -> ReadResult {
        let horizon = self.horizon
        if position < horizon { return ReadResult(next: horizon, outcome: .trimmed) }
        let tail = self.tail.offset
        var scan = Scan(
            next: position.offset, mayWait: mayWait, maximumRecords: maximumRecords,
            maximumBytes: maximumBytes)
        while scan.next < tail, !scan.isStopped {
            let place = scan.next
            guard let segment = segment(at: place) else {
                return ended(scan, .damaged("there is no segment"))
            }
            self.scan(&scan, in: segment, tail: tail) { record, header, at in
                let view = RecordView(record, header, position: Position(offset: at))
                return visit(view) ? .goOn : .stopAfter
            }
            if let problem = scan.problem { return ended(scan, problem) }
            precondition(scan.next > place || scan.isStopped, "a scan ended where it began")
        }
        return ReadResult(
            next: Position(offset: scan.next), outcome: scan.next >= tail ? .pending : .ready)
    }

    /// What has been visited is answered first; the problem is met again by the next read.
    private func ended(_ scan: Scan, _ problem: ReadProblem) -> ReadResult {
        let next = Position(offset: scan.next)
        if scan.records > 0 { return ReadResult(next: next, outcome: .ready) }
        switch problem {
        case .cold:
            precondition(!scan.mayWait, "a read that may wait was told to")
            return ReadResult(next: next, outcome: .cold)
        case .damaged(let reason):
            // Retention may have taken the file under a read that was on its way to it.
            let horizon = self.horizon
            if next < horizon { return ReadResult(next: horizon, outcome: .trimmed) }
            return ReadResult(
                next: next, outcome: .damaged(next, reason: self.reason(reason, at: next.offset)))
        }
    }
}
