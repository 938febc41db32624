"""One subscriber reads nothing while a flood is put: it costs a position, not memory."""

import base64
import os
import threading
import time

from events import Subscription, data_of, numbers_of
from server import LONG

FLOOD_BYTES = 2**30 if LONG else 192 * 2**20
FLOOD_SECONDS = 60 if LONG else 0
GROWTH_BYTES_MAX = 8 * 2**20
# While it lasts, what is staged and on its way to the reading one counts too, which is more on a
# machine that is busy with other things. The flood is many times that.
HIGHEST_BYTES_MAX = 48 * 2**20


def flood(server, name, total, seconds):
    """Puts batches of 64 KiB records until both the bytes and the time are reached."""
    filler = os.urandom(64 * 1024 - 8)
    began, count, lock = time.monotonic(), [0], threading.Lock()
    failures = []

    def write(writer):
        try:
            while True:
                with lock:
                    enough = (count[0] * 65536 >= total and time.monotonic() - began >= seconds)
                    if enough:
                        return
                    first = count[0]
                    count[0] += 16
                records = [{"PartitionKey": "k", "Data": base64.b64encode(
                    (first + each).to_bytes(8, "big") + filler).decode()} for each in range(16)]
                while records:
                    answer = server.ok("PutRecords", {"StreamName": name, "Records": records})
                    if not answer["FailedRecordCount"]:
                        break
                    records = [record for record, result in zip(records, answer["Records"])
                               if "ErrorCode" in result]
                    time.sleep(0.01)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(each,)) for each in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    return count[0]


def test_a_stalled_subscriber_costs_nothing_and_loses_nothing(own, record_property):
    server = own()
    arn = server.create("flooded")
    reading, stalled = server.consumer(arn, "reading"), server.consumer(arn, "stalled")
    # Warm up the ways that the flood will take, so that the growth is what the stall costs.
    flood(server, "flooded", 32 * 2**20, 0)
    start = {"kind": "LATEST"}
    with Subscription(server, stalled, timeout=60, receive_buffer=8192, **start) as idle, \
            Subscription(server, reading, timeout=60, **start) as active:
        seen, stop = [], threading.Event()

        def read():
            while not stop.is_set():
                event = active.next()
                if event is None:
                    return
                seen.extend((int(each["SequenceNumber"]), data[:8]) for each, data in zip(
                    event.records, event.data))

        reader = threading.Thread(target=read)
        reader.start()
        flood(server, "flooded", 32 * 2**20, 0)
        before = server.anonymous_bytes()
        highest = [before]
        watching = threading.Event()

        def watch():
            while not watching.wait(0.1):
                highest[0] = max(highest[0], server.anonymous_bytes())

        watcher = threading.Thread(target=watch)
        watcher.start()
        count = 512 + flood(server, "flooded", FLOOD_BYTES, FLOOD_SECONDS)
        deadline = time.monotonic() + 60
        while len(seen) < count:
            assert time.monotonic() < deadline, f"the reading one has {len(seen)} of {count}"
            time.sleep(0.05)
        watching.set()
        watcher.join()
        # What the flood itself took is given back when it is over; what the stall costs stays.
        deadline = time.monotonic() + 30
        while (after := server.anonymous_bytes()) - before > GROWTH_BYTES_MAX:
            if time.monotonic() > deadline:
                break
            time.sleep(0.25)
        record_property("growth_kib", (after - before) // 1024)
        record_property("highest_growth_kib", (highest[0] - before) // 1024)
        print(f"{count} records; growth {(after - before) / 1024:.0f} KiB, "
              f"highest {(highest[0] - before) / 1024:.0f} KiB")
        assert after - before <= GROWTH_BYTES_MAX
        assert highest[0] - before <= HIGHEST_BYTES_MAX
        # Now the stalled one reads: everything, once, in order.
        found = []
        while len(found) < count:
            event = idle.next()
            if event is None:
                # Its five minutes may have ended meanwhile.
                raise AssertionError(f"the stalled one ended after {len(found)} of {count}")
            found += [(number, data[:8]) for number, data in zip(
                numbers_of(event.records), event.data)]
        stop.set()
        server.put("flooded", b"last 8 b")
        reader.join(30)
    assert found == seen[:count]
    assert [number for number, _ in found] == sorted({number for number, _ in found})


def test_many_stalled_subscribers_cost_a_few_kib_each(own, record_property):
    server = own()
    arn = server.create("stalled", 10)
    step = 2**128 // 10
    consumers = [server.consumer(arn, f"c{number}") for number in range(10)]
    flood(server, "stalled", 16 * 2**20, 0)
    before = server.anonymous_bytes()
    held = [Subscription(server, consumer, f"shardId-{shard:012}", "LATEST", receive_buffer=4096)
            for consumer in consumers for shard in range(10)]
    try:
        for _ in range(20):
            for shard in range(10):
                server.put("stalled", os.urandom(60_000), ExplicitHashKey=str(step * shard + 1))
        growth = server.anonymous_bytes() - before
        record_property("kib_per_stalled_subscriber", growth // 1024 // len(held))
        # A TLS connection is some 50 KiB; what is owed (1.2 MB each) must not be in there.
        assert growth / len(held) < 200 * 1024, growth / len(held)
        for each in held[:10]:
            assert len(data_of(each.records(20))) == 20
    finally:
        for each in held:
            each.close()
