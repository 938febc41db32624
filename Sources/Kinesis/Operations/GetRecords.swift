public import Wire

/// Reads records from a place in a shard.
///
/// Errors: ResourceNotFound, InvalidArgument, ProvisionedThroughputExceeded, ExpiredIterator,
/// AccessDenied, InternalFailure.
public enum GetRecords {
    static let shape = Structure(
        "GetRecordsInput",
        [
            .text("ShardIterator", 1...512, required: true),
            .pageSize("Limit"),
            .streamARN(),
            .streamID,
            .dryRun,
        ])

    public struct Input: Sendable {
        public var shardIterator: String
        /// How many records to give at most: 1 to ``Limits/getRecordsRecords``.
        public var limit: Int
        /// A stream that the iterator must be of.
        public var arn: StreamARN?
        /// Whether the call is only to be checked.
        public var dryRun: Bool
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            shardIterator: fields.requiredText("ShardIterator"),
            limit: fields.integer("Limit") ?? Limits.getRecordsRecords,
            arn: try streamARN(in: fields),
            dryRun: fields.boolean("DryRun") ?? false)
    }

    /// How a page ends. Clients refuse a page that has both or neither.
    public enum Next: Sendable {
        /// There may be more: the iterator for the next call.
        case iterator(String)
        /// The shard is closed and read to its end: its children, at least one.
        case ended([ChildShard])
    }

    /// The output, written record by record.
    public struct Page: Sendable {
        private var records: RecordsWriter

        /// A page of no records; `capacity` is the number of bytes that the body may need.
        public init(encoding: Encoding, capacity: Int) {
            var writer = ResponseWriter(encoding, capacity: capacity)
            writer.beginStructure()
            writer.key("Records")
            records = RecordsWriter(writer, order: .page)
        }

        /// How many records the page has.
        public var count: Int { records.count }

        public mutating func append(
            sequenceNumber: SequenceNumber, arrivalMilliseconds: Int64,
            partitionKey: Span<UInt8>, data: Span<UInt8>
        ) {
            records.append(
                sequenceNumber: sequenceNumber, arrivalMilliseconds: arrivalMilliseconds,
                partitionKey: partitionKey, data: data)
        }

        /// Completes the body; the page must not be used afterwards.
        public mutating func finish(_ next: Next, millisBehindLatest: Int64) -> [UInt8] {
            var writer = records.finish()
            if case .iterator(let iterator) = next {
                writer.member("NextShardIterator", text: iterator)
            }
            writer.member("MillisBehindLatest", integer: Int(max(0, millisBehindLatest)))
            if case .ended(let children) = next {
                precondition(!children.isEmpty, "clients refuse an end without children")
                writer.member("ChildShards", children: children)
            }
            writer.endStructure()
            return writer.finish()
        }
    }
}
