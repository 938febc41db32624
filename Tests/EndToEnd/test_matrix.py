"""Bad input, row by row, with the whole answer written out by hand: status, header fields, body. None
of it is taken from the server's tables or from a model.

What is decided before an operation is reached is in test_matrix_front.py, members of the wrong kind in
test_matrix_kinds.py, what needs a state, a quota or a time of its own in test_matrix_states.py; literal.py
counts them all."""

import re

import pytest

from literal import check_error, in_json
from server import ACCOUNT as N
from server import REGION, Server
from shards import SH

S, D, G = "matrix", "matrix-on-demand", "absent"
ARN = f"arn:aws:kinesis:{REGION}:{N}:stream/{S}"
VAL, IA = "ValidationException", "InvalidArgumentException"
RNF, RIU, LE = "ResourceNotFoundException", "ResourceInUseException", "LimitExceededException"
AD = "AccessDeniedException"
NOT_FOUND = f"Stream {G} under account {N} not found."
ON_DEMAND = f"Request is invalid. Stream {D} under account {N} is in On-Demand mode."
TAG_CHARACTERS = "Valid characters: Unicode letters, digits, white space, _ . / = + - % @."
ALLOWED = "The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'."
RESIZE = {"ScalingType": "UNIFORM_SCALING"}
KEY = {"Data": b"hi", "PartitionKey": "k"}
ENTRY = r"com\.amazonaws\.kinesis\.v20131202\.PutRecordsRequestEntry@[0-9a-f]{1,8}"
# Two numbers of AWS's second layout: the start of shard 1 of a stream of 2019, and one of shard 0 with
# a time of the year 2200.
NUMBER_OF_1 = "49592244611867955608235034776082258730948451799664689170"
FUTURE_NUMBER = str(int("2" + f"{7258118400:09x}" + "0" + "0" * 16 + "00" + f"{7258118400:09x}" + "00000000"
                        + "2", 16))


def one(value, path, phrase):
    return (f"1 validation error detected: Value {value} at '{path}' failed to satisfy constraint: "
            f"Member must {phrase}")


