"""Bad input and its answer: the code and the text that clients of Kinesis know."""

import re
import time

import pytest

import cbor

N = "123456789012"
S = "errors"
SH0, SH1 = "shardId-000000000000", "shardId-000000000001"
TOP = 2**128 - 1
HALF = 2**127
ARN = f"arn:aws:kinesis:us-east-1:{N}:stream/{S}"
BLOB = {"json": "aGk=", "cbor": b"hi"}

VAL = "ValidationException"
IA = "InvalidArgumentException"
RNF = "ResourceNotFoundException"
RIU = "ResourceInUseException"


@pytest.fixture(scope="module")
def server(weir):
    weir.create(S, 2)
    return weir


def constraint(value, path, phrase):
    return f"Value {value} at '{path}' failed to satisfy constraint: {phrase}"


NULL = "Member must not be null"
NAME = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
LONG_NAME = "a" * 129

# operation, input (DATA stands for some bytes), the constraints violated
VALIDATION = [
    ("CreateStream", {}, [constraint("null", "streamName", NULL)]),
    ("CreateStream", {"StreamName": "a b", "ShardCount": 1}, [constraint("'a b'", "streamName", NAME)]),
    ("CreateStream", {"StreamName": LONG_NAME, "ShardCount": 1}, [
        constraint(f"'{LONG_NAME}'", "streamName", "Member must have length less than or equal to 128")]),
    ("CreateStream", {"StreamName": "", "ShardCount": 0}, [
        constraint("''", "streamName", NAME),
        constraint("''", "streamName", "Member must have length greater than or equal to 1"),
        constraint("'0'", "shardCount", "Member must have value greater than or equal to 1")]),
    ("CreateStream", {"StreamName": "x", "ShardCount": -5}, [
        constraint("'-5'", "shardCount", "Member must have value greater than or equal to 1")]),
    ("DescribeStream", {"StreamName": S, "Limit": 0}, [
        constraint("'0'", "limit", "Member must have value greater than or equal to 1")]),
    ("DescribeStream", {"StreamName": S, "Limit": 10001}, [
        constraint("'10001'", "limit", "Member must have value less than or equal to 10000")]),
    ("DescribeStream", {"StreamName": S, "ExclusiveStartShardId": "a b"}, [
        constraint("'a b'", "exclusiveStartShardId", NAME)]),
    ("DescribeStream", {"StreamName": ARN}, [constraint(f"'{ARN}'", "streamName", NAME)]),
    ("ListStreams", {"Limit": 0}, [
        constraint("'0'", "limit", "Member must have value greater than or equal to 1")]),
    ("ListShards", {"StreamName": S, "MaxResults": 10001}, [
        constraint("'10001'", "maxResults", "Member must have value less than or equal to 10000")]),
    ("PutRecord", {"StreamName": S, "Data": "DATA"}, [constraint("null", "partitionKey", NULL)]),
    ("PutRecord", {"StreamName": S, "PartitionKey": "k"}, [constraint("null", "data", NULL)]),
    ("PutRecord", {"StreamName": S, "Data": "DATA", "PartitionKey": ""}, [
        constraint("''", "partitionKey", "Member must have length greater than or equal to 1")]),
    ("PutRecord", {"StreamName": S, "Data": "DATA", "PartitionKey": "k" * 257}, [
        constraint(f"'{'k' * 257}'", "partitionKey", "Member must have length less than or equal to 256")]),
    ("PutRecord", {"StreamName": S, "Data": "DATA", "PartitionKey": "k", "ExplicitHashKey": "01"}, [
        constraint("'01'", "explicitHashKey",
                   r"Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$")]),
    ("PutRecord", {"StreamName": S, "Data": "DATA", "PartitionKey": "k",
                   "SequenceNumberForOrdering": "x"}, [
        constraint("'x'", "sequenceNumberForOrdering",
                   r"Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,128}))$")]),
    ("PutRecords", {"StreamName": S}, [constraint("null", "records", NULL)]),
    ("PutRecords", {"StreamName": S, "Records": [
        {"Data": "DATA", "PartitionKey": "k"}, {"Data": "DATA"}]}, [
        constraint("null", "records.2.member.partitionKey", NULL)]),
    ("PutRecords", {"StreamName": S, "Records": [
        {"Data": "DATA", "PartitionKey": "k"}, {"Data": "DATA", "PartitionKey": "k"},
        {"PartitionKey": "k"}]}, [constraint("null", "records.3.member.data", NULL)]),
    ("GetShardIterator", {"StreamName": S, "ShardIteratorType": "LATEST"}, [
        constraint("null", "shardId", NULL)]),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH0}, [
        constraint("null", "shardIteratorType", NULL)]),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH0, "ShardIteratorType": "OLDEST"}, [
        constraint("'OLDEST'", "shardIteratorType",
                   "Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, "
                   "AT_SEQUENCE_NUMBER, TRIM_HORIZON]")]),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH0, "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                          "StartingSequenceNumber": "007"}, [
        constraint("'007'", "startingSequenceNumber",
                   r"Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,128}))$")]),
    ("GetRecords", {}, [constraint("null", "shardIterator", NULL)]),
    ("GetRecords", {"ShardIterator": "x", "Limit": 0}, [
        constraint("'0'", "limit", "Member must have value greater than or equal to 1")]),
    ("GetRecords", {"ShardIterator": "x", "Limit": 10001}, [
        constraint("'10001'", "limit", "Member must have value less than or equal to 10000")]),
    ("GetRecords", {"ShardIterator": "x" * 513}, [
        constraint(f"'{'x' * 513}'", "shardIterator",
                   "Member must have length less than or equal to 512")]),
    ("RegisterStreamConsumer", {"StreamARN": ARN}, [constraint("null", "consumerName", NULL)]),
    ("RegisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "a b"}, [
        constraint("'a b'", "consumerName", NAME)]),
    ("ListStreamConsumers", {}, [constraint("null", "streamARN", NULL)]),
    ("SubscribeToShard", {"ConsumerARN": f"{ARN}/consumer/c:1", "ShardId": SH0}, [
        constraint("null", "startingPosition", NULL)]),
    ("SplitShard", {"StreamName": S, "ShardToSplit": SH0}, [
        constraint("null", "newStartingHashKey", NULL)]),
    ("SplitShard", {"StreamName": S, "ShardToSplit": SH0, "NewStartingHashKey": "-1"}, [
        constraint("'-1'", "newStartingHashKey",
                   r"Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$")]),
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH0}, [
        constraint("null", "adjacentShardToMerge", NULL)]),
    ("MergeShards", {"StreamName": S}, [
        constraint("null", "shardToMerge", NULL), constraint("null", "adjacentShardToMerge", NULL)]),
]


