import Kinesis
import Wire

/// Decodes a request of any operation; the result is what the input prints as.
func decode(
    _ operation: Operation, _ body: [UInt8], _ encoding: Encoding
) throws(ServiceError) -> String {
    switch operation {
    case .kinesis(let operation): try decode(operation, body, encoding)
    case .weir(let operation): try decode(operation, body, encoding)
    }
}

private func decode(
    _ operation: KinesisOperation, _ body: [UInt8], _ encoding: Encoding
) throws(ServiceError) -> String {
    switch operation {
    case .createStream: "\(try CreateStream.decode(body, encoding))"
    case .deleteStream: "\(try DeleteStream.decode(body, encoding))"
    case .describeStream: "\(try DescribeStream.decode(body, encoding))"
    case .describeStreamSummary: "\(try DescribeStreamSummary.decode(body, encoding))"
    case .listStreams: "\(try ListStreams.decode(body, encoding))"
    case .listShards: "\(try ListShards.decode(body, encoding))"
    case .putRecord: "\(try PutRecord.decode(body, encoding))"
    case .putRecords: "\(try PutRecords.decode(body, encoding))"
    case .getShardIterator: "\(try GetShardIterator.decode(body, encoding))"
    case .getRecords: "\(try GetRecords.decode(body, encoding))"
    case .registerStreamConsumer: "\(try RegisterStreamConsumer.decode(body, encoding))"
    case .deregisterStreamConsumer: "\(try DeregisterStreamConsumer.decode(body, encoding))"
    case .describeStreamConsumer: "\(try DescribeStreamConsumer.decode(body, encoding))"
    case .listStreamConsumers: "\(try ListStreamConsumers.decode(body, encoding))"
    case .subscribeToShard: "\(try SubscribeToShard.decode(body, encoding))"
    case .splitShard: "\(try SplitShard.decode(body, encoding))"
    case .mergeShards: "\(try MergeShards.decode(body, encoding))"
    case .addTagsToStream: "\(try AddTagsToStream.decode(body, encoding))"
    case .removeTagsFromStream: "\(try RemoveTagsFromStream.decode(body, encoding))"
    case .listTagsForStream: "\(try ListTagsForStream.decode(body, encoding))"
    case .tagResource: "\(try TagResource.decode(body, encoding))"
    case .untagResource: "\(try UntagResource.decode(body, encoding))"
    case .listTagsForResource: "\(try ListTagsForResource.decode(body, encoding))"
    case .increaseStreamRetentionPeriod:
        "\(try IncreaseStreamRetentionPeriod.decode(body, encoding))"
    case .decreaseStreamRetentionPeriod:
        "\(try DecreaseStreamRetentionPeriod.decode(body, encoding))"
    case .updateShardCount: "\(try UpdateShardCount.decode(body, encoding))"
    case .updateStreamMode: "\(try UpdateStreamMode.decode(body, encoding))"
    case .updateStreamWarmThroughput: "\(try UpdateStreamWarmThroughput.decode(body, encoding))"
    case .updateMaxRecordSize: "\(try UpdateMaxRecordSize.decode(body, encoding))"
    case .updateStreamRecordDistributionStrategy:
        "\(try UpdateStreamRecordDistributionStrategy.decode(body, encoding))"
    case .enableEnhancedMonitoring: "\(try EnableEnhancedMonitoring.decode(body, encoding))"
    case .disableEnhancedMonitoring: "\(try DisableEnhancedMonitoring.decode(body, encoding))"
    case .describeLimits: "\(try DescribeLimits.decode(body, encoding))"
    case .describeAccountSettings: "\(try DescribeAccountSettings.decode(body, encoding))"
    case .updateAccountSettings: "\(try UpdateAccountSettings.decode(body, encoding))"
    case .startStreamEncryption: "\(try StartStreamEncryption.decode(body, encoding))"
    case .stopStreamEncryption: "\(try StopStreamEncryption.decode(body, encoding))"
    case .putResourcePolicy: "\(try PutResourcePolicy.decode(body, encoding))"
    case .getResourcePolicy: "\(try GetResourcePolicy.decode(body, encoding))"
    case .deleteResourcePolicy: "\(try DeleteResourcePolicy.decode(body, encoding))"
    }
}

private func decode(
    _ operation: WeirOperation, _ body: [UInt8], _ encoding: Encoding
) throws(ServiceError) -> String {
    switch operation {
    case .commitCursor: "\(try CommitCursor.decode(body, encoding))"
    case .listCursors: "\(try ListCursors.decode(body, encoding))"
    case .injectFault: "\(try InjectFault.decode(body, encoding))"
    case .listFaults: "\(try ListFaults.decode(body, encoding))"
    case .clearFaults: "\(try ClearFaults.decode(body, encoding))"
    }
}

/// The error of a request, or nil.
func refusal(
    _ operation: Operation, _ body: [UInt8], _ encoding: Encoding = .json
) -> ServiceError? {
    do throws(ServiceError) {
        if operation == .kinesis(.putRecords) {
            // Printing what ten mebibytes were read as takes longer than everything else.
            _ = try PutRecords.decode(body, encoding)
        } else {
            _ = try decode(operation, body, encoding)
        }
        return nil
    } catch {
        return error
    }
}

/// The error of a request in JSON, or nil.
func refusal(_ operation: Operation, _ json: String) -> ServiceError? {
    refusal(operation, Array(json.utf8))
}

extension Operation {
    static func named(_ name: String) -> Operation? { allCases.first { $0.name == name } }
}
