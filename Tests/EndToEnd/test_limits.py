"""Quotas: what --limits lets through, what it refuses and how, and that nothing is limited without."""

import base64
import json
import time

import pytest

from events import Subscription
from server import ACCOUNT as N
from server import REGION
from shards import SH
from test_metrics import scrape

PTE, LE = "ProvisionedThroughputExceededException", "LimitExceededException"


def test_without_limits_nothing_is_limited_and_the_numbers_are_still_told(weir, name):
    weir.create(name)
    big = base64.b64encode(bytes(1_000_000)).decode()
    answer = weir.ok("PutRecords", {"StreamName": name, "Records": [
        {"Data": big, "PartitionKey": "k"} for _ in range(5)]})
    assert answer["FailedRecordCount"] == 0
    for _ in range(20):
        weir.read_all(name)
        weir.ok("DescribeStream", {"StreamName": name})
        limits = weir.ok("DescribeLimits")
    assert limits["OnDemandStreamCountLimit"] == 50
    assert 1 <= limits["OpenShardCount"] < limits["ShardLimit"] <= 100_000


def test_the_shard_limit_that_is_told_is_the_one_that_holds(own):
    """Without a quota it is what the node has room for, closed shards and other accounts' included."""
    server = own()
    server.create("s", 2)
    assert server.ok("DescribeLimits")["ShardLimit"] == 100_000
    server.split("s", SH(0))
    limits = server.ok("DescribeLimits")
    assert (limits["OpenShardCount"], limits["ShardLimit"]) == (3, 99_999)
    room = limits["ShardLimit"] - limits["OpenShardCount"]
    answer = server.call("CreateStream", {"StreamName": "t", "ShardCount": room + 1})
    assert answer.error == LE


@pytest.mark.parametrize("size", [900, 9000], ids=["decoded-at-once", "decoded-on-a-thread"])
def test_what_is_behind_a_refused_record_of_its_shard_is_refused_too(own, size):
    """So that putting again what was refused keeps the order."""
    server = own("--limits", f"write-bytes={100 * size}")
    server.create("s", 2)
    low, high = "0", str(2**127)
    shapes = [(low, size)] * 130 + [(low, 1), (high, 1), (low, 1), (high, 1)]
    answer = server.ok("PutRecords", {"StreamName": "s", "Records": [
        {"Data": base64.b64encode(bytes(count)).decode(), "PartitionKey": "k", "ExplicitHashKey": key}
        for key, count in shapes]})
    taken = ["ErrorCode" not in each for each in answer["Records"]]
    first = taken.index(False)
    assert 0 < first < 130 and not any(taken[first:130])
    assert taken[130:] == [False, True, False, True]


def test_records_beyond_the_rate_of_a_shard_fail_one_by_one(own):
    server = own("--limits", "write-records=3")
    server.create("s", 2)
    low, high = "0", str(2**127)
    records = [{"Data": "AAAA", "PartitionKey": "k", "ExplicitHashKey": key}
               for key in (low, low, high, low, low, high)]
    answer = server.ok("PutRecords", {"StreamName": "s", "Records": records})
    assert answer["FailedRecordCount"] == 1
    failed = answer["Records"][4]
    assert failed == {
        "ErrorCode": PTE,
        "ErrorMessage": f"Rate exceeded for shard {SH(0)} in stream s under account {N}."}
    assert [each.get("ShardId") for each in answer["Records"]] == [
        SH(0), SH(0), SH(1), SH(0), None, SH(1)]
    # What was refused is not there; what was taken is.
    assert len(server.read_all("s", SH(0))) == 3
    single = server.call("PutRecord", {"StreamName": "s", **records[0]})
    assert (single.status, single.error) == (400, PTE)
    assert single.message == f"Rate exceeded for shard {SH(0)} in stream s under account {N}."
    time.sleep(1.1)
    server.ok("PutRecord", {"StreamName": "s", **records[0]})


