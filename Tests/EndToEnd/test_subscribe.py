"""Push: SubscribeToShard as boto3 and as raw clients see it."""

import json
import os
import re
import threading
import time

import pytest

from conftest import QUICK
from events import INITIAL_RESPONSE, Subscription, data_of, numbers_of
from http2 import Http2
from server import LONG
from shards import SH, index_of


def subscribe(server, consumer, shard=SH(0), kind="TRIM_HORIZON", **more):
    return server.client().subscribe_to_shard(
        ConsumerARN=consumer, ShardId=shard, StartingPosition={"Type": kind, **more})


# boto3.

def test_the_call_returns_at_once_on_an_empty_shard(weir, name):
    consumer = weir.consumer(weir.create(name))
    began = time.monotonic()
    stream = subscribe(weir, consumer)["EventStream"]
    took = time.monotonic() - began
    for event in stream:
        assert event["SubscribeToShardEvent"]["Records"] == []
        assert event["SubscribeToShardEvent"]["ContinuationSequenceNumber"]
        assert "ChildShards" not in event["SubscribeToShardEvent"]
        break
    # The first event came within the five seconds of a keep-alive, the call before it.
    assert took < 3 and time.monotonic() - began < 6.5
    stream.close()


def test_records_are_pushed_to_boto3(weir, name):
    consumer = weir.consumer(weir.create(name))
    stream = subscribe(weir, consumer, kind="LATEST")["EventStream"]
    put = weir.put(name, b"pushed", "key")
    for event in stream:
        records = event["SubscribeToShardEvent"]["Records"]
        if records:
            break
    record, = records
    assert (record["Data"], record["PartitionKey"], record["SequenceNumber"]) == (
        b"pushed", "key", put["SequenceNumber"])
    assert abs(record["ApproximateArrivalTimestamp"].timestamp() - time.time()) < 10
    stream.close()


