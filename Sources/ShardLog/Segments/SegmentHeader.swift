extension Segment {
    /// What the first page of a segment says of it, twice: a bit that the disk loses in one copy
    /// does not take the records with it.
    ///
    ///     offset  size
    ///          0     8  magic, "WEIRSEG1"
    ///          8     4  format version
    ///         12     4  CRC-32C of the bytes 16..<96
    ///         16     8  shard number
    ///         24     8  base: the position of the first record
    ///         32     8  full length of the file
    ///         40     8  records of the shard before the first
    ///         48     8  index of the first record
    ///         56     8  arrival of the first record, ms
    ///         64     8  previous base: that of the shard's segment before; this one's own if
    ///                   nothing before was kept when it was begun; all ones if that is not known
    ///         72     8  an index that no record before the first exceeds
    ///         80    16  0
    ///       2048    96  the same once more
    ///       4096        records
    ///
    /// Format 1 ended at 72, with zeros from 64 on, and had no copy.
    struct Header: Equatable {
        static let magic: UInt64 = 0x3147_4553_5249_4557
        static let bytes = 96
        static let copyOffset = 2048
        private static let olderBytes = 72
        static let unknownBase = UInt64.max

        var shard: UInt64
        var base: UInt64
        var fullBytes: UInt64
        var ordinal: UInt64
        var firstIndex: UInt64
        var firstArrivalMilliseconds: Int64
        /// The base of the segment before, as the format has it.
        var previousBase: UInt64 = Header.unknownBase
        var previousIndex: UInt64 = 0

        /// One copy.
        func encoded() -> [UInt8] {
            var writer = ByteWriter()
            writer.append(Self.magic)
            writer.append(Limits.formatVersion)
            writer.append(UInt32(0))
            writer.append(shard)
            writer.append(base)
            writer.append(fullBytes)
            writer.append(ordinal)
            writer.append(firstIndex)
            writer.append(firstArrivalMilliseconds)
            writer.append(previousBase)
            writer.append(previousIndex)
            writer.append(zeros: 16)
            writer.replace(crc32c(0, writer.bytes.span.extracting(16..<Self.bytes)), at: 12)
            return writer.bytes
        }

        /// The page that a segment begins with.
        func page() -> [UInt8] {
            let copy = encoded()
            var writer = ByteWriter()
            writer.append(copy)
            writer.append(zeros: Self.copyOffset - Self.bytes)
            writer.append(copy)
            writer.append(zeros: Limits.pageBytes - Self.copyOffset - Self.bytes)
            return writer.bytes
        }

        /// Nil if these are not the bytes of a header.
        init?(_ span: Span<UInt8>) {
            guard span.count >= Self.olderBytes, span.load(0, as: UInt64.self) == Self.magic
            else { return nil }
            let version = span.load(8, as: UInt32.self)
            guard Limits.formats.contains(version) else { return nil }
            let isOlder = version == 1
            let bytes = isOlder ? Self.olderBytes : Self.bytes
            guard span.count >= bytes,
                span.load(12, as: UInt32.self) == crc32c(0, span.extracting(16..<bytes))
            else { return nil }
            shard = span.load(16, as: UInt64.self)
            base = span.load(24, as: UInt64.self)
            fullBytes = span.load(32, as: UInt64.self)
            ordinal = span.load(40, as: UInt64.self)
            firstIndex = span.load(48, as: UInt64.self)
            firstArrivalMilliseconds = span.load(56, as: Int64.self)
            if !isOlder {
                previousBase = span.load(64, as: UInt64.self)
                previousIndex = span.load(72, as: UInt64.self)
            }
        }

        init(
            shard: UInt64, base: UInt64, fullBytes: UInt64, ordinal: UInt64, firstIndex: UInt64,
            firstArrivalMilliseconds: Int64, previousBase: UInt64 = Header.unknownBase,
            previousIndex: UInt64 = 0
        ) {
            self.shard = shard
            self.base = base
            self.fullBytes = fullBytes
            self.ordinal = ordinal
            self.firstIndex = firstIndex
            self.firstArrivalMilliseconds = firstArrivalMilliseconds
            self.previousBase = previousBase
            self.previousIndex = previousIndex
        }
    }

    /// A header as it was found in a file.
    struct FoundHeader {
        var header: Header
        /// Where a copy is missing or wrong; a file of format 1 has none behind the first.
        var broken: Int?
        /// It was there and is not what was written.
        var isDamaged: Bool

        /// Bytes of a file that have to be read for it.
        static let bytes = Header.copyOffset + Header.bytes

        /// Nil if neither copy is that of the segment which the file's name tells.
        init?(_ span: Span<UInt8>, shard: UInt64, base: UInt64) {
            let first = Header(span)
            let second =
                span.count >= Self.bytes
                ? Header(span.extracting(Header.copyOffset..<Self.bytes)) : nil
            let isFirst = first.map { $0.shard == shard && $0.base == base } ?? false
            let isSecond = second.map { $0.shard == shard && $0.base == base } ?? false
            if isFirst, let first {
                header = first
                broken = isSecond ? nil : Header.copyOffset
                isDamaged = !isSecond && span.load(8, as: UInt32.self) > 1
            } else if isSecond, let second {
                header = second
                broken = 0
                isDamaged = true
            } else {
                return nil
            }
        }
    }
}
