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
    /// By key in byte order.
    public let tags: [ResourceTag]
    /// The resource policy as the client wrote it; nil if there is none.
    public let policy: String?

    init(
        id: UInt64, name: String, arn: ConsumerARN, createdSecond: UInt64, status: ConsumerStatus,
        tags: [ResourceTag] = [], policy: String? = nil
    ) {
        self.id = id
        self.name = name
        self.arn = arn
        self.createdSecond = createdSecond
        self.status = status
        self.tags = tags
        self.policy = policy
    }

    /// The tag that makes a consumer one of a single run of a program, whatever its value.
    public static let ephemeralTag = "weir:ephemeral"

    /// Whether it goes when nobody has read as this consumer for a while, and does not stand in the
    /// way of its stream's deletion.
    public var isEphemeral: Bool { tags.contains { $0.key == Self.ephemeralTag } }

    /// This consumer in another status.
    func with(status: ConsumerStatus) -> ConsumerState {
        ConsumerState(
            id: id, name: name, arn: arn, createdSecond: createdSecond, status: status,
            tags: tags, policy: policy)
    }

    /// This consumer with a setting changed.
    func with(_ setting: ConsumerSetting) -> ConsumerState {
        switch setting {
        case .tags(let tags):
            ConsumerState(
                id: id, name: name, arn: arn, createdSecond: createdSecond, status: status,
                tags: tags, policy: policy)
        case .policy(let policy):
            ConsumerState(
                id: id, name: name, arn: arn, createdSecond: createdSecond, status: status,
                tags: tags, policy: policy)
        }
    }
}

/// One change of a consumer's settings as it was decided.
enum ConsumerSetting: Sendable, Hashable {
    /// All tags, by key in byte order.
    case tags([ResourceTag])
    case policy(String?)
}
