"""kill -9 under load, at random moments, with splits and merges in between."""

import email.utils
import glob
import random
import threading
import time

import pytest

from events import Subscription, data_of, numbers_of
from server import LONG
from shards import SH, bounds, index_of

ROUNDS = 200 if LONG else 20
KEYS = 12


class Load:
    """Writers that remember what was acknowledged, and a resharder."""

    def __init__(self, server, stream, chance):
        self.server, self.stream, self.chance = server, stream, chance
        self.acknowledged = {key: [] for key in range(KEYS)}
        self.attempted = {key: 0 for key in range(KEYS)}
        self.stop = threading.Event()

    def round(self, seconds):
        self.stop.clear()
        threads = [threading.Thread(target=self.write, args=(range(first, KEYS, 3),))
                   for first in range(3)]
        threads.append(threading.Thread(target=self.reshard))
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.server.kill()
        self.stop.set()
        for thread in threads:
            thread.join()

    def write(self, keys):
        while not self.stop.is_set():
            for key in keys:
                number = self.attempted[key]
                self.attempted[key] += 1
                try:
                    answer = self.server.call("PutRecord", {
                        "StreamName": self.stream, "PartitionKey": f"key-{key}",
                        "Data": encode(key, number)})
                except Exception:
                    return
                if answer.status == 200:
                    self.acknowledged[key].append(
                        (number, answer.body["ShardId"], int(answer.body["SequenceNumber"])))

    def reshard(self):
        try:
            while not self.stop.is_set():
                time.sleep(self.chance.uniform(0.02, 0.15))
                open_ = sorted((each for each in self.server.shards(self.stream)
                                if "EndingSequenceNumber" not in each["SequenceNumberRange"]), key=bounds)
                if len(open_) > 3:
                    at = self.chance.randrange(len(open_) - 1)
                    self.server.merge(self.stream, open_[at]["ShardId"], open_[at + 1]["ShardId"])
                else:
                    shard = self.chance.choice(open_)
                    low, high = bounds(shard)
                    self.server.split(self.stream, shard["ShardId"], self.chance.randrange(low + 2, high))
        except Exception:
            return


def encode(key, number):
    import base64
    return base64.b64encode(b"%d:%d" % (key, number)).decode()


def test_every_acknowledged_record_survives(own):
    seed = time.time_ns()
    print("seed", seed)
    chance = random.Random(seed)
    server = own()
    server.create("crashed", 2)
    load = Load(server, "crashed", chance)
    for _ in range(ROUNDS):
        load.round(chance.uniform(0.05, 0.4))
        server.start()
        highest = highest_acknowledged(load)
        # What is given out after the crash is above everything given out before.
        for number in range(2):
            put = server.put("crashed", b"-1:0", "probe")
            assert int(put["SequenceNumber"]) > highest.get(put["ShardId"], 0)
    check(server, "crashed", load)


def highest_acknowledged(load):
    highest = {}
    for entries in load.acknowledged.values():
        for _, shard, number in entries:
            highest[shard] = max(number, highest.get(shard, 0))
    return highest


def check(server, stream, load):
    shards = server.shards(stream)
    by_place, per_key = {}, {key: [] for key in range(KEYS)}
    for shard in shards:
        records = server.read_all(stream, shard["ShardId"])
        numbers = numbers_of(records)
        assert numbers == sorted(set(numbers)), f"{shard['ShardId']} is not in order"
        end = shard["SequenceNumberRange"].get("EndingSequenceNumber")
        assert not end or not numbers or numbers[-1] < int(end)
        for record, data in zip(records, data_of(records)):
            by_place[shard["ShardId"], int(record["SequenceNumber"])] = data
            key, number = map(int, data.split(b":"))
            if key >= 0:
                per_key[key].append(number)
    for key, entries in load.acknowledged.items():
        for number, shard, sequence in entries:
            assert by_place.get((shard, sequence)) == b"%d:%d" % (key, number), (
                f"the acknowledged record {key}:{number} is gone from {shard}")
        # In order, once: shards are listed parents before children.
        assert per_key[key] == sorted(set(per_key[key])), f"key {key} is out of order or twice"
    open_ = sorted((bounds(each) for each in shards
                    if "EndingSequenceNumber" not in each["SequenceNumberRange"]))
    assert open_[0][0] == 0 and open_[-1][1] == 2**128 - 1
    assert all(a[1] + 1 == b[0] for a, b in zip(open_, open_[1:]))
    assert sum(map(len, load.acknowledged.values())) > ROUNDS


