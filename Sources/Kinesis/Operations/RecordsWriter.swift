import Wire

/// The list of records in the output of GetRecords and in the events of SubscribeToShard.
///
/// It runs once for every record delivered, so it makes no strings and no arrays of its own.
/// EncryptionType is left out, as AWS does for records that are not encrypted.
struct RecordsWriter: Sendable {
    /// The order of a record's members, which differs on AWS between the two.
    enum Order: Sendable {
        case page
        case event
    }

    private var writer: ResponseWriter
    private let order: Order
    private(set) var count = 0

    /// Begins the list in a writer that stands behind the list's key.
    init(_ writer: consuming ResponseWriter, order: Order) {
        self.writer = writer
        self.order = order
        self.writer.beginList()
    }

    mutating func append(
        sequenceNumber: SequenceNumber, arrivalMilliseconds: Int64,
        partitionKey: Span<UInt8>, data: Span<UInt8>
    ) {
        count += 1
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

    /// Ends the list and gives the writer back.
    mutating func finish() -> ResponseWriter {
        writer.endList()
        var result = ResponseWriter(writer.encoding, capacity: 0)
        swap(&result, &writer)
        return result
    }
}
