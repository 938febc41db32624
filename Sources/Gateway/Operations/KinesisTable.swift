import Kinesis

/// How each operation of Kinesis is performed. The switch names all of them, so that one without a
/// row does not compile.
enum KinesisTable {
    /// Made once: a request looks its row up.
    private static let rows = KinesisOperation.allCases.map(makeRow)

    static func row(of operation: KinesisOperation) -> OperationRow {
        rows[Int(operation.rawValue)]
    }

    private static func makeRow(of operation: KinesisOperation) -> OperationRow {
        switch operation {
        // Streams
        case .createStream:
            .row(
                CreateStream.decode, .processor, on: StreamOperations.newStream,
                StreamOperations.createStream)
        case .deleteStream:
            .row(
                DeleteStream.decode, .processor, stream: \.stream,
                StreamOperations.deleteStream)
        case .describeStream:
            .row(DescribeStream.decode, stream: \.stream, StreamOperations.describeStream)
        case .describeStreamSummary:
            .row(
                DescribeStreamSummary.decode, stream: \.stream,
                StreamOperations.describeStreamSummary)
        case .listStreams:
            .row(
                ListStreams.decode, .processor, account: StreamOperations.listStreams)

        // Shards
        case .listShards:
            .row(
                ListShards.decode, .processor, on: ShardOperations.listing,
                ShardOperations.listShards)
        case .splitShard:
            .row(SplitShard.decode, on: ShardOperations.splitting, ShardOperations.splitShard)
        case .mergeShards:
            .row(MergeShards.decode, on: ShardOperations.merging, ShardOperations.mergeShards)
        case .updateShardCount:
            .row(
                UpdateShardCount.decode, .processor, stream: \.stream,
                ShardOperations.updateShardCount)

        // Records
        case .putRecord:
            .put(
                PutRecord.decode, stream: \.stream, records: PutInput.single,
                PutOperations.putRecord)
        case .putRecords:
            .put(
                PutRecords.decode, stream: \.stream, records: PutInput.batch,
                PutOperations.putRecords)
        case .getShardIterator:
            .row(
                GetShardIterator.decode, on: ReadOperations.iterated,
                ReadOperations.getShardIterator)
        case .getRecords:
            .row(
                GetRecords.decode, .disk, on: ReadOperations.pointedAt,
                ReadOperations.getRecords)
        case .subscribeToShard:
            .row(
                SubscribeToShard.decode, .disk, consumer: { .arn($0.consumer) },
                ReadOperations.subscribeToShard)

        // Consumers
        case .registerStreamConsumer:
            .row(
                RegisterStreamConsumer.decode, stream: { StreamSelector(arn: $0.stream) },
                ConsumerOperations.registerStreamConsumer)
        case .deregisterStreamConsumer:
            .row(
                DeregisterStreamConsumer.decode, consumer: \.consumer,
                ConsumerOperations.deregisterStreamConsumer)
        case .describeStreamConsumer:
            .row(
                DescribeStreamConsumer.decode, consumer: \.consumer,
                ConsumerOperations.describeStreamConsumer)
        case .listStreamConsumers:
            .row(
                ListStreamConsumers.decode, .processor,
                stream: { StreamSelector(arn: $0.stream) },
                ConsumerOperations.listStreamConsumers)

        // Tags
        case .addTagsToStream:
            .row(AddTagsToStream.decode, stream: \.stream, TagOperations.addTagsToStream)
        case .removeTagsFromStream:
            .row(RemoveTagsFromStream.decode, stream: \.stream, TagOperations.removeTagsFromStream)
        case .listTagsForStream:
            .row(ListTagsForStream.decode, stream: \.stream, TagOperations.listTagsForStream)
        case .tagResource:
            .row(TagResource.decode, resource: \.resource, TagOperations.tagResource)
        case .untagResource:
            .row(UntagResource.decode, resource: \.resource, TagOperations.untagResource)
        case .listTagsForResource:
            .row(
                ListTagsForResource.decode, resource: \.resource,
                TagOperations.listTagsForResource)

        // Policies
        case .putResourcePolicy:
            .row(PutResourcePolicy.decode, resource: \.resource, PolicyOperations.putResourcePolicy)
        case .getResourcePolicy:
            .row(GetResourcePolicy.decode, resource: \.resource, PolicyOperations.getResourcePolicy)
        case .deleteResourcePolicy:
            .row(
                DeleteResourcePolicy.decode, resource: \.resource,
                PolicyOperations.deleteResourcePolicy)

        // What streams are set to
        case .increaseStreamRetentionPeriod:
            .row(
                IncreaseStreamRetentionPeriod.decode, stream: \.stream,
                SettingOperations.increaseStreamRetentionPeriod)
        case .decreaseStreamRetentionPeriod:
            .row(
                DecreaseStreamRetentionPeriod.decode, stream: \.stream,
                SettingOperations.decreaseStreamRetentionPeriod)
        case .updateStreamMode:
            .row(
                UpdateStreamMode.decode, .processor,
                stream: { StreamSelector(arn: $0.stream) }, SettingOperations.updateStreamMode)
        case .updateStreamWarmThroughput:
            .row(
                UpdateStreamWarmThroughput.decode, .processor, stream: \.stream,
                SettingOperations.updateStreamWarmThroughput)
        case .updateMaxRecordSize:
            .row(
                UpdateMaxRecordSize.decode, stream: { StreamSelector(arn: $0.stream) },
                SettingOperations.updateMaxRecordSize)
        case .updateStreamRecordDistributionStrategy:
            .row(
                UpdateStreamRecordDistributionStrategy.decode,
                stream: { StreamSelector(arn: $0.stream) },
                SettingOperations.updateStreamRecordDistributionStrategy)
        case .enableEnhancedMonitoring:
            .row(
                EnableEnhancedMonitoring.decode, stream: \.stream,
                SettingOperations.enableEnhancedMonitoring)
        case .disableEnhancedMonitoring:
            .row(
                DisableEnhancedMonitoring.decode, stream: \.stream,
                SettingOperations.disableEnhancedMonitoring)
        case .startStreamEncryption:
            .row(
                StartStreamEncryption.decode, on: SettingOperations.encryptable,
                SettingOperations.startStreamEncryption)
        case .stopStreamEncryption:
            .row(
                StopStreamEncryption.decode, stream: \.stream,
                SettingOperations.stopStreamEncryption)

        // The account
        case .describeLimits:
            .row(DescribeLimits.decode, account: AccountOperations.describeLimits)
        case .describeAccountSettings:
            .row(DescribeAccountSettings.decode, account: AccountOperations.describeAccountSettings)
        case .updateAccountSettings:
            .row(UpdateAccountSettings.decode, account: AccountOperations.updateAccountSettings)
        }
    }
}