def both(table):
    """Each row in both encodings; a subscription is JSON alone."""
    return [(*row, encoding) for row in table for encoding in ("json", "cbor")
            if (row[0], encoding) != ("SubscribeToShard", "cbor")]


def with_data(value, encoding):
    if isinstance(value, dict):
        return {key: with_data(each, encoding) for key, each in value.items()}
    if isinstance(value, list):
        return [with_data(each, encoding) for each in value]
    return BLOB[encoding] if value == "DATA" else value


@pytest.mark.parametrize("operation, body, violated, encoding", both(VALIDATION))
def test_violated_constraints(server, operation, body, violated, encoding):
    answer = server.call(operation, with_data(body, encoding), encoding=encoding)
    assert (answer.status, answer.error) == (400, VAL), answer
    head, found = answer.message.split(" detected: ")
    count = len(violated)
    assert head == f"{count} validation error{'s' if count > 1 else ''}"
    assert sorted(found.split("; ")) == sorted(violated)


def test_records_are_bounded_in_number(server):
    one = {"Data": "aGk=", "PartitionKey": "k"}
    for records, phrase in (([], "greater than or equal to 1"), ([one] * 501, "less than or equal to 500")):
        answer = server.call("PutRecords", {"StreamName": S, "Records": records})
        assert (answer.status, answer.error) == (400, VAL)
        assert answer.message.startswith("1 validation error detected: Value ")
        assert answer.message.endswith(
            f" at 'records' failed to satisfy constraint: Member must have length {phrase}")


