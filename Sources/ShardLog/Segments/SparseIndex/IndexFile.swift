/// The bytes of a segment's index file: what the sparse index holds of the segment, in order.
///
///     offset  size
///          0     8  magic, "WEIRIDX1"
///          8     4  version, 1
///         12     4  CRC-32C of the bytes 16..<32
///         16     8  shard number
///         24     8  base of the segment
///         32        entries, 40 bytes each: position 8, index 8, arrival 8, records of the shard
///                   before 8, CRC-32C of shard, base and these 32 bytes 4, 0 4
///
/// It is only ever appended to, and only a help: what is missing behind its last good entry, or all
/// of it, is found again by a walk through the segment. Its version is its own: a log that does not
/// know the file removes it.
enum IndexFile {
    static let magic: UInt64 = 0x3158_4449_5249_4557
    static let version: UInt32 = 1
    static let headerBytes = 32
    static let entryBytes = 40
    /// Of a segment of 64 MiB: a mark for each 64 KiB, and one for each record as long.
    static let mostEntries = 4096

    /// The length of a file with so many entries.
    static func bytes(_ entries: Int) -> Int { headerBytes + entries * entryBytes }

    static func name(shard: UInt64, base: UInt64) -> String {
        hexadecimal(shard) + "-" + hexadecimal(base) + ".index"
    }

    /// The index file beside a segment's.
    static func path(of segment: String) -> String {
        precondition(segment.hasSuffix(".segment"), "a segment's name")
        return segment.dropLast(".segment".count) + ".index"
    }

    static func header(_ segment: Segment.Header) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(magic)
        writer.append(version)
        writer.append(UInt32(0))
        writer.append(segment.shard)
        writer.append(segment.base)
        writer.replace(crc32c(0, writer.bytes.span.extracting(16..<headerBytes)), at: 12)
        return writer.bytes
    }

    static func entries(
        _ marks: ArraySlice<SparseIndex.Mark>, of segment: Segment.Header
    ) -> [UInt8] {
        let seed = seed(segment)
        var writer = ByteWriter()
        for mark in marks {
            let start = writer.count
            writer.append(mark.position)
            writer.append(mark.index)
            writer.append(mark.arrivalMilliseconds)
            writer.append(mark.ordinal)
            writer.append(crc32c(seed, writer.bytes.span.extracting(start..<writer.count)))
            writer.append(UInt32(0))
        }
        return writer.bytes
    }

    /// The sum over shard and base, with which that of every entry begins: an entry of another
    /// segment is none of this one's.
    private static func seed(_ segment: Segment.Header) -> UInt32 {
        var writer = ByteWriter()
        writer.append(segment.shard)
        writer.append(segment.base)
        return crc32c(0, writer.bytes.span)
    }

    /// The marks up to the first that is not what was written, or is not of the segment's records,
    /// which end at `end`.
    static func marks(
        _ bytes: Span<UInt8>, of segment: Segment.Header, below end: UInt64
    ) -> [SparseIndex.Mark] {
        var marks: [SparseIndex.Mark] = []
        guard bytes.count >= headerBytes, bytes.load(0, as: UInt64.self) == magic,
            bytes.load(8, as: UInt32.self) == version,
            bytes.load(12, as: UInt32.self) == crc32c(0, bytes.extracting(16..<headerBytes)),
            bytes.load(16, as: UInt64.self) == segment.shard,
            bytes.load(24, as: UInt64.self) == segment.base
        else { return marks }
        let seed = seed(segment)
        var place = headerBytes
        while place + entryBytes <= bytes.count {
            let entry = bytes.extracting(place..<place + entryBytes - 8)
            let sum = bytes.load(place + entryBytes - 8, as: UInt32.self)
            guard sum == crc32c(seed, entry) else { break }
            let mark = SparseIndex.Mark(
                position: entry.load(0, as: UInt64.self), index: entry.load(8, as: UInt64.self),
                arrivalMilliseconds: entry.load(16, as: Int64.self),
                ordinal: entry.load(24, as: UInt64.self))
            guard mark.position < end, follows(mark, marks.last, in: segment) else { break }
            marks.append(mark)
            place += entryBytes
        }
        return marks
    }

    /// Whether a mark is one that can stand behind another, or at the segment's base.
    private static func follows(
        _ mark: SparseIndex.Mark, _ last: SparseIndex.Mark?, in segment: Segment.Header
    ) -> Bool {
        guard let last else {
            return mark.position == segment.base && mark.index == segment.firstIndex
                && mark.ordinal == segment.ordinal
        }
        return mark.position > last.position && mark.index > last.index
            && mark.ordinal > last.ordinal
            && mark.arrivalMilliseconds >= last.arrivalMilliseconds
    }
}