def test_bytes_beyond_the_rate_of_a_shard_fail_and_a_large_record_is_paid_for(own):
    server = own("--limits", "write-bytes=1000")
    server.create("s")
    entry = {"Data": base64.b64encode(bytes(399)).decode(), "PartitionKey": "k"}
    answer = server.ok("PutRecords", {"StreamName": "s", "Records": [entry] * 3})
    assert [("ErrorCode" in each) for each in answer["Records"]] == [False, False, True]
    time.sleep(1.2)
    large = {"Data": base64.b64encode(bytes(2999)).decode(), "PartitionKey": "k"}
    server.ok("PutRecord", {"StreamName": "s", **large})
    time.sleep(1.5)
    assert server.call("PutRecord", {"StreamName": "s", **entry}).error == PTE


def test_boto3_comes_to_its_end_under_the_limits_of_aws(own):
    """What an SDK does with a throttled put: it waits and tries again."""
    server = own("--limits", "aws,write-records=20")
    server.client(attempts=3).create_stream(StreamName="s", ShardCount=1)
    server.active("s")
    client = server.client(attempts=10)
    for number in range(60):
        client.put_record(StreamName="s", Data=b"%d" % number, PartitionKey="k")
    assert len({each["Data"] for each in server.read_all("s")}) == 60


def test_reads_of_a_shard(own):
    server = own("--limits", "read-calls=2,read-bytes=1000,iterator-calls=3")
    server.create("s")
    iterators = [server.call("GetShardIterator", {
        "StreamName": "s", "ShardId": SH(0), "ShardIteratorType": "TRIM_HORIZON"})
        for _ in range(4)]
    text = f"Rate exceeded for Shard - {N}/s/{SH(0)}"
    assert [each.error for each in iterators] == [None, None, None, PTE]
    assert iterators[3].message == text
    # DryRun checks everything and costs nothing.
    for _ in range(5):
        time.sleep(0.05)
        assert server.call("GetShardIterator", {
            "StreamName": "s", "ShardId": SH(0), "ShardIteratorType": "LATEST",
            "DryRun": True}).error == "DryRunOperationException"
    reads = [server.call("GetRecords", {"ShardIterator": iterators[0].body["ShardIterator"]})
             for _ in range(3)]
    assert [each.error for each in reads] == [None, None, PTE]
    assert reads[2].message == text
    server.put("s", bytes(3000))
    time.sleep(1.1)
    read = server.ok("GetRecords", {"ShardIterator": iterators[0].body["ShardIterator"]})
    assert len(read["Records"]) == 1
    time.sleep(1.5)
    assert server.call("GetRecords", {"ShardIterator": read["NextShardIterator"]}).error == PTE
    time.sleep(1.7)
    server.ok("GetRecords", {"ShardIterator": read["NextShardIterator"]})


def test_control_calls_of_an_account_and_of_a_stream(own):
    server = own("--limits", "DescribeStreamSummary=2,ListStreamConsumers=1,CreateStream=1")
    server.ok("CreateStream", {"StreamName": "s", "ShardCount": 1})
    second = server.call("CreateStream", {"StreamName": "t", "ShardCount": 1})
    assert (second.status, second.error) == (400, LE)
    assert second.message == "Rate exceeded for operation CreateStream."
    answers = [server.call("DescribeStreamSummary", {"StreamName": "s"}) for _ in range(3)]
    assert [each.error for each in answers] == [None, None, LE]
    # Another account and another region have their own.
    other = [("Authorization", f"AWS4-HMAC-SHA256 Credential=111122223333/20261124/{REGION}/kinesis/"
              "aws4_request, SignedHeaders=host, Signature=00")]
    answer = server.call("DescribeStreamSummary", {"StreamName": "s"}, fields=other)
    assert answer.error == "ResourceNotFoundException"
    time.sleep(1.1)
    server.ok("CreateStream", {"StreamName": "t", "ShardCount": 1})
    arns = [server.active(each) for each in "st"]
    for arn in arns:
        answers = [server.call("ListStreamConsumers", {"StreamARN": arn}) for _ in range(2)]
        assert [each.error for each in answers] == [None, LE]