def test_data_over_the_limit_names_its_length(server):
    import base64
    for encoding, data in (("json", base64.b64encode(bytes(1048577)).decode()), ("cbor", bytes(1048577))):
        answer = server.call(
            "PutRecord", {"StreamName": S, "Data": data, "PartitionKey": "k"}, encoding=encoding)
        assert (answer.status, answer.error) == (400, VAL)
        assert answer.message == (
            "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]'"
            " at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576")


def test_at_most_ten_violations_are_told(server):
    answer = server.call("PutRecords", {"StreamName": S, "Records": [{}] * 20})
    assert answer.message.startswith("10 validation errors detected: ")
    assert len(answer.message.split("; ")) == 10


NUMBER = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to"
STRING = "class java.lang.String can not be converted to"
BOOLEAN = "class java.lang.Boolean can not be converted to"
LIST = "Start of list found where not expected"
STRUCTURE = "Start of structure or map found where not expected."

SERIALIZATION = [
    ("DescribeStream", {"StreamName": 1}, f"{NUMBER} an String"),
    ("DescribeStream", {"StreamName": True}, f"{BOOLEAN} an String"),
    ("DescribeStream", {"StreamName": []}, LIST),
    ("DescribeStream", {"StreamName": {}}, STRUCTURE),
    ("DescribeStream", {"StreamName": S, "Limit": "5"}, f"{STRING} an Integer"),
    ("DescribeStream", {"StreamName": S, "Limit": True}, f"{BOOLEAN} an Integer"),
    ("DescribeStream", {"StreamName": S, "Limit": []}, LIST),
    ("DescribeStream", {"StreamName": S, "Limit": {}}, STRUCTURE),
    ("DeleteStream", {"StreamName": S, "EnforceConsumerDeletion": "maybe"},
     "'MAYBE' can not be converted to an Boolean"),
    ("DeleteStream", {"StreamName": S, "EnforceConsumerDeletion": 1}, f"{NUMBER} an Boolean"),
    ("PutRecord", {"StreamName": S, "PartitionKey": "k", "Data": 1}, f"{NUMBER} a Blob"),
    ("PutRecord", {"StreamName": S, "PartitionKey": "k", "Data": True}, f"{BOOLEAN} a Blob"),
    ("PutRecord", {"StreamName": S, "PartitionKey": "k", "Data": []}, LIST),
    ("PutRecord", {"StreamName": S, "PartitionKey": "k", "Data": "abc"},
     "'abc' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes "
     "but found: 3"),
    ("PutRecord", {"StreamName": S, "PartitionKey": "k", "Data": "=aaa"},
     "'=aaa' can not be converted to a Blob: Invalid Base64 character: '='"),
    ("PutRecord", {"StreamName": S, "PartitionKey": "k", "Data": "YR=="},
     "'YR==' can not be converted to a Blob: Invalid last non-pad Base64 character dectected"),
    ("PutRecords", {"StreamName": S, "Records": 1}, "Expected list or null"),
    ("PutRecords", {"StreamName": S, "Records": "x"}, "Expected list or null"),
    ("PutRecords", {"StreamName": S, "Records": {}}, STRUCTURE),
    ("PutRecords", {"StreamName": S, "Records": [1]}, "Expected null"),
    ("PutRecords", {"StreamName": S, "Records": ["x"]}, "Expected null"),
    ("PutRecords", {"StreamName": S, "Records": [[]]}, LIST),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH0, "ShardIteratorType": "AT_TIMESTAMP",
                          "Timestamp": "now"}, f"{STRING} milliseconds since epoch"),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH0, "ShardIteratorType": "AT_TIMESTAMP",
                          "Timestamp": True}, f"{BOOLEAN} milliseconds since epoch"),
    ("CreateStream", {"StreamName": "x", "StreamModeDetails": 1}, "Expected null"),
    ("CreateStream", {"StreamName": "x", "StreamModeDetails": []}, LIST),
    ("CreateStream", {"StreamName": "x", "Tags": "a"}, "Expected map or null"),
    ("ListShards", {"StreamName": S, "ShardFilter": "AT_LATEST"}, "Expected null"),
]


