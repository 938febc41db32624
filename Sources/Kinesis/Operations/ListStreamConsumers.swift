public import Wire

/// Lists a stream's consumers in byte order of their names.
///
/// Errors: ResourceNotFound, InvalidArgument, LimitExceeded, ExpiredNextToken, ResourceInUse.
public enum ListStreamConsumers {
    static let shape = Structure(
        "ListStreamConsumersInput",
        [
            .streamARN(required: true),
            .nextToken,
            .pageSize("MaxResults"),
            .timestamp("StreamCreationTimestamp"),
            .streamID,
        ])

    public struct Input: Sendable {
        public var stream: StreamARN
        public var nextToken: String?
        /// How many consumers to show at most: 1 to ``Limits/listConsumersResults``.
        public var limit: Int
        /// When the stream was created, in milliseconds since 1970, if the request said so.
        public var createdMilliseconds: Int64?
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        let token = fields.text("NextToken")
        let created = fields.timestamp("StreamCreationTimestamp")
        if token != nil, created != nil { throw .nextTokenWith("StreamCreationTimestamp") }
        return Input(
            stream: try requiredStreamARN(in: fields),
            nextToken: token,
            limit: min(
                fields.integer("MaxResults") ?? Limits.listConsumersResults,
                Limits.listConsumersResults),
            createdMilliseconds: created)
    }

    public struct Output: Sendable {
        public var consumers: [ListedConsumer]
        public var nextToken: String?

        public init(consumers: [ListedConsumer], nextToken: String?) {
            self.consumers = consumers
            self.nextToken = nextToken
        }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 128 + 320 * consumers.count)
            writer.beginStructure()
            writer.key("Consumers")
            writer.beginList()
            for consumer in consumers {
                writer.beginStructure()
                consumer.write(to: &writer)
                writer.endStructure()
            }
            writer.endList()
            writer.member("NextToken", optional: nextToken)
            writer.endStructure()
            return writer.finish()
        }
    }
}
