"""Catching up from far behind: every page comes, whatever the size of records and pages, from
whichever position, before and after a restart."""

import base64
import time

import pytest

from events import Subscription
from server import LONG
from shards import SH

MIB = 2**20
LIST = "Weir_20261122.ListCursors"

# What is read has to lie far behind the tail: more than 8 MiB of it is not held to be in memory.
CASES = [
    pytest.param(1024, 12_000, (1000, 100), id="1 KiB, Limit 1000 and 100"),
    pytest.param(0, 140_000, (None,), id="no data"),
    pytest.param(300_000, 50, (3,), id="300 kB, Limit 3"),
    pytest.param(800_000, 14, (None,), id="800 kB"),
]
if LONG:
    CASES += [
        pytest.param(500_000, 30, (None,), id="500 kB"),
        pytest.param(1_000_000, 16, (None,), id="1 MB"),
        pytest.param(10_000_000, 3, (None,), id="10 MB"),
    ]


def fill(server, name, size, count):
    """Puts records of one size, each told apart by its key; answers the first and last numbers."""
    numbers, at_once = [], max(1, min(500, 9 * MIB // (size + 32)))
    data = base64.b64encode(bytes(size)).decode()
    for first in range(0, count, at_once):
        records = [
            {"Data": data, "PartitionKey": f"{number}"}
            for number in range(first, min(first + at_once, count))]
        answer = server.ok("PutRecords", {"StreamName": name, "Records": records})
        assert answer["FailedRecordCount"] == 0
        numbers += [each["SequenceNumber"] for each in answer["Records"]]
    return numbers


def catch_up(server, iterator, count, size, limit):
    """Pages from the iterator to the tip; each call has to answer in its time."""
    keys, more = [], {"Limit": limit} if limit else {}
    while len(keys) < count:
        page = server.ok("GetRecords", {"ShardIterator": iterator, **more})
        # A page ends at its limit or at 10 MiB, and nowhere else.
        left = count - len(keys)
        assert len(page["Records"]) == min(limit or 10_000, left, max(1, 10 * MIB // max(1, size)))
        keys += [int(each["PartitionKey"]) for each in page["Records"]]
        iterator = page["NextShardIterator"]
    assert page["MillisBehindLatest"] == 0
    return keys


@pytest.mark.parametrize("size, count, limits", CASES)
def test_pages_come_to_their_end(own, name, size, count, limits):
    server = own("--durability", "os")
    arn = server.create(name)
    if size > MIB:
        server.ok("UpdateMaxRecordSize", {"StreamARN": arn, "MaxRecordSizeInKiB": 10_240})
        server.active(name)
    start = time.time()
    numbers = fill(server, name, size, count)
    for life in range(2):
        positions = [
            ("AFTER_SEQUENCE_NUMBER", {"StartingSequenceNumber": numbers[count // 9]},
             count // 9 + 1),
            ("AT_TIMESTAMP", {"Timestamp": start - 1}, 0), ("TRIM_HORIZON", {}, 0)]
        for limit, (kind, more, first) in [
                *((limits[0], position) for position in positions[life:]),
                *((limit, positions[-1]) for limit in limits[1:])]:
            iterator = server.iterator(name, kind=kind, **more)
            keys = catch_up(server, iterator, count - first, size, limit)
            assert keys == list(range(first, count)), (life, kind, limit)
        server.restart()


def test_subscriptions_resume_from_far_behind(own, name):
    server = own("--durability", "os")
    consumer = server.consumer(server.create(name))
    size, count = 300_000, 50
    numbers = fill(server, name, size, count)
    for life in range(2):
        for kind, more, first in [
                ("TRIM_HORIZON", {}, 0), ("AT_TIMESTAMP", {"Timestamp": time.time() - 3600}, 0),
                ("AFTER_SEQUENCE_NUMBER", {"SequenceNumber": numbers[4]}, 5)]:
            deadline = time.monotonic() + 20
            while True:
                subscription = Subscription(server, consumer, SH(0), kind, **more)
                if subscription.error is None:
                    break
                # The one before may still hold the place for its first five seconds.
                assert time.monotonic() < deadline, subscription.error
                time.sleep(0.1)
            with subscription:
                records = subscription.records(count - first)
                assert [int(each["PartitionKey"]) for each in records] == list(range(first, count))
        listed = server.call("ListCursors", {"ConsumerARN": consumer}, target=LIST)
        assert listed.status == 200 and len(listed.body["Cursors"]) == 1, listed
        server.restart()
