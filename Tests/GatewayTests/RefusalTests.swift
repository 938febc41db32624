import Catalog
import Kinesis
import Testing

@testable import Gateway

/// One refusal of the catalog and what the client reads.
struct RefusalCase: Sendable, CustomStringConvertible {
    var refusal: CatalogRefusal
    var code: ErrorCode
    var message: String
    var description: String { "\(refusal)" }

    init(_ refusal: CatalogRefusal, _ code: ErrorCode, _ message: String) {
        self.refusal = refusal
        self.code = code
        self.message = message
    }
}

private let name = StreamKey(account: "123456789012", region: "eu-west-1", name: "orders")
private let shard = ShardID(index: 3)

/// Texts as AWS gives them, and ours where AWS has none.
private let cases: [RefusalCase] = [
    RefusalCase(
        .refusing(reason: "write: No space left on device"), .internalFailureException,
        "The server takes no writes: write: No space left on device"),
    RefusalCase(
        .streamExists(name), .resourceInUse,
        "Stream orders under account 123456789012 already exists."),
    RefusalCase(
        .streamNotFound(name), .resourceNotFound,
        "Stream orders under account 123456789012 not found."),
    RefusalCase(
        .streamNotActive(name, status: .deleting), .resourceInUse,
        "Stream orders under account 123456789012 not ACTIVE, instead in state DELETING"),
    RefusalCase(
        .shardCountMissing(name), .invalidArgument,
        "ShardCount must be provided for a stream in PROVISIONED mode."),
    RefusalCase(
        .shardCountOutOfRange(name, requested: 20_000, limit: 10_000), .limitExceeded,
        "This request would exceed the shard limit for the account 123456789012 in eu-west-1. "
            + "Current shard count for the account: 0. Limit: 10000. Number of additional shards "
            + "that would have resulted from this request: 20000. Refer to the AWS Service Limits "
            + "page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for "
            + "current limits and how to request higher limits."),
    RefusalCase(
        .recordSizeOutOfRange(name, requestedKiB: 20_480), .validation,
        "1 validation error detected: Value '20480' at 'maxRecordSizeInKiB' failed to satisfy "
            + "constraint: Member must have value less than or equal to 10240"),
    RefusalCase(
        .tooManyTags(.stream(name), limit: 50), .invalidArgument,
        "Failed to add tags to stream orders under account 123456789012 because a given stream "
            + "cannot have more than 10 tags associated with it."),
    RefusalCase(
        .shardLimit(
            account: "123456789012", region: "eu-west-1", stream: "orders", current: 9_999,
            limit: 10_000, additional: 2), .limitExceeded,
        "This request would exceed the shard limit for the account 123456789012 in eu-west-1. "
            + "Current shard count for the account: 9999. Limit: 10000. Number of additional "
            + "shards that would have resulted from this request: 2. Refer to the AWS Service "
            + "Limits page "
            + "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for "
            + "current limits and how to request higher limits."),
    RefusalCase(
        .streamHasConsumers(name), .resourceInUse,
        "DeleteStream can't delete 123456789012:orders because there are consumers associated "
            + "with this data stream. To delete orders anyway, set the EnforceConsumerDeletion "
            + "parameter to true."),
    RefusalCase(
        .streamIsOnDemand(name), .validation,
        "Request is invalid. Stream orders under account 123456789012 is in On-Demand mode."),
    RefusalCase(
        .shardNotFound(name, shard: shard), .resourceNotFound,
        "Could not find shard shardId-000000000003 in stream orders under account 123456789012."),
    RefusalCase(
        .shardClosed(name, shard: shard), .resourceInUse,
        "Shard shardId-000000000003 in stream orders under account 123456789012 has already been "
            + "merged or split, and thus is not eligible for merging or splitting."),
    RefusalCase(
        .hashKeyOutOfRange(
            name, shard: shard, key: 7, range: HashRange(start: 10, end: 20)), .invalidArgument,
        "NewStartingHashKey 7 used in SplitShard() on shard shardId-000000000003 in stream orders "
            + "under account 123456789012 is not both greater than one plus the shard's "
            + "StartingHashKey 10 and less than the shard's EndingHashKey 20."),
    RefusalCase(
        .shardsNotAdjacent(name, shard: shard, adjacent: ShardID(index: 5)), .invalidArgument,
        "Shards shardId-000000000003 and shardId-000000000005 in stream orders under account "
            + "123456789012 are not an adjacent pair of shards eligible for merging"),
    RefusalCase(
        .consumerExists(name, name: "reader"), .resourceInUse,
        "Consumer reader under stream orders already exists for account 123456789012."),
    RefusalCase(
        .consumerNotFound(name, name: "reader"), .resourceNotFound,
        "Consumer reader, account 123456789012 not found."),
    RefusalCase(
        .tooManyConsumers(name, limit: 20), .limitExceeded,
        "Stream orders under account 123456789012 cannot have more than 20 consumers."),
    RefusalCase(
        .tooManyConsumersCreating(name, limit: 5), .limitExceeded,
        "Stream orders under account 123456789012 cannot have more than 5 consumers in state "
            + "CREATING."),
    RefusalCase(
        .cursorNotFound, .resourceNotFound,
        "The consumer or the shard of this cursor is gone."),
    RefusalCase(
        .cursorLimit(limit: 262_144), .limitExceeded,
        "The server keeps 262144 cursors and has no room for another."),
    RefusalCase(
        .secondsExhausted(name), .limitExceeded,
        "No sequence numbers are left for new shards of stream orders."),
    RefusalCase(
        .shardOpen(name, shard: shard), .resourceInUse,
        "Shard shardId-000000000003 in stream orders still takes records."),
    RefusalCase(
        .incarnationNotFound(7), .resourceNotFound, "The stream or consumer is gone."),
    RefusalCase(
        .notInTransition(7), .resourceInUse, "The stream or consumer is not changing."),
    RefusalCase(
        .tooManyTags(.consumer(name, name: "reader"), limit: 50), .invalidArgument,
        "Failed to add tags to consumer reader under stream orders because a given consumer "
            + "cannot have more than 50 tags associated with it."),
    RefusalCase(
        .onDemandQuota(name, current: 50, limit: 50), .limitExceeded,
        "This request would exceed the limit on the number of On-Demand streams for the account "
            + "123456789012 in eu-west-1. Current On-Demand streams count: 50. Limit: 50."),
    RefusalCase(
        .tooManyCreating(limit: 5), .limitExceeded,
        "This request would exceed the limit of 5 streams that can simultaneously be in CREATING or "
            + "DELETING."),
    RefusalCase(
        .retentionShorter(name, requested: 24, existing: 48), .invalidArgument,
        "Requested retention period (24 hours) for stream orders can not be shorter than existing "
            + "retention period (48 hours). Use DecreaseRetentionPeriod API."),
    RefusalCase(
        .retentionLonger(name, requested: 48, existing: 24), .invalidArgument,
        "Requested retention period (48 hours) for stream orders can not be longer than existing "
            + "retention period (24 hours). Use IncreaseRetentionPeriod API."),
    RefusalCase(
        .resizeAboveDouble(name, current: 2, target: 5), .limitExceeded,
        "UpdateShardCount cannot scale up over double your current open shard count. Current open "
            + "shard count: 2 Target shard count: 5"),
    RefusalCase(
        .resizeBelowHalf(name, current: 5, target: 2), .limitExceeded,
        "UpdateShardCount cannot scale down below half your current open shard count. Current "
            + "open shard count: 5 Target shard count: 2"),
    RefusalCase(
        .resizeAboveLimit(name, current: 9_000, target: 10_001, limit: 10_000), .limitExceeded,
        "Target shard count or number of open shards cannot be greater than 10000. Current open "
            + "shard count: 9000, Target shard count: 10001"),
    RefusalCase(
        .distributionNeedsOnDemand(name), .validation,
        "RecordDistributionStrategy AUTO needs a stream in On-Demand mode; stream orders under "
            + "account 123456789012 is in Provisioned mode."),
    RefusalCase(
        .warmThroughputNeedsOnDemand(name), .validation,
        "WarmThroughputMiBps needs a stream in On-Demand mode; stream orders under account "
            + "123456789012 is in Provisioned mode."),
    RefusalCase(
        .warmThroughputNeedsCommitment(name), .validation,
        "WarmThroughputMiBps needs an account with a minimum throughput billing commitment."),
    RefusalCase(
        .warmThroughputOutOfRange(name, requested: 10_241, limit: 10_240), .validation,
        "WarmThroughputMiBps can be at most 10240. Requested: 10241."),
    RefusalCase(
        .policyTooLong(bytes: 20_481, limit: 20_480), .limitExceeded,
        "The policy has 20481 bytes; it can have at most 20480."),
    RefusalCase(
        .policyNotFound("arn:aws:kinesis:eu-west-1:123456789012:stream/orders"),
        .resourceNotFound,
        "No resource policy found for resource ARN "
            + "arn:aws:kinesis:eu-west-1:123456789012:stream/orders."),
    RefusalCase(
        .streamIsProvisioned(name), .validation,
        "Stream orders is not in On-Demand mode and does not scale itself."),
    RefusalCase(
        .consumerNotActive(name, name: "reader", createdSecond: 1_700_000_000), .resourceInUse,
        "Consumer reader with creation timestamp 1700000000 under stream orders and account "
            + "123456789012 is not in ACTIVE status."),
    RefusalCase(
        .tooManyAccounts(limit: 10_000), .limitExceeded,
        "The server keeps settings of 10000 accounts and has no room for another."),
]

struct RefusalTests {
    @Test(arguments: cases)
    func `a refusal of the catalog has its code and text`(_ some: RefusalCase) {
        let error = ServiceError(some.refusal)
        #expect(error.code == some.code)
        #expect(error.message == some.message)
        #expect(error.status == (some.code == .internalFailureException ? 500 : 400))
    }

    @Test func `every reason has its own case`() {
        // One entry for each case of CatalogRefusal; the switch in Gateway is exhaustive.
        let reasons = Set(cases.map { "\($0.refusal)".prefix { $0 != "(" } })
        #expect(reasons.count == 41)
        #expect(cases.count == 42)
    }
}
