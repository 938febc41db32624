"""CREATING, UPDATING and DELETING with a length: what may be done in them, that they end, and that a
restart in the middle leaves nothing stuck."""

import json
import time

import pytest

from events import Subscription, data_of
from server import ACCOUNT as N
from server import REGION
from shards import SH, bounds

RIU, RNF = "ResourceInUseException", "ResourceNotFoundException"
# Long enough to look at a state several times, short enough to wait for its end.
DELAY = 400


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    from server import Server
    server = Server(tmp_path_factory.mktemp("slow") / "data", "--state-delay-ms", str(DELAY)).start()
    yield server
    server.stop()


def status(server, name):
    answer = server.call("DescribeStreamSummary", {"StreamName": name})
    if answer.error == RNF:
        return None
    return answer.body["StreamDescriptionSummary"]["StreamStatus"]


def becomes(server, name, wanted, seconds=15):
    deadline = time.monotonic() + seconds
    while (now := status(server, name)) != wanted:
        assert time.monotonic() < deadline, f"{name} stays {now}"
        time.sleep(0.02)


def not_active(name, state):
    return (RIU, f"Stream {name} under account {N} not ACTIVE, instead in state {state}")


def refused(server, operation, body):
    answer = server.call(operation, body)
    assert answer.status == 400, f"{operation}: {answer!r}"
    return answer.error, answer.message


