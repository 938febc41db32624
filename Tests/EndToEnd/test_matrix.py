"""Bad input, row by row, with the whole answer written out by hand: status, header fields, body. None
of it is taken from the server's tables or from a model."""

import base64
import json
import re

import pytest

import cbor
from server import ACCOUNT as N
from server import CONTENT_TYPES, REGION, Server
from shards import SH

S, D, G = "matrix", "matrix-on-demand", "absent"
ARN = f"arn:aws:kinesis:{REGION}:{N}:stream/{S}"
VAL, IA = "ValidationException", "InvalidArgumentException"
RNF, RIU, LE = "ResourceNotFoundException", "ResourceInUseException", "LimitExceededException"
AD = "AccessDeniedException"
NOT_FOUND = f"Stream {G} under account {N} not found."
ON_DEMAND = f"Request is invalid. Stream {D} under account {N} is in On-Demand mode."
TAG_CHARACTERS = "Valid characters: Unicode letters, digits, white space, _ . / = + - % @."
RESIZE = {"ScalingType": "UNIFORM_SCALING"}
KEY = {"Data": b"hi", "PartitionKey": "k"}


def one(value, path, phrase):
    return (f"1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: "
            f"Member must {phrase}")


# operation, input, code, text
ROWS = [
    # Streams.
    ("CreateStream", {"ShardCount": 1}, VAL, one("null", "streamName", "not be null")),
    ("CreateStream", {"StreamName": S, "ShardCount": 1}, RIU,
     f"Stream {S} under account {N} already exists."),
    ("CreateStream", {"StreamName": "new", "StreamModeDetails": {"StreamMode": "PROVISIONED"}}, IA,
     "ShardCount must be provided for a stream in PROVISIONED mode."),
    ("CreateStream", {"StreamName": "new", "ShardCount": 0}, VAL,
     one("'0'", "shardCount", "have value greater than or equal to 1")),
    ("CreateStream", {"StreamName": "new", "ShardCount": 1, "MaxRecordSizeInKiB": 1023}, VAL,
     one("'1023'", "maxRecordSizeInKiB", "have value greater than or equal to 1024")),
    ("CreateStream", {"StreamName": "new", "ShardCount": 1, "MaxRecordSizeInKiB": 10241}, VAL,
     one("'10241'", "maxRecordSizeInKiB", "have value less than or equal to 10240")),
    ("CreateStream", {"StreamName": "new", "WarmThroughputMiBps": 5}, VAL,
     "WarmThroughputMiBps needs an account with a minimum throughput billing commitment."),
    ("CreateStream", {"StreamName": "new", "ShardCount": 1, "RecordDistributionStrategy": "AUTO"}, VAL,
     "RecordDistributionStrategy AUTO needs a stream in On-Demand mode; stream new under account "
     f"{N} is in Provisioned mode."),
    ("CreateStream", {"StreamName": "new", "ShardCount": 1, "Tags": {"aws:mine": "x"}}, IA,
     "Tag key aws:mine is reserved: keys that begin with aws: cannot be set."),
    ("DescribeStream", {"StreamName": G}, RNF, NOT_FOUND),
    ("DescribeStream", {}, IA, "Either StreamARN or StreamName must be provided."),
    ("DescribeStream", {"StreamName": "other", "StreamARN": ARN}, IA,
     f"StreamName other and StreamARN {ARN} do not name the same stream."),
    ("DescribeStream", {"StreamARN": ARN.replace(N, "111122223333")}, AD,
     f"Account {N} is not authorized to perform: kinesis:DescribeStream on resource: "
     f"{ARN.replace(N, '111122223333')}"),
    ("DescribeStream", {"StreamARN": ARN.replace(REGION, "eu-west-1")}, IA,
     f"ARN {ARN.replace(REGION, 'eu-west-1')} is not of region us-east-1."),
    ("DescribeStream", {"StreamName": S, "StreamId": "short"}, VAL,
     one("'short'", "streamId", "satisfy regular expression pattern: [a-z0-9]{20}-[a-z0-9]{3}")),
    ("DeleteStream", {"StreamName": S}, RIU,
     f"DeleteStream can't delete {N}:{S} because there are consumers associated with this data stream. "
     f"To delete {S} anyway, set the EnforceConsumerDeletion parameter to true."),
    ("ListStreams", {"NextToken": "bogus"}, IA, "NextToken is invalid."),
    # Retention.
    ("IncreaseStreamRetentionPeriod", {"StreamName": S, "RetentionPeriodHours": 23}, IA,
     "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short."),
    ("DecreaseStreamRetentionPeriod", {"StreamName": S, "RetentionPeriodHours": -1}, IA,
     "Minimum allowed retention period is 24 hours. Requested retention period (-1 hours) is too short."),
    ("IncreaseStreamRetentionPeriod", {"StreamName": S, "RetentionPeriodHours": 8761}, IA,
     "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too "
     "long."),
    ("IncreaseStreamRetentionPeriod", {"StreamName": S, "RetentionPeriodHours": 47}, IA,
     f"Requested retention period (47 hours) for stream {S} can not be shorter than existing retention "
     "period (48 hours). Use DecreaseRetentionPeriod API."),
    ("DecreaseStreamRetentionPeriod", {"StreamName": S, "RetentionPeriodHours": 49}, IA,
     f"Requested retention period (49 hours) for stream {S} can not be longer than existing retention "
     "period (48 hours). Use IncreaseRetentionPeriod API."),
    ("IncreaseStreamRetentionPeriod", {"StreamName": S}, VAL,
     one("null", "retentionPeriodHours", "not be null")),
    ("IncreaseStreamRetentionPeriod", {"StreamName": G, "RetentionPeriodHours": 48}, RNF, NOT_FOUND),
    # Resharding.
    ("SplitShard", {"StreamName": S, "ShardToSplit": "nonsense", "NewStartingHashKey": "5"}, RNF,
     f"Could not find shard nonsense in stream {S} under account {N}."),
    ("SplitShard", {"StreamName": S, "ShardToSplit": SH(9), "NewStartingHashKey": "5"}, RNF,
     f"Could not find shard {SH(9)} in stream {S} under account {N}."),
    ("SplitShard", {"StreamName": S, "ShardToSplit": SH(1), "NewStartingHashKey": "5"}, IA,
     f"NewStartingHashKey 5 used in SplitShard() on shard {SH(1)} in stream {S} under account {N} is not "
     "both greater than one plus the shard's StartingHashKey 170141183460469231731687303715884105728 and "
     "less than the shard's EndingHashKey 340282366920938463463374607431768211455."),
    ("SplitShard", {"StreamName": S, "ShardToSplit": SH(0), "NewStartingHashKey": "5"}, RIU,
     f"Shard {SH(0)} in stream {S} under account {N} has already been merged or split, and thus is not "
     "eligible for merging or splitting."),
    ("SplitShard", {"StreamName": D, "ShardToSplit": SH(0), "NewStartingHashKey": "5"}, VAL, ON_DEMAND),
    ("MergeShards", {"StreamName": D, "ShardToMerge": SH(0), "AdjacentShardToMerge": SH(1)}, VAL,
     ON_DEMAND),
    ("UpdateShardCount", {"StreamName": D, "TargetShardCount": 4, **RESIZE}, VAL, ON_DEMAND),
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH(3), "AdjacentShardToMerge": SH(2)}, IA,
     f"Shards {SH(3)} and {SH(2)} in stream {S} under account {N} are not an adjacent pair of shards "
     "eligible for merging"),
    ("UpdateShardCount", {"StreamName": S, "TargetShardCount": 7, **RESIZE}, LE,
     "UpdateShardCount cannot scale up over double your current open shard count. Current open shard "
     "count: 3 Target shard count: 7"),
    ("UpdateShardCount", {"StreamName": S, "TargetShardCount": 1, **RESIZE}, LE,
     "UpdateShardCount cannot scale down below half your current open shard count. Current open shard "
     "count: 3 Target shard count: 1"),
    ("UpdateShardCount", {"StreamName": S, "TargetShardCount": 0, **RESIZE}, VAL,
     one("'0'", "targetShardCount", "have value greater than or equal to 1")),
    ("UpdateShardCount", {"StreamName": S, "TargetShardCount": 10001, **RESIZE}, LE,
     "Target shard count or number of open shards cannot be greater than 10000. Current open shard "
     "count: 3, Target shard count: 10001"),
    ("UpdateShardCount", {"StreamName": S, "TargetShardCount": 4, "ScalingType": "SOME"}, VAL,
     one("'SOME'", "scalingType", "satisfy enum value set: [UNIFORM_SCALING]")),
    # Records.
    ("PutRecord", {"StreamName": S, "Data": bytes(1048577), "PartitionKey": "k"}, VAL,
     one("'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]'", "data",
         "have length less than or equal to 1048576")),
    ("PutRecord", {"StreamName": S, "Data": b"hi"}, VAL, one("null", "partitionKey", "not be null")),
    ("PutRecord", {"StreamName": D, "Data": b"hi"}, VAL, one("null", "partitionKey", "not be null")),
    ("PutRecord", {"StreamName": S, **KEY, "ExplicitHashKey": str(2**128)}, IA,
     "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
     "340282366920938463463374607431768211456"),
    ("PutRecord", {"StreamName": S, **KEY, "SequenceNumberForOrdering": "5"}, IA,
     f"ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream {S} under account {N} is invalid."),
    ("PutRecord", {"StreamName": S, **KEY, "DryRun": True}, "DryRunOperationException",
     "The request would have succeeded, but the DryRun parameter is set."),
    ("PutRecord", {"StreamName": G, **KEY, "DryRun": True}, RNF, NOT_FOUND),
    ("PutRecords", {"StreamName": S, "Records": []}, VAL,
     one("'[]'", "records", "have length greater than or equal to 1")),
    ("PutRecords", {"StreamName": G, "Records": [KEY]}, RNF, NOT_FOUND),
    ("PutRecords", {"StreamName": S, "Records": [KEY], "DryRun": True}, "DryRunOperationException",
     "The request would have succeeded, but the DryRun parameter is set."),
    ("PutRecords", {"StreamName": "matrix-large", "Records": [
        {"Data": bytes(5242880), "PartitionKey": "k"}] * 2}, IA,
     "Records size exceeds 10 MB limit"),
    # Iterators.
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(0), "ShardIteratorType": "AT_SEQUENCE_NUMBER"},
     IA, "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber "
     "or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER "
     "and no StartingSequenceNumber."),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(0), "ShardIteratorType": "LATEST",
                          "StartingSequenceNumber": "5"}, IA,
     "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
     "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified LATEST and also a "
     "StartingSequenceNumber."),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(0), "ShardIteratorType": "AT_TIMESTAMP"}, IA,
     "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no "
     "timestamp parameter."),
    ("GetShardIterator", {"StreamName": G, "ShardId": SH(0), "ShardIteratorType": "LATEST"}, RNF,
     f"Shard {SH(0)} in stream {G} under account {N} does not exist"),
    ("GetRecords", {"ShardIterator": "bogus"}, IA, "Invalid ShardIterator."),
    ("GetRecords", {"ShardIterator": "bogus", "Limit": 0}, VAL,
     one("'0'", "limit", "have value greater than or equal to 1")),
    ("GetRecords", {"ShardIterator": "bogus", "Limit": 10001}, VAL,
     one("'10001'", "limit", "have value less than or equal to 10000")),
    # Listing.
    ("ListShards", {}, IA, "Either NextToken or StreamName should be provided."),
    ("ListShards", {"StreamName": S, "NextToken": "bogus"}, IA,
     "NextToken and StreamName cannot be provided together."),
    ("ListShards", {"NextToken": "bogus"}, IA, "NextToken is invalid."),
    ("ListShards", {"StreamName": S, "ShardFilter": {"Type": "AFTER_SHARD_ID"}}, IA,
     "ShardFilter of type AFTER_SHARD_ID needs the parameter ShardId."),
    ("ListShards", {"StreamName": S, "ShardFilter": {"Type": "AT_TIMESTAMP"}}, IA,
     "ShardFilter of type AT_TIMESTAMP needs the parameter Timestamp."),
    # Tags.
    ("ListTagsForStream", {"StreamName": S, "Limit": 51}, VAL,
     one("'51'", "limit", "have value less than or equal to 50")),
    ("AddTagsToStream", {"StreamName": S, "Tags": {f"k{number}": "v" for number in range(51)}}, IA,
     f"Failed to add tags to stream {S} under account {N} because a given stream cannot have more than "
     "10 tags associated with it."),
    ("AddTagsToStream", {"StreamName": S, "Tags": {"a!": "b"}}, IA,
     f"Some tags contain invalid characters. {TAG_CHARACTERS}"),
    ("AddTagsToStream", {"StreamName": S, "Tags": {"a%": "b"}}, IA,
     f"Failed to add tags to stream {S} under account {N} because some tags contained illegal "
     f"characters. {TAG_CHARACTERS}"),
    ("RemoveTagsFromStream", {"StreamName": S, "TagKeys": ["a%"]}, IA,
     f"Failed to remove tags from stream {S} under account {N} because some tags contained illegal "
     f"characters. {TAG_CHARACTERS}"),
    ("AddTagsToStream", {"StreamName": S, "Tags": {"aws:a": "b"}}, IA,
     "Tag key aws:a is reserved: keys that begin with aws: cannot be set."),
    ("AddTagsToStream", {"StreamName": S, "Tags": {}}, VAL,
     one("'{}'", "tags", "have length greater than or equal to 1")),
    ("TagResource", {"ResourceARN": ARN, "Tags": {"a": "v" * 257}}, VAL,
     "1 validation error detected: Value '{a=" + "v" * 257 + "}' at 'tags' failed to satisfy constraint: "
     "Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must "
     "have length greater than or equal to 0]"),
    ("UntagResource", {"ResourceARN": ARN.replace(S, G), "TagKeys": ["a"]}, RNF, NOT_FOUND),
    # Consumers.
    ("RegisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "app"}, RIU,
     f"Consumer app under stream {S} already exists for account {N}."),
    ("RegisterStreamConsumer", {"StreamARN": ARN.replace(S, G), "ConsumerName": "app"}, RNF, NOT_FOUND),
    ("DescribeStreamConsumer", {"StreamARN": ARN, "ConsumerName": G}, RNF,
     f"Consumer {G}, account {N} not found."),
    ("DescribeStreamConsumer", {"StreamARN": ARN}, IA,
     "Either ConsumerARN or both StreamARN and ConsumerName must be provided."),
    ("DeregisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": G}, RNF,
     f"Consumer {G}, account {N} not found."),
    # Encryption.
    ("StartStreamEncryption", {"StreamName": S, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
     "KMSOptInRequired",
     "This server stores records in clear and has no keys to encrypt them with. Put its data folder on "
     "an encrypted file system instead."),
    ("StartStreamEncryption", {"StreamName": S, "EncryptionType": "NONE", "KeyId": "alias/aws/kinesis"},
     IA, "EncryptionType must be KMS to start the encryption of a stream."),
    ("StartStreamEncryption", {"StreamName": G, "EncryptionType": "KMS", "KeyId": "k"}, RNF, NOT_FOUND),
    ("StopStreamEncryption", {"StreamName": S, "EncryptionType": "KMS"}, VAL,
     one("null", "keyId", "not be null")),
    # Monitoring.
    ("EnableEnhancedMonitoring", {"StreamName": S, "ShardLevelMetrics": []}, VAL,
     one("'[]'", "shardLevelMetrics", "have length greater than or equal to 1")),
    ("EnableEnhancedMonitoring", {"StreamName": S, "ShardLevelMetrics": ["ALL"] * 8}, VAL,
     one("'[ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL]'", "shardLevelMetrics",
         "have length less than or equal to 7")),
    # Modes, sizes, accounts.
    ("UpdateMaxRecordSize", {"StreamARN": ARN, "MaxRecordSizeInKiB": 1023}, VAL,
     one("'1023'", "maxRecordSizeInKiB", "have value greater than or equal to 1024")),
    ("UpdateMaxRecordSize", {"StreamARN": ARN, "MaxRecordSizeInKiB": 10241}, VAL,
     one("'10241'", "maxRecordSizeInKiB", "have value less than or equal to 10240")),
    ("UpdateStreamMode", {"StreamARN": ARN, "StreamModeDetails": {}}, VAL,
     one("null", "streamModeDetails.streamMode", "not be null")),
    ("UpdateStreamWarmThroughput", {"StreamName": S, "WarmThroughputMiBps": 5}, VAL,
     f"WarmThroughputMiBps needs a stream in On-Demand mode; stream {S} under account {N} is in "
     "Provisioned mode."),
    ("UpdateStreamWarmThroughput", {"StreamName": D, "WarmThroughputMiBps": 5}, VAL,
     "WarmThroughputMiBps needs an account with a minimum throughput billing commitment."),
    ("UpdateStreamRecordDistributionStrategy", {
        "StreamARN": ARN, "RecordDistributionStrategy": "AUTO"}, VAL,
     f"RecordDistributionStrategy AUTO needs a stream in On-Demand mode; stream {S} under account {N} is "
     "in Provisioned mode."),
    ("UpdateAccountSettings", {"MinimumThroughputBillingCommitment": {"Status": "MAYBE"}}, VAL,
     one("'MAYBE'", "minimumThroughputBillingCommitment.status",
         "satisfy enum value set: [ENABLED, DISABLED]")),
    # Policies.
    ("PutResourcePolicy", {"ResourceARN": ARN}, VAL, one("null", "policy", "not be null")),
    ("DeleteResourcePolicy", {"ResourceARN": ARN}, RNF,
     f"No resource policy found for resource ARN {ARN}."),
    ("GetResourcePolicy", {"ResourceARN": ARN.replace(S, G)}, RNF, NOT_FOUND),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("matrix") / "data").start()
    arn = server.create(S, 2)
    assert arn == ARN
    server.split(S, SH(0))
    server.ok("IncreaseStreamRetentionPeriod", {"StreamName": S, "RetentionPeriodHours": 48})
    server.consumer(ARN)
    server.ok("CreateStream", {"StreamName": D})
    server.ok("CreateStream", {"StreamName": "matrix-large", "ShardCount": 1,
                               "MaxRecordSizeInKiB": 10240})
    yield server
    server.stop()