@pytest.mark.parametrize("operation, body, text", SERIALIZATION)
def test_members_of_the_wrong_kind(server, operation, body, text):
    answer = server.call(operation, body)
    assert answer.status == 400
    assert answer.body == {"__type": "SerializationException", "Message": text}


def test_fractions_are_floored_and_large_integers_are_clamped(server):
    assert server.call("DescribeStream", {"StreamName": S, "Limit": 1.9}).status == 200
    answer = server.call("DescribeStream", {"StreamName": S, "Limit": 99999999999})
    assert "Value '2147483647' at 'limit'" in answer.message


UNKNOWN_STREAM = f"Stream absent under account {N} not found."
MUST = ("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber "
        "or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ")
NUMBER_OF_1 = "49592244611867955608235034776082258730948451799664689170"

# operation, input, code, text (None: any)
SEMANTIC = [
    ("CreateStream", {"StreamName": S, "ShardCount": 1}, RIU,
     f"Stream {S} under account {N} already exists."),
    *[(operation, {"StreamName": "absent", **more}, RNF, UNKNOWN_STREAM) for operation, more in (
        ("DeleteStream", {}), ("DescribeStream", {}), ("DescribeStreamSummary", {}),
        ("ListShards", {}), ("PutRecord", {"Data": "DATA", "PartitionKey": "k"}),
        ("PutRecords", {"Records": [{"Data": "DATA", "PartitionKey": "k"}]}),
        ("SplitShard", {"ShardToSplit": SH0, "NewStartingHashKey": "5"}),
        ("MergeShards", {"ShardToMerge": SH0, "AdjacentShardToMerge": SH1}))],
    *[(operation, more, IA, None) for operation, more in (
        ("DeleteStream", {}), ("DescribeStream", {}), ("DescribeStreamSummary", {}),
        ("PutRecord", {"Data": "DATA", "PartitionKey": "k"}),
        ("PutRecords", {"Records": [{"Data": "DATA", "PartitionKey": "k"}]}),
        ("GetShardIterator", {"ShardId": SH0, "ShardIteratorType": "LATEST"}),
        ("SplitShard", {"ShardToSplit": SH0, "NewStartingHashKey": "5"}),
        ("MergeShards", {"ShardToMerge": SH0, "AdjacentShardToMerge": SH1}),
        ("DescribeStream", {"StreamName": "other", "StreamARN": ARN}))],
    ("DescribeStream", {"StreamARN": ARN.replace(S, "absent")}, RNF, UNKNOWN_STREAM),
    ("ListShards", {}, IA, "Either NextToken or StreamName should be provided."),
    ("ListShards", {"StreamName": S, "NextToken": "x"}, IA,
     "NextToken and StreamName cannot be provided together."),
    ("ListShards", {"NextToken": "x"}, IA, None),
    ("ListShards", {"StreamName": S, "ShardFilter": {"Type": "AFTER_SHARD_ID"}}, IA, None),
    ("ListShards", {"StreamName": S, "ShardFilter": {"Type": "AT_TIMESTAMP"}}, IA, None),
    ("ListShards", {"StreamName": S, "ShardFilter": {"Type": "FROM_TIMESTAMP"}}, IA, None),
    ("ListStreams", {"NextToken": "x"}, IA, None),
    ("PutRecord", {"StreamName": S, "Data": "DATA", "PartitionKey": "k",
                   "ExplicitHashKey": str(2**128)}, IA,
     f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was "
     f"{2**128}"),
    ("PutRecord", {"StreamName": S, "Data": "DATA", "PartitionKey": "k",
                   "SequenceNumberForOrdering": "5"}, IA,
     f"ExclusiveMinimumSequenceNumber 5 used in PutRecord on stream {S} under account {N} is invalid."),
    ("GetShardIterator", {"StreamName": "absent", "ShardId": SH0, "ShardIteratorType": "LATEST"}, RNF,
     f"Shard {SH0} in stream absent under account {N} does not exist"),
    ("GetShardIterator", {"StreamName": S, "ShardId": "shardId-000000000009",
                          "ShardIteratorType": "LATEST"}, RNF,
     f"Shard shardId-000000000009 in stream {S} under account {N} does not exist"),
    ("GetShardIterator", {"StreamName": S, "ShardId": "nonsense", "ShardIteratorType": "LATEST"}, RNF,
     f"Could not find shard nonsense in stream {S} under account {N}."),
    *[("GetShardIterator", {"StreamName": S, "ShardId": SH0, "ShardIteratorType": kind}, IA,
       f"{MUST}{kind} and no StartingSequenceNumber.")
      for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")],
    *[("GetShardIterator", {"StreamName": S, "ShardId": SH0, "ShardIteratorType": kind,
                            "StartingSequenceNumber": NUMBER_OF_1}, IA,
       f"{MUST}{kind} and also a StartingSequenceNumber.") for kind in ("TRIM_HORIZON", "LATEST")],
    ("GetShardIterator", {"StreamName": S, "ShardId": SH0, "ShardIteratorType": "AT_TIMESTAMP"}, IA,
     "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no "
     "timestamp parameter."),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH0, "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                          "StartingSequenceNumber": "123"}, IA,
     f"StartingSequenceNumber 123 used in GetShardIterator on shard {SH0} in stream {S} under account {N} "
     "is invalid."),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH0, "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                          "StartingSequenceNumber": NUMBER_OF_1}, IA,
     f"Invalid StartingSequenceNumber. It encodes {SH1}, while it was used in a call to a shard with {SH0}"),
    ("GetShardIterator", {"StreamName": S, "ShardId": SH1, "ShardIteratorType": "AT_SEQUENCE_NUMBER",
                          "StartingSequenceNumber": NUMBER_OF_1}, IA,
     f"StartingSequenceNumber {NUMBER_OF_1} used in GetShardIterator on shard {SH1} in stream {S} under "
     f"account {N} is invalid because it did not come from this stream."),
    ("GetRecords", {"ShardIterator": "nonsense"}, IA, "Invalid ShardIterator."),
    ("GetRecords", {"ShardIterator": "AAAAAAAAAAE" + "A" * 200}, IA, "Invalid ShardIterator."),
    ("SplitShard", {"StreamName": S, "ShardToSplit": "shardId-000000000009", "NewStartingHashKey": "5"},
     RNF, f"Could not find shard shardId-000000000009 in stream {S} under account {N}."),
    ("SplitShard", {"StreamName": S, "ShardToSplit": "nonsense", "NewStartingHashKey": "5"}, RNF,
     f"Could not find shard nonsense in stream {S} under account {N}."),
    *[("SplitShard", {"StreamName": S, "ShardToSplit": SH0, "NewStartingHashKey": str(key)}, IA,
       f"NewStartingHashKey {key} used in SplitShard() on shard {SH0} in stream {S} under account {N} is "
       f"not both greater than one plus the shard's StartingHashKey 0 and less than the shard's "
       f"EndingHashKey {HALF - 1}.") for key in (0, 1, HALF - 1, HALF, TOP)],
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH1, "AdjacentShardToMerge": SH0}, IA,
     f"Shards {SH1} and {SH0} in stream {S} under account {N} are not an adjacent pair of shards eligible "
     "for merging"),
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH0, "AdjacentShardToMerge": SH0}, IA,
     f"Shards {SH0} and {SH0} in stream {S} under account {N} are not an adjacent pair of shards eligible "
     "for merging"),
    ("MergeShards", {"StreamName": S, "ShardToMerge": SH0,
                     "AdjacentShardToMerge": "shardId-000000000009"}, RNF,
     f"Could not find shard shardId-000000000009 in stream {S} under account {N}."),
    ("RegisterStreamConsumer", {"StreamARN": ARN.replace(S, "absent"), "ConsumerName": "c"}, RNF,
     UNKNOWN_STREAM),
    ("DescribeStreamConsumer", {}, IA, None),
    ("DescribeStreamConsumer", {"StreamARN": ARN}, IA, None),
    ("DescribeStreamConsumer", {"StreamARN": ARN, "ConsumerName": "absent"}, RNF, None),
    ("DeregisterStreamConsumer", {}, IA, None),
    ("DeregisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "absent"}, RNF, None),
    ("ListStreamConsumers", {"StreamARN": ARN.replace(S, "absent")}, RNF, UNKNOWN_STREAM),
    ("SubscribeToShard", {"ConsumerARN": f"{ARN}/consumer/absent:1", "ShardId": SH0,
                          "StartingPosition": {"Type": "LATEST"}}, RNF, None),
]


