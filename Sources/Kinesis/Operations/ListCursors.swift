public import Wire

/// Shows where consumers are in their shards: an operation of Weir's own.
///
/// Errors: ResourceNotFound, InvalidArgument, ExpiredNextToken.
public enum ListCursors {
    static let shape = Structure(
        "ListCursorsInput",
        [
            .consumerARN(),
            .streamARN(),
            .name("StreamName"),
            .pageSize("MaxResults"),
            .nextToken,
        ])

    /// Whose cursors to show.
    public enum Subject: Sendable, Hashable {
        case consumer(ConsumerARN)
        /// All consumers of a stream.
        case stream(StreamSelector)
        /// Those of the page before, which the token carries.
        case token(String)
    }

    public struct Input: Sendable {
        public var subject: Subject
        /// How many cursors to show at most: 1 to ``Limits/listCursorsResults``.
        public var limit: Int
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            subject: try subject(in: fields),
            limit: min(
                fields.integer("MaxResults") ?? Limits.listCursorsResults,
                Limits.listCursorsResults))
    }

    private static func subject(in fields: Fields) throws(ServiceError) -> Subject {
        let stream = try StreamSelector(optional: fields)
        let consumer = fields.text("ConsumerARN")
        if let token = fields.text("NextToken") {
            // botocore's paginators send the first request's members again with each token.
            return .token(token)
        }
        guard let consumer else {
            guard let stream else { throw .listCursorsNeedsStream }
            return .stream(stream)
        }
        guard let arn = ConsumerARN(consumer) else { throw .invalidARN(consumer) }
        if let stream, stream.name != arn.stream.name || stream.arn ?? arn.stream != arn.stream {
            throw .consumerConflict(arn: consumer)
        }
        return .consumer(arn)
    }

    /// A consumer's place in a shard.
    public struct Cursor: Sendable {
        public var consumer: ConsumerARN
        public var shardID: ShardID
        /// The last number that was sent to the consumer.
        public var sent: SequenceNumber?
        /// The last number of which the client has taken all bytes.
        public var credited: SequenceNumber?
        /// The last number that the consumer said it was done with.
        public var committed: SequenceNumber?
        /// How many records the shard has beyond what was sent.
        public var recordsBehind: Int64
        /// How many bytes of data and keys these have.
        public var bytesBehind: Int64
        /// How long ago the first of these arrived, in milliseconds; 0 if there is none.
        public var millisBehind: Int64
        /// Whether a subscription is open.
        public var subscriptionOpen: Bool
        /// Why an open subscription sends nothing although there are records.
        public var stallReason: String?

        public init(
            consumer: ConsumerARN, shardID: ShardID, sent: SequenceNumber?,
            credited: SequenceNumber?, committed: SequenceNumber?, recordsBehind: Int64,
            bytesBehind: Int64, millisBehind: Int64, subscriptionOpen: Bool, stallReason: String?
        ) {
            self.consumer = consumer
            self.shardID = shardID
            self.sent = sent
            self.credited = credited
            self.committed = committed
            self.recordsBehind = recordsBehind
            self.bytesBehind = bytesBehind
            self.millisBehind = millisBehind
            self.subscriptionOpen = subscriptionOpen
            self.stallReason = stallReason
        }

        fileprivate func write(to writer: inout ResponseWriter) {
            writer.beginStructure()
            writer.member("ConsumerARN", text: consumer.description)
            writer.member("ConsumerName", text: consumer.name)
            writer.member("ShardId", shard: shardID)
            if let sent { writer.member("SentSequenceNumber", number: sent) }
            if let credited { writer.member("CreditedSequenceNumber", number: credited) }
            if let committed { writer.member("CommittedSequenceNumber", number: committed) }
            writer.member("RecordsBehind", integer: Int(recordsBehind))
            writer.member("BytesBehind", integer: Int(bytesBehind))
            writer.member("MillisBehind", integer: Int(millisBehind))
            writer.member("SubscriptionOpen", boolean: subscriptionOpen)
            writer.member("StallReason", optional: stallReason)
            writer.endStructure()
        }
    }

    public struct Output: Sendable {
        public var cursors: [Cursor]
        public var nextToken: String?

        public init(cursors: [Cursor], nextToken: String?) {
            self.cursors = cursors
            self.nextToken = nextToken
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 128 + 640 * cursors.count)
            writer.beginStructure()
            writer.key("Cursors")
            writer.beginList()
            for cursor in cursors { cursor.write(to: &writer) }
            writer.endList()
            writer.member("NextToken", optional: nextToken)
            writer.endStructure()
            return writer.finish()
        }
    }
}
