"""What the newest model added: records that are spread whatever their keys, and DryRun."""

import base64
import collections
import json

import pytest

from events import Subscription, data_of
from http2 import Http2
from server import ACCOUNT as N
from server import LONG
from shards import SH

DRY = "DryRunOperationException"
RECORDS = 20000 if LONG else 2000


def on_demand(server, name, **more):
    server.ok("CreateStream", {"StreamName": name, **more})
    return server.active(name)


def strategy(server, arn, value):
    server.ok("UpdateStreamRecordDistributionStrategy", {
        "StreamARN": arn, "RecordDistributionStrategy": value})
    server.active(arn.rsplit("/", 1)[1])


def test_records_are_spread_evenly_whatever_their_keys(weir, name):
    arn = on_demand(weir, name, RecordDistributionStrategy="AUTO")
    summary = weir.ok("DescribeStreamSummary", {"StreamName": name})["StreamDescriptionSummary"]
    assert summary["RecordDistributionStrategy"] == "AUTO"
    placed = collections.Counter()
    for first in range(0, RECORDS, 500):
        answer = weir.ok("PutRecords", {"StreamName": name, "Records": [
            {"Data": base64.b64encode(b"%d" % number).decode(), "PartitionKey": "same",
             "ExplicitHashKey": "0"} for number in range(first, first + 500)]})
        placed.update(each["ShardId"] for each in answer["Records"])
    assert set(placed) == {SH(number) for number in range(4)}
    assert max(placed.values()) - min(placed.values()) <= 4 * RECORDS // 500
    read = [each for shard in placed for each in data_of(weir.read_all(name, shard))]
    assert sorted(map(int, read)) == list(range(RECORDS))
    # And back: the key decides again.
    strategy(weir, arn, "USER_PARTITION_KEY")
    shards = {weir.put(name, b"x", "same")["ShardId"] for _ in range(20)}
    assert len(shards) == 1


def test_a_key_may_be_absent_only_where_it_decides_nothing(weir, name):
    arn = on_demand(weir, name)
    bare = {"StreamName": name, "Data": "AAAA"}
    batch = {"StreamName": name, "Records": [{"Data": "AAAA", "PartitionKey": "k"}, {"Data": "AAAA"}]}
    null = "failed to satisfy constraint: Member must not be null"
    for body, operation, path in ((bare, "PutRecord", "partitionKey"),
                                  (batch, "PutRecords", "records.2.member.partitionKey")):
        answer = weir.call(operation, body)
        assert (answer.error, answer.message) == (
            "ValidationException", f"1 validation error detected: Value null at '{path}' {null}")
    strategy(weir, arn, "AUTO")
    weir.ok("PutRecord", bare)
    assert weir.ok("PutRecords", batch)["FailedRecordCount"] == 0
    records = [each for number in range(4) for each in weir.read_all(name, SH(number))]
    assert sorted(each["PartitionKey"] for each in records) == ["", "", "k"]


def test_only_on_demand_streams_are_spread(weir, name):
    arn = weir.create(name, 2)
    answer = weir.call("UpdateStreamRecordDistributionStrategy", {
        "StreamARN": arn, "RecordDistributionStrategy": "AUTO"})
    assert answer.error == "ValidationException"
    weir.ok("UpdateStreamRecordDistributionStrategy", {
        "StreamARN": arn, "RecordDistributionStrategy": "USER_PARTITION_KEY"})


def test_the_strategy_survives_a_restart(own):
    server = own()
    on_demand(server, "s", RecordDistributionStrategy="AUTO")
    server.restart()
    shards = {server.ok("PutRecord", {"StreamName": "s", "Data": "AAAA"})["ShardId"]
              for _ in range(8)}
    assert len(shards) == 4


@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_a_dry_run_of_reading_and_writing_does_nothing(weir, name, encoding):
    weir.create(name)
    data = "AAAA" if encoding == "json" else b"\0\0\0"
    iterator = weir.iterator(name)
    for operation, body in [
            ("PutRecord", {"StreamName": name, "Data": data, "PartitionKey": "k"}),
            ("PutRecords", {"StreamName": name, "Records": [{"Data": data, "PartitionKey": "k"}]}),
            ("GetShardIterator", {
                "StreamName": name, "ShardId": SH(0), "ShardIteratorType": "LATEST"}),
            ("GetRecords", {"ShardIterator": iterator})]:
        answer = weir.call(operation, {**body, "DryRun": True}, encoding=encoding)
        assert (answer.status, answer.error) == (400, DRY), operation
        assert weir.call(operation, {**body, "DryRun": False}, encoding=encoding).status == 200
    assert len(weir.read_all(name)) == 2
    # A fault in the request is told before that it would have gone well.
    assert weir.call("PutRecord", {
        "StreamName": name, "PartitionKey": "k", "DryRun": True}).error == "ValidationException"
    assert weir.call("GetRecords", {
        "ShardIterator": "bogus", "DryRun": True}).error == "InvalidArgumentException"


def test_a_dry_run_of_a_subscription_takes_over_nothing(quick, name):
    consumer = quick.consumer(quick.create(name))
    body = {"ConsumerARN": consumer, "ShardId": SH(0), "StartingPosition": {"Type": "LATEST"}}
    with Subscription(quick, consumer) as subscription:
        subscription.next()
        # A tenth of a second is the five seconds of this server, so a second call would take over.
        for _ in range(10):
            subscription.next()
            answer = quick.call("SubscribeToShard", {**body, "DryRun": True})
            assert answer.error == DRY
        quick.put(name, b"still mine")
        assert data_of(subscription.records(1)) == [b"still mine"]
    with Http2(quick.connect("h2")) as client:
        stream = client.request(
            "Kinesis_20131202.SubscribeToShard", json.dumps({**body, "DryRun": True}).encode())
        assert client.response(stream).status == 400


def test_a_dry_run_of_a_subscription_says_when_it_would_be_refused(weir, name):
    consumer = weir.consumer(weir.create(name))
    body = {"ConsumerARN": consumer, "ShardId": SH(0), "StartingPosition": {"Type": "LATEST"}}
    assert weir.call("SubscribeToShard", {**body, "DryRun": True}).error == DRY
    with Subscription(weir, consumer) as subscription:
        subscription.next()
        answer = weir.call("SubscribeToShard", {**body, "DryRun": True})
        assert (answer.error, answer.message) == (
            "ResourceInUseException", "Another active subscription exists for this consumer: "
            f"{N}:{name}:{SH(0)}:app")
