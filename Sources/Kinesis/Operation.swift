/// The operations that Weir answers: AWS's own under its target prefix, and some under Weir's.
public enum Operation: Sendable, Hashable, CaseIterable {
    case createStream
    case deleteStream
    case describeStream
    case describeStreamSummary
    case listStreams
    case listShards
    case putRecord
    case putRecords
    case getShardIterator
    case getRecords
    case registerStreamConsumer
    case deregisterStreamConsumer
    case describeStreamConsumer
    case listStreamConsumers
    case subscribeToShard
    case splitShard
    case mergeShards
    case addTagsToStream
    case removeTagsFromStream
    case listTagsForStream
    case tagResource
    case untagResource
    case listTagsForResource
    case increaseStreamRetentionPeriod
    case decreaseStreamRetentionPeriod
    case updateShardCount
    case updateStreamMode
    case updateStreamWarmThroughput
    case updateMaxRecordSize
    case updateStreamRecordDistributionStrategy
    case enableEnhancedMonitoring
    case disableEnhancedMonitoring
    case describeLimits
    case describeAccountSettings
    case updateAccountSettings
    case startStreamEncryption
    case stopStreamEncryption
    case putResourcePolicy
    case getResourcePolicy
    case deleteResourcePolicy
    case commitCursor
    case listCursors
    case injectFault
    case listFaults
    case clearFaults

    /// The prefix of AWS's operations in `X-Amz-Target`, from the API's version.
    public static let awsPrefix = "Kinesis_20131202"
    /// The prefix of Weir's own operations.
    public static let weirPrefix = "Weir_20261122"

    /// The operation that the value of `X-Amz-Target` names, case-sensitive and whole.
    public init?(target: Span<UInt8>) {
        for known in Self.targets where known.text.count == target.count {
            if Self.equal(known.text.span, target) {
                self = known.operation
                return
            }
        }
        return nil
    }

    /// Every target's bytes, made once: this is looked up for each request.
    private static let targets = allCases.map { (text: Array($0.target.utf8), operation: $0) }

    private static func equal(_ known: Span<UInt8>, _ target: Span<UInt8>) -> Bool {
        for index in known.indices where known[index] != target[index] { return false }
        return true
    }

    /// The prefix under which clients call it.
    public var prefix: String {
        switch self {
        case .commitCursor, .listCursors, .injectFault, .listFaults, .clearFaults:
            Self.weirPrefix
        default: Self.awsPrefix
        }
    }

    /// The value of `X-Amz-Target`, such as `Kinesis_20131202.PutRecord`.
    public var target: String { prefix + "." + name }

    /// The operation's name, such as `PutRecord`.
    public var name: String {
        switch self {
        case .createStream: "CreateStream"
        case .deleteStream: "DeleteStream"
        case .describeStream: "DescribeStream"
        case .describeStreamSummary: "DescribeStreamSummary"
        case .listStreams: "ListStreams"
        case .listShards: "ListShards"
        case .putRecord: "PutRecord"
        case .putRecords: "PutRecords"
        case .getShardIterator: "GetShardIterator"
        case .getRecords: "GetRecords"
        case .registerStreamConsumer: "RegisterStreamConsumer"
        case .deregisterStreamConsumer: "DeregisterStreamConsumer"
        case .describeStreamConsumer: "DescribeStreamConsumer"
        case .listStreamConsumers: "ListStreamConsumers"
        case .subscribeToShard: "SubscribeToShard"
        case .splitShard: "SplitShard"
        case .mergeShards: "MergeShards"
        case .addTagsToStream: "AddTagsToStream"
        case .removeTagsFromStream: "RemoveTagsFromStream"
        case .listTagsForStream: "ListTagsForStream"
        case .tagResource: "TagResource"
        case .untagResource: "UntagResource"
        case .listTagsForResource: "ListTagsForResource"
        case .increaseStreamRetentionPeriod: "IncreaseStreamRetentionPeriod"
        case .decreaseStreamRetentionPeriod: "DecreaseStreamRetentionPeriod"
        case .updateShardCount: "UpdateShardCount"
        case .updateStreamMode: "UpdateStreamMode"
        case .updateStreamWarmThroughput: "UpdateStreamWarmThroughput"
        case .updateMaxRecordSize: "UpdateMaxRecordSize"
        case .updateStreamRecordDistributionStrategy: "UpdateStreamRecordDistributionStrategy"
        case .enableEnhancedMonitoring: "EnableEnhancedMonitoring"
        case .disableEnhancedMonitoring: "DisableEnhancedMonitoring"
        case .describeLimits: "DescribeLimits"
        case .describeAccountSettings: "DescribeAccountSettings"
        case .updateAccountSettings: "UpdateAccountSettings"
        case .startStreamEncryption: "StartStreamEncryption"
        case .stopStreamEncryption: "StopStreamEncryption"
        case .putResourcePolicy: "PutResourcePolicy"
        case .getResourcePolicy: "GetResourcePolicy"
        case .deleteResourcePolicy: "DeleteResourcePolicy"
        case .commitCursor: "CommitCursor"
        case .listCursors: "ListCursors"
        case .injectFault: "InjectFault"
        case .listFaults: "ListFaults"
        case .clearFaults: "ClearFaults"
        }
    }
}
