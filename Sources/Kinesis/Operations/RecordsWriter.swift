import Wire

/// The list of records in the output of GetRecords and in the events of SubscribeToShard.
///
/// It runs once for every record delivered, so it makes no strings and no arrays of its own, and in
/// JSON, which is what is pushed, a record is written in one go. EncryptionType is left out, as AWS
/// does for records that are not encrypted.
struct RecordsWriter: Sendable {
    /// The order of a record's members, which differs on AWS between the two.
    enum Order: Sendable {
        case page
        case event
    }

    private var writer: ResponseWriter
    private let order: Order
    private let spelling: Spelling
    private(set) var count = 0

    /// What has been written so far, the list's surroundings included.
    var byteCount: Int { writer.bytes.count }

    /// Written for records whose keys JSON has to escape.
    private(set) var escapedByteCount = 0

    /// Begins the list in a writer that stands behind the list's key.
    init(_ writer: consuming ResponseWriter, order: Order) {
        self.writer = writer
        self.order = order
        spelling = order == .page ? .page : .event
        self.writer.beginList()
    }

    mutating func append(
        sequenceNumber: SequenceNumber, arrivalMilliseconds: Int64,
        partitionKey: Span<UInt8>, data: Span<UInt8>
    ) {
        count += 1
        if writer.encoding == .json, isPlainInJSON(partitionKey) {
            appendAtOnce(sequenceNumber, arrivalMilliseconds, partitionKey, data)
        } else {
            let before = writer.bytes.count
            appendMembers(sequenceNumber, arrivalMilliseconds, partitionKey, data)
            escapedByteCount += writer.bytes.count - before - Base64.encodedCount(data.count)
        }
    }

    private mutating func appendMembers(
        _ sequenceNumber: SequenceNumber, _ arrivalMilliseconds: Int64,
        _ partitionKey: Span<UInt8>, _ data: Span<UInt8>
    ) {
        writer.beginStructure()
        if order == .page { writer.member("SequenceNumber", number: sequenceNumber) }
        writer.key("ApproximateArrivalTimestamp")
        writer.timestamp(milliseconds: arrivalMilliseconds)
        writer.key("Data")
        writer.blob(data)
        writer.key("PartitionKey")
        writer.text(partitionKey)
        if order == .event { writer.member("SequenceNumber", number: sequenceNumber) }
        writer.endStructure()
    }

    /// What stands in JSON before a record's time, data and key, and behind them; the number is the
    /// first member of a page's record and the last of an event's.
    private struct Spelling: Sendable {
        let beforeNumber: [UInt8]
        let beforeTime: [UInt8]
        let beforeData = Array(#","Data":""#.utf8)
        let beforeKey = Array(#"","PartitionKey":""#.utf8)
        let end = Array(#""}"#.utf8)

        static let page = Spelling(
            beforeNumber: Array(#"{"SequenceNumber":""#.utf8),
            beforeTime: Array(#"","ApproximateArrivalTimestamp":"#.utf8))
        static let event = Spelling(
            beforeNumber: Array(#"","SequenceNumber":""#.utf8),
            beforeTime: Array(#"{"ApproximateArrivalTimestamp":"#.utf8))

        /// The characters of a record less those of its data and key.
        static let bytes = 192
    }

    private mutating func appendAtOnce(
        _ sequenceNumber: SequenceNumber, _ arrivalMilliseconds: Int64,
        _ partitionKey: Span<UInt8>, _ data: Span<UInt8>
    ) {
        let capacity = Spelling.bytes + Base64.encodedCount(data.count) + partitionKey.count
        let digits = sequenceNumber.digits
        let spelling = spelling
        let isPage = order == .page
        writer.value(capacity: capacity) { output in
            if isPage {
                output.append(copying: spelling.beforeNumber.span)
                output.append(copying: digits.span)
            }
            output.append(copying: spelling.beforeTime.span)
            output.append(secondsOf: arrivalMilliseconds)
            output.append(copying: spelling.beforeData.span)
            Base64.encode(data, into: &output)
            output.append(copying: spelling.beforeKey.span)
            output.append(copying: partitionKey)
            if !isPage {
                output.append(copying: spelling.beforeNumber.span)
                output.append(copying: digits.span)
            }
            output.append(copying: spelling.end.span)
        }
    }

    /// Ends the list and gives the writer back.
    mutating func finish() -> ResponseWriter {
        writer.endList()
        var result = ResponseWriter(writer.encoding, capacity: 0)
        swap(&result, &writer)
        return result
    }
}
