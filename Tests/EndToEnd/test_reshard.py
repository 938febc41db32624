"""Resharding under load: UpdateShardCount to any legal target, splits and merges at random, crashes
in between, and a consumer that follows child shards as the KCL does."""

import base64
import random
import threading
import time

import pytest

from http1 import Closed
from server import ACCOUNT, LONG
from shards import SH, TOP, bounds, ending, starting

STEPS = 150 if LONG else 18
KEYS = 8


def open_shards(shards):
    return sorted((each for each in shards
                   if "EndingSequenceNumber" not in each["SequenceNumberRange"]), key=bounds)


def check_tiles(shards):
    """The open shards cover the key space without gap or overlap, and the lineage is sound."""
    open_ = [bounds(each) for each in open_shards(shards)]
    assert open_[0][0] == 0 and open_[-1][1] == TOP
    assert all(a[1] + 1 == b[0] for a, b in zip(open_, open_[1:]))
    by_id = {each["ShardId"]: each for each in shards}
    assert list(by_id) == [SH(number) for number in range(len(shards))]
    for shard in shards:
        parents = [by_id[shard[member]] for member in ("ParentShardId", "AdjacentParentShardId")
                   if member in shard]
        for parent in parents:
            assert starting(shard) > ending(parent)
        if len(parents) == 1:
            (low, high), (own_low, own_high) = bounds(parents[0]), bounds(shard)
            assert low <= own_low and own_high <= high
        if len(parents) == 2:
            first, second = sorted(map(bounds, parents))
            assert first[1] + 1 == second[0] and bounds(shard) == (first[0], second[1])


@pytest.mark.parametrize("start, target", [
    (1, 2), (2, 3), (2, 1), (3, 5), (5, 3), (4, 4), (5, 10), (10, 5), (7, 11), (11, 6), (64, 100)])
