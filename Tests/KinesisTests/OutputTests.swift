import Kinesis
import Testing
import Wire

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

private let arn = StreamARN(region: "us-east-1", account: "123456789012", name: "foo")
private let overview = StreamOverview(
    name: "foo", arn: arn, status: .active, mode: .provisioned, retentionHours: 24,
    createdSecond: 1_548_118_962, metrics: [])
private let overviewText =
    #""StreamName":"foo","StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/foo","StreamStatus":"ACTIVE","StreamModeDetails":{"StreamMode":"PROVISIONED"},"RetentionPeriodHours":24,"StreamCreationTimestamp":1548118962.000,"EnhancedMonitoring":[{"ShardLevelMetrics":[]}],"EncryptionType":"NONE""#
private let start = SequenceNumber.start(shardCreatedSecond: 1_548_118_962, shardIndex: 0)
private let end = SequenceNumber.end(
    shardCreatedSecond: 1_548_118_962, shardIndex: 0, closedSecond: 1_548_119_000)
private let consumer = ConsumerARN(stream: arn, name: "app", createdSecond: 1_767_323_045)
private let consumerText =
    #""ConsumerName":"app","ConsumerARN":"arn:aws:kinesis:us-east-1:123456789012:stream/foo/consumer/app:1767323045","ConsumerStatus":"CREATING","ConsumerCreationTimestamp":1767323045.000"#