# operation, input, code, text
ROWS = [
    # Streams.
    ("CreateStream", {"ShardCount": 1}, VAL, one("null", "streamName", "not be null")),
    ("CreateStream", {"StreamName": "a b", "ShardCount": 1}, VAL,
     one("'a b'", "streamName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+")),
    ("CreateStream", {"StreamName": "a" * 129, "ShardCount": 1}, VAL,
     one(f"'{'a' * 129}'", "streamName", "have length less than or equal to 128")),
    # Within a member the pattern comes before the length; then the next member.
    ("CreateStream", {"StreamName": "", "ShardCount": 0}, VAL,
     "3 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must "
     "satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to satisfy "
     "constraint: Member must have length greater than or equal to 1; Value '0' at 'shardCount' failed "
     "to satisfy constraint: Member must have value greater than or equal to 1"),
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
    ("CreateStream", {"StreamName": "new", "ShardCount": 1, "StreamModeDetails": {
        "StreamMode": "SOME"}}, VAL,
     one("'SOME'", "streamModeDetails.streamMode", "satisfy enum value set: [PROVISIONED, ON_DEMAND]")),
    ("CreateStream", {"StreamName": "new", "ShardCount": 1, "Tags": {"a": "5%"}}, IA,
     f"Failed to add tags to stream new under account {N} because some tags contained illegal "
     f"characters. {ALLOWED}"),
    ("DescribeStream", {"StreamName": G}, RNF, NOT_FOUND),
    ("DescribeStream", {"StreamName": G, "Limit": 0}, VAL,
     one("'0'", "limit", "have value greater than or equal to 1")),
    *[(operation, {"StreamName": G, **more}, RNF, NOT_FOUND) for operation, more in (
        ("DescribeStreamSummary", {}), ("DeleteStream", {}), ("ListShards", {}), ("PutRecord", KEY),
        ("ListTagsForStream", {}), ("AddTagsToStream", {"Tags": {"a": "b"}}),
        ("RemoveTagsFromStream", {"TagKeys": ["a"]}),
        ("SplitShard", {"ShardToSplit": SH(0), "NewStartingHashKey": "5"}),
        ("MergeShards", {"ShardToMerge": SH(0), "AdjacentShardToMerge": SH(1)}),
        ("UpdateShardCount", {"TargetShardCount": 2, **RESIZE}),
        ("DecreaseStreamRetentionPeriod", {"RetentionPeriodHours": 24}),
        ("EnableEnhancedMonitoring", {"ShardLevelMetrics": ["ALL"]}),
        ("DisableEnhancedMonitoring", {"ShardLevelMetrics": ["ALL"]}),
        ("StopStreamEncryption", {"EncryptionType": "KMS", "KeyId": "k"}),
        ("UpdateStreamWarmThroughput", {"WarmThroughputMiBps": 5}))],
    *[(operation, {"StreamARN": ARN.replace(S, G), **more}, RNF, NOT_FOUND) for operation, more in (
        ("DescribeStream", {}), ("ListStreamConsumers", {}),
        ("UpdateMaxRecordSize", {"MaxRecordSizeInKiB": 1024}),
        ("UpdateStreamMode", {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
        ("UpdateStreamRecordDistributionStrategy", {"RecordDistributionStrategy": "AUTO"}))],
    *[(operation, {"ResourceARN": ARN.replace(S, G), **more}, RNF, NOT_FOUND) for operation, more in (
        ("ListTagsForResource", {}), ("TagResource", {"Tags": {"a": "b"}}), ("DeleteResourcePolicy", {}))],
    # A name is not an ARN, and null is nothing.
    ("DescribeStream", {"StreamName": ARN}, VAL,
     one(f"'{ARN}'", "streamName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+")),
    ("DescribeStream", {"StreamName": None, "StreamARN": None}, IA,
     "Either StreamARN or StreamName must be provided."),
    ("DescribeStream", {"streamName": S}, IA, "Either StreamARN or StreamName must be provided."),
    ("DescribeStream", {"StreamName": S, "Limit": 0}, VAL,
     one("'0'", "limit", "have value greater than or equal to 1")),
    # What is above an integer is the greatest integer.
    ("DescribeStream", {"StreamName": S, "Limit": 99999999999}, VAL,
     one("'2147483647'", "limit", "have value less than or equal to 10000")),
    *[(operation, more, IA, "Either StreamARN or StreamName must be provided.") for operation, more in (
        ("DescribeStreamSummary", {}), ("DeleteStream", {}), ("PutRecord", KEY),
        ("PutRecords", {"Records": [KEY]}),
        ("GetShardIterator", {"ShardId": SH(0), "ShardIteratorType": "LATEST"}),
        ("SplitShard", {"ShardToSplit": SH(0), "NewStartingHashKey": "5"}),
        ("MergeShards", {"ShardToMerge": SH(0), "AdjacentShardToMerge": SH(1)}),
        ("UpdateShardCount", {"TargetShardCount": 2, **RESIZE}), ("ListTagsForStream", {}),
        ("AddTagsToStream", {"Tags": {"a": "b"}}), ("RemoveTagsFromStream", {"TagKeys": ["a"]}),
        ("IncreaseStreamRetentionPeriod", {"RetentionPeriodHours": 48}),
        ("EnableEnhancedMonitoring", {"ShardLevelMetrics": ["ALL"]}),
        ("StartStreamEncryption", {"EncryptionType": "KMS", "KeyId": "k"}),
        ("UpdateStreamWarmThroughput", {"WarmThroughputMiBps": 5}))],
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
    ("SplitShard", {"StreamName": G, "ShardToSplit": "nonsense", "NewStartingHashKey": "5"}, RNF,
     f"Could not find shard nonsense in stream {G} under account {N}."),
    ("MergeShards", {"StreamName": G, "ShardToMerge": SH(0), "AdjacentShardToMerge": "nonsense"}, RNF,
     f"Could not find shard nonsense in stream {G} under account {N}."),
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH(9), "AdjacentShardToMerge": SH(1)}, RNF,
     f"Could not find shard {SH(9)} in stream {S} under account {N}."),
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH(1), "AdjacentShardToMerge": "nonsense"}, RNF,
     f"Could not find shard nonsense in stream {S} under account {N}."),
    ("SplitShard", {"StreamName": S, "ShardToSplit": SH(1), "NewStartingHashKey": "5"}, IA,
     f"NewStartingHashKey 5 used in SplitShard() on shard {SH(1)} in stream {S} under account {N} is not "
     "both greater than one plus the shard's StartingHashKey 170141183460469231731687303715884105728 and "
     "less than the shard's EndingHashKey 340282366920938463463374607431768211455."),
    *[("SplitShard", {"StreamName": S, "ShardToSplit": SH(1), "NewStartingHashKey": key}, IA,
       f"NewStartingHashKey {key} used in SplitShard() on shard {SH(1)} in stream {S} under account {N} is "
       "not both greater than one plus the shard's StartingHashKey "
       "170141183460469231731687303715884105728 and less than the shard's EndingHashKey "
       "340282366920938463463374607431768211455.")
      for key in ("170141183460469231731687303715884105728", "170141183460469231731687303715884105729",
                  "340282366920938463463374607431768211455", "340282366920938463463374607431768211456")],
    ("SplitShard", {"StreamName": S, "ShardToSplit": SH(1), "NewStartingHashKey": "007"}, VAL,
     one("'007'", "newStartingHashKey", r"satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$")),
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
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH(2), "AdjacentShardToMerge": SH(2)}, IA,
     f"Shards {SH(2)} and {SH(2)} in stream {S} under account {N} are not an adjacent pair of shards "
     "eligible for merging"),
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH(2), "AdjacentShardToMerge": SH(1)}, IA,
     f"Shards {SH(2)} and {SH(1)} in stream {S} under account {N} are not an adjacent pair of shards "
     "eligible for merging"),
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH(0), "AdjacentShardToMerge": SH(1)}, RIU,
     f"Shard {SH(0)} in stream {S} under account {N} has already been merged or split, and thus is not "
     "eligible for merging or splitting."),
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
    ("PutRecord", {"StreamName": S, "Data": bytes(1048954), "PartitionKey": "k"}, VAL,
     "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1048954 cap=1048954]' at "
     "'data' failed to satisfy constraint: Member must have length less than or equal to 1048576"),
    ("PutRecord", {"StreamName": "matrix-large", "Data": bytes(10485761), "PartitionKey": "k"}, VAL,
     one("'java.nio.HeapByteBuffer[pos=0 lim=10485761 cap=10485761]'", "data",
         "have length less than or equal to 10485760")),
    ("PutRecord", {"StreamName": S, "PartitionKey": "k"}, VAL, one("null", "data", "not be null")),
    ("PutRecord", {"StreamName": S, "Data": b"hi", "PartitionKey": ""}, VAL,
     one("''", "partitionKey", "have length greater than or equal to 1")),
    ("PutRecord", {"StreamName": S, "Data": b"hi", "PartitionKey": "k" * 257}, VAL,
     one(f"'{'k' * 257}'", "partitionKey", "have length less than or equal to 256")),
    ("PutRecord", {"StreamName": S, **KEY, "ExplicitHashKey": "01"}, VAL,
     one("'01'", "explicitHashKey", r"satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$")),
    ("PutRecord", {"StreamName": S, **KEY, "SequenceNumberForOrdering": FUTURE_NUMBER}, IA,
     f"ExclusiveMinimumSequenceNumber {FUTURE_NUMBER} used in PutRecord on stream {S} under account {N} "
     "is invalid."),
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
    # Words that mean true.
    *[("PutRecord", {"StreamName": S, **KEY, "DryRun": word}, "DryRunOperationException",
       "The request would have succeeded, but the DryRun parameter is set.")
      for word in ("true", "yes", "1")],
    ("PutRecord", {"StreamName": G, **KEY, "DryRun": True}, RNF, NOT_FOUND),
    ("PutRecords", {"StreamName": S, "Records": []}, VAL,
     one("'[]'", "records", "have length greater than or equal to 1")),
    # Each record is printed as a Java object, whose hash is anybody's guess.
    ("PutRecords", {"StreamName": S, "Records": [KEY] * 501}, VAL, re.compile(
        rf"1 validation error detected: Value '\[{ENTRY}(, {ENTRY}){{500}}\]' at 'records' failed to "
        "satisfy constraint: Member must have length less than or equal to 500")),
    ("PutRecords", {"StreamName": S}, VAL, one("null", "records", "not be null")),
    ("PutRecords", {"StreamName": S, "Records": [KEY, KEY, {"Data": b"hi"}]}, VAL,
     one("null", "records.3.member.partitionKey", "not be null")),
    ("PutRecords", {"StreamName": S, "Records": [KEY, {"PartitionKey": ""}]}, VAL,
     "2 validation errors detected: Value null at 'records.2.member.data' failed to satisfy constraint: "
     "Member must not be null; Value '' at 'records.2.member.partitionKey' failed to satisfy constraint: "
     "Member must have length greater than or equal to 1"),
    ("PutRecords", {"StreamName": S, "Records": [{"PartitionKey": "k"}] * 20}, VAL,
     "10 validation errors detected: " + "; ".join(
         f"Value null at 'records.{number}.member.data' failed to satisfy constraint: Member must not be "
         "null" for number in range(1, 11))),
    ("PutRecords", {"StreamName": S, "Records": [{**KEY, "ExplicitHashKey": str(2**128)}]}, IA,
     "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
     "340282366920938463463374607431768211456"),
    ("PutRecords", {"StreamName": G, "Records": [KEY]}, RNF, NOT_FOUND),
    ("PutRecords", {"StreamName": S, "Records": [KEY], "DryRun": True}, "DryRunOperationException",
     "The request would have succeeded, but the DryRun parameter is set."),
    ("PutRecords", {"StreamName": "matrix-large", "Records": [
        {"Data": bytes(5242880), "PartitionKey": "k"}] * 2}, IA,
     "Records size exceeds 10 MB limit"),
    # Iterators.
    ("GetShardIterator", {"StreamName": S, "ShardId": "nonsense", "ShardIteratorType": "LATEST"}, RNF,
     f"Could not find shard nonsense in stream {S} under account {N}."),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(9), "ShardIteratorType": "LATEST"}, RNF,
     f"Shard {SH(9)} in stream {S} under account {N} does not exist"),
    ("GetShardIterator", {"StreamName": S, "ShardIteratorType": "LATEST"}, VAL,
     one("null", "shardId", "not be null")),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(0), "ShardIteratorType": "OLDEST"}, VAL,
     one("'OLDEST'", "shardIteratorType", "satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, "
         "AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]")),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(0),
                          "ShardIteratorType": "AFTER_SEQUENCE_NUMBER"}, IA,
     "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
     "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AFTER_SEQUENCE_NUMBER "
     "and no StartingSequenceNumber."),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(0), "ShardIteratorType": "TRIM_HORIZON",
                          "StartingSequenceNumber": "5"}, IA,
     "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
     "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified TRIM_HORIZON and also a "
     "StartingSequenceNumber."),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(0), "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                          "StartingSequenceNumber": "123"}, IA,
     f"StartingSequenceNumber 123 used in GetShardIterator on shard {SH(0)} in stream {S} under account "
     f"{N} is invalid."),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(0), "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                          "StartingSequenceNumber": NUMBER_OF_1}, IA,
     f"Invalid StartingSequenceNumber. It encodes {SH(1)}, while it was used in a call to a shard with "
     f"{SH(0)}"),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(1), "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                          "StartingSequenceNumber": NUMBER_OF_1}, IA,
     f"StartingSequenceNumber {NUMBER_OF_1} used in GetShardIterator on shard {SH(1)} in stream {S} under "
     f"account {N} is invalid because it did not come from this stream."),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH(0), "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                          "StartingSequenceNumber": "007"}, VAL,
     one("'007'", "startingSequenceNumber",
         r"satisfy regular expression pattern: ^(0|([1-9]\d{0,128}))$")),
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
    ("ListStreamConsumers", {"StreamARN": ARN, "NextToken": "bogus"}, IA, "NextToken is invalid."),
    ("ListShards", {"NextToken": "bogus", "ExclusiveStartShardId": SH(0)}, IA,
     "NextToken and ExclusiveStartShardId cannot be provided together."),
    ("ListShards", {"NextToken": "bogus", "StreamCreationTimestamp": 5}, IA,
     "NextToken and StreamCreationTimestamp cannot be provided together."),
    ("ListStreamConsumers", {"StreamARN": ARN, "NextToken": "bogus", "StreamCreationTimestamp": 5}, IA,
     "NextToken and StreamCreationTimestamp cannot be provided together."),
    ("ListShards", {"StreamName": S, "ShardFilter": {"Type": "FROM_TIMESTAMP"}}, IA,
     "ShardFilter of type FROM_TIMESTAMP needs the parameter Timestamp."),
    ("ListShards", {"StreamName": S, "ShardFilter": {}}, VAL,
     one("null", "shardFilter.type", "not be null")),
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
    ("RemoveTagsFromStream", {"StreamName": S, "TagKeys": ["a!"]}, IA,
     f"Some tags contain invalid characters. {TAG_CHARACTERS}"),
    ("AddTagsToStream", {"StreamName": S, "Tags": {"a": "b;"}}, IA,
     f"Some tags contain invalid characters. {TAG_CHARACTERS}"),
    ("TagResource", {"ResourceARN": ARN, "Tags": {"a!": "b"}}, IA,
     f"Some tags contain invalid characters. {TAG_CHARACTERS}"),
    ("TagResource", {"ResourceARN": ARN, "Tags": {f"k{number}": "v" for number in range(51)}}, IA,
     f"Failed to add tags to stream {S} under account {N} because a given stream cannot have more than "
     "10 tags associated with it."),
    ("TagResource", {"ResourceARN": ARN, "Tags": {"aws:a": "b"}}, IA,
     "Tag key aws:a is reserved: keys that begin with aws: cannot be set."),
    ("RemoveTagsFromStream", {"StreamName": S, "TagKeys": ["k" * 129]}, VAL,
     one(f"'[{'k' * 129}]'", "tagKeys", "satisfy constraint: [Member must have length less than or equal "
         "to 128, Member must have length greater than or equal to 1]")),
    ("RemoveTagsFromStream", {"StreamName": S, "TagKeys": ["a", ""]}, VAL,
     one("'[a, ]'", "tagKeys", "satisfy constraint: [Member must have length less than or equal to 128, "
         "Member must have length greater than or equal to 1]")),
    ("RemoveTagsFromStream", {"StreamName": S, "TagKeys": ["a"] * 51}, VAL,
     one(f"'[{', '.join(['a'] * 51)}]'", "tagKeys", "have length less than or equal to 50")),
    ("AddTagsToStream", {"StreamName": S, "Tags": {"": "b"}}, VAL,
     "1 validation error detected: Value '{=b}' at 'tags' failed to satisfy constraint: Map keys must "
     "satisfy constraint: [Member must have length less than or equal to 128, Member must have length "
     "greater than or equal to 1]"),
    ("AddTagsToStream", {"StreamName": S, "Tags": {"a%": "b"}}, IA,
     f"Failed to add tags to stream {S} under account {N} because some tags contained illegal "
     f"characters. {ALLOWED}"),
    *[("AddTagsToStream", {"StreamName": S, "Tags": tags}, IA,
       f"Some tags contain invalid characters. {TAG_CHARACTERS}")
      for tags in ({"a\tb": "c"}, {"a": "b\nc"}, {"a\x85": "b"})],
    ("RemoveTagsFromStream", {"StreamName": S, "TagKeys": ["a\tb"]}, IA,
     f"Some tags contain invalid characters. {TAG_CHARACTERS}"),
    ("RemoveTagsFromStream", {"StreamName": G, "TagKeys": ["a!"]}, RNF, NOT_FOUND),
    ("RemoveTagsFromStream", {"StreamName": S, "TagKeys": ["a%"]}, IA,
     f"Failed to remove tags from stream {S} under account {N} because some tags contained illegal "
     f"characters. {ALLOWED}"),
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
    ("RegisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "new", "Tags": {"a%": "b"}}, IA,
     f"Failed to add tags to stream {S} under account {N} because some tags contained illegal "
     f"characters. {ALLOWED}"),
    ("DescribeStreamConsumer", {"StreamARN": ARN, "ConsumerName": G}, RNF,
     f"Consumer {G}, account {N} not found."),
    ("DescribeStreamConsumer", {"StreamARN": ARN}, IA,
     "Either ConsumerARN or both StreamARN and ConsumerName must be provided."),
    *[(operation, {}, IA, "Either ConsumerARN or both StreamARN and ConsumerName must be provided.")
      for operation in ("DescribeStreamConsumer", "DeregisterStreamConsumer")],
    ("DescribeStreamConsumer", {"ConsumerARN": ARN + "/consumer/absent:5"}, RNF,
     f"Consumer {G}, account {N} not found."),
    ("DescribeStreamConsumer", {"ConsumerARN": ARN + "/consumer/app:5", "ConsumerName": "other"}, IA,
     f"ConsumerARN {ARN}/consumer/app:5 does not agree with StreamARN and ConsumerName."),
    ("RegisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "a b"}, VAL,
     one("'a b'", "consumerName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+")),
    ("SubscribeToShard", {"ConsumerARN": ARN + "/consumer/absent:5", "ShardId": SH(1),
                          "StartingPosition": {"Type": "LATEST"}}, RNF,
     f"Consumer {G}, account {N} not found."),
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
    ("StartStreamEncryption", {"StreamName": S, "EncryptionType": "AES", "KeyId": "k"}, VAL,
     one("'AES'", "encryptionType", "satisfy enum value set: [NONE, KMS]")),
    # Monitoring.
    ("EnableEnhancedMonitoring", {"StreamName": S, "ShardLevelMetrics": []}, VAL,
     one("'[]'", "shardLevelMetrics", "have length greater than or equal to 1")),
    ("EnableEnhancedMonitoring", {"StreamName": S, "ShardLevelMetrics": ["ALL"] * 8}, VAL,
     one("'[ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL]'", "shardLevelMetrics",
         "have length less than or equal to 7")),
    ("DisableEnhancedMonitoring", {"StreamName": S, "ShardLevelMetrics": []}, VAL,
     one("'[]'", "shardLevelMetrics", "have length greater than or equal to 1")),
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
    *[("PutResourcePolicy", {"ResourceARN": ARN, "Policy": policy}, IA,
       f"The policy is malformed. {why}.") for policy, why in (
        ("[]", "The policy is not a JSON object"), ("{}", "Statement is missing"),
        ('{"Version":"2012-10-17","Statement":[]}', "Statement is missing"),
        ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
         '"Action":"kinesis:PutRecord"}]}', "A statement has no Resource"),
        ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":'
         f'"kinesis:PutRecord","Resource":"{ARN}x"}}]}}',
         f"Resource {ARN}x is not the resource of the policy, {ARN}"))],
    ("PutResourcePolicy", {"ResourceARN": ARN}, VAL, one("null", "policy", "not be null")),
    ("DeleteResourcePolicy", {"ResourceARN": ARN}, RNF,
     f"No resource policy found for resource ARN {ARN}."),
    ("GetResourcePolicy", {"ResourceARN": ARN.replace(S, G)}, RNF, NOT_FOUND),
]

TABLES = {"refusals of operations": ROWS}


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


BOTH = [(*row, encoding) for row in ROWS for encoding in ("json", "cbor")
        # A subscription is JSON alone.
        if (row[0], encoding) != ("SubscribeToShard", "cbor")]


@pytest.mark.parametrize("operation, body, code, text, encoding", BOTH, ids=[
    f"{ROWS.index(row[:4])}-{row[0]}-{row[4]}" for row in BOTH])
def test_row(server, operation, body, code, text, encoding):
    answer = server.call(operation, in_json(body) if encoding == "json" else body, encoding=encoding)
    check_error(answer, encoding, 400, code, text)


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
