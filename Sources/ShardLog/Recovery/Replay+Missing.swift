internal import System
internal import Synchronization

/// What must be in the segments and is not.
///
/// The snapshot and the journal tell where a shard's log ends, the ledger where it begins, and each
/// segment which one came before it. What lies between and is in no file is missing.
extension Replay {
    /// - Parameters:
    ///   - kept: the shard's segments, sorted, all below the tail.
    ///   - from: the position from which the shard's records are kept; nil if nobody knows.
    func missing(
        of state: Snapshot.ShardState, in kept: [Segment], from: UInt64?
    ) throws(LogError) -> [MissingRecords] {
        var found: [MissingRecords] = []
        var place = from ?? kept.first?.base ?? state.tail
        var last = Run(end: place, index: 0, records: place == 0 ? 0 : nil)
        for (number, segment) in kept.enumerated() {
            let next = number + 1 < kept.count ? kept[number + 1] : nil
            let end = next?.base ?? state.tail
            if segment.base > place {
                found.append(missing(place, segment.base, last, before: segment, state))
            }
            last = Run(end: end, index: segment.header.firstIndex, records: nil)
            // A header that nobody can read says nothing; its records are an error where they are.
            if segment.fault == nil, isShort(segment, before: next, end: end) {
                last = try run(of: segment, shard: state.description.number, upTo: end)
                if last.end < end {
                    found.append(missing(last.end, end, last, before: next, state))
                }
            }
            place = max(place, end)
        }
        if kept.isEmpty, place < state.tail {
            found.append(missing(place, state.tail, last, before: nil, state))
        }
        return found
    }

    /// Whether a segment cannot have all up to `end`, so that it has to be looked at.
    private func isShort(_ segment: Segment, before next: Segment?, end: UInt64) -> Bool {
        if end > segment.fileEnd || end > segment.capacityEnd { return true }
        guard let previous = next?.header.previousBase, next?.fault == nil else { return false }
        return previous != Segment.Header.unknownBase && previous != segment.base
            && previous != next?.base
    }

    private func missing(
        _ start: UInt64, _ end: UInt64, _ last: Run, before next: Segment?,
        _ state: Snapshot.ShardState
    ) -> MissingRecords {
        let header = next?.fault == nil ? next?.header : nil
        let isChained = header.map { $0.previousBase != Segment.Header.unknownBase } ?? false
        let records = header?.ordinal ?? state.records
        return MissingRecords(
            shard: state.description.number,
            positions: Position(offset: start)..<Position(offset: end), afterIndex: last.index,
            throughIndex: header.map { isChained ? $0.previousIndex : $0.firstIndex - 1 }
                ?? state.lastIndex,
            count: last.records.map { records - min(records, $0) },
            latestArrivalMilliseconds: header?.firstArrivalMilliseconds
                ?? state.lastArrivalMilliseconds)
    }

    /// Records that follow each other: where they end, and what is known of the last.
    struct Run {
        var end: UInt64
        var index: UInt64
        /// Records of the shard up to the end.
        var records: UInt64?
        /// Records in it.
        var count: UInt64 = 0
        var arrivalMilliseconds: Int64 = 0
    }

    /// Reads a segment's records as far as they are whole. Only done where a file is missing.
    func run(
        of segment: Segment, shard: ShardNumber, from start: UInt64? = nil,
        after lastIndex: UInt64 = 0, upTo end: UInt64 = .max
    ) throws(LogError) -> Run {
        let start = start ?? segment.base
        let isWhole = start == segment.base
        var run = Run(
            end: start, index: lastIndex, records: isWhole ? segment.header.ordinal : nil)
        guard segment.offset(start) < segment.fileBytes.load(ordering: .relaxed) else { return run }
        let bytes = try bytes(of: segment, from: start)
        let span = bytes.span
        var offset = 0
        while offset < span.count, run.end < end {
            let fault = Record.fault(span.extracting(offset..<span.count), shard: shard.rawValue)
            if fault != nil { break }
            let header = Record.Header(span.extracting(offset..<span.count))
            // What lies behind the tail may be of an earlier life.
            guard header.index > run.index else { break }
            run.index = header.index
            run.arrivalMilliseconds = header.arrivalMilliseconds
            run.records = run.records.map { $0 + 1 }
            run.count += 1
            run.end += UInt64(header.length)
            offset += header.length
        }
        return run
    }

    private func bytes(of segment: Segment, from start: UInt64) throws(LogError) -> [UInt8] {
        do throws(SystemError) {
            let file = try configuration.files.openToRead(segment.path)
            let length = segment.fileBytes.load(ordering: .relaxed) - segment.offset(start)
            return try file.read(at: segment.offset(start), count: Int(length))
        } catch {
            throw LogError(error, file: segment.path)
        }
    }
}