@pytest.mark.parametrize("operation, body, code, text, encoding", both(SEMANTIC))
def test_refusals(server, operation, body, code, text, encoding):
    answer = server.call(operation, with_data(body, encoding), encoding=encoding)
    assert (answer.status, answer.error) == (400, code), answer
    assert answer.message, "every refusal says why"
    if text is not None:
        assert answer.message == text


def test_a_timestamp_in_the_future_is_told_with_both_times(server):
    later = int(time.time()) + 3600
    for encoding, timestamp in (("json", later), ("cbor", cbor.Timestamp(later * 1000))):
        answer = server.call("GetShardIterator", {
            "StreamName": S, "ShardId": SH0, "ShardIteratorType": "AT_TIMESTAMP",
            "Timestamp": timestamp}, encoding=encoding)
        assert answer.error == IA
        found = re.fullmatch(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
            r"timestampInMillis: (\d+), currentTimestampInMillis: (\d+)", answer.message)
        assert int(found[1]) == later * 1000
        assert abs(int(found[2]) / 1000 - time.time()) < 5


def test_sequence_number_for_ordering_of_the_future(server):
    number = int(server.put(S, b"x", ExplicitHashKey="0")["SequenceNumber"])
    future = number + (3600 << 36)
    answer = server.call("PutRecord", {
        "StreamName": S, "Data": "aGk=", "PartitionKey": "k", "ExplicitHashKey": "0",
        "SequenceNumberForOrdering": str(future)})
    assert (answer.error, answer.message) == (
        IA, f"ExclusiveMinimumSequenceNumber {future} used in PutRecord on stream {S} under account {N} "
        "is invalid.")