def in_json(value):
    if isinstance(value, dict):
        return {name: in_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [in_json(each) for each in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.mark.parametrize("encoding", ["json", "cbor"])
@pytest.mark.parametrize(
    "operation, body, code, text", ROWS, ids=[f"{at}-{row[0]}" for at, row in enumerate(ROWS)])
def test_row(server, operation, body, code, text, encoding):
    answer = server.call(operation, in_json(body) if encoding == "json" else body, encoding=encoding)
    assert (answer.status, answer.body) == (400, {"__type": code, "message": text})
    if encoding == "json":
        assert json.loads(answer.raw) == answer.body
    else:
        assert cbor.decode(answer.raw) == answer.body
    fields = {name.lower(): value for name, value in answer.fields}
    assert fields["content-type"] == CONTENT_TYPES[encoding]
    assert REQUEST_ID.fullmatch(fields["x-amzn-requestid"])
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", fields["x-amz-id-2"])
    assert int(fields["content-length"]) == len(answer.raw)
    assert fields["date"].endswith(" GMT")
    assert set(fields) == {"content-type", "x-amzn-requestid", "x-amz-id-2", "content-length", "date"}


def test_nothing_was_changed(server):
    """What is refused has no effect."""
    summary = server.ok("DescribeStreamSummary", {"StreamName": S})["StreamDescriptionSummary"]
    assert (summary["RetentionPeriodHours"], summary["OpenShardCount"], summary["ConsumerCount"],
            summary["StreamModeDetails"], summary["EncryptionType"], summary["MaxRecordSizeInKiB"]) == (
        48, 3, 1, {"StreamMode": "PROVISIONED"}, "NONE", 1024)
    assert server.ok("ListTagsForStream", {"StreamName": S})["Tags"] == []
    assert server.ok("GetResourcePolicy", {"ResourceARN": ARN}) == {"Policy": "{}"}
    assert server.ok("ListStreams")["StreamNames"] == [S, "matrix-large", D]
    for shard in server.shards(S):
        assert server.read_all(S, shard["ShardId"]) == []