def changes(name, arn):
    """What needs a stream that is ACTIVE."""
    by_name, by_arn = {"StreamName": name}, {"StreamARN": arn}
    return [
        ("SplitShard", {**by_name, "ShardToSplit": SH(0), "NewStartingHashKey": "1000"}),
        ("MergeShards", {**by_name, "ShardToMerge": SH(0), "AdjacentShardToMerge": SH(1)}),
        ("UpdateShardCount", {**by_name, "TargetShardCount": 3, "ScalingType": "UNIFORM_SCALING"}),
        ("UpdateStreamMode", {**by_arn, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
        ("IncreaseStreamRetentionPeriod", {**by_name, "RetentionPeriodHours": 48}),
        ("DecreaseStreamRetentionPeriod", {**by_name, "RetentionPeriodHours": 24}),
        ("EnableEnhancedMonitoring", {**by_name, "ShardLevelMetrics": ["ALL"]}),
        ("UpdateMaxRecordSize", {**by_arn, "MaxRecordSizeInKiB": 2048}),
        ("AddTagsToStream", {**by_name, "Tags": {"a": "b"}}),
        ("RegisterStreamConsumer", {**by_arn, "ConsumerName": "late"}),
    ]


def test_creating(slow, name):
    slow.ok("CreateStream", {"StreamName": name, "ShardCount": 2, "Tags": {"k": "v"}})
    description = slow.ok("DescribeStream", {"StreamName": name})["StreamDescription"]
    arn = f"arn:aws:kinesis:{REGION}:{N}:stream/{name}"
    assert (description["StreamStatus"], description["Shards"], description["HasMoreShards"],
            description["StreamARN"]) == ("CREATING", [], False, arn)
    assert name in slow.ok("ListStreams")["StreamNames"]
    assert refused(slow, "CreateStream", {"StreamName": name, "ShardCount": 1}) == (
        RIU, f"Stream {name} under account {N} already exists.")
    gone = (RNF, f"Stream {name} under account {N} not found.")
    assert refused(slow, "PutRecord", {
        "StreamName": name, "Data": "AAAA", "PartitionKey": "k"}) == gone
    assert refused(slow, "PutRecords", {
        "StreamName": name, "Records": [{"Data": "AAAA", "PartitionKey": "k"}]}) == gone
    assert refused(slow, "GetShardIterator", {
        "StreamName": name, "ShardId": SH(0), "ShardIteratorType": "LATEST"}) == (
        RNF, f"Shard {SH(0)} in stream {name} under account {N} does not exist")
    assert refused(slow, "ListShards", {"StreamName": name}) == not_active(name, "CREATING")
    for operation, body in changes(name, arn):
        assert refused(slow, operation, body) == not_active(name, "CREATING"), operation
    becomes(slow, name, "ACTIVE")
    slow.put(name, b"now")
    assert slow.ok("ListTagsForStream", {"StreamName": name})["Tags"] == [{"Key": "k", "Value": "v"}]


def test_deleting_while_creating(slow, name):
    slow.ok("CreateStream", {"StreamName": name, "ShardCount": 1})
    slow.ok("DeleteStream", {"StreamName": name})
    assert status(slow, name) == "DELETING"
    assert slow.ok("DescribeStream", {"StreamName": name})["StreamDescription"]["Shards"] == []
    slow.ok("DeleteStream", {"StreamName": name})
    becomes(slow, name, None)
    slow.ok("CreateStream", {"StreamName": name, "ShardCount": 1})
    becomes(slow, name, "ACTIVE")


def test_a_stream_that_was_never_made_shows_no_shards_after_a_restart_either(own):
    server = own("--state-delay-ms", "60000")
    for ended in ("terminate", "kill"):
        server.ok("CreateStream", {"StreamName": f"never-{ended}", "ShardCount": 2})
        server.ok("DeleteStream", {"StreamName": f"never-{ended}"})
        getattr(server, ended)()
        server.start()
        for name in server.ok("ListStreams")["StreamNames"]:
            shown = server.ok("DescribeStream", {"StreamName": name})["StreamDescription"]
            assert (shown["StreamStatus"], shown["Shards"]) == ("DELETING", []), ended
            summary = server.ok("DescribeStreamSummary", {"StreamName": name})
            assert summary["StreamDescriptionSummary"]["OpenShardCount"] == 0


@pytest.mark.parametrize("operation, more, shards", [
    ("SplitShard", {"ShardToSplit": SH(0), "NewStartingHashKey": "1000"}, 3),
    ("MergeShards", {"ShardToMerge": SH(0), "AdjacentShardToMerge": SH(1)}, 1),
    ("UpdateShardCount", {"TargetShardCount": 3, "ScalingType": "UNIFORM_SCALING"}, 3),
    ("UpdateStreamMode", {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}, 2)])
def test_updating_shows_the_old_picture_and_goes_on_working(slow, name, operation, more, shards):
    arn = slow.create(name, 2)
    consumer = slow.consumer(arn)
    before = slow.shards(name)
    subscription = Subscription(slow, consumer)
    slow.put(name, b"before", ExplicitHashKey="0")
    selector = {"StreamARN": arn} if operation == "UpdateStreamMode" else {"StreamName": name}
    slow.ok(operation, {**selector, **more})
    assert status(slow, name) == "UPDATING"
    assert slow.shards(name) == before
    slow.put(name, b"during", ExplicitHashKey="0")
    assert data_of(slow.read_all(name)) == [b"before", b"during"]
    for other, body in changes(name, arn):
        assert refused(slow, other, body) == not_active(name, "UPDATING"), other
    becomes(slow, name, "ACTIVE")
    after = [each for each in slow.shards(name)
             if "EndingSequenceNumber" not in each["SequenceNumberRange"]]
    assert len(after) == shards
    slow.put(name, b"after", ExplicitHashKey="0")
    everything = [each for shard in slow.shards(name)
                  for each in data_of(slow.read_all(name, shard["ShardId"]))]
    assert sorted(everything) == [b"after", b"before", b"during"]
    assert data_of(subscription.records(2)) == [b"before", b"during"]
    subscription.close()


def test_each_state_lasts_as_long_as_the_one_before(own):
    """Whoever is to end a state, a reactor or the housekeeper, does not end the one that follows it
    in its place."""
    seconds = 3
    server = own("--state-delay-ms", str(seconds * 1000), "--reactors", "2")
    arn = server.create("s")
    other = server.http1()
    for number, mode in enumerate(("ON_DEMAND", "PROVISIONED", "ON_DEMAND")):
        began = time.monotonic()
        server.ok("UpdateStreamMode", {"StreamARN": arn, "StreamModeDetails": {"StreamMode": mode}})
        time.sleep(seconds * 0.8)
        # Late in the state another reactor hears of it.
        other.send_request("Kinesis_20131202.CreateStream", json.dumps({
            "StreamName": f"other-{number}", "ShardCount": 1}).encode())
        assert other.read_response().status == 200
        becomes(server, "s", "ACTIVE")
        assert time.monotonic() - began >= seconds, f"update {number}"
    server.ok("UpdateStreamMode", {
        "StreamARN": arn, "StreamModeDetails": {"StreamMode": "PROVISIONED"}})
    time.sleep(seconds * 0.8)
    began = time.monotonic()
    server.ok("DeleteStream", {"StreamName": "s"})
    becomes(server, "s", None)
    assert time.monotonic() - began >= seconds


def test_consumers_are_deleting_with_their_stream(slow, name):
    arn = slow.create(name)
    consumer = slow.consumer(arn)
    slow.ok("DeleteStream", {"StreamName": name, "EnforceConsumerDeletion": True})
    described = slow.ok("DescribeStreamConsumer", {"ConsumerARN": consumer})["ConsumerDescription"]
    listed, = slow.ok("ListStreamConsumers", {"StreamARN": arn})["Consumers"]
    assert described["ConsumerStatus"] == listed["ConsumerStatus"] == "DELETING"
    becomes(slow, name, None)


def test_a_key_above_every_shard_is_told_after_the_state(slow, name):
    """2^128 fits the model's pattern; it is out of every range, but the stream is looked at first."""
    slow.ok("CreateStream", {"StreamName": name, "ShardCount": 1})
    body = {"StreamName": name, "ShardToSplit": SH(0), "NewStartingHashKey": str(2**128)}
    assert refused(slow, "SplitShard", body) == not_active(name, "CREATING")
    becomes(slow, name, "ACTIVE")
    assert refused(slow, "SplitShard", {**body, "ShardToSplit": SH(7)}) == (
        RNF, f"Could not find shard {SH(7)} in stream {name} under account {N}.")
    assert refused(slow, "SplitShard", body) == (
        "InvalidArgumentException", f"NewStartingHashKey {2**128} used in SplitShard() on shard "
        f"{SH(0)} in stream {name} under account {N} is not both greater than one plus the shard's "
        f"StartingHashKey 0 and less than the shard's EndingHashKey {2**128 - 1}.")
    slow.split(name, SH(0))
    assert refused(slow, "SplitShard", body)[0] == RIU
    slow.ok("UpdateStreamMode", {
        "StreamARN": f"arn:aws:kinesis:{REGION}:{N}:stream/{name}",
        "StreamModeDetails": {"StreamMode": "ON_DEMAND"}})
    becomes(slow, name, "ACTIVE")
    assert refused(slow, "SplitShard", {**body, "ShardToSplit": SH(1)})[0] == "ValidationException"


def test_what_is_applied_at_once_never_updates(slow, name):
    arn = slow.create(name, 2)
    for operation, body in changes(name, arn):
        if operation in ("SplitShard", "MergeShards", "UpdateShardCount", "UpdateStreamMode",
                         "RegisterStreamConsumer"):
            continue
        slow.ok(operation, body)
        assert status(slow, name) == "ACTIVE", operation


def test_a_stream_in_deleting_takes_no_records_and_ends_its_subscriptions(slow, name):
    arn = slow.create(name)
    consumer = slow.consumer(arn)
    slow.put(name, b"kept")
    subscription = Subscription(slow, consumer)
    subscription.until(lambda event: event.records)
    slow.ok("DeleteStream", {"StreamName": name, "EnforceConsumerDeletion": True})
    assert status(slow, name) == "DELETING"
    assert refused(slow, "PutRecord", {
        "StreamName": name, "Data": "AAAA", "PartitionKey": "k"})[0] == RNF
    assert refused(slow, "ListShards", {"StreamName": name}) == not_active(name, "DELETING")
    assert refused(slow, "CreateStream", {"StreamName": name, "ShardCount": 1})[0] == RIU
    last = subscription.rest()[-1]
    assert (last.kind, last.type) == ("exception", RNF)
    becomes(slow, name, None)


def test_a_consumer_is_creating_then_active_then_deleting_then_gone(slow, name):
    arn = slow.create(name)
    consumer = slow.ok("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "c"})["Consumer"]
    assert consumer["ConsumerStatus"] == "CREATING"
    by_arn = {"ConsumerARN": consumer["ConsumerARN"]}
    error, message = refused(slow, "SubscribeToShard", {
        **by_arn, "ShardId": SH(0), "StartingPosition": {"Type": "LATEST"}})
    created = consumer["ConsumerARN"].rsplit(":", 1)[1]
    assert (error, message) == (
        RIU, f"Consumer c with creation timestamp {created} under stream {name} , account {N} is not "
        "in ACTIVE status.")
    assert refused(slow, "DeregisterStreamConsumer", by_arn)[0] == RIU
    seen = consumer_statuses(slow, by_arn, until="ACTIVE")
    assert seen == ["CREATING", "ACTIVE"]
    with Subscription(slow, consumer["ConsumerARN"]) as subscription:
        subscription.next()
        slow.ok("DeregisterStreamConsumer", by_arn)
        last = subscription.rest()[-1]
        assert (last.kind, last.type) == ("exception", RNF)
    assert refused(slow, "RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "c"})[0] == RIU
    assert consumer_statuses(slow, by_arn, until=None) == ["DELETING", None]


def consumer_statuses(server, by_arn, until, seconds=15):
    seen = []
    deadline = time.monotonic() + seconds
    while not seen or seen[-1] != until:
        answer = server.call("DescribeStreamConsumer", by_arn)
        now = (None if answer.error == RNF
               else answer.body["ConsumerDescription"]["ConsumerStatus"])
        if not seen or seen[-1] != now:
            seen.append(now)
        assert time.monotonic() < deadline, seen
        time.sleep(0.02)
    return seen


def test_a_kill_in_the_middle_leaves_nothing_stuck(own):
    """Each state is cut off by kill -9; after the restart it comes to its end by itself, also when
    the new server has another delay."""
    server = own("--state-delay-ms", "60000")
    for name in ("creating", "deleting", "splitting", "resizing", "switching", "consuming"):
        server.ok("CreateStream", {"StreamName": name, "ShardCount": 2})
    server.kill()
    server.options[:] = ["--state-delay-ms", "0"]
    server.start()
    for name in ("creating", "deleting", "splitting", "resizing", "switching", "consuming"):
        becomes(server, name, "ACTIVE")
        server.put(name, name.encode())
    arns = {name: server.ok("DescribeStreamSummary", {"StreamName": name})[
        "StreamDescriptionSummary"]["StreamARN"] for name in ("switching", "consuming")}
    server.kill()
    server.options[:] = ["--state-delay-ms", "60000"]
    server.start()
    server.ok("DeleteStream", {"StreamName": "deleting"})
    server.ok("SplitShard", {
        "StreamName": "splitting", "ShardToSplit": SH(0), "NewStartingHashKey": "1000"})
    server.ok("UpdateShardCount", {
        "StreamName": "resizing", "TargetShardCount": 3, "ScalingType": "UNIFORM_SCALING"})
    server.ok("UpdateStreamMode", {
        "StreamARN": arns["switching"], "StreamModeDetails": {"StreamMode": "ON_DEMAND"}})
    consumer = server.ok("RegisterStreamConsumer", {
        "StreamARN": arns["consuming"], "ConsumerName": "c"})["Consumer"]["ConsumerARN"]
    assert status(server, "splitting") == status(server, "resizing") == "UPDATING"
    server.kill()
    server.options[:] = ["--state-delay-ms", "100"]
    server.start()
    becomes(server, "deleting", None)
    for name in ("splitting", "resizing", "switching", "consuming"):
        becomes(server, name, "ACTIVE")
    assert consumer_statuses(server, {"ConsumerARN": consumer}, until="ACTIVE")[-1] == "ACTIVE"
    for name, count in (("splitting", 3), ("resizing", 3), ("switching", 2)):
        shards = server.shards(name)
        open_ = sorted(bounds(each) for each in shards
                       if "EndingSequenceNumber" not in each["SequenceNumberRange"])
        assert len(open_) == count
        assert open_[0][0] == 0 and open_[-1][1] == 2**128 - 1
        assert all(a[1] + 1 == b[0] for a, b in zip(open_, open_[1:]))
        records = [each for shard in shards
                   for each in data_of(server.read_all(name, shard["ShardId"]))]
        assert records == [name.encode()]


def test_the_default_is_to_be_ready_at_once(weir, name):
    weir.ok("CreateStream", {"StreamName": name, "ShardCount": 1})
    assert status(weir, name) == "ACTIVE"
    weir.ok("DeleteStream", {"StreamName": name})
    assert status(weir, name) is None