def test_the_classic_operations_are_known_and_queues_and_channels_are_not(server):
    unknown = (400, {"__type": "UnknownOperationException"})
    names = set(server.client().meta.service_model.operation_names)
    later = {name for name in names if "Queue" in name or "Channel" in name}
    assert len(names - later) == 40
    for operation in names | {"ReceiveRecords", "Weir", "CreateChannel", "ListQueues"}:
        answer = server.call(operation, {})
        known = operation in names - later
        assert ((answer.status, answer.body) != unknown) == known, operation


def test_deleting_a_stream_with_consumers_needs_the_flag(server, name):
    arn = server.create(name)
    server.consumer(arn)
    answer = server.call("DeleteStream", {"StreamName": name})
    assert answer.error == RIU
    assert answer.message.startswith(
        f"DeleteStream can't delete {N}:{name} because there are consumers associated with this data "
        f"stream. To delete {name} anyway, set the EnforceConsumerDeletion parameter")
    server.ok("DeleteStream", {"StreamName": name, "EnforceConsumerDeletion": True})


def test_registering_a_consumer_twice(server, name):
    arn = server.create(name)
    server.consumer(arn)
    answer = server.call("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "app"})
    assert answer.error == RIU and answer.message


def test_the_number_of_consumers_has_a_bound(own):
    """Twenty at AWS; here a thousand for each stream."""
    server = own("--durability", "os")
    arn = server.create("watched")
    for number in range(1000):
        server.ok("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": f"c{number}"})
    answer = server.call("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "one-more"})
    assert answer.error == "LimitExceededException" and answer.message
    listed, body = [], {"StreamARN": arn}
    while True:
        page = server.ok("ListStreamConsumers", body)
        assert len(page["Consumers"]) <= 100
        listed += [each["ConsumerName"] for each in page["Consumers"]]
        if "NextToken" not in page:
            break
        body = {"StreamARN": arn, "NextToken": page["NextToken"]}
    assert sorted(listed) == sorted(f"c{number}" for number in range(1000))
