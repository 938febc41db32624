public import Wire

/// Removes a consumer; its subscriptions end.
///
/// Errors: LimitExceeded, ResourceNotFound, InvalidArgument.
public enum DeregisterStreamConsumer {
    static let shape = Structure(
        "DeregisterStreamConsumerInput",
        [.streamARN(), .name("ConsumerName"), .consumerARN(), .streamID])

    public struct Input: Sendable {
        public var consumer: ConsumerSelector
    }

    /// Reads a request; its output is empty.
    public static func decode(
        _ body: [UInt8], _ encoding: Encoding
    ) throws(ServiceError) -> Input {
        let fields = try ShapeDecoder.decode(body, encoding, as: shape)
        return Input(consumer: try ConsumerSelector(fields))
    }
}
