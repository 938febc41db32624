public import Wire

/// Registers a consumer, which may then subscribe to the stream's shards.
///
/// Errors: InvalidArgument, LimitExceeded, ResourceInUse (the name is taken), ResourceNotFound.
public enum RegisterStreamConsumer {
    static let shape = Structure(
        "RegisterStreamConsumerInput",
        [
            .streamARN(required: true),
            .name("ConsumerName", required: true),
            .streamID,
            .tags(),
        ])

    public struct Input: Sendable {
        public var stream: StreamARN
        public var consumerName: String
        public var tags: [ResourceTag]
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(
            stream: try requiredStreamARN(in: fields),
            consumerName: fields.requiredText("ConsumerName"),
            tags: try checkedTags(in: fields))
    }

    public struct Output: Sendable {
        public var consumer: ListedConsumer

        public init(consumer: ListedConsumer) { self.consumer = consumer }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 320)
            writer.beginStructure()
            writer.key("Consumer")
            writer.beginStructure()
            consumer.write(to: &writer)
            writer.endStructure()
            writer.endStructure()
            return writer.finish()
        }
    }
}
