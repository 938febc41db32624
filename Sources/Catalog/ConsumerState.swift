public import Kinesis

/// A registered consumer of a stream.
public struct ConsumerState: Sendable, Hashable {
    /// A number that no other consumer of the node has or will have.
    public let id: UInt64
    public let name: String
    /// Ends in `createdSecond`; unlike that of every consumer before it.
    public let arn: ConsumerARN
    /// Seconds since 1970.
    public let createdSecond: UInt64
    public let status: ConsumerStatus
}
