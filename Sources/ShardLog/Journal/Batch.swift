/// What the committer makes durable with one write, as it lies in a journal file.
///
/// It starts on a page (4096 bytes) and is padded with zeros to the next.
///
///     offset  size
///          0     8  magic, "WEIRBAT1"
///          8     4  format version
///         12     4  CRC-32C of the bytes from 16 to the first record
///         16     8  epoch: random, new at each start
///         24     8  number: grows by one, over all files and epochs
///         32     8  durable through: every batch up to this number was durable before this one
///         40     8  segments through: the records of every batch up to this number are durable in
///                   their segments
///         48     8  ceiling, ms: no number above it was given out before this batch was durable
///         56     8  node time, ms
///         64     8  bytes of all control entries
///         72     8  bytes of all records
///         80     4  count of control entries
///         84     4  count of extents
///         88     4  count of records
///         92     4  CRC-32C of the records' checksums, four bytes each, in order
///         96     4  flags: 1 = the log was closed after this batch
///        100     4  0
///        104        extents, control entries, records
///
/// A record's own checksum covers the record, so what the batch sums of it is that.
struct BatchHeader: Equatable {
    static let magic: UInt64 = 0x3154_4142_5249_4557
    static let bytes = 104
    static let closedFlag: UInt32 = 1

    var epoch: UInt64
    var number: UInt64
    var durableThrough: UInt64
    var segmentsThrough: UInt64
    var ceilingMilliseconds: Int64
    var nodeMilliseconds: Int64
    var controlBytes: UInt64 = 0
    var recordBytes: UInt64 = 0
    var controlCount: UInt32 = 0
    var extentCount: UInt32 = 0
    var recordCount: UInt32 = 0
    var recordsChecksum: UInt32 = 0
    var flags: UInt32 = 0

    /// Bytes before the first record.
    var headBytes: Int {
        Self.bytes + Int(extentCount) * Extent.bytes + Int(controlBytes)
    }

    /// Bytes of the batch without the padding.
    var totalBytes: Int {
        headBytes + Int(recordBytes)
    }

    /// Appends the header; the checksum is filled in by `seal`.
    func encode(into writer: inout ByteWriter) {
        writer.append(Self.magic)
        writer.append(Limits.formatVersion)
        writer.append(UInt32(0))
        writer.append(epoch)
        writer.append(number)
        writer.append(durableThrough)
        writer.append(segmentsThrough)
        writer.append(ceilingMilliseconds)
        writer.append(nodeMilliseconds)
        writer.append(controlBytes)
        writer.append(recordBytes)
        writer.append(controlCount)
        writer.append(extentCount)
        writer.append(recordCount)
        writer.append(recordsChecksum)
        writer.append(flags)
        writer.append(UInt32(0))
    }

    /// Fills in the checksum of a whole head: header, extents and control entries.
    static func seal(_ head: inout ByteWriter) {
        let sum = crc32c(0, head.bytes.span.extracting(16..<head.count))
        head.replace(sum, at: 12)
    }

    /// Reads a header whose head is whole and right; nil if there is none here.
    init?(_ span: Span<UInt8>) {
        guard span.count >= Self.bytes, span.load(0, as: UInt64.self) == Self.magic,
            Limits.formats.contains(span.load(8, as: UInt32.self))
        else { return nil }
        epoch = span.load(16, as: UInt64.self)
        number = span.load(24, as: UInt64.self)
        durableThrough = span.load(32, as: UInt64.self)
        segmentsThrough = span.load(40, as: UInt64.self)
        ceilingMilliseconds = span.load(48, as: Int64.self)
        nodeMilliseconds = span.load(56, as: Int64.self)
        controlBytes = span.load(64, as: UInt64.self)
        recordBytes = span.load(72, as: UInt64.self)
        controlCount = span.load(80, as: UInt32.self)
        extentCount = span.load(84, as: UInt32.self)
        recordCount = span.load(88, as: UInt32.self)
        recordsChecksum = span.load(92, as: UInt32.self)
        flags = span.load(96, as: UInt32.self)
        let room = UInt64(span.count)
        guard controlBytes <= room, UInt64(extentCount) <= room, headBytes <= span.count,
            crc32c(0, span.extracting(16..<headBytes)) == span.load(12, as: UInt32.self)
        else { return nil }
    }

    init(epoch: UInt64, number: UInt64, durableThrough: UInt64, segmentsThrough: UInt64) {
        self.epoch = epoch
        self.number = number
        self.durableThrough = durableThrough
        self.segmentsThrough = segmentsThrough
        ceilingMilliseconds = 0
        nodeMilliseconds = 0
    }
}

