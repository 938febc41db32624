public import Wire

/// Shows a consumer.
///
/// Errors: LimitExceeded, ResourceNotFound, InvalidArgument.
public enum DescribeStreamConsumer {
    static let shape = Structure(
        "DescribeStreamConsumerInput",
        [.streamARN(), .name("ConsumerName"), .consumerARN(), .streamID])

    public struct Input: Sendable {
        public var consumer: ConsumerSelector
    }

    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(consumer: try ConsumerSelector(fields))
    }

    public struct Output: Sendable {
        public var consumer: ListedConsumer

        public init(consumer: ListedConsumer) { self.consumer = consumer }

        public func encoded(_ encoding: Encoding) -> [UInt8] {
            var writer = ResponseWriter(encoding, capacity: 448)
            writer.beginStructure()
            writer.key("ConsumerDescription")
            writer.beginStructure()
            consumer.write(to: &writer)
            writer.member("StreamARN", text: consumer.arn.stream.description)
            writer.endStructure()
            writer.endStructure()
            return writer.finish()
        }
    }
}
