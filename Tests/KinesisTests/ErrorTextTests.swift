import Kinesis
import Testing
import Wire

private let account = "123456789012"
private let shard = "shardId-000000000003"

private func status(_ error: ServiceError) -> Int { error.status }

@Suite struct `Errors` {
    @Test func `the body has the code and the text, and nothing else`() {
        let error = ServiceError(.resourceNotFound, "Stream \"S\" not found.")
        #expect(
            String(decoding: error.encoded(.json), as: UTF8.self)
                == #"{"__type":"ResourceNotFoundException","message":"Stream \"S\" not found."}"#)
        #expect(
            String(decoding: ServiceError(.serialization, "x").encoded(.json), as: UTF8.self)
                == #"{"__type":"SerializationException","Message":"x"}"#)
        #expect(
            String(decoding: ServiceError.unreadableBody.encoded(.json), as: UTF8.self)
                == #"{"__type":"SerializationException"}"#)
        let vector: [UInt8] =
            [0xA2, 0x66] + Array("__type".utf8) + [0x78, 0x19]
            + Array("ResourceNotFoundException".utf8)
            + [0x67] + Array("message".utf8) + [0x61, 0x78]
        #expect(ServiceError(.resourceNotFound, "x").encoded(.cbor) == vector)
    }

    @Test func `only the service's own faults are not 400`() {
        for code in ErrorCode.allCases {
            switch code {
            case .internalFailureException, .internalFailure, .internalServerError:
                #expect(code.status == 500)
            case .serviceUnavailable: #expect(code.status == 503)
            default: #expect(code.status == 400, "\(code.name)")
            }
        }
    }

    @Test(arguments: [
        ("AccessDeniedException", ErrorCode.accessDenied),
        ("ExpiredIteratorException", .expiredIterator),
        ("ExpiredNextTokenException", .expiredNextToken),
        ("InternalFailureException", .internalFailureException),
        ("InvalidArgumentException", .invalidArgument),
        ("KMSAccessDeniedException", .kmsAccessDenied), ("KMSDisabledException", .kmsDisabled),
        ("KMSInvalidStateException", .kmsInvalidState), ("KMSNotFoundException", .kmsNotFound),
        ("KMSOptInRequired", .kmsOptInRequired), ("KMSThrottlingException", .kmsThrottling),
        ("LimitExceededException", .limitExceeded),
        ("ProvisionedThroughputExceededException", .provisionedThroughputExceeded),
        ("ResourceInUseException", .resourceInUse),
        ("ResourceNotFoundException", .resourceNotFound), ("ValidationException", .validation),
        ("DryRunOperationException", .dryRunOperation),
    ])
    func `the model's codes have the model's names`(name: String, code: ErrorCode) {
        #expect(code.name == name)
    }