def test_numbers_of_things(own):
    server = own("--limits", "aws,shards=5,on-demand-streams=1,consumers=2,"
                             "CreateStream=none,DescribeStreamSummary=none,RegisterStreamConsumer=none,"
                             "DescribeLimits=none")
    arn = server.create("s", 4)
    answer = server.call("CreateStream", {"StreamName": "t", "ShardCount": 2})
    assert answer.error == LE
    assert answer.message.startswith(
        f"This request would exceed the shard limit for the account {N} in {REGION}. Current shard "
        "count for the account: 4. Limit: 5. Number of additional shards that would have resulted "
        "from this request: 2.")
    assert server.call("CreateStream", {"StreamName": "t"}).error == LE
    for number in range(2):
        server.ok("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": f"c{number}"})
    answer = server.call("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "c2"})
    assert answer.error == LE
    limits = server.ok("DescribeLimits")
    assert limits == {"ShardLimit": 5, "OpenShardCount": 4, "OnDemandStreamCount": 0,
                      "OnDemandStreamCountLimit": 1, "ChannelCount": 0, "ChannelCountLimit": 0}


def test_changes_of_a_day(own):
    server = own("--limits", "resizes-per-day=2,mode-changes-per-day=1")
    arn = server.create("s", 2)
    for target in (3, 2):
        server.ok("UpdateShardCount", {
            "StreamName": "s", "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"})
        server.active("s")
    answer = server.call("UpdateShardCount", {
        "StreamName": "s", "TargetShardCount": 3, "ScalingType": "UNIFORM_SCALING"})
    assert (answer.error, answer.message) == (
        LE, f"UpdateShardCount was called too often for stream s under account {N} in the last 24 "
        "hours.")
    server.ok("UpdateStreamMode", {
        "StreamARN": arn, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}})
    server.active("s")
    assert server.call("UpdateStreamMode", {
        "StreamARN": arn, "StreamModeDetails": {"StreamMode": "PROVISIONED"}}).error == LE


def test_a_throttled_put_names_the_account_of_the_stream(own):
    server = own("--limits", "write-records=1")
    arn = server.create("s")
    server.ok("PutResourcePolicy", {"ResourceARN": arn, "Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": "kinesis:PutRecords", "Resource": arn}]})})
    fields = [("Authorization", "AWS4-HMAC-SHA256 Credential=111122223333/20261124/us-east-1/kinesis/"
               "aws4_request, SignedHeaders=host, Signature=00")]
    answer = server.ok("PutRecords", {"StreamARN": arn, "Records": [
        {"Data": "AAAA", "PartitionKey": "k"}] * 2}, fields=fields)
    assert answer["Records"][1]["ErrorMessage"] == (
        f"Rate exceeded for shard {SH(0)} in stream s under account {N}.")


def test_a_subscription_is_held_to_its_rate_and_loses_nothing(own):
    server = own("--limits", "subscription-bytes=100000,subscribe-calls=1")
    consumer = server.consumer(server.create("s"))
    blob = base64.b64encode(bytes(1000)).decode()
    for _ in range(3):
        server.ok("PutRecords", {"StreamName": "s", "Records": [
            {"Data": blob, "PartitionKey": "k"} for _ in range(100)]})
    began = time.monotonic()
    subscription = Subscription(server, consumer)
    again = server.call("SubscribeToShard", {
        "ConsumerARN": consumer, "ShardId": SH(0), "StartingPosition": {"Type": "LATEST"}})
    assert (again.error, again.message.split(" for ")[0]) == (LE, "Rate exceeded")
    # An event holds up to a megabyte, so all of it comes at once; then it is paid for.
    seen = 0
    while seen < 300:
        seen += len(subscription.next().records)
    server.put("s", b"later")
    while not (event := subscription.next()).records:
        pass
    assert event.data == [b"later"]
    assert time.monotonic() - began > 1.5
    subscription.close()


