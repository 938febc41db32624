import Kinesis
import Testing
import Wire

private let account = "123456789012"
private let arn = "arn:aws:kinesis:us-east-1:123456789012:stream/foo"
private let consumer = arn + "/consumer/app:1767323045"
private let must =
    "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified "

private func ia(_ text: String) -> ServiceError { ServiceError(.invalidArgument, text) }
private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct `What requests mean` {
    @Test func `a stream is named by name, by ARN, or by both agreeing`() throws {
        let stream = try #require(StreamARN(arn))
        #expect(
            try DescribeStreamSummary.decode(bytes(#"{"StreamName":"foo"}"#), .json).stream
                == StreamSelector(name: "foo"))
        for body in [#"{"StreamARN":"\#(arn)"}"#, #"{"StreamARN":"\#(arn)","StreamName":"foo"}"#] {
            let selector = try DescribeStreamSummary.decode(bytes(body), .json).stream
            #expect(selector == StreamSelector(arn: stream))
            #expect(selector.name == "foo")
        }
        #expect(
            refusal(.kinesis(.deleteStream), "{}")
                == ia("Either StreamARN or StreamName must be provided."))
        #expect(
            refusal(.kinesis(.describeStream), #"{"StreamName":"bar","StreamARN":"\#(arn)"}"#)
                == ia("StreamName bar and StreamARN \(arn) do not name the same stream."))
        #expect(
            refusal(
                .kinesis(.describeStream),
                #"{"StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/a b"}"#)?.code
                == .validation)
        let odd = "arn:aws:kinesis:us-east-1:123456789012:stream/a~b"
        #expect(
            refusal(.kinesis(.describeStream), #"{"StreamARN":"\#(odd)"}"#)
                == ia("ARN \(odd) is invalid."))
    }

    @Test func `a consumer is named by ARN, by stream and name, or by all agreeing`() throws {
        let expected = try #require(ConsumerARN(consumer))
        func selector(_ body: String) throws -> ConsumerSelector {
            try DescribeStreamConsumer.decode(bytes(body), .json).consumer
        }
        #expect(try selector(#"{"ConsumerARN":"\#(consumer)"}"#) == .arn(expected))
        #expect(
            try selector(
                #"{"ConsumerARN":"\#(consumer)","StreamARN":"\#(arn)","ConsumerName":"app"}"#)
                == .arn(expected))
        #expect(
            try selector(#"{"StreamARN":"\#(arn)","ConsumerName":"app"}"#)
                == .name(stream: expected.stream, name: "app"))
        for body in ["{}", #"{"StreamARN":"\#(arn)"}"#, #"{"ConsumerName":"app"}"#] {
            #expect(
                refusal(.kinesis(.deregisterStreamConsumer), body)
                    == ia("Either ConsumerARN or both StreamARN and ConsumerName must be provided.")
            )
        }
        for other in [#""ConsumerName":"other""#, #""StreamARN":"\#(arn)2""#] {
            #expect(
                refusal(
                    .kinesis(.describeStreamConsumer), #"{"ConsumerARN":"\#(consumer)",\#(other)}"#)
                    == ia("ConsumerARN \(consumer) does not agree with StreamARN and ConsumerName.")
            )
        }
    }

    @Test func `a stream's mode follows from what is given`() throws {
        func create(_ more: String) throws -> CreateStream.Input {
            try CreateStream.decode(bytes(#"{"StreamName":"s"\#(more)}"#), .json)
        }
        let onDemand = #","StreamModeDetails":{"StreamMode":"ON_DEMAND"}"#
        let provisioned = #","StreamModeDetails":{"StreamMode":"PROVISIONED"}"#
        #expect(try create("").mode == .onDemand)
        #expect(try create("").shardCount == 4)
        #expect(try create("").maxRecordKiB == 1024)
        #expect(try create(#","ShardCount":7"#).mode == .provisioned)
        #expect(try create(#","ShardCount":7"#).shardCount == 7)
        #expect(try create(onDemand).shardCount == 4)
        #expect(try create(onDemand + #","ShardCount":7"#).shardCount == 4)
        #expect(
            try create(provisioned + #","ShardCount":2,"MaxRecordSizeInKiB":10240"#).maxRecordKiB
                == 10240)
        #expect(
            refusal(.kinesis(.createStream), #"{"StreamName":"s"\#(provisioned)}"#)
                == ia("ShardCount must be provided for a stream in PROVISIONED mode."))
        #expect(try create(#","WarmThroughputMiBps":1"#).warmMiBps == 1)
        #expect(try create(#","WarmThroughputMiBps":0"#).warmMiBps == nil)
    }

    @Test func `pages are bounded whatever was asked for`() throws {
        func limits(_ value: String) throws -> [Int] {
            [
                try DescribeStream.decode(bytes(#"{"StreamName":"s"\#(value)}"#), .json).limit,
                try ListStreams.decode(bytes(#"{"a":1\#(value)}"#), .json).limit,
                try GetRecords.decode(bytes(#"{"ShardIterator":"x"\#(value)}"#), .json).limit,
            ]
        }
        #expect(try limits("") == [100, 100, 10000])
        #expect(try limits(#","Limit":7"#) == [7, 7, 7])
        #expect(try limits(#","Limit":10000"#) == [100, 100, 10000])
        func results(_ value: String) throws -> [Int] {
            [
                try ListShards.decode(bytes(#"{"StreamName":"s"\#(value)}"#), .json).limit,
                try ListStreamConsumers.decode(bytes(#"{"StreamARN":"\#(arn)"\#(value)}"#), .json)
                    .limit,
                try ListCursors.decode(bytes(#"{"StreamName":"s"\#(value)}"#), .json).limit,
            ]
        }
        #expect(try results("") == [1000, 100, 1000])
        #expect(try results(#","MaxResults":10000"#) == [1000, 100, 1000])
        #expect(try results(#","MaxResults":3"#) == [3, 3, 3])
    }

    @Test func `streams are paged by name or by token`() throws {
        func start(_ body: String) throws -> ListStreams.Start {
            try ListStreams.decode(bytes(body), .json).start
        }
        #expect(try start("{}") == .beginning)
        #expect(try start(#"{"ExclusiveStartStreamName":"a"}"#) == .after("a"))
        #expect(try start(#"{"NextToken":"t"}"#) == .token("t"))
        #expect(
            refusal(.kinesis(.listStreams), #"{"NextToken":"t","ExclusiveStartStreamName":"a"}"#)
                == ia("NextToken and ExclusiveStartStreamName cannot be provided together."))
        #expect(
            refusal(
                .kinesis(.listStreamConsumers),
                #"{"StreamARN":"\#(arn)","NextToken":"t","StreamCreationTimestamp":1}"#)
                == ia("NextToken and StreamCreationTimestamp cannot be provided together."))
    }

    @Test func `shards are listed of a stream under a filter, or by token`() throws {
        func start(_ body: String) throws -> ListShards.Start {
            try ListShards.decode(bytes(body), .json).start
        }
        func filtered(_ filter: String) throws -> ListShards.Start {
            try start(#"{"StreamName":"s","ShardFilter":{"Type":\#(filter)}}"#)
        }
        func stream(_ filter: ListShards.Filter, after: String? = nil) -> ListShards.Start {
            .stream(
                StreamSelector(name: "s"), filter: filter, exclusiveStartShardID: after,
                createdMilliseconds: nil)
        }
        #expect(try start(#"{"StreamName":"s"}"#) == stream(.fromTrimHorizon))
        #expect(
            try start(#"{"StreamName":"s","ExclusiveStartShardId":"x"}"#)
                == stream(.fromTrimHorizon, after: "x"))
        #expect(
            try start(#"{"StreamName":"s","StreamCreationTimestamp":1.5}"#)
                == .stream(
                    StreamSelector(name: "s"), filter: .fromTrimHorizon, exclusiveStartShardID: nil,
                    createdMilliseconds: 1500))
        #expect(
            try filtered(#""AFTER_SHARD_ID","ShardId":"x""#) == stream(.fromTrimHorizon, after: "x")
        )
        #expect(try filtered(#""AT_TRIM_HORIZON""#) == stream(.atTrimHorizon))
        #expect(try filtered(#""FROM_TRIM_HORIZON""#) == stream(.fromTrimHorizon))
        #expect(try filtered(#""AT_LATEST""#) == stream(.atLatest))
        #expect(try filtered(#""AT_TIMESTAMP","Timestamp":2"#) == stream(.atTimestamp(2000)))
        #expect(try filtered(#""FROM_TIMESTAMP","Timestamp":2"#) == stream(.fromTimestamp(2000)))
        #expect(try start(#"{"NextToken":"t"}"#) == .token("t", arn: nil))
        #expect(
            try start(#"{"NextToken":"t","StreamARN":"\#(arn)","MaxResults":5}"#)
                == .token("t", arn: StreamARN(arn)))
    }

    @Test(arguments: [
        ("{}", "Either NextToken or StreamName should be provided."),
        (
            #"{"NextToken":"t","StreamName":"s"}"#,
            "NextToken and StreamName cannot be provided together."
        ),
        (
            #"{"NextToken":"t","ExclusiveStartShardId":"s"}"#,
            "NextToken and ExclusiveStartShardId cannot be provided together."
        ),
        (
            #"{"NextToken":"t","StreamCreationTimestamp":1}"#,
            "NextToken and StreamCreationTimestamp cannot be provided together."
        ),
        (
            #"{"NextToken":"t","ShardFilter":{"Type":"AT_LATEST"}}"#,
            "NextToken and ShardFilter cannot be provided together."
        ),
        (
            #"{"StreamName":"s","ShardFilter":{"Type":"AFTER_SHARD_ID"}}"#,
            "ShardFilter of type AFTER_SHARD_ID needs the parameter ShardId."
        ),
        (
            #"{"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP"}}"#,
            "ShardFilter of type AT_TIMESTAMP needs the parameter Timestamp."
        ),
        (
            #"{"StreamName":"s","ShardFilter":{"Type":"FROM_TIMESTAMP"}}"#,
            "ShardFilter of type FROM_TIMESTAMP needs the parameter Timestamp."
        ),
        (
            #"{"StreamName":"s","ExclusiveStartShardId":"a","ShardFilter":{"Type":"AFTER_SHARD_ID","ShardId":"b"}}"#,
            "ExclusiveStartShardId and ShardFilter of type AFTER_SHARD_ID cannot be provided together."
        ),
    ])
    func `what ListShards cannot make sense of`(body: String, text: String) {
        #expect(refusal(.kinesis(.listShards), body) == ia(text))
    }

    @Test func `positions go with their companions, in iterators and subscriptions alike`() throws {
        func iterator(_ members: String) -> String {
            #"{"StreamName":"s","ShardId":"0","ShardIteratorType":\#(members)}"#
        }
        func subscription(_ members: String) -> String {
            #"{"ConsumerARN":"\#(consumer)","ShardId":"0","StartingPosition":{"Type":\#(members)}}"#
        }
        let fine: [(String, StartingPosition)] = [
            (#""TRIM_HORIZON""#, .trimHorizon), (#""LATEST""#, .latest),
            (#""AT_SEQUENCE_NUMBER","Number":"5""#, .atSequenceNumber("5")),
            (#""AFTER_SEQUENCE_NUMBER","Number":"5""#, .afterSequenceNumber("5")),
            (#""AT_TIMESTAMP","Timestamp":1.25"#, .atTimestamp(1250)),
            (#""LATEST","Timestamp":1.25"#, .latest),
        ]
        for (members, position) in fine {
            let body = members.replacing("Number", with: "StartingSequenceNumber")
            #expect(try GetShardIterator.decode(bytes(iterator(body)), .json).position == position)
            let event = members.replacing(#""Number""#, with: #""SequenceNumber""#)
            #expect(
                try SubscribeToShard.decode(bytes(subscription(event)), .json).position == position)
        }
        let wrong: [(String, String)] = [
            (#""AT_SEQUENCE_NUMBER""#, must + "AT_SEQUENCE_NUMBER and no StartingSequenceNumber."),
            (
                #""AFTER_SEQUENCE_NUMBER""#,
                must + "AFTER_SEQUENCE_NUMBER and no StartingSequenceNumber."
            ),
            (
                #""TRIM_HORIZON","Number":"5""#,
                must + "TRIM_HORIZON and also a StartingSequenceNumber."
            ),
            (#""LATEST","Number":"5""#, must + "LATEST and also a StartingSequenceNumber."),
            (
                #""AT_TIMESTAMP""#,
                "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter."
            ),
        ]
        for (members, text) in wrong {
            let body = members.replacing("Number", with: "StartingSequenceNumber")
            #expect(refusal(.kinesis(.getShardIterator), iterator(body)) == ia(text))
            let event = members.replacing(#""Number""#, with: #""SequenceNumber""#)
            #expect(refusal(.kinesis(.subscribeToShard), subscription(event)) == ia(text))
        }
    }

    @Test func `a subscription may begin at the cursor, an iterator not`() throws {
        let body =
            #"{"ConsumerARN":"\#(consumer)","ShardId":"0","StartingPosition":{"Type":"CURSOR"}}"#
        #expect(try SubscribeToShard.decode(bytes(body), .json).position == .cursor)
        let list =
            "[AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"
        #expect(
            refusal(
                .kinesis(.getShardIterator),
                #"{"StreamName":"s","ShardId":"0","ShardIteratorType":"CURSOR"}"#
            )?
            .message
                == "1 validation error detected: Value 'CURSOR' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: \(list)"
        )
        #expect(
            refusal(
                .kinesis(.subscribeToShard),
                #"{"ConsumerARN":"\#(consumer)","ShardId":"0","StartingPosition":{"Type":"OLDEST"}}"#
            )?
            .message
                == "1 validation error detected: Value 'OLDEST' at 'startingPosition.type' failed to satisfy constraint: Member must satisfy enum value set: \(list)"
        )
    }

    @Test func `cursors are listed of a consumer, of a stream, or by token`() throws {
        func subject(_ body: String) throws -> ListCursors.Subject {
            try ListCursors.decode(bytes(body), .json).subject
        }
        let expected = try #require(ConsumerARN(consumer))
        #expect(try subject(#"{"ConsumerARN":"\#(consumer)"}"#) == .consumer(expected))
        #expect(
            try subject(#"{"ConsumerARN":"\#(consumer)","StreamName":"foo"}"#)
                == .consumer(expected))
        #expect(try subject(#"{"StreamName":"foo"}"#) == .stream(StreamSelector(name: "foo")))
        #expect(try subject(#"{"NextToken":"t","StreamName":"foo"}"#) == .token("t"))
        #expect(
            refusal(.weir(.listCursors), "{}")
                == ia("Either ConsumerARN, StreamARN or StreamName must be provided."))
        #expect(
            refusal(.weir(.listCursors), #"{"ConsumerARN":"\#(consumer)","StreamName":"x"}"#)?.code
                == .invalidArgument)
    }

    @Test func `a split's key may be beyond the ring, which is not this module's to refuse`() throws
    {
        func key(_ text: String) throws -> UInt128? {
            try SplitShard.decode(
                bytes(#"{"StreamName":"s","ShardToSplit":"0","NewStartingHashKey":"\#(text)"}"#),
                .json
            ).newStartingHashKey
        }
        #expect(try key("0") == 0)
        #expect(try key("340282366920938463463374607431768211455") == .max)
        #expect(try key("340282366920938463463374607431768211456") == nil)
    }
}
