/// A record as it lies in a batch and, the same bytes, in a segment.
///
///     offset  size
///          0     4  length of the whole record, a multiple of eight
///          4     4  CRC-32C of the bytes from 24 to the end, then of 0..<4, then of 8..<24
///          8     8  index
///         16     8  arrival, milliseconds since 1970
///         24     8  shard number
///         32    16  hash key
///         48     4  length of the data
///         52     2  length of the partition key
///         54     1  flags, 0
///         55     1  0
///         56        partition key, data, zeros up to a multiple of eight
///
/// Index and arrival come last in the checksum because the committer fills them in when all the
/// rest has been summed by the reader that staged the record.
enum Record {
    static let headerBytes = 56
    static let stampedOffset = 8
    static let stampedBytes = 16
    static let bodyOffset = 24

    static func length(key: Int, data: Int) -> Int {
        roundedUp(headerBytes + key + data, to: 8)
    }

    /// The fixed part of a record, read and not yet verified.
    struct Header {
        var length: Int
        var checksum: UInt32
        var index: UInt64
        var arrivalMilliseconds: Int64
        var shard: UInt64
        var dataLength: Int
        var keyLength: Int

        /// - Parameter bytes: at least `headerBytes`.
        @inline(always)
        init(_ bytes: Span<UInt8>) {
            length = Int(bytes.load(0, as: UInt32.self))
            checksum = bytes.load(4, as: UInt32.self)
            index = bytes.load(8, as: UInt64.self)
            arrivalMilliseconds = bytes.load(16, as: Int64.self)
            shard = bytes.load(24, as: UInt64.self)
            dataLength = Int(bytes.load(48, as: UInt32.self))
            keyLength = Int(bytes.load(52, as: UInt16.self))
        }

        /// Whether the lengths agree with each other and are within bounds.
        var isPlausible: Bool {
            dataLength + keyLength <= Limits.maximumRecordBytes
                && length == Record.length(key: keyLength, data: dataLength)
        }
    }

    /// The checksum of a whole record.
    static func checksum(of record: Span<UInt8>) -> UInt32 {
        var sum = crc32c(0, record.extracting(bodyOffset..<record.count))
        sum = crc32c(sum, record.extracting(0..<4))
        return crc32c(
            sum, record.extracting(stampedOffset..<stampedOffset + stampedBytes))
    }

    /// Why the bytes that start here are not a record of this shard, or nil if they are one.
    /// - Parameter bytes: what there is, from the record's start on.
    static func fault(_ bytes: Span<UInt8>, shard: UInt64) -> String? {
        guard bytes.count >= headerBytes else { return "the record's header is cut off" }
        let header = Header(bytes)
        guard header.isPlausible else { return "the record's length is wrong" }
        guard header.length <= bytes.count else { return "the record is cut off" }
        guard header.shard == shard else { return "the record is of another shard" }
        guard checksum(of: bytes.extracting(0..<header.length)) == header.checksum else {
            return "the record's checksum is wrong"
        }
        return nil
    }
}
