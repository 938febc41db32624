/// The segments of one shard against what is known of its log.
struct ShardSegments {
    /// By base, up to the tail.
    private(set) var kept: [Segment] = []
    /// Retention has let them go.
    private(set) var expired: [Segment] = []
    /// What lies in them is behind the tail: it never counted.
    private(set) var beyond: [Segment] = []
    private let folder: LogFolder
    private let state: Snapshot.ShardState
    private let from: UInt64?

    /// - Parameters:
    ///   - all: the shard's segments by base.
    ///   - state: how far its log reaches.
    ///   - from: the position from which its records are kept; nil if nobody knows.
    init(_ folder: LogFolder, _ all: [Segment], _ state: Snapshot.ShardState, from: UInt64?) {
        self.folder = folder
        self.state = state
        self.from = from
        for (place, segment) in all.enumerated() {
            let end = place + 1 < all.count ? min(all[place + 1].base, state.tail) : state.tail
            if segment.base >= state.tail {
                beyond.append(segment)
            } else if end <= from ?? 0 {
                expired.append(segment)
            } else {
                kept.append(segment)
            }
        }
    }

    /// Where the records of a kept segment end.
    func end(of place: Int) -> UInt64 {
        place + 1 < kept.count ? kept[place + 1].base : state.tail
    }

    /// What must be in the segments and is not.
    ///
    /// The snapshot and the journal tell where a shard's log ends, the ledger where it begins, and
    /// each segment which one came before it. What lies between and is in no file is missing.
    func missing() throws(LogError) -> [MissingRecords] {
        var found: [MissingRecords] = []
        var place = from ?? kept.first?.base ?? state.tail
        var last = RecordRun(end: place, index: 0, records: place == 0 ? 0 : nil)
        for (number, segment) in kept.enumerated() {
            let next = number + 1 < kept.count ? kept[number + 1] : nil
            let end = end(of: number)
            if segment.base > place {
                found.append(missing(place, segment.base, last, before: segment))
            }
            last = RecordRun(end: end, index: segment.header.firstIndex, records: nil)
            // A header that nobody can read says nothing; its records are an error where they are.
            if segment.fault == nil, isShort(segment, before: next, end: end) {
                last = try folder.run(of: segment, upTo: end)
                if last.end < end {
                    found.append(missing(last.end, end, last, before: next))
                }
            }
            place = max(place, end)
        }
        if kept.isEmpty, place < state.tail {
            found.append(missing(place, state.tail, last, before: nil))
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
        _ start: UInt64, _ end: UInt64, _ last: RecordRun, before next: Segment?
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
}
