import Wire

/// A consumer as the operations show it (the model's `Consumer`).
public struct ListedConsumer: Sendable, Hashable {
    /// The ARN, which has the name and the time of registration in it.
    public var arn: ConsumerARN
    public var status: ConsumerStatus

    public init(arn: ConsumerARN, status: ConsumerStatus) {
        self.arn = arn
        self.status = status
    }

    /// Writes the members of a structure that was begun.
    func write(to writer: inout ResponseWriter) {
        writer.member("ConsumerName", text: arn.name)
        writer.member("ConsumerARN", text: arn.description)
        writer.member("ConsumerStatus", text: status.rawValue)
        writer.member("ConsumerCreationTimestamp", second: arn.createdSecond)
    }
}
