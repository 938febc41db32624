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
                DeleteStream.decode, .processor, about: \.stream,
                StreamOperations.deleteStream)
        case .describeStream:
            .row(DescribeStream.decode, about: \.stream, StreamOperations.describeStream)
        case .describeStreamSummary:
            .row(
                DescribeStreamSummary.decode, about: \.stream,
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
                UpdateShardCount.decode, .processor, about: \.stream,
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
                SubscribeToShard.decode, .disk, about: { ConsumerSelector.arn($0.consumer) },
                ReadOperations.subscribeToShard)

        // Consumers
        case .registerStreamConsumer:
            .row(
                RegisterStreamConsumer.decode, about: { StreamSelector(arn: $0.stream) },
                ConsumerOperations.registerStreamConsumer)
        case .deregisterStreamConsumer:
            .row(
                DeregisterStreamConsumer.decode, about: \.consumer,
                ConsumerOperations.deregisterStreamConsumer)
        case .describeStreamConsumer:
            .row(
                DescribeStreamConsumer.decode, about: \.consumer,
                ConsumerOperations.describeStreamConsumer)
        case .listStreamConsumers:
            .row(
                ListStreamConsumers.decode, .processor,
                about: { StreamSelector(arn: $0.stream) },
                ConsumerOperations.listStreamConsumers)

        // Tags
        case .addTagsToStream:
            .row(AddTagsToStream.decode, about: \.stream, TagOperations.addTagsToStream)
        case .removeTagsFromStream:
            .row(RemoveTagsFromStream.decode, about: \.stream, TagOperations.removeTagsFromStream)
        case .listTagsForStream:
            .row(ListTagsForStream.decode, about: \.stream, TagOperations.listTagsForStream)
        case .tagResource:
            .row(TagResource.decode, about: \.resource, TagOperations.tagResource)
        case .untagResource:
            .row(UntagResource.decode, about: \.resource, TagOperations.untagResource)
        case .listTagsForResource:
            .row(
                ListTagsForResource.decode, about: \.resource,
                TagOperations.listTagsForResource)

        // Policies
        case .putResourcePolicy:
            .row(PutResourcePolicy.decode, about: \.resource, PolicyOperations.putResourcePolicy)
        case .getResourcePolicy:
            .row(GetResourcePolicy.decode, about: \.resource, PolicyOperations.getResourcePolicy)
        case .deleteResourcePolicy:
            .row(
                DeleteResourcePolicy.decode, about: \.resource,
                PolicyOperations.deleteResourcePolicy)

        // What streams are set to
        case .increaseStreamRetentionPeriod:
            .row(
                IncreaseStreamRetentionPeriod.decode, about: \.stream,
                SettingOperations.increaseStreamRetentionPeriod)
        case .decreaseStreamRetentionPeriod:
            .row(
                DecreaseStreamRetentionPeriod.decode, about: \.stream,
                SettingOperations.decreaseStreamRetentionPeriod)
        case .updateStreamMode:
            .row(
                UpdateStreamMode.decode, .processor,
                about: { StreamSelector(arn: $0.stream) }, SettingOperations.updateStreamMode)
        case .updateStreamWarmThroughput:
            .row(
                UpdateStreamWarmThroughput.decode, .processor, about: \.stream,
                SettingOperations.updateStreamWarmThroughput)
        case .updateMaxRecordSize:
            .row(
                UpdateMaxRecordSize.decode, about: { StreamSelector(arn: $0.stream) },
                SettingOperations.updateMaxRecordSize)
        case .updateStreamRecordDistributionStrategy:
            .row(
                UpdateStreamRecordDistributionStrategy.decode,
                about: { StreamSelector(arn: $0.stream) },
                SettingOperations.updateStreamRecordDistributionStrategy)
        case .enableEnhancedMonitoring:
            .row(
                EnableEnhancedMonitoring.decode, about: \.stream,
                SettingOperations.enableEnhancedMonitoring)
        case .disableEnhancedMonitoring:
            .row(
                DisableEnhancedMonitoring.decode, about: \.stream,
                SettingOperations.disableEnhancedMonitoring)
        case .startStreamEncryption:
            .row(
                StartStreamEncryption.decode, on: SettingOperations.encryptable,
                SettingOperations.startStreamEncryption)
        case .stopStreamEncryption:
            .row(
                StopStreamEncryption.decode, about: \.stream,
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
