/// What tags and resource policies are on: a stream or a consumer.
public enum ResourceARN: Sendable, Hashable, CustomStringConvertible {
    case stream(StreamARN)
    case consumer(ConsumerARN)

    /// Reads an ARN, or returns nil if it is neither's.
    public init?(_ text: String) {
        if let consumer = ConsumerARN(text) {
            self = .consumer(consumer)
        } else if let stream = StreamARN(text) {
            self = .stream(stream)
        } else {
            return nil
        }
    }

    /// The stream itself, or the consumer's.
    public var stream: StreamARN {
        switch self {
        case .stream(let stream): stream
        case .consumer(let consumer): consumer.stream
        }
    }

    /// The text of the ARN.
    public var description: String {
        switch self {
        case .stream(let stream): stream.description
        case .consumer(let consumer): consumer.description
        }
    }

    /// The ResourceARN of a request, whose model requires it. Channels and queues are none of ours.
    init(_ fields: Fields) throws(ServiceError) {
        let text = fields.requiredText("ResourceARN")
        guard let arn = ResourceARN(text) else { throw .invalidARN(text) }
        self = arn
    }
}