def test_subscribers_resume_over_crashes_without_loss(own):
    """From the last continuation number they saw, on a busy shard and on an idle one."""
    seed = time.time_ns()
    print("seed", seed)
    chance = random.Random(seed)
    server = own("--time-scale", "0.02")
    arn = server.create("busy", 2)
    consumer = server.consumer(arn)
    acknowledged, found = {0: [], 1: []}, {0: [], 1: []}
    positions = {0: {"kind": "TRIM_HORIZON"}, 1: {"kind": "LATEST"}}
    rounds = 40 if LONG else 6
    for round_ in range(rounds):
        stop = threading.Event()

        def read(shard):
            try:
                with Subscription(server, consumer, SH(shard), **positions[shard]) as subscription:
                    while not stop.is_set():
                        event = subscription.next()
                        if event is None or event.kind != "event":
                            return
                        found[shard] += zip(numbers_of(event.records), event.data)
                        positions[shard] = {
                            "kind": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event.continuation}
            except Exception:
                return

        def write():
            while not stop.is_set():
                try:
                    data = b"%d:%d" % (round_, len(acknowledged[0]))
                    put = server.put("busy", data, ExplicitHashKey="0")
                    acknowledged[0].append((int(put["SequenceNumber"]), data))
                except Exception:
                    return

        threads = [threading.Thread(target=read, args=(shard,)) for shard in (0, 1)]
        threads.append(threading.Thread(target=write))
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.3, 0.8))
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        server.start()
        # A record on the idle shard while nobody is subscribed.
        data = b"idle %d" % round_
        put = server.put("busy", data, ExplicitHashKey=str(2**128 - 1))
        acknowledged[1].append((int(put["SequenceNumber"]), data))
        continuation = positions[1].get("SequenceNumber")
        assert continuation is None or int(put["SequenceNumber"]) > int(continuation)
    for shard in (0, 1):
        with Subscription(server, consumer, SH(shard), **positions[shard]) as subscription:
            expected = [each for each in acknowledged[shard]]
            while not set(expected) <= set(found[shard]):
                event = subscription.next()
                assert event is not None, "the end came before every acknowledged record"
                found[shard] += zip(numbers_of(event.records), event.data)
                if not event.records and event.payload["MillisBehindLatest"] == 0:
                    break
        assert set(expected) <= set(found[shard]), set(expected) - set(found[shard])
        numbers = [number for number, _ in found[shard]]
        assert numbers == sorted(set(numbers)), "a record came twice or out of order"


def test_numbers_given_out_without_a_record_hold_over_a_crash(own):
    """LATEST, continuation and ending numbers, from a shard that never had a record."""
    server = own("--time-scale", "0.05")
    arn = server.create("idle")
    consumer = server.consumer(arn)
    for _ in range(10 if LONG else 3):
        shard = [each for each in server.shards("idle")
                 if "EndingSequenceNumber" not in each["SequenceNumberRange"]][-1]["ShardId"]
        latest = server.iterator("idle", shard, "LATEST")
        with Subscription(server, consumer, shard, "LATEST") as subscription:
            seen = [int(subscription.next().continuation) for _ in range(3)]
        server.restart()
        put = int(server.put("idle", b"x", ExplicitHashKey=str(2**128 - 1))["SequenceNumber"])
        assert put > max(seen)
        assert data_of(server.ok("GetRecords", {"ShardIterator": latest})["Records"]) == [b"x"]
        server.split("idle", shard)
        end = [each for each in server.shards("idle") if each["ShardId"] == shard][0]
        assert int(end["SequenceNumberRange"]["EndingSequenceNumber"]) > put
        assert index_of(put) > index_of(max(seen))


def test_a_clock_set_back_does_not_repeat_numbers(own):
    libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not libraries:
        pytest.skip("faketime is not installed")
    server = own()
    server.create("back")
    first = int(server.put("back", b"1")["SequenceNumber"])
    server.kill()
    # The library's first process changes its own environment, which confuses how Swift finds its
    # arguments; behind `env` the server is the second.
    server.prefix = ["env"]
    server.environment_added = {"LD_PRELOAD": libraries[0], "FAKETIME": "-1d"}
    server.start()
    assert abs(server_date(server) - time.time() + 86400) < 3600, "the server's clock is not set back"
    second = int(server.put("back", b"2")["SequenceNumber"])
    assert second > first
    assert data_of(server.read_all("back")) == [b"1", b"2"]


def server_date(server):
    return email.utils.parsedate_to_datetime(server.get("/health").field("date")).timestamp()


def test_a_crash_while_streams_come_and_go(own):
    seed = time.time_ns()
    print("seed", seed)
    chance = random.Random(seed)
    server = own()
    existing = set()
    for round_ in range(20 if LONG else 5):
        unsure = set()
        stop = threading.Event()

        def change():
            number = 0
            while not stop.is_set():
                name = f"s-{round_}-{number}"
                number += 1
                unsure.add(name)
                try:
                    server.create(name, chance.randrange(1, 5))
                except Exception:
                    return
                existing.add(name)
                unsure.discard(name)
                if chance.random() < 0.5:
                    unsure.add(name)
                    try:
                        if server.call("DeleteStream", {"StreamName": name}).status != 200:
                            return
                    except Exception:
                        return
                    existing.discard(name)

        thread = threading.Thread(target=change)
        thread.start()
        time.sleep(chance.uniform(0.1, 0.4))
        server.kill()
        stop.set()
        thread.join()
        server.start()
        names, start = set(), None
        while True:
            page = server.ok("ListStreams", {"ExclusiveStartStreamName": start} if start else {})
            names |= set(page["StreamNames"])
            if not page["HasMoreStreams"]:
                break
            start = page["StreamNames"][-1]
        assert existing - unsure <= names, existing - unsure - names
        assert names <= existing | unsure, names - existing - unsure
        existing = names


def test_a_server_that_is_killed_after_every_start_keeps_starting(own):
    """More often than the journal has files: no life is long enough for the housekeeper."""
    server = own()
    server.create("s", 1)
    for life in range(70):
        server.ok("PutRecord", {"StreamName": "s", "PartitionKey": "k", "Data": encode(0, life)})
        server.kill()
        server.start()
    page = server.ok("GetRecords", {"ShardIterator": server.iterator("s", SH(0))})
    assert [each["Data"] for each in page["Records"]] == [encode(0, life) for life in range(70)]
    assert len(glob.glob(str(server.data / "log" / "journal" / "*"))) < 12