def test_monitored_shards_are_on_the_metrics_page(own):
    server = own("--limits", "write-records=2")
    for stream in ("watched", "plain"):
        server.create(stream, 2)
    server.ok("EnableEnhancedMonitoring", {
        "StreamName": "watched", "ShardLevelMetrics": ["IncomingRecords", "IncomingBytes",
                                                       "OutgoingRecords", "OutgoingBytes",
                                                       "WriteProvisionedThroughputExceeded"]})
    for stream in ("watched", "plain"):
        server.ok("PutRecords", {"StreamName": stream, "Records": [
            {"Data": "AAAA", "PartitionKey": "key", "ExplicitHashKey": "0"} for _ in range(3)]})
        server.read_all(stream, SH(0))
    samples = scrape(server)

    def value(metric, shard):
        return samples[f"weir_shard_{metric}", f'account="{N}",region="{REGION}",'
                       f'stream="watched",shard="{SH(shard)}"']

    assert value("incoming_records_total", 0) == 2
    assert value("incoming_bytes_total", 0) == 2 * 6
    assert value("outgoing_records_total", 0) == 2
    assert value("outgoing_bytes_total", 0) == 2 * 6
    assert value("write_throttled_total", 0) == 1
    assert value("incoming_records_total", 1) == 0
    shown = [labels for metric, labels in samples if metric.startswith("weir_shard_")]
    assert not any('stream="plain"' in each for each in shown)
    assert not any(metric.startswith("weir_shard_iterator_age") for metric, _ in samples)
    server.ok("DisableEnhancedMonitoring", {
        "StreamName": "watched", "ShardLevelMetrics": ["ALL"]})
    assert not any(metric.startswith("weir_shard_") for metric, _ in scrape(server))


def test_an_on_demand_stream_grows_with_what_is_written_to_it(own):
    server = own("--on-demand-scaling", "records=20,seconds=1,shards=5")
    server.ok("CreateStream", {"StreamName": "s"})
    server.active("s")
    deadline = time.monotonic() + 30
    sent = 0
    while len(server.shards("s")) == 4 and time.monotonic() < deadline:
        server.ok("PutRecords", {"StreamName": "s", "Records": [
            {"Data": "AAAA", "PartitionKey": "k", "ExplicitHashKey": "0"} for _ in range(10)]})
        sent += 10
        time.sleep(0.05)
    shards = server.shards("s")
    assert [each["ShardId"] for each in shards if each.get("ParentShardId")] == [SH(4), SH(5)]
    assert {each["ParentShardId"] for each in shards[4:]} == {SH(0)}
    records = server.read_all("s", SH(0)) + server.read_all("s", SH(4))
    assert len(records) == sent
    # A provisioned stream stays, and so does one that has all the shards that it may have.
    for _ in range(40):
        server.ok("PutRecords", {"StreamName": "s", "Records": [
            {"Data": "AAAA", "PartitionKey": "k", "ExplicitHashKey": "0"} for _ in range(10)]})
        time.sleep(0.05)
    open_shards = [each for each in server.shards("s")
                   if "EndingSequenceNumber" not in each["SequenceNumberRange"]]
    assert len(open_shards) == 5


@pytest.mark.parametrize("options, words", [
    (["--limits", "amazon"], "expected none, aws, or NAME=VALUE"),
    (["--limits", "write-bytes=0"], "expected none or a number"),
    (["--limits", "PutRecord=5"], "expected the name of a control operation"),
    (["--on-demand-scaling", "seconds"], "expected off, on, or NAME=VALUE"),
    (["--on-demand-scaling", "hours=1"], "expected bytes, records, seconds or shards"),
])
def test_options_that_are_not_understood_are_told(own, options, words):
    from server import StartFailed
    server = own(*options, start=False)
    with pytest.raises(StartFailed) as failure:
        server.start()
    assert words in failure.value.errors and failure.value.status not in (0, None)