def subscribe_when_free(client, consumer):
    """The end of the subscription before and this call come to different threads of the server: the
    one may be heard of a moment after the other."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return client.subscribe_to_shard(
                ConsumerARN=consumer, ShardId=SH(0),
                StartingPosition={"Type": "LATEST"})["EventStream"]
        except client.exceptions.ResourceInUseException:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_the_connection_of_boto3_is_not_used_again_for_another_answer(weir, name):
    """An aborted event stream must not leak into the next call of the same client."""
    consumer = weir.consumer(weir.create(name))
    client = weir.client()
    for number in range(5):
        stream = subscribe_when_free(client, consumer)
        client.put_record(StreamName=name, Data=b"%d" % number, PartitionKey="k")
        stream.close()
        assert client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


# The frames.

def test_the_first_bytes_are_the_initial_response(weir, name):
    consumer = weir.consumer(weir.create(name))
    body = json.dumps({"ConsumerARN": consumer, "ShardId": SH(0),
                       "StartingPosition": {"Type": "LATEST"}}).encode()
    with weir.http1() as connection:
        connection.send_request("Kinesis_20131202.SubscribeToShard", body)
        assert connection.read_head().status == 200
        assert connection.read_chunk() == INITIAL_RESPONSE
    with Http2(weir.connect("h2")) as http2:
        deadline = time.monotonic() + 10
        while True:
            number = http2.request("Kinesis_20131202.SubscribeToShard", body)
            stream = http2.streams[number]
            http2.pump(lambda: len(stream.data) >= 114 or stream.ended)
            if stream.status == 200:
                break
            assert time.monotonic() < deadline, stream.data
            time.sleep(0.05)
        assert stream.data[:114] == INITIAL_RESPONSE
        assert stream.field("content-type") == "application/vnd.amazon.eventstream"
        assert stream.field("content-length") is None
        assert stream.field("x-amzn-requestid") and stream.field("x-amz-id-2")


def test_an_event_is_written_as_the_service_writes_it(weir, name):
    """Key order, no spaces, no ChildShards; headers in the order of the capture."""
    consumer = weir.consumer(weir.create(name))
    body = json.dumps({"ConsumerARN": consumer, "ShardId": SH(0),
                       "StartingPosition": {"Type": "TRIM_HORIZON"}}).encode()
    with weir.http1() as connection:
        connection.send_request("Kinesis_20131202.SubscribeToShard", body)
        connection.read_head()
        connection.read_chunk()
        frame = connection.read_chunk()
    assert len(frame) == 242
    assert frame[:12].hex() == "000000f2000000656a0e4983"
    headers = frame[12:12 + 0x65]
    assert [name_ for name_ in re.findall(rb":[a-z]+-type", headers)] == [
        b":event-type", b":content-type", b":message-type"]
    assert re.fullmatch(
        rb'\{"ContinuationSequenceNumber":"49\d{54}","MillisBehindLatest":0,"Records":\[\]\}',
        frame[12 + 0x65:-4])


def test_a_batch_is_one_event(weir, name):
    consumer = weir.consumer(weir.create(name))
    with Subscription(weir, consumer, kind="LATEST") as subscription:
        weir.ok("PutRecords", {"StreamName": name, "Records": [
            {"Data": "YQ==", "PartitionKey": "k"} for _ in range(100)]})
        events = subscription.until(lambda event: event.records)
        assert len(events[-1].records) == 100


def test_events_are_bounded(weir, name):
    consumer = weir.consumer(weir.create(name))
    data = [os.urandom(400_000) for _ in range(8)]
    for each in data:
        weir.put(name, each)
    with Subscription(weir, consumer) as subscription:
        found = []
        while len(found) < 8:
            event = subscription.next()
            assert sum(map(len, event.data)) <= 2 * 2**20
            found += event.data
    assert found == data


def test_a_record_of_one_mebibyte_is_pushed(weir, name):
    consumer = weir.consumer(weir.create(name))
    data = os.urandom(2**20 - 8)
    weir.put(name, data)
    with Subscription(weir, consumer) as subscription:
        assert data_of(subscription.records(1)) == [data]


# Positions.

@pytest.fixture(scope="module")
def filled(weir):
    arn = weir.create("pushed")
    puts = []
    for number in range(6):
        puts.append(weir.put("pushed", b"%d" % number)["SequenceNumber"])
        time.sleep(0.01)
    return arn, puts, weir.read_all("pushed")


@pytest.mark.parametrize("kind, position, expected", [
    ("TRIM_HORIZON", None, [0, 1, 2, 3, 4, 5]), ("LATEST", None, []),
    ("AT_SEQUENCE_NUMBER", 3, [3, 4, 5]), ("AFTER_SEQUENCE_NUMBER", 3, [4, 5]),
    ("AFTER_SEQUENCE_NUMBER", 5, []), ("AT_TIMESTAMP", 2, [2, 3, 4, 5])])
def test_starting_positions(weir, filled, kind, position, expected):
    arn, puts, records = filled
    consumer = weir.consumer(arn, f"{kind}-{position}")
    more = {}
    if kind.endswith("NUMBER"):
        more["SequenceNumber"] = puts[position]
    elif kind == "AT_TIMESTAMP":
        more["Timestamp"] = records[position]["ApproximateArrivalTimestamp"]
    with Subscription(weir, consumer, kind=kind, **more) as subscription:
        if expected:
            assert [int(each) for each in data_of(subscription.records(len(expected)))] == expected
        else:
            event = subscription.next()
            assert event.records == []


def test_the_start_of_an_empty_shard_is_a_position(weir, name):
    consumer = weir.consumer(weir.create(name))
    start = weir.shards(name)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    with Subscription(weir, consumer, kind="AT_SEQUENCE_NUMBER", SequenceNumber=start) as subscription:
        weir.put(name, b"x")
        assert data_of(subscription.records(1)) == [b"x"]


MUST = ("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber "
        "or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ")


@pytest.mark.parametrize("position, text", [
    ({"Type": "AT_SEQUENCE_NUMBER"}, MUST + "AT_SEQUENCE_NUMBER and no StartingSequenceNumber."),
    ({"Type": "AFTER_SEQUENCE_NUMBER"}, MUST + "AFTER_SEQUENCE_NUMBER and no StartingSequenceNumber."),
    ({"Type": "AT_TIMESTAMP"}, "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
                               "Current request has no timestamp parameter."),
    ({"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber":
      "49592244611867955608235034776082258730948451799664689170"},
     "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a "
     "shard with shardId-000000000000")])
def test_positions_that_make_no_sense(weir, filled, position, text):
    arn, _, _ = filled
    consumer = consumer_named(weir, arn, "refused")
    answer = weir.call("SubscribeToShard", {
        "ConsumerARN": consumer, "ShardId": SH(0), "StartingPosition": position})
    assert (answer.status, answer.error, answer.message) == (400, "InvalidArgumentException", text)


def consumer_named(server, arn, name):
    answer = server.call("DescribeStreamConsumer", {"StreamARN": arn, "ConsumerName": name})
    if answer.status == 200:
        return answer.body["ConsumerDescription"]["ConsumerARN"]
    return server.consumer(arn, name)


def test_an_unknown_shard_and_an_unknown_type(weir, filled):
    arn, _, _ = filled
    consumer = consumer_named(weir, arn, "refused")
    answer = weir.call("SubscribeToShard", {
        "ConsumerARN": consumer, "ShardId": SH(7), "StartingPosition": {"Type": "LATEST"}})
    assert (answer.status, answer.error) == (400, "ResourceNotFoundException")
    answer = weir.call("SubscribeToShard", {
        "ConsumerARN": consumer, "ShardId": SH(0), "StartingPosition": {"Type": "OLDEST"}})
    assert answer.error == "ValidationException"
    assert "at 'startingPosition.type' failed to satisfy constraint: Member must satisfy enum value set" in (
        answer.message)


def test_a_consumer_arn_that_is_none(weir):
    answer = weir.call("SubscribeToShard", {
        "ConsumerARN": "nonsense", "ShardId": SH(0), "StartingPosition": {"Type": "LATEST"}})
    assert answer.error == "ValidationException" and "'consumerARN'" in answer.message


# Quiet shards, continuation, the end of a life.

def test_a_quiet_subscription_gets_an_advancing_event_every_five_seconds(quick, name):
    consumer = quick.consumer(quick.create(name))
    with Subscription(quick, consumer) as subscription:
        events = [subscription.next() for _ in range(6)]
    numbers = [int(event.continuation) for event in events]
    assert numbers == sorted(set(numbers)), "each continuation is above the last"
    assert all(event.records == [] and event.payload["MillisBehindLatest"] == 0 for event in events)


def test_the_true_keep_alive(weir, name):
    """At its true five seconds once: an SDK gives up after ten."""
    consumer = weir.consumer(weir.create(name))
    with Subscription(weir, consumer, timeout=9) as subscription:
        first = subscription.next()
        second = subscription.next()
    assert int(second.continuation) > int(first.continuation)


def test_a_continuation_number_is_below_every_later_record(quick, name):
    consumer = quick.consumer(quick.create(name))
    with Subscription(quick, consumer) as subscription:
        for number in range(20):
            event = subscription.next()
            continuation = int(event.continuation)
            put = int(quick.put(name, b"%d" % number)["SequenceNumber"])
            assert put > continuation
            subscription.until(lambda each: each.records and int(each.continuation) >= put)


def test_a_life_ends_cleanly_and_is_continued_without_loss(own, name):
    """Five minutes less a little, at a fiftieth in the short form and true in the long one."""
    scale = 1 if LONG else QUICK
    server = own("--time-scale", str(scale))
    consumer = server.consumer(server.create(name))
    stop, sent = threading.Event(), []

    def write():
        while not stop.is_set():
            data = b"%d" % len(sent)
            server.put(name, data)
            sent.append(data)
            time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found, position, lives = [], {"kind": "TRIM_HORIZON"}, []
        for _ in range(2 if LONG else 3):
            with Subscription(server, consumer, **position) as subscription:
                assert subscription.error is None, subscription.error
                events = subscription.rest(seconds=400)
                lives.append(time.monotonic() - subscription.opened)
            assert all(event.kind == "event" for event in events)
            for event in events:
                found += event.data
            assert events[-1].continuation is not None
            position = {"kind": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": events[-1].continuation}
    finally:
        stop.set()
        writer.join()
    assert found == sent[:len(found)] and len(found) > 100
    # 280 to 300 seconds by the clock of the server, plus what the machine adds.
    assert all(275 * scale <= life for life in lives), lives


def subscribed(server, consumer, shard=SH(0), seconds=5, **position):
    """A subscription, tried again while the one that was closed just now still holds the slot."""
    deadline = time.monotonic() + seconds
    while True:
        subscription = Subscription(server, consumer, shard, **position)
        if subscription.error is None:
            return subscription
        subscription.close()
        assert time.monotonic() < deadline, subscription.error
        time.sleep(0.02)


def test_resuming_an_idle_shard_misses_nothing(quick, name):
    consumer = quick.consumer(quick.create(name))
    position = {"kind": "LATEST"}
    for number in range(10):
        with subscribed(quick, consumer, **position) as subscription:
            event = subscription.next()
            while number and not event.records:
                event = subscription.next()
            assert event.data == ([b"%d" % (number - 1)] if number else [])
            # Without a record, the place is what the event said.
            position = {"kind": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event.continuation}
        quick.put(name, b"%d" % number)


# Sharing.

def test_subscriptions_and_calls_share_one_connection(weir, name):
    arn = weir.create(name, 20)
    consumer = weir.consumer(arn)
    step = 2**128 // 20
    with Http2(weir.connect("h2")) as http2:
        numbers = []
        for shard in range(20):
            numbers.append(http2.request("Kinesis_20131202.SubscribeToShard", json.dumps({
                "ConsumerARN": consumer, "ShardId": SH(shard),
                "StartingPosition": {"Type": "TRIM_HORIZON"}}).encode()))
        for shard in range(20):
            body = json.dumps({"StreamName": name, "Data": "YQ==", "PartitionKey": "k",
                               "ExplicitHashKey": str(step * shard + 5)}).encode()
            assert http2.response(http2.request("Kinesis_20131202.PutRecord", body)).status == 200
        http2.pump(lambda: all(
            b'"PartitionKey":"k"' in http2.streams[number].data for number in numbers))


def test_twenty_subscribers_of_one_shard_see_the_same(weir, name):
    arn = weir.create(name)
    consumers = [weir.consumer(arn, f"c{number}") for number in range(20)]
    subscriptions = [Subscription(weir, consumer) for consumer in consumers]
    try:
        sent = []
        for batch in range(10):
            records = [{"Data": "%04d" % (batch * 50 + each), "PartitionKey": "k"} for each in range(50)]
            weir.ok("PutRecords", {"StreamName": name, "Records": records})
            sent += [each["Data"] for each in records]
        for subscription in subscriptions:
            found = subscription.records(500)
            assert [each["Data"] for each in found] == sent
            assert numbers_of(found) == sorted(set(numbers_of(found)))
    finally:
        for subscription in subscriptions:
            subscription.close()


def test_a_window_of_sixteen_kibibytes(weir, name):
    """A client with the smallest sensible window still gets everything."""
    from botocore.eventstream import EventStreamBuffer
    from events import Event
    consumer = weir.consumer(weir.create(name))
    data = [os.urandom(100_000) for _ in range(10)]
    for each in data:
        weir.put(name, each)
    with Http2(weir.connect("h2"), settings={4: 16384}) as http2:
        number = http2.request("Kinesis_20131202.SubscribeToShard", json.dumps({
            "ConsumerARN": consumer, "ShardId": SH(0), "StartingPosition": {"Type": "TRIM_HORIZON"}}).encode())
        stream = http2.streams[number]

        def found():
            buffer = EventStreamBuffer()
            buffer.add_data(stream.data)
            return [each for message in buffer for each in Event(message).data]

        http2.pump(lambda: len(stream.data) > 1_300_000 and found() == data)


def test_an_iterator_and_a_continuation_number_understand_each_other(weir, name):
    consumer = weir.consumer(weir.create(name))
    weir.put(name, b"1")
    with Subscription(weir, consumer) as subscription:
        event = subscription.until(lambda each: each.records)[-1]
    assert int(event.continuation) >= int(event.records[-1]["SequenceNumber"])
    iterator = weir.iterator(name, SH(0), "AFTER_SEQUENCE_NUMBER",
                             StartingSequenceNumber=event.continuation)
    weir.put(name, b"2")
    assert data_of(weir.ok("GetRecords", {"ShardIterator": iterator})["Records"]) == [b"2"]
    assert index_of(int(event.continuation)) < 2**63
