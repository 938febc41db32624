/// The stream that a request means, by its name, its ARN, or both.
public struct StreamSelector: Sendable, Hashable {
    /// The stream's name, which is always known: an ARN has it too.
    public var name: String
    /// The ARN, if the request gave one; its account and region may not be ours.
    public var arn: StreamARN?

    /// Selects a stream of the caller's own account and region.
    public init(name: String) {
        self.name = name
    }

    /// Selects a stream by its ARN.
    public init(arn: StreamARN) {
        name = arn.name
        self.arn = arn
    }

    /// Takes StreamName and StreamARN; nil if the request has neither.
    ///
    /// An ARN that follows the model's pattern and yet names no stream is an invalid argument, as is
    /// one that names another stream than StreamName.
    init?(optional fields: Fields) throws(ServiceError) {
        let name = fields.text("StreamName")
        guard let text = fields.text("StreamARN") else {
            guard let name else { return nil }
            self.init(name: name)
            return
        }
        guard let arn = StreamARN(text) else { throw .invalidARN(text) }
        if let name, name != arn.name { throw .streamConflict(name: name, arn: text) }
        self.init(arn: arn)
    }

    /// Takes StreamName and StreamARN, of which the request must have one.
    init(_ fields: Fields) throws(ServiceError) {
        guard let selector = try StreamSelector(optional: fields) else {
            throw .streamNotNamed
        }
        self = selector
    }
}

/// The consumer that a request means.
public enum ConsumerSelector: Sendable, Hashable {
    /// By its ARN, which names one registration.
    case arn(ConsumerARN)
    /// By its stream and its name, which a later registration may have taken over.
    case name(stream: StreamARN, name: String)

    /// Takes ConsumerARN, or StreamARN and ConsumerName, or all three agreeing.
    init(_ fields: Fields) throws(ServiceError) {
        let name = fields.text("ConsumerName")
        let stream = try streamARN(in: fields)
        guard let text = fields.text("ConsumerARN") else {
            guard let stream, let name else { throw .consumerNotNamed }
            self = .name(stream: stream, name: name)
            return
        }
        guard let arn = ConsumerARN(text) else { throw .invalidARN(text) }
        if let stream, stream != arn.stream { throw .consumerConflict(arn: text) }
        if let name, name != arn.name { throw .consumerConflict(arn: text) }
        self = .arn(arn)
    }
}

/// The StreamARN of a request, if it has one.
func streamARN(in fields: Fields) throws(ServiceError) -> StreamARN? {
    guard let text = fields.text("StreamARN") else { return nil }
    guard let arn = StreamARN(text) else { throw .invalidARN(text) }
    return arn
}

/// The StreamARN of a request whose model requires it.
func requiredStreamARN(in fields: Fields) throws(ServiceError) -> StreamARN {
    let text = fields.requiredText("StreamARN")
    guard let arn = StreamARN(text) else { throw .invalidARN(text) }
    return arn
}

/// The ConsumerARN of a request whose model requires it.
func requiredConsumerARN(in fields: Fields) throws(ServiceError) -> ConsumerARN {
    let text = fields.requiredText("ConsumerARN")
    guard let arn = ConsumerARN(text) else { throw .invalidARN(text) }
    return arn
}
