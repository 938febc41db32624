public import Wire

/// Pushes a shard's records to a consumer as events, for up to five minutes.
///
/// Errors before the first event: ResourceNotFound, InvalidArgument, ResourceInUse (the consumer is
/// not ACTIVE, another subscription holds the place), LimitExceeded, AccessDenied. Within the
/// stream: ResourceNotFound, ResourceInUse, InternalFailure.
public enum SubscribeToShard {
    static let position = Structure(
        "StartingPosition",
        [
            .choice("Type", StartingPosition.subscriptionTypes, required: true),
            .sequenceNumber("SequenceNumber"),
            .timestamp("Timestamp"),
        ])

    static let shape = Structure(
        "SubscribeToShardInput",
        [
            .consumerARN(required: true),
            .streamID,
            .name("ShardId", required: true),
            .structure("StartingPosition", position, required: true),
            .dryRun,
        ])

    public struct Input: Sendable {
        public var consumer: ConsumerARN
        /// The shard as the client spells it.
        public var shardID: String
        public var position: StartingPosition
        /// Whether the call is only to be checked.
        public var dryRun: Bool
    }

    /// Reads a request. Whether a time is in the future is for the caller to check.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        guard let position = fields.structure("StartingPosition") else {
            preconditionFailure("a required member passed validation without a value")
        }
        return Input(
            consumer: try requiredConsumerARN(in: fields),
            shardID: fields.requiredText("ShardId"),
            position: try StartingPosition(
                type: position.requiredText("Type"),
                number: position.text("SequenceNumber"),
                milliseconds: position.timestamp("Timestamp")),
            dryRun: fields.boolean("DryRun") ?? false)
    }

    /// How an event ends. Clients refuse one that has both or neither.
    public enum Next: Sendable {
        /// There may be more: a number at or beyond the last record, from which to resume.
        case continues(SequenceNumber)
        /// The shard is closed and read to its end: its children, at least one.
        case ended([ChildShard])
    }

    /// One SubscribeToShardEvent, written record by record into the message that goes out.
    ///
    /// The members' order is that of AWS's events, in which what comes before the records is only
    /// known behind them; room is left for it.
    public struct Event: Sendable {
        private var builder: EventStreamBuilder
        private var records: RecordsWriter
        /// Where the members before the list of records stand in the message.
        private let head: Range<Int>

        /// An event of no records.
        ///
        /// - Parameters:
        ///   - capacity: The number of bytes that the records may need.
        ///   - expectedMillisBehindLatest: A number with as many digits as the one that
        ///     ``finish(_:millisBehindLatest:)`` will be given; another costs a move of the records.
        public init(capacity: Int, expectedMillisBehindLatest: Int64 = 0) {
            builder = EventStreamBuilder(
                eventType: "SubscribeToShardEvent", capacity: capacity + 256)
            var frame: [UInt8] = []
            swap(&frame, &builder.frame)
            let start = frame.count
            var width = 1
            var rest = expectedMillisBehindLatest / 10
            while rest > 0 {
                width += 1
                rest /= 10
            }
            let room = Self.fixedHeadBytes + width
            frame.append(contentsOf: repeatElement(UInt8(ascii: " "), count: room))
            head = start..<start + room
            records = RecordsWriter(ResponseWriter(.json, after: frame), order: .event)
        }

        /// How many records the event has.
        public var count: Int { records.count }

        /// How many bytes the message has so far.
        public var byteCount: Int { records.byteCount }

        /// How many of them are of records whose keys JSON has to escape.
        public var escapedByteCount: Int { records.escapedByteCount }

        public mutating func append(
            sequenceNumber: SequenceNumber, arrivalMilliseconds: Int64,
            partitionKey: Span<UInt8>, data: Span<UInt8>
        ) {
            records.append(
                sequenceNumber: sequenceNumber, arrivalMilliseconds: arrivalMilliseconds,
                partitionKey: partitionKey, data: data)
        }

        /// Completes the message, frame and all; the event must not be used afterwards.
        public mutating func finish(_ next: Next, millisBehindLatest: Int64) -> [UInt8] {
            var writer = records.finish()
            if case .ended(let children) = next {
                precondition(!children.isEmpty, "clients refuse an end without children")
                writer.member("ChildShards", children: children)
            }
            var frame = writer.finish()
            frame.append(UInt8(ascii: "}"))
            frame.replaceSubrange(head, with: Self.head(next, max(0, millisBehindLatest)))
            swap(&frame, &builder.frame)
            return builder.finish()
        }

        private static let continuationKey = #"{"ContinuationSequenceNumber":""#
        private static let lagKey = #"","MillisBehindLatest":"#
        private static let endedLagKey = #"{"MillisBehindLatest":"#
        private static let recordsKey = #","Records":"#

        /// What comes before the list of records, less the digits of the lag.
        private static let fixedHeadBytes =
            continuationKey.utf8.count + SequenceNumber.digitCount + lagKey.utf8.count
            + recordsKey.utf8.count

        private static func head(_ next: Next, _ millisBehindLatest: Int64) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(fixedHeadBytes + 20)
            switch next {
            case .continues(let number):
                bytes.append(contentsOf: continuationKey.utf8)
                let digits = number.digits
                bytes.append(copying: digits.span)
                bytes.append(contentsOf: lagKey.utf8)
            case .ended:
                bytes.append(contentsOf: endedLagKey.utf8)
            }
            bytes.append(contentsOf: String(millisBehindLatest).utf8)
            bytes.append(contentsOf: recordsKey.utf8)
            return bytes
        }
    }
}
