"""The literals that need more than a server at rest: a state that lasts, a quota, a subscription, or a
time that has passed. Each row is a request and its whole answer, as in test_matrix.py."""

import re
import time

import pytest

from events import Subscription
from literal import check_error
from server import ACCOUNT as N
from server import REGION, Server
from shards import SH
from test_matrix import IA, LE, RIU, RNF, VAL

PTE = "ProvisionedThroughputExceededException"
DATA = {"Data": "aGk=", "PartitionKey": "k"}
RESIZE = {"ScalingType": "UNIFORM_SCALING"}
START = {"Type": "LATEST"}
POLICY = ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
          '"Action":"kinesis:SubscribeToShard","Resource":"ARN"}]}')


def arn(stream):
    return f"arn:aws:kinesis:{REGION}:{N}:stream/{stream}"


def not_active(stream):
    return f"Stream {stream} under account {N} not ACTIVE, instead in state {stream.upper()}"


def changes(stream):
    """What needs a stream that is ACTIVE: operation and input."""
    name, by_arn, resource = {"StreamName": stream}, {"StreamARN": arn(stream)}, {"ResourceARN": arn(stream)}
    return [
        ("SplitShard", {**name, "ShardToSplit": SH(0), "NewStartingHashKey": "1000"}),
        ("MergeShards", {**name, "ShardToMerge": SH(0), "AdjacentShardToMerge": SH(1)}),
        ("UpdateShardCount", {**name, "TargetShardCount": 3, **RESIZE}),
        ("UpdateStreamMode", {**by_arn, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
        ("IncreaseStreamRetentionPeriod", {**name, "RetentionPeriodHours": 48}),
        ("DecreaseStreamRetentionPeriod", {**name, "RetentionPeriodHours": 24}),
        ("EnableEnhancedMonitoring", {**name, "ShardLevelMetrics": ["ALL"]}),
        ("DisableEnhancedMonitoring", {**name, "ShardLevelMetrics": ["ALL"]}),
        ("StartStreamEncryption", {**name, "EncryptionType": "KMS", "KeyId": "k"}),
        ("StopStreamEncryption", {**name, "EncryptionType": "KMS", "KeyId": "k"}),
        ("UpdateMaxRecordSize", {**by_arn, "MaxRecordSizeInKiB": 2048}),
        ("AddTagsToStream", {**name, "Tags": {"a": "b"}}),
        ("RemoveTagsFromStream", {**name, "TagKeys": ["a"]}),
        ("TagResource", {**resource, "Tags": {"a": "b"}}),
        ("UntagResource", {**resource, "TagKeys": ["a"]}),
        ("PutResourcePolicy", {**resource, "Policy": POLICY.replace(
            "SubscribeToShard", "PutRecord").replace("ARN", arn(stream))}),
        ("RegisterStreamConsumer", {**by_arn, "ConsumerName": "late"})]


# Streams that are named after the state they are in. A consumer's ARN stands as CREATING, ACTIVE or
# DELETING in the input, and the second of its registration as {ACTIVE} or {CREATING} in the text.
STATES = [
    *[(operation, body, RIU, not_active(stream))
      for stream in ("creating", "updating", "deleting") for operation, body in changes(stream)],
    ("ListShards", {"StreamName": "creating"}, RIU, not_active("creating")),
    ("ListShards", {"StreamName": "deleting"}, RIU, not_active("deleting")),
    *[("CreateStream", {"StreamName": stream, "ShardCount": 1}, RIU,
       f"Stream {stream} under account {N} already exists.")
      for stream in ("creating", "updating", "deleting")],
    *[("PutRecord", {"StreamName": stream, **DATA}, RNF, f"Stream {stream} under account {N} not found.")
      for stream in ("creating", "deleting")],
    *[("PutRecords", {"StreamName": stream, "Records": [DATA]}, RNF,
       f"Stream {stream} under account {N} not found.") for stream in ("creating", "deleting")],
    ("GetShardIterator", {"StreamName": "creating", "ShardId": SH(0), "ShardIteratorType": "LATEST"}, RNF,
     f"Shard {SH(0)} in stream creating under account {N} does not exist"),
    # Consumers.
    ("SubscribeToShard", {"ConsumerARN": "CREATING", "ShardId": SH(0), "StartingPosition": START}, RIU,
     f"Consumer c-creating with creation timestamp {{CREATING}} under stream active , account {N} is not "
     "in ACTIVE status."),
    ("SubscribeToShard", {"ConsumerARN": "DELETING", "ShardId": SH(0), "StartingPosition": START}, RIU,
     f"Consumer c-deleting with creation timestamp {{DELETING}} under stream active , account {N} is not "
     "in ACTIVE status."),
    # The words of a policy's answer differ from those of a subscription's.
    ("PutResourcePolicy", {"ResourceARN": "CREATING", "Policy": POLICY.replace("ARN", "CREATING")}, RIU,
     f"Consumer c-creating with creation timestamp {{CREATING}} under stream active and account {N} is "
     "not in ACTIVE status."),
    ("RegisterStreamConsumer", {"StreamARN": arn("active"), "ConsumerName": "c-creating"}, RIU,
     f"Consumer c-creating under stream active already exists for account {N}."),
    ("RegisterStreamConsumer", {"StreamARN": arn("active"), "ConsumerName": "c-deleting"}, RIU,
     f"Consumer c-deleting under stream active already exists for account {N}."),
    # Subscriptions.
    ("SubscribeToShard", {"ConsumerARN": "ACTIVE", "ShardId": SH(0), "StartingPosition": START}, RIU,
     f"Another active subscription exists for this consumer: {N}:active:{SH(0)}:c-active"),
    ("SubscribeToShard", {"ConsumerARN": "ACTIVE", "ShardId": SH(9), "StartingPosition": START}, RNF,
     f"Shard {SH(9)} in stream active under account {N} does not exist"),
    ("SubscribeToShard", {"ConsumerARN": "ACTIVE", "ShardId": "nonsense", "StartingPosition": START}, RNF,
     f"Could not find shard nonsense in stream active under account {N}."),
    ("SubscribeToShard", {"ConsumerARN": "ACTIVE", "ShardId": SH(1), "StartingPosition": {
        "Type": "AT_SEQUENCE_NUMBER"}}, IA,
     "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
     "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and "
     "no StartingSequenceNumber."),
    ("SubscribeToShard", {"ConsumerARN": "ACTIVE", "ShardId": SH(1), "StartingPosition": {
        "Type": "AT_TIMESTAMP"}}, IA,
     "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no "
     "timestamp parameter."),
    ("SubscribeToShard", {"ConsumerARN": "ACTIVE", "ShardId": SH(1), "StartingPosition": {}}, VAL,
     "1 validation error detected: Value null at 'startingPosition.type' failed to satisfy constraint: "
     "Member must not be null"),
    # A time that is yet to come is told with the time that it is.
    ("GetShardIterator", {"StreamName": "active", "ShardId": SH(0), "ShardIteratorType": "AT_TIMESTAMP",
                          "Timestamp": 7258118400}, IA, re.compile(
        r"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis\. "
        r"timestampInMillis: 7258118400000, currentTimestampInMillis: 1\d{12}")),
    ("ListShards", {"StreamName": "active", "ShardFilter": {
        "Type": "AT_TIMESTAMP", "Timestamp": 7258118400}}, IA, re.compile(
        r"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis\. "
        r"timestampInMillis: 7258118400000, currentTimestampInMillis: 1\d{12}")),
]


@pytest.fixture(scope="module")
def lasting(tmp_path_factory):
    """A server with a stream in each state and a consumer in each, which last for a minute; and what
    stands in the rows for the consumers."""
    server = Server(tmp_path_factory.mktemp("lasting") / "data").start()
    for stream in ("active", "updating", "deleting"):
        server.create(stream, 2)
    names = {"ACTIVE": server.consumer(arn("active"), "c-active"),
             "DELETING": server.consumer(arn("active"), "c-deleting")}
    server.kill()
    server.options += ["--state-delay-ms", "60000"]
    server.start()
    server.ok("CreateStream", {"StreamName": "creating", "ShardCount": 2})
    server.ok("SplitShard", {
        "StreamName": "updating", "ShardToSplit": SH(0), "NewStartingHashKey": "1000"})
    server.ok("DeleteStream", {"StreamName": "deleting"})
    server.ok("DeregisterStreamConsumer", {"ConsumerARN": names["DELETING"]})
    names["CREATING"] = server.ok("RegisterStreamConsumer", {
        "StreamARN": arn("active"), "ConsumerName": "c-creating"})["Consumer"]["ConsumerARN"]
    yield server, names
    server.stop()


@pytest.mark.parametrize("operation, body, code, text", STATES, ids=[
    f"{at}-{row[0]}" for at, row in enumerate(STATES)])
def test_row_of_a_state(lasting, operation, body, code, text):
    server, names = lasting
    for state, consumer in names.items():
        body = {member: value if not isinstance(value, str)
                else value.replace(f'"{state}"', f'"{consumer}"') if member == "Policy"
                else consumer if value == state else value for member, value in body.items()}
        if isinstance(text, str):
            text = text.replace(f"{{{state}}}", consumer.rsplit(":", 1)[1])
    subscription = None
    if isinstance(text, str) and text.startswith("Another active"):
        subscription = Subscription(server, names["ACTIVE"])
    check_error(server.call(operation, body), "json", 400, code, text)
    if subscription:
        subscription.close()


def rate(stream):
    return f"Rate exceeded for Shard - {N}/{stream}/{SH(0)}"


# Each row on a server of its own options: options, what is called until it is refused, code, text.
# ITERATOR and CONSUMER stand for those of the stream, whose name is s.
QUOTAS = [
    ("write-records=1", "PutRecord", {"StreamName": "s", **DATA, "ExplicitHashKey": "0"}, PTE,
     f"Rate exceeded for shard {SH(0)} in stream s under account {N}."),
    ("write-bytes=3", "PutRecord", {"StreamName": "s", **DATA, "ExplicitHashKey": "0"}, PTE,
     f"Rate exceeded for shard {SH(0)} in stream s under account {N}."),
    ("iterator-calls=1", "GetShardIterator",
     {"StreamName": "s", "ShardId": SH(0), "ShardIteratorType": "LATEST"}, PTE, rate("s")),
    ("read-calls=1", "GetRecords", {"ShardIterator": "ITERATOR"}, PTE, rate("s")),
    ("subscribe-calls=1", "SubscribeToShard",
     {"ConsumerARN": "CONSUMER", "ShardId": SH(0), "StartingPosition": START}, LE,
     f"Rate exceeded for consumer c and shard {SH(0)}."),
    ("ListStreams=1", "ListStreams", {}, LE, "Rate exceeded for operation ListStreams."),
    ("shards=5", "CreateStream", {"StreamName": "t", "ShardCount": 4}, LE,
     f"This request would exceed the shard limit for the account {N} in {REGION}. Current shard count for "
     "the account: 2. Limit: 5. Number of additional shards that would have resulted from this request: "
     "4. Refer to the AWS Service Limits page "
     "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how "
     "to request higher limits."),
    ("shards=2", "SplitShard", {"StreamName": "s", "ShardToSplit": SH(0), "NewStartingHashKey": "5"}, LE,
     f"This request would exceed the shard limit for the account {N} in {REGION}. Current shard count for "
     "the account: 2. Limit: 2. Number of additional shards that would have resulted from this request: "
     "1. Refer to the AWS Service Limits page "
     "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how "
     "to request higher limits."),
    ("shards=3", "UpdateShardCount", {"StreamName": "s", "TargetShardCount": 4, **RESIZE}, LE,
     f"This request would exceed the shard limit for the account {N} in {REGION}. Current shard count for "
     "the account: 2. Limit: 3. Number of additional shards that would have resulted from this request: "
     "2. Refer to the AWS Service Limits page "
     "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how "
     "to request higher limits."),
    ("on-demand-streams=1", "UpdateStreamMode",
     {"StreamARN": arn("s"), "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}, LE,
     f"This request would exceed the limit on the number of On-Demand streams for the account {N} in "
     f"{REGION}. Current On-Demand streams count: 1. Limit: 1."),
    ("resizes-per-day=1", "UpdateShardCount", {"StreamName": "s", "TargetShardCount": 3, **RESIZE}, LE,
     f"UpdateShardCount was called too often for stream s under account {N} in the last 24 hours."),
    ("mode-changes-per-day=1", "UpdateStreamMode",
     {"StreamARN": arn("s"), "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}, LE,
     f"UpdateStreamMode was called too often for stream s under account {N} in the last 24 hours."),
    ("consumers=1", "RegisterStreamConsumer", {"StreamARN": arn("s"), "ConsumerName": "d"}, LE,
     f"Stream s under account {N} cannot have more than 1 consumers."),
]
# With --limits aws and a minute in CREATING, the sixth: prepared by five calls with a number each.
SIXTH = [
    ("CreateStream", {"StreamName": "NAME", "ShardCount": 1}, LE,
     "This request would exceed the limit of 5 streams that can simultaneously be in CREATING or "
     "DELETING."),
    ("RegisterStreamConsumer", {"StreamARN": arn("s"), "ConsumerName": "NAME"}, LE,
     f"Stream s under account {N} cannot have more than 5 consumers in state CREATING."),
]


def until_refused(server, operation, body, calls=200):
    """Calls that may be done are as many as a slow machine's clock lets through."""
    for _ in range(calls):
        if operation == "SubscribeToShard":
            # A call that succeeds has no end: a subscription is open while the next is tried, and a
            # clock that had let that one through answers with this one.
            with Subscription(server, body["ConsumerARN"]):
                answer = server.call(operation, body)
            if answer.error == RIU:
                continue
        else:
            answer = server.call(operation, body)
        if answer.status != 200:
            return answer
    raise AssertionError(f"{calls} calls and none refused: {answer!r}")


@pytest.mark.parametrize("limits, operation, body, code, text", QUOTAS, ids=[row[0] for row in QUOTAS])
def test_row_of_a_quota(own, limits, operation, body, code, text):
    server = own("--limits", limits)
    server.create("s", 2)
    names = {"CONSUMER": server.consumer(arn("s"), "c")}
    if limits == "on-demand-streams=1":
        server.ok("CreateStream", {"StreamName": "first"})
    if limits.startswith("read"):
        names["ITERATOR"] = server.iterator("s")
    body = {member: names.get(value, value) if isinstance(value, str) else value
            for member, value in body.items()}
    check_error(until_refused(server, operation, body), "json", 400, code, text)


@pytest.mark.parametrize("operation, body, code, text", SIXTH, ids=[row[0] for row in SIXTH])
def test_row_of_the_sixth(own, operation, body, code, text):
    server = own()
    server.create("s")
    server.kill()
    server.options += ["--state-delay-ms", "60000",
                       "--limits", f"aws,{operation}=none,DescribeStreamSummary=none"]
    server.start()
    named = [{member: value.replace("NAME", f"n{number}") if isinstance(value, str) else value
              for member, value in body.items()} for number in range(6)]
    for each in named[:5]:
        server.ok(operation, each)
    check_error(server.call(operation, named[5]), "json", 400, code, text)


# The results of a call of which one record is refused.
THROTTLED = [("write-records=1", 20, {
    "ErrorCode": PTE, "ErrorMessage": f"Rate exceeded for shard {SH(0)} in stream s under account {N}."})]


@pytest.mark.parametrize("limits, count, result", THROTTLED)
def test_row_of_a_record(own, limits, count, result):
    server = own("--limits", limits)
    server.create("s")
    answer = server.ok("PutRecords", {"StreamName": "s", "Records": [DATA] * count})
    assert answer["FailedRecordCount"] == count - 1
    assert answer["Records"][1:] == [result] * (count - 1)


MOMENT = r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4}"
# After their five minutes: operation, the member that is old, code, text. The number in the first is
# scaled as the five minutes are: 300000 at their true length.
EXPIRED = [
    ("GetRecords", "ShardIterator", "ExpiredIteratorException", re.compile(
        rf"Iterator expired\. The iterator was created at time {MOMENT} while right now it is {MOMENT} "
        r"which is further in the future than the tolerated delay of 600 milliseconds\.")),
    ("ListShards", "NextToken", "ExpiredNextTokenException",
     "NextToken has expired. Tokens are valid for 300 seconds."),
    ("ListStreams", "NextToken", "ExpiredNextTokenException",
     "NextToken has expired. Tokens are valid for 300 seconds."),
    ("ListStreamConsumers", "NextToken", "ExpiredNextTokenException",
     "NextToken has expired. Tokens are valid for 300 seconds."),
]


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A server for which five minutes are half a second, and what it gave out before them."""
    server = Server(tmp_path_factory.mktemp("old") / "data", "--time-scale", "0.002").start()
    server.create("s", 2)
    server.create("t")
    for consumer in "cd":
        server.consumer(arn("s"), consumer)
    given = {
        "GetRecords": server.iterator("s"),
        "ListShards": server.ok("ListShards", {"StreamName": "s", "MaxResults": 1})["NextToken"],
        "ListStreams": server.ok("ListStreams", {"Limit": 1})["NextToken"],
        "ListStreamConsumers": server.ok("ListStreamConsumers", {
            "StreamARN": arn("s"), "MaxResults": 1})["NextToken"]}
    time.sleep(2)
    yield server, given
    server.stop()


@pytest.mark.parametrize("operation, member, code, text", EXPIRED, ids=[row[0] for row in EXPIRED])
def test_row_of_a_time(old, operation, member, code, text):
    server, given = old
    body = {member: given[operation]}
    if operation == "ListStreamConsumers":
        body["StreamARN"] = arn("s")
    check_error(server.call(operation, body), "json", 400, code, text)


TABLES = {"states": STATES, "quotas": QUOTAS, "the sixth in CREATING": SIXTH,
          "results of records": THROTTLED, "times": EXPIRED}