/// One shard's records in a batch: where they go in the shard's log.
///
///     shard 8 | start 8 | bytes 8 | records before 8 | first index 8 | last index 8 |
///     last arrival 8 | count 4 | 0 4
struct Extent: Equatable {
    static let bytes = 64

    var shard: UInt64
    /// The position of the first record.
    var start: UInt64
    var byteCount: UInt64
    /// Records of the shard before the first, ever.
    var ordinal: UInt64
    var firstIndex: UInt64
    var lastIndex: UInt64
    var lastArrivalMilliseconds: Int64
    var recordCount: UInt32

    func encode(into writer: inout ByteWriter) {
        writer.append(shard)
        writer.append(start)
        writer.append(byteCount)
        writer.append(ordinal)
        writer.append(firstIndex)
        writer.append(lastIndex)
        writer.append(lastArrivalMilliseconds)
        writer.append(recordCount)
        writer.append(UInt32(0))
    }

    init(_ span: Span<UInt8>) {
        shard = span.load(0, as: UInt64.self)
        start = span.load(8, as: UInt64.self)
        byteCount = span.load(16, as: UInt64.self)
        ordinal = span.load(24, as: UInt64.self)
        firstIndex = span.load(32, as: UInt64.self)
        lastIndex = span.load(40, as: UInt64.self)
        lastArrivalMilliseconds = span.load(48, as: Int64.self)
        recordCount = span.load(56, as: UInt32.self)
    }

    init(
        shard: UInt64, start: UInt64, byteCount: UInt64, ordinal: UInt64, firstIndex: UInt64,
        lastIndex: UInt64, lastArrivalMilliseconds: Int64, recordCount: UInt32
    ) {
        self.shard = shard
        self.start = start
        self.byteCount = byteCount
        self.ordinal = ordinal
        self.firstIndex = firstIndex
        self.lastIndex = lastIndex
        self.lastArrivalMilliseconds = lastArrivalMilliseconds
        self.recordCount = recordCount
    }
}

/// A control entry's bytes.
///
///     payload length 4 | opens 4 | closes 4 | removes 4 |
///     each open: shard 8, created ms 8, closed 8 | each close: shard 8 | each remove: shard 8 |
///     payload | zeros up to a multiple of eight
extension ControlEntry {
    static let fixedBytes = 16
    static let openBytes = 24

    func encode(into writer: inout ByteWriter) {
        writer.append(UInt32(payload.count))
        writer.append(UInt32(opens.count))
        writer.append(UInt32(closes.count))
        writer.append(UInt32(removes.count))
        for shard in opens {
            writer.append(shard.number.rawValue)
            writer.append(shard.createdMilliseconds)
            writer.append(UInt64(shard.isClosed ? 1 : 0))
        }
        for shard in closes { writer.append(shard.rawValue) }
        for shard in removes { writer.append(shard.rawValue) }
        writer.append(payload)
        writer.append(zeros: roundedUp(payload.count, to: 8) - payload.count)
    }

    /// Bytes that `encode` appends.
    var encodedBytes: Int {
        Self.fixedBytes + opens.count * Self.openBytes + (closes.count + removes.count) * 8
            + roundedUp(payload.count, to: 8)
    }

    /// Reads an entry at `offset` and moves it behind the entry; nil if it is cut off.
    init?(_ span: Span<UInt8>, offset: inout Int) {
        guard span.count - offset >= Self.fixedBytes else { return nil }
        let payloadBytes = Int(span.load(offset, as: UInt32.self))
        let openCount = Int(span.load(offset + 4, as: UInt32.self))
        let closeCount = Int(span.load(offset + 8, as: UInt32.self))
        let removeCount = Int(span.load(offset + 12, as: UInt32.self))
        let need =
            Self.fixedBytes + openCount * Self.openBytes + (closeCount + removeCount) * 8
            + roundedUp(payloadBytes, to: 8)
        guard span.count - offset >= need else { return nil }
        var place = offset + Self.fixedBytes
        self.init(payload: [])
        for _ in 0..<openCount {
            opens.append(
                ShardDescription(
                    number: ShardNumber(rawValue: span.load(place, as: UInt64.self)),
                    createdMilliseconds: span.load(place + 8, as: Int64.self),
                    isClosed: span.load(place + 16, as: UInt64.self) != 0))
            place += Self.openBytes
        }
        for _ in 0..<closeCount {
            closes.append(ShardNumber(rawValue: span.load(place, as: UInt64.self)))
            place += 8
        }
        for _ in 0..<removeCount {
            removes.append(ShardNumber(rawValue: span.load(place, as: UInt64.self)))
            place += 8
        }
        payload.reserveCapacity(payloadBytes)
        for byte in place..<place + payloadBytes { payload.append(span[byte]) }
        offset += need
    }
}
