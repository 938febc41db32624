internal import Synchronization
internal import System

/// Records that follow each other: where they end, and what is known of the last.
struct RecordRun {
    var end: UInt64
    var index: UInt64
    /// Records of the shard up to the end.
    var records: UInt64?
    /// Records in it.
    var count: UInt64 = 0
    var arrivalMilliseconds: Int64 = 0
}

extension LogFolder {
    /// Reads a segment's records as far as they are whole.
    /// - Parameter lastIndex: of the record before `start`.
    func run(
        of segment: Segment, from start: UInt64? = nil, after lastIndex: UInt64 = 0,
        upTo end: UInt64 = .max
    ) throws(LogError) -> RecordRun {
        let start = start ?? segment.base
        let isWhole = start == segment.base
        var run = RecordRun(
            end: start, index: lastIndex, records: isWhole ? segment.header.ordinal : nil)
        let bytes = try records(of: segment, from: start, to: .max)
        let span = bytes.span
        var offset = 0
        while offset < span.count, run.end < end {
            let rest = span.extracting(offset..<span.count)
            if Record.fault(rest, shard: segment.header.shard) != nil { break }
            let header = Record.Header(rest)
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

    /// Moves a shard's tail over the whole records that its segments, sorted by base, have behind it.
    /// - Returns: the segments that have some.
    func adopt(
        _ state: inout Snapshot.ShardState, _ segments: [Segment]
    ) throws(LogError) -> [Segment] {
        var adopted: [Segment] = []
        for segment in segments
        where segment.base <= state.tail && state.tail < segment.capacityEnd
            && segment.fault == nil
        {
            let run = try run(of: segment, from: state.tail, after: state.lastIndex)
            guard run.end > state.tail else { continue }
            adopted.append(segment)
            state.tail = run.end
            state.records += run.count
            state.lastIndex = run.index
            state.lastArrivalMilliseconds = max(
                state.lastArrivalMilliseconds, run.arrivalMilliseconds)
        }
        return adopted
    }

    /// The bytes of a segment's records in these positions, as far as its file goes.
    func records(
        of segment: Segment, from start: UInt64, to end: UInt64
    ) throws(LogError) -> [UInt8] {
        let limit = min(end, segment.fileEnd)
        guard start < limit else { return [] }
        do throws(SystemError) {
            let file = try files.openToRead(segment.path)
            return try file.read(at: segment.offset(start), count: Int(limit - start))
        } catch {
            throw LogError(error, file: segment.path)
        }
    }
}
