"""The consumer's place, kept by the server: sent, credited, committed, and CURSOR to resume."""

import json
import pathlib
import subprocess
import sys
import time

from events import Subscription, data_of
from http2 import Http2
from server import ROOT
from shards import SH

MODELS = ROOT / "proto-spec" / "botocore"
COMMIT, LIST = "Weir_20261122.CommitCursor", "Weir_20261122.ListCursors"


def commit(server, consumer, number, shard=SH(0)):
    answer = server.call("CommitCursor", {
        "ConsumerARN": consumer, "ShardId": shard, "SequenceNumber": str(number)}, target=COMMIT)
    assert answer.status == 200, answer


def cursors(server, **subject):
    answer = server.call("ListCursors", subject, target=LIST)
    assert answer.status == 200, answer
    return {each["ShardId"]: each for each in answer.body["Cursors"]}


def put_many(server, stream, count, first=0, size=0):
    return [int(server.put(stream, b"%d" % number + bytes(size))["SequenceNumber"])
            for number in range(first, first + count)]


def subscribed(server, consumer, shard=SH(0), kind="CURSOR", seconds=5):
    """A subscription, tried again while a closed one still holds the slot."""
    deadline = time.monotonic() + seconds
    while True:
        subscription = Subscription(server, consumer, shard, kind)
        if subscription.error is None:
            return subscription
        subscription.close()
        assert time.monotonic() < deadline, subscription.error
        time.sleep(0.02)


def texts(records):
    return [data.rstrip(b"\0").decode() for data in data_of(records)]


def test_resuming_after_what_was_committed(weir, name):
    consumer = weir.consumer(weir.create(name))
    numbers = put_many(weir, name, 10)
    with Subscription(weir, consumer) as subscription:
        subscription.records(10)
        commit(weir, consumer, numbers[3])
    with subscribed(weir, consumer) as subscription:
        assert texts(subscription.records(6)) == ["4", "5", "6", "7", "8", "9"]


def test_the_first_subscription_from_a_cursor_starts_somewhere_and_stays_there(weir, name):
    """A consumer that has never been here starts where it first subscribed, again and again."""
    consumer = weir.consumer(weir.create(name))
    with Subscription(weir, consumer, kind="LATEST") as subscription:
        subscription.next()
    put_many(weir, name, 5)
    with subscribed(weir, consumer) as subscription:
        assert texts(subscription.records(5)) == ["0", "1", "2", "3", "4"]


def test_a_subscriber_killed_between_receipt_and_processing_misses_nothing(weir, name):
    """Received by the kernel of the client, never by the client: credited must not be passed."""
    consumer = weir.consumer(weir.create(name))
    expected = []
    processed = []
    for round_ in range(5):
        put_many(weir, name, 20, first=round_ * 20, size=5000)
        expected += [str(number) for number in range(round_ * 20, round_ * 20 + 20)]
        kind = "CURSOR" if round_ else "TRIM_HORIZON"
        subscription = subscribed(weir, consumer, kind=kind)
        records = subscription.records(10)
        done = records[:7]
        processed += texts(done)
        commit(weir, consumer, done[-1]["SequenceNumber"])
        # Gone with three records received and not processed, and more on the way.
        subscription.close()
    with subscribed(weir, consumer) as subscription:
        while set(processed) != set(expected):
            processed += texts(subscription.next().records)
    assert set(processed) == set(expected)


def test_without_commits_the_credited_place_counts(weir, name):
    """Over HTTP/2 what the client gave back by WINDOW_UPDATE is behind it, the rest is not."""
    consumer = weir.consumer(weir.create(name))
    put_many(weir, name, 40, size=20_000)
    body = json.dumps({"ConsumerARN": consumer, "ShardId": SH(0),
                       "StartingPosition": {"Type": "TRIM_HORIZON"}}).encode()
    from botocore.eventstream import EventStreamBuffer
    from events import Event
    with Http2(weir.connect("h2"), settings={4: 65535}, credit=False) as http2:
        number = http2.request("Kinesis_20131202.SubscribeToShard", body)
        stream = http2.streams[number]
        # The window is not opened again: what arrived was never given back.
        http2.pump(lambda: len(stream.data) >= 60_000)
        http2.cancel(number)
    with subscribed(weir, consumer) as subscription:
        assert texts(subscription.records(40)) == [str(each) for each in range(40)]
    buffer = EventStreamBuffer()
    buffer.add_data(stream.data)
    received = [each for message in buffer for each in Event(message).records]
    assert len(received) < 40


