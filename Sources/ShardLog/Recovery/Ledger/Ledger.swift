/// What the log has to know to notice that something is missing, or that the clock is wrong, and
/// that neither journal nor snapshot can tell: how late it was, which journal file was the newest,
/// and from where on each shard's records are kept. A file of its own, replaced whole, and written
/// when one of these changes or a while has passed.
///
///     offset  size
///          0     8  magic, "WEIRLED1"
///          8     4  format version
///         12     4  CRC-32C of the bytes from 16 to the end
///         16     8  the log's time, ms
///         24     8  ceiling, ms
///         32     8  sequence of the journal file in use; its header was durable before
///         40     8  a batch that was durable before
///         48     8  count of stretches of time that retention does not count
///         56     8  count of shards that do not have all their records any more
///         64        stretches: from 8, to 8; then shards: number 8, position from which its
///                   records are kept 8
struct Ledger: Equatable {
    static let magic: UInt64 = 0x3144_454C_5249_4557
    static let headerBytes = 64
    static let entryBytes = 16

    var logMilliseconds: Int64
    var ceilingMilliseconds: Int64
    var journalSequence: UInt64
    var batch: UInt64
    var skips: [RetentionClock.Skip] = []
    /// By shard number.
    var keptFrom: [UInt64: UInt64] = [:]

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(Self.magic)
        writer.append(Limits.formatVersion)
        writer.append(UInt32(0))
        writer.append(logMilliseconds)
        writer.append(ceilingMilliseconds)
        writer.append(journalSequence)
        writer.append(batch)
        writer.append(UInt64(skips.count))
        writer.append(UInt64(keptFrom.count))
        for skip in skips {
            writer.append(skip.from)
            writer.append(skip.to)
        }
        for (shard, position) in keptFrom.sorted(by: { $0.key < $1.key }) {
            writer.append(shard)
            writer.append(position)
        }
        writer.replace(crc32c(0, writer.bytes.span.extracting(16..<writer.count)), at: 12)
        return writer.bytes
    }

    init(
        logMilliseconds: Int64, ceilingMilliseconds: Int64, journalSequence: UInt64,
        batch: UInt64, skips: [RetentionClock.Skip] = [], keptFrom: [UInt64: UInt64] = [:]
    ) {
        self.logMilliseconds = logMilliseconds
        self.ceilingMilliseconds = ceilingMilliseconds
        self.journalSequence = journalSequence
        self.batch = batch
        self.skips = skips
        self.keptFrom = keptFrom
    }

    /// Nil if the bytes are not those of a ledger.
    init?(_ span: Span<UInt8>) {
        guard span.count >= Self.headerBytes, span.load(0, as: UInt64.self) == Self.magic,
            Limits.formats.contains(span.load(8, as: UInt32.self)),
            span.load(12, as: UInt32.self) == crc32c(0, span.extracting(16..<span.count))
        else { return nil }
        logMilliseconds = span.load(16, as: Int64.self)
        ceilingMilliseconds = span.load(24, as: Int64.self)
        journalSequence = span.load(32, as: UInt64.self)
        batch = span.load(40, as: UInt64.self)
        let skipCount = span.load(48, as: UInt64.self)
        let shardCount = span.load(56, as: UInt64.self)
        let entries = UInt64(span.count - Self.headerBytes) / UInt64(Self.entryBytes)
        guard skipCount <= entries, shardCount == entries - skipCount else { return nil }
        var place = Self.headerBytes
        for _ in 0..<skipCount {
            skips.append(
                RetentionClock.Skip(
                    from: span.load(place, as: Int64.self),
                    to: span.load(place + 8, as: Int64.self)))
            place += Self.entryBytes
        }
        for _ in 0..<shardCount {
            keptFrom[span.load(place, as: UInt64.self)] = span.load(place + 8, as: UInt64.self)
            place += Self.entryBytes
        }
    }
}
