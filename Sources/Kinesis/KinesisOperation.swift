/// The operations of Amazon Kinesis Data Streams.
public enum KinesisOperation: UInt8, ServiceOperation {
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

    /// From the version of AWS's API.
    public static let targetPrefix = "Kinesis_20131202"
    public static let actionPrefix = "kinesis"

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
        }
    }
}
