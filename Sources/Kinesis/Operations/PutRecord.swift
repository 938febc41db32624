internal import Crypto
public import Wire

/// Stores one record.
///
/// Errors: ResourceNotFound, InvalidArgument (the explicit hash key or the ordering number is not
/// one), Validation (the record is larger than the stream takes), ProvisionedThroughputExceeded,
/// AccessDenied, InternalFailure.
public enum PutRecord {
    static let shape = Structure(
        "PutRecordInput",
        [
            .name("StreamName"),
            .blob("Data", maximum: Limits.dataBytes, required: true),
            .text("PartitionKey", 1...256),
            .hashKey("ExplicitHashKey"),
            .sequenceNumber("SequenceNumberForOrdering"),
            .streamARN(),
            .streamID,
            .dryRun,
        ])

    public struct Input: Sendable {
        public let stream: StreamSelector
        public let explicitHashKey: UInt128?
        /// A number that the record's must exceed, as the client wrote it.
        public let sequenceNumberForOrdering: String?
        /// Whether the call is only to be checked.
        public let dryRun: Bool
        /// Whether there is no partition key, which only a stream that spreads its records takes.
        private let lacksPartitionKey: Bool
        private let bytes: RecordBytes
        private let arena: [UInt8]

        init(_ fields: Fields) throws(ServiceError) {
            stream = try StreamSelector(fields)
            explicitHashKey = try explicitKey(fields["ExplicitHashKey"], fields)
            sequenceNumberForOrdering = fields.text("SequenceNumberForOrdering")
            dryRun = fields.boolean("DryRun") ?? false
            lacksPartitionKey = !fields["PartitionKey"].isPresent
            bytes = RecordBytes(key: fields["PartitionKey"], data: fields["Data"])
            arena = fields.arena
        }

        /// The partition key, 1 to 256 characters of UTF-8; empty if there is none.
        public var partitionKey: Span<UInt8> {
            @_lifetime(borrow self)
            get { arena.span.extracting(bytes.keyRange) }
        }

        /// The data, which may be empty.
        public var data: Span<UInt8> {
            @_lifetime(borrow self)
            get { arena.span.extracting(bytes.dataRange) }
        }

        /// Where the record belongs on the ring: the explicit key, else the partition key's digest.
        public var hashKey: UInt128 {
            explicitHashKey ?? MD5.hash(arena.span.extracting(bytes.keyRange))
        }

        /// Refuses a record without a partition key, for a stream that looks at it.
        public func checkPartitionKey() throws(ServiceError) {
            if lacksPartitionKey { throw .partitionKeysMissing(["partitionKey"]) }
        }

        /// Refuses a record whose data and key together are more than the stream takes.
        public func checkSize(limitBytes: Int) throws(ServiceError) {
            if bytes.count > limitBytes {
                throw .recordTooLarge(
                    bytes: bytes.blamed(limitBytes: limitBytes), limitBytes: limitBytes)
            }
        }
    }

    ///
    /// A body that takes longer than a reactor has time for gives ``ServiceError/tooManyValues``
    /// when it is read `atOnce`.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding, atOnce: Bool = false
    ) throws(ServiceError) -> Input {
        try Input(
            ShapeDecoder.decode(
                body, encoding, as: shape, tokens: atOnce ? Limits.tokensAtOnce : .max))
    }

    /// The answer about a record that was stored.
    public struct Output: Sendable {
        public var shardID: ShardID
        public var sequenceNumber: SequenceNumber

        public init(shardID: ShardID, sequenceNumber: SequenceNumber) {
            self.shardID = shardID
            self.sequenceNumber = sequenceNumber
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 128)
            writer.beginStructure()
            writer.member("SequenceNumber", number: sequenceNumber)
            writer.member("ShardId", shard: shardID)
            writer.endStructure()
            return writer.finish()
        }
    }
}