def test_a_commit_survives_a_kill(own):
    server = own()
    consumer = server.consumer(server.create("kept"))
    numbers = put_many(server, "kept", 10)
    with Subscription(server, consumer) as subscription:
        subscription.records(10)
    commit(server, consumer, numbers[4])
    server.restart()
    assert cursors(server, ConsumerARN=consumer)[SH(0)]["CommittedSequenceNumber"] == str(numbers[4])
    with subscribed(server, consumer) as subscription:
        assert texts(subscription.records(5)) == ["5", "6", "7", "8", "9"]


def test_a_kill_at_any_moment_skips_nothing(own):
    """Cursors are written once a second; a crash may repeat records, never skip one."""
    server = own()
    consumer = server.consumer(server.create("killed"))
    seen = set()
    for round_ in range(4):
        put_many(server, "killed", 10, first=round_ * 10)
        with subscribed(server, consumer, kind="CURSOR" if round_ else "TRIM_HORIZON") as subscription:
            records = subscription.records(10)
            seen |= set(texts(records))
            time.sleep(0.4 * round_)
            server.restart()
    with subscribed(server, consumer) as subscription:
        server.put("killed", b"40")
        while "40" not in seen:
            seen |= set(texts(subscription.next().records))
    assert seen == {str(number) for number in range(41)}


