/// A walk through a segment's records that goes on behind what is damaged.
struct SegmentWalk {
    /// A stretch that is not what was written.
    struct Damage {
        var position: UInt64
        var what: String
        /// Of the last whole record before it, or the number that none before it exceeds.
        var afterIndex: UInt64
        /// Of the first whole record behind it, if there is one in the segment.
        var beforeIndex: UInt64?
        /// Records in it, where that is known.
        var count: UInt64?
        /// The first record behind it that the segment's index file has.
        var resumesAfter: LogFinding.Mark?
    }

    /// Whole records.
    private(set) var records: UInt64 = 0
    private(set) var damages: [Damage] = []
    private let segment: Segment
    private let limit: UInt64
    private let marks: [SparseIndex.Mark]
    private var offset = 0
    private var lastIndex: UInt64
    private var lastArrival: Int64

    /// - Parameters:
    ///   - limit: the position at which the segment's records end.
    ///   - marks: of the segment's index file.
    init(
        _ segment: Segment, from bytes: Span<UInt8>, limit: UInt64, _ marks: [SparseIndex.Mark]
    ) {
        self.segment = segment
        self.limit = limit
        self.marks = marks
        lastIndex = segment.header.firstIndex - min(1, segment.header.firstIndex)
        lastArrival = segment.fault == nil ? segment.header.firstArrivalMilliseconds : .min
    }

    private var position: UInt64 { segment.base + UInt64(offset) }

    /// - Parameter bytes: the segment's records, up to the limit or the end of the file.
    mutating func run(_ bytes: Span<UInt8>) {
        while position < limit {
            let rest = bytes.extracting(min(offset, bytes.count)..<bytes.count)
            if let fault = fault(rest) { pass(fault, bytes) } else { take(Record.Header(rest)) }
        }
    }

    private mutating func take(_ header: Record.Header) {
        records += 1
        lastIndex = header.index
        lastArrival = header.arrivalMilliseconds
        offset += header.length
    }

    private func fault(_ rest: Span<UInt8>) -> String? {
        if let fault = Record.fault(rest, shard: segment.header.shard) { return fault }
        let header = Record.Header(rest)
        if header.index <= lastIndex { return "the record's number is not above that before it" }
        if header.arrivalMilliseconds < lastArrival {
            return "the record arrived before the one before it"
        }
        return nil
    }

    /// Goes on with the next whole record, or to the end.
    private mutating func pass(_ fault: String, _ bytes: Span<UInt8>) {
        var damage = Damage(position: position, what: fault, afterIndex: lastIndex)
        let start = offset
        let next = next(bytes)
        offset = next ?? Int(limit - segment.base)
        if let next {
            damage.beforeIndex = Record.Header(bytes.extracting(next..<bytes.count)).index
        }
        if bytes.count - start >= Record.headerBytes {
            // If its length is right it is one record.
            let wrong = Record.Header(bytes.extracting(start..<bytes.count))
            if wrong.isPlausible, start + wrong.length == offset { damage.count = 1 }
        }
        let reached = position
        damage.resumesAfter = marks.first { $0.position >= reached }.map {
            LogFinding.Mark(index: $0.index, arrivalMilliseconds: $0.arrivalMilliseconds)
        }
        damages.append(damage)
    }

    /// Where the next whole record begins: behind the damaged one if its length is right, else at
    /// the next place that looks like one.
    private func next(_ bytes: Span<UInt8>) -> Int? {
        guard bytes.count - offset >= Record.headerBytes else { return nil }
        let header = Record.Header(bytes.extracting(offset..<bytes.count))
        if header.isPlausible, isRecord(bytes, at: offset + header.length) {
            return offset + header.length
        }
        var place = offset + 8
        while place + Record.headerBytes <= bytes.count {
            if isRecord(bytes, at: place) { return place }
            place += 8
        }
        return nil
    }

    private func isRecord(_ bytes: Span<UInt8>, at place: Int) -> Bool {
        guard place + Record.headerBytes <= bytes.count else { return false }
        let rest = bytes.extracting(place..<bytes.count)
        let header = Record.Header(rest)
        // The cheap questions first: this is asked of every place.
        return header.isPlausible && header.shard == segment.header.shard
            && header.index > lastIndex
            && Record.fault(rest, shard: segment.header.shard) == nil
    }
}