    @Test(
        arguments: [
            (
                ServiceError.streamNotFound(name: "S", account: account),
                ErrorCode.resourceNotFound,
                "Stream S under account 123456789012 not found."
            ),
            (
                .streamNotActive(name: "S", account: account, status: .updating), .resourceInUse,
                "Stream S under account 123456789012 not ACTIVE, instead in state UPDATING"
            ),
            (
                .streamExists(name: "S", account: account), .resourceInUse,
                "Stream S under account 123456789012 already exists."
            ),
            (
                .shardQuotaExceeded(
                    account: account, region: "us-east-1", current: 9, limit: 10, additional: 2),
                .limitExceeded,
                "This request would exceed the shard limit for the account 123456789012 in us-east-1. Current shard count for the account: 9. Limit: 10. Number of additional shards that would have resulted from this request: 2. Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits."
            ),
            (
                .onDemandQuotaExceeded(
                    account: account, region: "us-east-1", current: 50, limit: 50),
                .limitExceeded,
                "This request would exceed the limit on the number of On-Demand streams for the account 123456789012 in us-east-1. Current On-Demand streams count: 50. Limit: 50."
            ),
            (
                .streamHasConsumers(name: "S", account: account), .resourceInUse,
                "DeleteStream can't delete 123456789012:S because there are consumers associated with this data stream. To delete S anyway, set the EnforceConsumerDeletion parameter to true."
            ),
            (
                .streamIsOnDemand(name: "S", account: account), .validation,
                "Request is invalid. Stream S under account 123456789012 is in On-Demand mode."
            ),
            (.streamNotNamed, .invalidArgument, "Either StreamARN or StreamName must be provided."),
            (
                .shardNotFound(shardID: "X", stream: "S", account: account), .resourceNotFound,
                "Could not find shard X in stream S under account 123456789012."
            ),
            (
                .shardDoesNotExist(shardID: shard, stream: "S", account: account),
                .resourceNotFound,
                "Shard shardId-000000000003 in stream S under account 123456789012 does not exist"
            ),
            (
                .shardIsClosed(shardID: shard, stream: "S", account: account), .resourceInUse,
                "Shard shardId-000000000003 in stream S under account 123456789012 has already been merged or split, and thus is not eligible for merging or splitting."
            ),
            (
                .splitKeyOutOfRange(
                    key: 5, shardID: shard, stream: "S", account: account,
                    range: HashRange(start: 4, end: 9)),
                .invalidArgument,
                "NewStartingHashKey 5 used in SplitShard() on shard shardId-000000000003 in stream S under account 123456789012 is not both greater than one plus the shard's StartingHashKey 4 and less than the shard's EndingHashKey 9."
            ),
            (
                .shardsNotAdjacent(
                    shardID: "A", adjacentShardID: "B", stream: "S", account: account),
                .invalidArgument,
                "Shards A and B in stream S under account 123456789012 are not an adjacent pair of shards eligible for merging"
            ),
            (
                .listShardsNeedsStream, .invalidArgument,
                "Either NextToken or StreamName should be provided."
            ),
            (
                .nextTokenWithStreamName, .invalidArgument,
                "NextToken and StreamName cannot be provided together."
            ),
            (.invalidNextToken, .invalidArgument, "NextToken is invalid."),
            (
                .recordTooLarge(bytes: 1_048_954, limitBytes: 1_048_576), .validation,
                "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1048954 cap=1048954]' at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576"
            ),
            (.recordsTooLarge, .invalidArgument, "Records size exceeds 10 MB limit"),
            (
                .explicitHashKeyOutOfRange("340282366920938463463374607431768211456"),
                .invalidArgument,
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was 340282366920938463463374607431768211456"
            ),
            (
                .orderingNumberInvalid("5", stream: "S", account: account), .invalidArgument,
                "ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream S under account 123456789012 is invalid."
            ),
            (
                .writeRateExceeded(shardID: shard, stream: "S", account: account),
                .provisionedThroughputExceeded,
                "Rate exceeded for shard shardId-000000000003 in stream S under account 123456789012."
            ),
            (
                .readRateExceeded(shardID: shard, stream: "S", account: account),
                .provisionedThroughputExceeded,
                "Rate exceeded for Shard - 123456789012/S/shardId-000000000003"
            ),
            (
                .sequenceNumberMissing(type: "AT_SEQUENCE_NUMBER"), .invalidArgument,
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber."
            ),
            (
                .sequenceNumberNotWanted(type: "LATEST"), .invalidArgument,
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified LATEST and also a StartingSequenceNumber."
            ),
            (
                .timestampMissing, .invalidArgument,
                "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter."
            ),
            (
                .timestampInFuture(milliseconds: 2, nowMilliseconds: 1), .invalidArgument,
                "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: 2, currentTimestampInMillis: 1"
            ),
            (
                .sequenceNumberInvalid("7", shardID: shard, stream: "S", account: account),
                .invalidArgument,
                "StartingSequenceNumber 7 used in GetShardIterator on shard shardId-000000000003 in stream S under account 123456789012 is invalid."
            ),
            (
                .sequenceNumberOfOtherStream("7", shardID: shard, stream: "S", account: account),
                .invalidArgument,
                "StartingSequenceNumber 7 used in GetShardIterator on shard shardId-000000000003 in stream S under account 123456789012 is invalid because it did not come from this stream."
            ),
            (
                .sequenceNumberOfOtherShard(encoded: ShardID(index: 1), used: ShardID(index: 0)),
                .invalidArgument,
                "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard with shardId-000000000000"
            ),
            (.invalidShardIterator, .invalidArgument, "Invalid ShardIterator."),
            (.expiredIterator("Iterator expired."), .expiredIterator, "Iterator expired."),
            (
                .consumerNotFound(name: "C", account: account), .resourceNotFound,
                "Consumer C, account 123456789012 not found."
            ),
            (
                .consumerNotActive(name: "C", createdSecond: 17, stream: "S", account: account),
                .resourceInUse,
                "Consumer C with creation timestamp 17 under stream S , account 123456789012 is not in ACTIVE status."
            ),
            (
                .subscriptionExists(account: account, stream: "S", shardID: shard, consumer: "C"),
                .resourceInUse,
                "Another active subscription exists for this consumer: 123456789012:S:shardId-000000000003:C"
            ),
            (.internalFailure, .internalFailureException, "Internal Service Failure."),
        ] as [(ServiceError, ErrorCode, String)])
    func `every quoted text is written to the letter`(
        error: ServiceError, code: ErrorCode, text: String
    ) {
        #expect(error == ServiceError(code, text))
    }
}
