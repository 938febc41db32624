/// The shard-level metrics of a stream that somebody asked for (the model's `MetricsNameList`).
///
/// Every shard is counted in any case; this says which of its numbers are shown.
public struct ShardLevelMetrics: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let incomingBytes = ShardLevelMetrics(rawValue: 1 << 0)
    public static let incomingRecords = ShardLevelMetrics(rawValue: 1 << 1)
    public static let outgoingBytes = ShardLevelMetrics(rawValue: 1 << 2)
    public static let outgoingRecords = ShardLevelMetrics(rawValue: 1 << 3)
    public static let writeThroughputExceeded = ShardLevelMetrics(rawValue: 1 << 4)
    public static let readThroughputExceeded = ShardLevelMetrics(rawValue: 1 << 5)
    public static let iteratorAge = ShardLevelMetrics(rawValue: 1 << 6)

    /// What the name `ALL` stands for.
    public static let all = ShardLevelMetrics(rawValue: 0x7F)

    /// The single metrics by the model's names, in its order.
    public static let names: [(name: String, metric: ShardLevelMetrics)] = [
        ("IncomingBytes", .incomingBytes),
        ("IncomingRecords", .incomingRecords),
        ("OutgoingBytes", .outgoingBytes),
        ("OutgoingRecords", .outgoingRecords),
        ("WriteProvisionedThroughputExceeded", .writeThroughputExceeded),
        ("ReadProvisionedThroughputExceeded", .readThroughputExceeded),
        ("IteratorAgeMilliseconds", .iteratorAge),
    ]

    /// The metric of a name, all of them for `ALL`; nil for a text that names none.
    public init?(name: String) {
        if name == "ALL" {
            self = .all
        } else if let known = Self.names.first(where: { $0.name == name }) {
            self = known.metric
        } else {
            return nil
        }
    }

    /// The metrics of names that have passed validation.
    init(names: [String]) {
        self = []
        for name in names { formUnion(ShardLevelMetrics(name: name) ?? []) }
    }

    /// The names of the metrics in the set, in the model's order; `ALL` is never among them.
    public var names: [String] { Self.names.filter { contains($0.metric) }.map(\.name) }
}
