internal import Crypto
public import Wire

/// Stores up to five hundred records, each by itself.
///
/// Errors of the whole call: ResourceNotFound, InvalidArgument (an explicit hash key, the total
/// size), Validation, AccessDenied. A record's own: ProvisionedThroughputExceeded, InternalFailure.
public enum PutRecords {
    static let entry = Structure(
        "PutRecordsRequestEntry",
        [
            .blob("Data", maximum: Limits.dataBytes, required: true),
            .hashKey("ExplicitHashKey"),
            .text("PartitionKey", 1...256),
        ])

    static let shape = Structure(
        "PutRecordsInput",
        [
            .list("Records", of: entry, 1...Limits.recordsPerPut, required: true),
            .name("StreamName"),
            .streamARN(),
            .streamID,
            .dryRun,
        ])

    /// The request. Its records stay in one arena, found by their offsets.
    public struct Input: Sendable {
        public let stream: StreamSelector
        /// Whether the call is only to be checked.
        public let dryRun: Bool
        private let records: [RecordBytes]
        /// The first records without a partition key, at most as many as an error names.
        private let lackingPartitionKey: [Int]
        /// The explicit hash keys, or nothing if no record has one.
        private let explicitHashKeys: [UInt128?]
        private let arena: [UInt8]

        init(_ fields: Fields) throws(ServiceError) {
            stream = try StreamSelector(fields)
            dryRun = fields.boolean("DryRun") ?? false
            arena = fields.arena
            let list = fields["Records"]
            let data = entry.offsets[entry.index(of: "Data")]
            let key = entry.offsets[entry.index(of: "PartitionKey")]
            let explicit = entry.offsets[entry.index(of: "ExplicitHashKey")]
            var records: [RecordBytes] = []
            var keys: [UInt128?] = []
            records.reserveCapacity(list.second)
            var lacking: [Int] = []
            var total = 0
            for index in 0..<list.second {
                let first = list.first + index * entry.slots
                let record = RecordBytes(
                    key: fields.slots[first + key], data: fields.slots[first + data])
                records.append(record)
                total += record.count
                if !fields.slots[first + key].isPresent, lacking.count < Limits.validationItems {
                    lacking.append(index)
                }
                let slot = fields.slots[first + explicit]
                if slot.isPresent {
                    if keys.isEmpty { keys = Array(repeating: nil, count: list.second) }
                    keys[index] = try explicitKey(slot, fields)
                }
            }
            if total > Limits.putRecordsBytes { throw .recordsTooLarge }
            self.records = records
            lackingPartitionKey = lacking
            explicitHashKeys = keys
        }

        /// How many records there are: 1 to 500.
        public var count: Int { records.count }

        /// The partition key of record `index`, 1 to 256 characters of UTF-8; empty if there is none.
        @_lifetime(borrow self)
        public func partitionKey(_ index: Int) -> Span<UInt8> {
            arena.span.extracting(records[index].keyRange)
        }

        /// The data of record `index`, which may be empty.
        @_lifetime(borrow self)
        public func data(_ index: Int) -> Span<UInt8> {
            arena.span.extracting(records[index].dataRange)
        }

        /// The explicit hash key of record `index`, if it has one.
        public func explicitHashKey(_ index: Int) -> UInt128? {
            explicitHashKeys.isEmpty ? nil : explicitHashKeys[index]
        }

        /// Where record `index` belongs on the ring: the explicit key, else the partition key's
        /// digest.
        public func hashKey(_ index: Int) -> UInt128 {
            explicitHashKey(index) ?? MD5.hash(arena.span.extracting(records[index].keyRange))
        }

        /// Lends record `index` to `body`.
        public func withRecord<Result>(
            _ index: Int,
            _ body: (_ partitionKey: Span<UInt8>, _ data: Span<UInt8>, _ explicit: UInt128?) ->
                Result
        ) -> Result {
            body(partitionKey(index), data(index), explicitHashKey(index))
        }

        /// Refuses the call if a record has no partition key, for a stream that looks at it.
        public func checkPartitionKeys() throws(ServiceError) {
            guard !lackingPartitionKey.isEmpty else { return }
            throw .partitionKeysMissing(
                lackingPartitionKey.map { "records.\($0 + 1).member.partitionKey" })
        }

        /// Refuses the call if data and key of any record together are more than the stream takes.
        ///
        /// At most ten records are named, as for any constraint.
        public func checkSizes(limitBytes: Int) throws(ServiceError) {
            var refused: [(index: Int, bytes: Int)] = []
            for index in records.indices where records[index].count > limitBytes {
                refused.append((index, records[index].blamed(limitBytes: limitBytes)))
                if refused.count == Limits.validationItems { break }
            }
            if !refused.isEmpty {
                throw .recordsTooLarge(refused, limitBytes: limitBytes)
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

    /// What became of one record.
    public enum Result: Sendable, Hashable {
        case stored(shardID: ShardID, sequenceNumber: SequenceNumber)
        /// The code and text of an error; the only codes clients know here are
        /// ProvisionedThroughputExceededException and InternalFailure.
        case failed(ServiceError)
    }

    /// The answer: one result for each record, in the request's order.
    public struct Output: Sendable {
        public var results: [Result]

        public init(results: [Result]) { self.results = results }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 64 + 144 * results.count)
            var failed = 0
            for result in results {
                if case .failed = result { failed += 1 }
            }
            writer.beginStructure()
            writer.member("FailedRecordCount", integer: failed)
            writer.key("Records")
            writer.beginList()
            for result in results {
                writer.beginStructure()
                switch result {
                case .stored(let shardID, let sequenceNumber):
                    writer.member("SequenceNumber", number: sequenceNumber)
                    writer.member("ShardId", shard: shardID)
                case .failed(let error):
                    writer.member("ErrorCode", text: error.code.name)
                    writer.member("ErrorMessage", optional: error.message)
                }
                writer.endStructure()
            }
            writer.endList()
            writer.endStructure()
            return writer.finish()
        }
    }
}
