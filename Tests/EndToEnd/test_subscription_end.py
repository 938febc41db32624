"""Who holds a subscription, and what ends it: takeover, departure, the end of the shard."""

import json
import socket
import struct
import time

import pytest

from events import Subscription, data_of
from http2 import Http2
from server import ACCOUNT
from shards import SH, TOP


def test_a_second_subscription_within_five_seconds_is_refused(weir, name):
    consumer = weir.consumer(weir.create(name))
    with Subscription(weir, consumer) as first:
        second = Subscription(weir, consumer)
        assert second.head.status == 400
        assert second.error == {
            "__type": "ResourceInUseException",
            "message": f"Another active subscription exists for this consumer: {ACCOUNT}:{name}:{SH(0)}:app"}
        weir.put(name, b"x")
        assert data_of(first.records(1)) == [b"x"]


def test_other_consumers_and_other_shards_have_slots_of_their_own(weir, name):
    arn = weir.create(name, 2)
    one, other = weir.consumer(arn, "one"), weir.consumer(arn, "other")
    with Subscription(weir, one, SH(0)) as a, Subscription(weir, one, SH(1)) as b, \
            Subscription(weir, other, SH(0)) as c:
        assert not (a.error or b.error or c.error)
        weir.put(name, b"low", ExplicitHashKey="0")
        weir.put(name, b"high", ExplicitHashKey=str(TOP))
        assert data_of(a.records(1)) == data_of(c.records(1)) == [b"low"]
        assert data_of(b.records(1)) == [b"high"]


def test_a_newcomer_takes_over_after_five_seconds(quick, name):
    consumer = quick.consumer(quick.create(name))
    with Subscription(quick, consumer) as old:
        old.next()
        time.sleep(0.5)
        with Subscription(quick, consumer) as new:
            assert new.error is None
            rest = old.rest()
            assert rest and rest[-1].kind == "exception"
            assert rest[-1].type == "ResourceInUseException" and rest[-1].payload["message"]
            assert all(event.kind == "event" for event in rest[:-1])
            quick.put(name, b"x")
            assert data_of(new.records(1)) == [b"x"]


def test_many_takeovers_leave_one_subscription(quick, name):
    consumer = quick.consumer(quick.create(name))
    held = []
    try:
        for _ in range(10):
            subscription = Subscription(quick, consumer)
            assert subscription.error is None
            held.append(subscription)
            time.sleep(0.2)
        quick.put(name, b"x")
        assert data_of(held[-1].records(1)) == [b"x"]
        for old in held[:-1]:
            assert old.rest()[-1].type == "ResourceInUseException"
    finally:
        for each in held:
            each.close()


@pytest.mark.parametrize("how", ["close", "reset", "cancel"])
def test_a_client_that_leaves_frees_the_slot_at_once(weir, name, how):
    consumer = weir.consumer(weir.create(name))
    if how == "cancel":
        http2 = Http2(weir.connect("h2"))
        number = http2.request("Kinesis_20131202.SubscribeToShard", json.dumps({
            "ConsumerARN": consumer, "ShardId": SH(0), "StartingPosition": {"Type": "LATEST"}}).encode())
        http2.pump(lambda: http2.streams[number].data)
        http2.cancel(number)
    else:
        subscription = Subscription(weir, consumer)
        if how == "reset":
            subscription.connection.sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        subscription.close()
    # The rule of five seconds is true here: a slot that is still held would refuse.
    began = time.monotonic()
    while True:
        with Subscription(weir, consumer) as again:
            if again.error is None:
                break
        assert time.monotonic() - began < 2, again.error
        time.sleep(0.02)
    if how == "cancel":
        assert http2.response(http2.request("Kinesis_20131202.ListStreams", b"{}")).status == 200
        http2.close()


# Shard end.

def follow(server, consumer, shard, kind="TRIM_HORIZON"):
    with Subscription(server, consumer, shard, kind) as subscription:
        assert subscription.error is None, subscription.error
        events = subscription.rest()
    records = [record for event in events for record in event.records]
    last = events[-1]
    assert all(event.continuation for event in events[:-1])
    assert all("ChildShards" not in event.payload or event.children == [] for event in events[:-1])
    assert "ContinuationSequenceNumber" not in last.payload
    return records, last.children


def test_the_end_of_a_split_shard(weir, name):
    consumer = weir.consumer(weir.create(name))
    weir.put(name, b"1")
    with Subscription(weir, consumer) as subscription:
        subscription.records(1)
        weir.put(name, b"2")
        weir.split(name, SH(0))
        events = subscription.rest()
    assert [data for event in events for data in event.data] == [b"2"]
    last = events[-1]
    assert "ContinuationSequenceNumber" not in last.payload
    half = 2**127
    assert sorted(last.children, key=lambda each: each["ShardId"]) == [
        {"ShardId": SH(1), "ParentShards": [SH(0)],
         "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(half - 1)}},
        {"ShardId": SH(2), "ParentShards": [SH(0)],
         "HashKeyRange": {"StartingHashKey": str(half), "EndingHashKey": str(TOP)}}]


def test_a_chain_through_split_and_merge_has_every_record_once(weir, name):
    consumer = weir.consumer(weir.create(name))
    sent = []

    def write(count):
        for _ in range(count):
            data = b"%d" % len(sent)
            weir.put(name, data, str(len(sent) % 7))
            sent.append(data)

    write(20)
    weir.split(name, SH(0))
    write(20)
    weir.merge(name, SH(1), SH(2))
    write(20)
    weir.split(name, SH(3))
    found = {}
    waiting, done = [SH(0)], set()
    while waiting:
        shard = waiting.pop(0)
        if shard in done:
            continue
        if int(shard[-2:]) >= 4:
            done.add(shard)
            continue
        records, children = follow(weir, consumer, shard)
        done.add(shard)
        for record in records:
            found.setdefault(record["PartitionKey"], []).append(int(data_of([record])[0]))
        for child in children:
            assert shard in child["ParentShards"]
            if set(child["ParentShards"]) <= done:
                waiting.append(child["ShardId"])
    assert sorted(each for values in found.values() for each in values) == list(range(60))
    assert all(values == sorted(values) for values in found.values())
    assert done == {SH(each) for each in range(6)}


def test_starting_behind_the_end_tells_the_children_at_once(weir, name):
    consumer = weir.consumer(weir.create(name))
    weir.put(name, b"x")
    weir.split(name, SH(0))
    end = weir.shards(name)[0]["SequenceNumberRange"]["EndingSequenceNumber"]
    with Subscription(weir, consumer, kind="AFTER_SEQUENCE_NUMBER", SequenceNumber=end) as subscription:
        events = subscription.rest()
    assert len(events) == 1 and events[0].records == [] and len(events[0].children) == 2
    records, children = follow(weir, consumer, SH(0), "LATEST")
    assert records == [] and len(children) == 2


# What ends a subscription from above.

@pytest.mark.parametrize("how", ["consumer", "stream"])
def test_the_consumer_or_the_stream_goes(weir, name, how):
    consumer = weir.consumer(weir.create(name))
    with Subscription(weir, consumer) as subscription:
        subscription.next()
        if how == "consumer":
            weir.ok("DeregisterStreamConsumer", {"ConsumerARN": consumer})
        else:
            weir.ok("DeleteStream", {"StreamName": name, "EnforceConsumerDeletion": True})
        last = subscription.rest()[-1]
    assert (last.kind, last.type) == ("exception", "ResourceNotFoundException")
    assert last.payload["message"]