@Suite struct `Outputs` {
    @Test func `a stream is shown with its shards, absent members left out`() {
        let output = DescribeStream.Output(
            stream: overview,
            shards: [
                ListedShard(
                    id: ShardID(index: 0), parent: nil, adjacentParent: nil, range: .whole,
                    startingSequenceNumber: start, endingSequenceNumber: nil),
                ListedShard(
                    id: ShardID(index: 2), parent: ShardID(index: 0),
                    adjacentParent: ShardID(index: 1),
                    range: HashRange(start: 1, end: 2), startingSequenceNumber: start,
                    endingSequenceNumber: end),
            ], hasMoreShards: true)
        #expect(
            text(output.encoded(.json))
                == #"{"StreamDescription":{\#(overviewText),"Shards":[{"ShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},"SequenceNumberRange":{"StartingSequenceNumber":"49592244611845654863036504152940723012675803438158708738"}},{"ShardId":"shardId-000000000002","ParentShardId":"shardId-000000000000","AdjacentParentShardId":"shardId-000000000001","HashKeyRange":{"StartingHashKey":"1","EndingHashKey":"2"},"SequenceNumberRange":{"StartingSequenceNumber":"49592244611845654863036504152940723012675803438158708738","EndingSequenceNumber":"49592244611856805235635769464510281945992515601077108738"}}],"HasMoreShards":true}}"#
        )
        let shards = ListShards.Output(shards: Array(output.shards[..<1]), nextToken: "t")
        #expect(
            text(shards.encoded(.json))
                == #"{"Shards":[{"ShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},"SequenceNumberRange":{"StartingSequenceNumber":"49592244611845654863036504152940723012675803438158708738"}}],"NextToken":"t"}"#
        )
    }

    @Test func `a summary never has a StreamId`() {
        let output = DescribeStreamSummary.Output(
            stream: overview, openShardCount: 2, consumerCount: 1, maxRecordKiB: 1024,
            distribution: .userPartitionKey, warmThroughput: nil)
        #expect(
            text(output.encoded(.json))
                == #"{"StreamDescriptionSummary":{\#(overviewText),"OpenShardCount":2,"ConsumerCount":1,"MaxRecordSizeInKiB":1024,"ChannelCount":0,"RecordDistributionStrategy":"USER_PARTITION_KEY","QueueCount":0}}"#
        )
    }

    @Test func `settings show in the answers about them`() {
        let tags = [ResourceTag(key: "a", value: ""), ResourceTag(key: "b", value: "c")]
        let tagsText = #""Tags":[{"Key":"a","Value":""},{"Key":"b","Value":"c"}]"#
        #expect(
            text(ListTagsForStream.Output(tags: tags, hasMoreTags: true).encoded(.json))
                == "{\(tagsText),\"HasMoreTags\":true}")
        #expect(text(ListTagsForResource.Output(tags: tags).encoded(.json)) == "{\(tagsText)}")
        #expect(
            text(
                MonitoringOutput(
                    stream: arn, current: [.iteratorAge, .incomingBytes], desired: []
                ).encoded(.json))
                == #"{"StreamName":"foo","CurrentShardLevelMetrics":["IncomingBytes","IteratorAgeMilliseconds"],"DesiredShardLevelMetrics":[],"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/foo"}"#
        )
        #expect(
            text(
                UpdateShardCount.Output(
                    stream: arn, currentShardCount: 2, targetShardCount: 3
                ).encoded(.json))
                == #"{"StreamName":"foo","CurrentShardCount":2,"TargetShardCount":3,"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/foo"}"#
        )
        #expect(
            text(
                UpdateStreamWarmThroughput.Output(
                    stream: arn, throughput: WarmThroughput(target: 9, current: 4)
                ).encoded(.json))
                == #"{"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/foo","StreamName":"foo","WarmThroughput":{"TargetMiBps":9,"CurrentMiBps":4}}"#
        )
    }

    @Test func `limits, settings and policies are shown`() {
        #expect(
            text(
                DescribeLimits.Output(
                    shardLimit: 7, openShardCount: 3, onDemandStreamCount: 1,
                    onDemandStreamCountLimit: 5
                ).encoded(.json))
                == #"{"ShardLimit":7,"OpenShardCount":3,"OnDemandStreamCount":1,"OnDemandStreamCountLimit":5,"ChannelCount":0,"ChannelCountLimit":0}"#
        )
        #expect(
            text(
                AccountSettingsOutput(
                    status: "DISABLED", startedSecond: nil, endedSecond: nil,
                    earliestEndSecond: nil
                ).encoded(.json))
                == #"{"MinimumThroughputBillingCommitment":{"Status":"DISABLED"}}"#)
        #expect(
            text(
                AccountSettingsOutput(
                    status: "ENABLED", startedSecond: 1_548_118_962, endedSecond: nil,
                    earliestEndSecond: 1_548_205_362
                ).encoded(.json))
                == #"{"MinimumThroughputBillingCommitment":{"Status":"ENABLED","StartedAt":1548118962.000,"EarliestAllowedEndAt":1548205362.000}}"#
        )
        #expect(text(GetResourcePolicy.Output(policy: nil).encoded(.json)) == #"{"Policy":"{}"}"#)
    }

    @Test func `streams are listed by name and in summary, with a token if there are more`() {
        let summary = ListStreams.Summary(
            arn: arn, status: .creating, mode: .onDemand, createdSecond: 1_548_118_962)
        #expect(
            text(ListStreams.Output(streams: [summary], nextToken: "t").encoded(.json))
                == #"{"StreamNames":["foo"],"HasMoreStreams":true,"NextToken":"t","StreamSummaries":[{"StreamName":"foo","StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/foo","StreamStatus":"CREATING","StreamModeDetails":{"StreamMode":"ON_DEMAND"},"StreamCreationTimestamp":1548118962.000}]}"#
        )
        #expect(
            text(ListStreams.Output(streams: [], nextToken: nil).encoded(.json))
                == #"{"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]}"#)
    }

    @Test func `consumers are shown with their stream only when described`() {
        let listed = ListedConsumer(arn: consumer, status: .creating)
        #expect(
            text(RegisterStreamConsumer.Output(consumer: listed).encoded(.json))
                == #"{"Consumer":{\#(consumerText)}}"#)
        #expect(
            text(DescribeStreamConsumer.Output(consumer: listed).encoded(.json))
                == #"{"ConsumerDescription":{\#(consumerText),"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/foo"}}"#
        )
        #expect(
            text(ListStreamConsumers.Output(consumers: [listed], nextToken: nil).encoded(.json))
                == #"{"Consumers":[{\#(consumerText)}]}"#)
        #expect(
            text(ListStreamConsumers.Output(consumers: [], nextToken: nil).encoded(.json))
                == #"{"Consumers":[]}"#)
    }

    @Test func `an iterator`() {
        #expect(
            text(GetShardIterator.Output(shardIterator: "AAA=").encoded(.json))
                == #"{"ShardIterator":"AAA="}"#)
        #expect(
            GetShardIterator.Output(shardIterator: "x").encoded(.cbor)
                == [0xBF, 0x6D] + Array("ShardIterator".utf8) + [0x61, 0x78, 0xFF])
    }

    @Test func `cursors leave out the numbers they do not have`() {
        let bare = ListCursors.Cursor(
            consumer: consumer, shardID: ShardID(index: 0), sent: nil, credited: nil,
            committed: nil,
            recordsBehind: 3, bytesBehind: 99, millisBehind: 1500, subscriptionOpen: false,
            stallReason: nil)
        var full = bare
        full.sent = end
        full.credited = start
        full.committed = start
        full.subscriptionOpen = true
        full.stallReason = "STREAM_WINDOW"
        let head =
            #""ConsumerARN":"arn:aws:kinesis:us-east-1:123456789012:stream/foo/consumer/app:1767323045","ConsumerName":"app","ShardId":"shardId-000000000000""#
        let lag = #""RecordsBehind":3,"BytesBehind":99,"MillisBehind":1500"#
        #expect(
            text(ListCursors.Output(cursors: [bare, full], nextToken: "t").encoded(.json))
                == #"{"Cursors":[{\#(head),\#(lag),"SubscriptionOpen":false},{\#(head),"SentSequenceNumber":"\#(end)","CreditedSequenceNumber":"\#(start)","CommittedSequenceNumber":"\#(start)",\#(lag),"SubscriptionOpen":true,"StallReason":"STREAM_WINDOW"}],"NextToken":"t"}"#
        )
    }
}