def test_a_resize_ends_in_ranges_as_even_as_so_many_steps_allow(weir, name, start, target):
    weir.create(name, start)
    answer = weir.ok("UpdateShardCount", {
        "StreamName": name, "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"})
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (start, target)
    weir.active(name)
    shards = weir.shards(name)
    check_tiles(shards)
    open_ = open_shards(shards)
    assert len(open_) == target
    splits = start if target > start else 0
    assert len(shards) == start + 2 * splits + (start + splits - target)
    for number, shard in enumerate(open_):
        assert abs(bounds(shard)[0] - 2**128 * number // target) <= 2**126 // start * (1 if splits else 2) + 256


@pytest.mark.parametrize("start, target, total", [
    (2, 4, 6), (4, 5, 15), (10, 13, 37), (4, 2, 6), (5, 3, 7)])
def test_a_resize_leaves_as_many_shards_as_amazons(weir, name, start, target, total):
    weir.create(name, start)
    weir.ok("UpdateShardCount", {
        "StreamName": name, "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"})
    weir.active(name)
    assert len(weir.shards(name)) == total


def test_sizes_that_are_not_allowed(weir, name):
    weir.create(name, 5)
    for target, text in ((11, "cannot scale up over double"), (2, "cannot scale down below half")):
        answer = weir.call("UpdateShardCount", {
            "StreamName": name, "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"})
        assert (answer.status, answer.error) == (400, "LimitExceededException")
        assert text in answer.message
        assert f"Current open shard count: 5 Target shard count: {target}" in answer.message


class Producer(threading.Thread):
    """Puts numbered records of its keys, each until it is acknowledged, over crashes."""

    def __init__(self, server, stream, keys, stop):
        super().__init__()
        self.server, self.stream, self.keys, self.stop_ = server, stream, keys, stop
        self.acknowledged = {key: [] for key in keys}
        self.attempts = set()

    def run(self):
        attempt = 0
        while not self.stop_.is_set():
            entries = []
            for key in self.keys:
                attempt += 1
                text = f"{key}:{len(self.acknowledged[key])}:{attempt}"
                self.attempts.add(text)
                entries.append((key, text))
            try:
                answer = self.server.call("PutRecords", {
                    "StreamName": self.stream, "Records": [
                        {"PartitionKey": key, "Data": base64.b64encode(text.encode()).decode()}
                        for key, text in entries]})
            except (OSError, Closed):
                time.sleep(0.02)
                continue
            if answer.status != 200:
                time.sleep(0.02)
                continue
            for (key, text), result in zip(entries, answer.body["Records"]):
                if "SequenceNumber" in result:
                    self.acknowledged[key].append(text)


class Follower(threading.Thread):
    """Reads a shard when its parents are read to their ends, and learns of children from
    GetRecords; after a crash it goes on behind the last record that it has seen."""

    def __init__(self, server, stream, stop):
        super().__init__()
        self.server, self.stream, self.stop_ = server, stream, stop
        self.last = {}
        self.finished = set()
        self.parents = {}
        self.records = []
        self.failure = None

    def run(self):
        try:
            self.follow()
        except BaseException as failure:
            self.failure = failure

    def follow(self):
        while True:
            stopping = self.stop_.is_set()
            try:
                idle = self.turn()
            except (OSError, Closed):
                # The server was killed; it comes back.
                time.sleep(0.02)
                continue
            if stopping and idle:
                return

    def turn(self):
        """Reads every shard whose turn it is to its tip or end; True when all were at theirs."""
        if not self.parents:
            self.parents = {each["ShardId"]: set() for each in self.server.shards(self.stream)
                            if "ParentShardId" not in each}
        idle = True
        for shard in list(self.parents):
            if shard in self.finished or not self.parents[shard] <= self.finished:
                continue
            idle = self.read(shard) and idle
        return idle

    def read(self, shard):
        if shard in self.last:
            iterator = self.server.iterator(
                self.stream, shard, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=self.last[shard])
        else:
            iterator = self.server.iterator(self.stream, shard)
        while True:
            page = self.server.ok("GetRecords", {"ShardIterator": iterator, "Limit": 200})
            for record in page["Records"]:
                self.last[shard] = record["SequenceNumber"]
                self.records.append(base64.b64decode(record["Data"]).decode())
            if "NextShardIterator" not in page:
                for child in page["ChildShards"]:
                    assert 1 <= len(child["ParentShards"]) <= 2
                    self.parents[child["ShardId"]] = set(child["ParentShards"])
                self.finished.add(shard)
                return False
            assert "ChildShards" not in page
            iterator = page["NextShardIterator"]
            if not page["Records"] and page["MillisBehindLatest"] == 0:
                return True


def reshard(server, stream, chance):
    """One random change; answers what it was."""
    open_ = open_shards(server.shards(stream))
    count = len(open_)
    kind = chance.choice(["split", "merge", "resize", "resize"])
    if kind == "merge" and count > 1:
        at = chance.randrange(count - 1)
        server.merge(stream, open_[at]["ShardId"], open_[at + 1]["ShardId"])
    elif kind == "split" and count < 12:
        shard = chance.choice(open_)
        low, high = bounds(shard)
        if high - low > 2:
            server.split(stream, shard["ShardId"], chance.randrange(low + 2, high))
    else:
        target = chance.randint((count + 1) // 2, min(2 * count, 12))
        answer = server.call("UpdateShardCount", {
            "StreamName": stream, "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"})
        assert answer.status == 200, answer
        server.active(stream)
        assert len(open_shards(server.shards(stream))) == target
    return kind


@pytest.mark.parametrize("delay", ["0", "30"])
def test_a_consumer_misses_nothing_while_shards_come_and_go(own, delay):
    seed = time.time_ns()
    print("seed", seed)
    chance = random.Random(seed)
    server = own("--state-delay-ms", delay)
    server.create("s", 3)
    stop_writing, stop_reading = threading.Event(), threading.Event()
    producers = [Producer(server, "s", [f"key-{number}" for number in range(first, KEYS, 2)],
                          stop_writing) for first in range(2)]
    follower = Follower(server, "s", stop_reading)
    for thread in [*producers, follower]:
        thread.start()
    try:
        for step in range(STEPS):
            if step % 6 == 5:
                # In the middle of a change, whatever state that is in.
                crash = threading.Timer(chance.uniform(0, 0.05), server.kill)
                crash.start()
                try:
                    reshard(server, "s", chance)
                except (OSError, Closed) as failure:
                    print("cut off:", repr(failure)[:200])
                crash.join()
                server.start()
                server.active("s")
            else:
                reshard(server, "s", chance)
            check_tiles(server.shards("s"))
    finally:
        stop_writing.set()
        for producer in producers:
            producer.join()
        stop_reading.set()
        follower.join(60)
    assert not follower.is_alive(), "the consumer does not come to the tip"
    if follower.failure:
        raise follower.failure
    seen = follower.records
    assert len(seen) == len(set(seen)), "a record was read twice"
    acknowledged = {text for each in producers for texts in each.acknowledged.values() for text in texts}
    attempts = set().union(*(each.attempts for each in producers))
    assert acknowledged <= set(seen) <= attempts
    assert len(acknowledged) > 10 * STEPS
    # Per key in the order of the attempts: a later one was sent when the earlier was answered.
    for key in [f"key-{number}" for number in range(KEYS)]:
        numbers = [int(text.split(":")[2]) for text in seen if text.startswith(key + ":")]
        assert numbers == sorted(numbers), f"{key} is out of order"
    # Everything that the stream ever had was followed.
    assert set(follower.parents) == {each["ShardId"] for each in server.shards("s")}


def test_a_stream_of_many_shards_is_changed_as_one_of_few(own):
    """Changes of more than two hundred shards are decided elsewhere than on the reactor; what is
    answered, refused and counted stays the same."""
    server = own("--limits", "resizes-per-day=2", "--state-delay-ms", "50")
    server.ok("CreateStream", {"StreamName": "many", "ShardCount": 301})
    assert server.call("CreateStream", {"StreamName": "many", "ShardCount": 301}).message == (
        f"Stream many under account {ACCOUNT} already exists.")
    server.active("many")
    resize = {"StreamName": "many", "ScalingType": "UNIFORM_SCALING"}
    answer = server.call("UpdateShardCount", {**resize, "TargetShardCount": 603})
    assert (answer.error, answer.message) == (
        "LimitExceededException", "UpdateShardCount cannot scale up over double your current open "
        "shard count. Current open shard count: 301 Target shard count: 603")
    # What was refused is not counted.
    for before, target in ((301, 300), (300, 298)):
        answer = server.ok("UpdateShardCount", {**resize, "TargetShardCount": target})
        assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (before, target)
        server.active("many")
        assert server.ok("DescribeStreamSummary", {"StreamName": "many"})[
            "StreamDescriptionSummary"]["OpenShardCount"] == target
    answer = server.call("UpdateShardCount", {**resize, "TargetShardCount": 299})
    assert answer.message.startswith("UpdateShardCount was called too often")
    server.put("many", b"kept")
    server.ok("DeleteStream", {"StreamName": "many"})
    deadline = time.monotonic() + 10
    while server.call("DescribeStreamSummary", {"StreamName": "many"}).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