def test_what_list_cursors_tells(weir, name):
    arn = weir.create(name, 2)
    consumer = weir.consumer(arn)
    numbers = [int(weir.put(name, b"x" * 100, ExplicitHashKey="0")["SequenceNumber"]) for _ in range(10)]
    with Subscription(weir, consumer) as subscription:
        subscription.records(10)
        commit(weir, consumer, numbers[5])
        shown = cursors(weir, ConsumerARN=consumer)[SH(0)]
        assert shown["ConsumerARN"] == consumer and shown["ConsumerName"] == "app"
        assert int(shown["SentSequenceNumber"]) >= numbers[9]
        assert shown["CommittedSequenceNumber"] == str(numbers[5])
        assert shown["SubscriptionOpen"] is True and "StallReason" not in shown
        assert shown["RecordsBehind"] >= 0 and shown["BytesBehind"] >= 0 and shown["MillisBehind"] >= 0
        assert cursors(weir, StreamName=name)[SH(0)] == cursors(weir, StreamARN=arn)[SH(0)]
    deadline = time.monotonic() + 5
    while cursors(weir, ConsumerARN=consumer)[SH(0)]["SubscriptionOpen"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_lag_grows_for_who_does_not_read(weir, name):
    arn = weir.create(name)
    consumer = weir.consumer(arn)
    with Http2(weir.connect("h2"), settings={4: 1000}, credit=False) as http2:
        number = http2.request("Kinesis_20131202.SubscribeToShard", json.dumps({
            "ConsumerARN": consumer, "ShardId": SH(0),
            "StartingPosition": {"Type": "TRIM_HORIZON"}}).encode())
        http2.pump(lambda: http2.streams[number].data)
        put_many(weir, name, 20, size=10_000)
        deadline = time.monotonic() + 10
        while True:
            shown = cursors(weir, ConsumerARN=consumer)[SH(0)]
            if shown["BytesBehind"] > 100_000 and shown.get("StallReason"):
                break
            assert time.monotonic() < deadline, shown
            time.sleep(0.05)
        assert shown["RecordsBehind"] > 5 and shown["SubscriptionOpen"]
        assert "window" in shown["StallReason"].lower()


def test_the_two_operations_refuse_what_makes_no_sense(weir, name):
    arn = weir.create(name)
    consumer = weir.consumer(arn)
    number = str(put_many(weir, name, 1)[0])
    for body, code in (
            ({"ConsumerARN": consumer, "ShardId": SH(0)}, "ValidationException"),
            ({"ConsumerARN": consumer, "SequenceNumber": number}, "ValidationException"),
            ({"ConsumerARN": consumer, "ShardId": SH(0), "SequenceNumber": "x"}, "ValidationException"),
            ({"ConsumerARN": consumer, "ShardId": SH(0), "SequenceNumber": "123"}, "InvalidArgumentException"),
            ({"ConsumerARN": consumer, "ShardId": SH(9), "SequenceNumber": number}, "ResourceNotFoundException"),
            ({"ConsumerARN": arn + "/consumer/absent:1", "ShardId": SH(0), "SequenceNumber": number},
             "ResourceNotFoundException")):
        answer = weir.call("CommitCursor", body, target=COMMIT)
        assert (answer.status, answer.error) == (400, code), (body, answer)
    for body, code in (({}, "InvalidArgumentException"), ({"StreamName": "absent"}, "ResourceNotFoundException"),
                       ({"ConsumerARN": arn + "/consumer/absent:1"}, "ResourceNotFoundException")):
        answer = weir.call("ListCursors", body, target=LIST)
        assert (answer.status, answer.error) == (400, code), (body, answer)


def test_a_cursor_at_the_end_of_a_shard_tells_the_children(weir, name):
    consumer = weir.consumer(weir.create(name))
    numbers = put_many(weir, name, 3)
    with Subscription(weir, consumer) as subscription:
        subscription.records(3)
        weir.split(name, SH(0))
        subscription.rest()
    commit(weir, consumer, numbers[-1])
    with subscribed(weir, consumer) as subscription:
        events = subscription.rest()
    assert [record for event in events for record in event.records] == []
    assert len(events[-1].children) == 2


def test_a_commit_never_goes_beyond_the_tip_or_silently_back(weir, name):
    """A commit may be set back on purpose; what is read again is what comes after it."""
    consumer = weir.consumer(weir.create(name))
    numbers = put_many(weir, name, 5)
    commit(weir, consumer, numbers[4])
    commit(weir, consumer, numbers[1])
    with subscribed(weir, consumer) as subscription:
        first = texts(subscription.records(1))[0]
    assert first in ("2",) or cursors(weir, ConsumerARN=consumer)[SH(0)][
        "CommittedSequenceNumber"] == str(numbers[4])


# The model that ships with the specification.

def test_boto3_calls_them_by_the_model(weir, name):
    assert MODELS.is_dir(), "the botocore model is in proto-spec/botocore"
    consumer = weir.consumer(weir.create(name))
    numbers = put_many(weir, name, 2)
    service = service_of_model()
    program = (
        "import boto3, json, sys\n"
        f"client = boto3.client({service!r}, endpoint_url={weir.url!r})\n"
        f"client.commit_cursor(ConsumerARN={consumer!r}, ShardId={SH(0)!r}, SequenceNumber={str(numbers[0])!r})\n"
        f"print(json.dumps(client.list_cursors(ConsumerARN={consumer!r})['Cursors']))\n")
    done = subprocess.run(
        [sys.executable, "-c", program], env=weir.environment(AWS_DATA_PATH=str(MODELS)),
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    cursor, = [each for each in json.loads(done.stdout) if each["ShardId"] == SH(0)]
    assert cursor["CommittedSequenceNumber"] == str(numbers[0])


def test_the_command_line_calls_them_by_the_model(weir, name):
    assert MODELS.is_dir(), "the botocore model is in proto-spec/botocore"
    consumer = weir.consumer(weir.create(name))
    numbers = put_many(weir, name, 2)
    program = pathlib.Path(sys.executable).with_name("aws")

    def aws(*arguments):
        done = subprocess.run(
            [str(program), service_of_model(), *arguments, "--endpoint-url", weir.url, "--output", "json"],
            env=weir.environment(AWS_DATA_PATH=str(MODELS)), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    aws("commit-cursor", "--consumer-arn", consumer, "--shard-id", SH(0), "--sequence-number", str(numbers[1]))
    shown, = [each for each in aws("list-cursors", "--consumer-arn", consumer)["Cursors"]
              if each["ShardId"] == SH(0)]
    assert shown["CommittedSequenceNumber"] == str(numbers[1])


def service_of_model():
    """The name under which the model is found: its folder beside none or one of AWS's own."""
    for model in sorted(MODELS.glob("*/*/service-2.json")):
        if "CommitCursor" in json.loads(model.read_text())["operations"]:
            return model.parent.parent.name
    raise AssertionError("no model in proto-spec/botocore has CommitCursor")
