"""One peer's work does not hold up the others: neither what it no longer waits for, nor one long step."""

import base64
import json
import threading
import time

from events import Subscription
from http2 import Http2

# Processor time of a turn, whatever else the machine does. A step takes a millisecond at most; a turn
# has several, and an ordinary one of a fan-out or of handshakes some milliseconds. Each of the steps
# below took 20 ms and more when it was done in one go.
TURN_SECONDS_MAX = 0.015


def metric(server, name, **labels):
    """A sample of /metrics."""
    wanted = "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
    for line in page(server, "/metrics").splitlines():
        if line.startswith(name + (wanted if labels else " ")):
            return float(line.split()[-1])
    raise AssertionError(f"no {name}{wanted}")


def page(server, path):
    with server.http1() as connection:
        connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        answer = connection.read_response()
        assert answer.status == 200
        return answer.body.decode()


def fill(server, name, records, size):
    """Puts records of random size-like data, a megabyte a call."""
    data = base64.b64encode(bytes(size)).decode()
    each = max(1, min(500, 900_000 // max(1, size)))
    while records > 0:
        some = min(each, records)
        records -= some
        answer = server.ok("PutRecords", {"StreamName": name, "Records": [
            {"PartitionKey": "k", "Data": data}] * some})
        assert answer["FailedRecordCount"] == 0


def test_reads_that_nobody_waits_for_hold_up_nobody(own):
    server = own("--durability", "os")
    server.create("read")
    fill(server, "read", 40, 400_000)
    iterator = server.iterator("read")
    body = json.dumps({"ShardIterator": iterator}).encode()
    stop, sent, failures = threading.Event(), [0], []

    def greedy():
        try:
            with Http2(server.connect("h2")) as client:
                while not stop.is_set():
                    began = time.monotonic()
                    numbers = [client.request("Kinesis_20131202.GetRecords", body) for _ in range(20)]
                    for number in numbers:
                        if not client.streams[number].ended:
                            client.cancel(number)
                    sent[0] += 20
                    client.pump(lambda: True)
                    client.streams.clear()
                    time.sleep(max(0, began + 0.05 - time.monotonic()))
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=greedy)
    thread.start()
    try:
        waits = []
        put = json.dumps({"StreamName": "read", "Records": [
            {"PartitionKey": "k", "Data": base64.b64encode(bytes(700_000)).decode()}] * 3})
        while sent[0] < 1200 and not failures:
            began = time.monotonic()
            page(server, "/metrics")
            assert server.ok("PutRecords", json.loads(put))["FailedRecordCount"] == 0
            server.ok("GetRecords", {"ShardIterator": iterator, "Limit": 1})
            waits.append(time.monotonic() - began)
    finally:
        stop.set()
        thread.join()
    assert not failures, failures
    assert len(waits) >= 3
    # It was 17 seconds when everything stood in one line.
    assert max(waits) < 5, waits
    assert metric(server, "weir_blocking_jobs_total", lane="disk", outcome="skipped") >= 0
    assert metric(server, "weir_blocking_jobs", lane="disk", state="waiting") == 0


def subscribe_to_all(server, consumer, count):
    """One connection with a subscription of each shard."""
    client = Http2(server.connect("h2"))
    for number in range(count):
        client.request("Kinesis_20131202.SubscribeToShard", json.dumps({
            "ConsumerARN": consumer, "ShardId": f"shardId-{number:012}",
            "StartingPosition": {"Type": "LATEST"}}).encode())
    client.pump(lambda: all(stream.data for stream in client.streams.values()))
    return client


def test_no_turn_is_long(own):
    server = own("--durability", "os", "--measure-turns", "--reactors", "1")

    def check(what):
        longest = metric(server, "weir_reactor_turn_max_seconds", reactor="0")
        assert longest < TURN_SECONDS_MAX, f"{what}: {longest * 1000:.1f} ms"

    server.create("turns")
    consumer = server.consumer(server.active("turns"), "c")
    check("a call")

    answer = server.call("DescribeStreamSummary", {"StreamName": "turns", "x": [1] * 330_000})
    assert answer.status == 400
    answer = server.call("PutRecord", {
        "StreamName": "turns", "PartitionKey": "k", "Data": "", "x": [1] * 330_000})
    assert answer.status == 200
    check("a megabyte of numbers")

    key = "\x01" * 256
    for _ in range(20):
        server.ok("PutRecords", {"StreamName": "turns", "Records": [
            {"PartitionKey": key, "Data": ""}] * 500})
    with Subscription(server, consumer, kind="TRIM_HORIZON") as subscription:
        subscription.records(10_001, seconds=60)
    check("ten thousand keys that are escaped")

    server.ok("UpdateMaxRecordSize", {
        "StreamARN": server.active("turns"), "MaxRecordSizeInKiB": 10240})
    server.ok("PutRecord", {"StreamName": "turns", "PartitionKey": "k",
                            "Data": base64.b64encode(bytes(9_000_000)).decode()})
    with Subscription(server, consumer, kind="LATEST") as subscription:
        server.ok("PutRecord", {"StreamName": "turns", "PartitionKey": "k",
                                "Data": base64.b64encode(bytes(8_000_000)).decode()})
        subscription.records(1, seconds=60)
    check("a record of nine megabytes")

    arn = server.create("many", 500)
    many = server.consumer(arn, "m")
    client = subscribe_to_all(server, many, 500)
    time.sleep(2.2)
    check("sweeps over five hundred subscriptions")
    # A plan of thousands of shards, news of it, and small changes meanwhile.
    others = [threading.Thread(target=server.ok, args=("CreateStream", {
        "StreamName": f"large{number}", "ShardCount": 4000})) for number in range(2)]
    for other in others:
        other.start()
    for number in range(50):
        server.ok("AddTagsToStream", {"StreamName": "many", "Tags": {"t": str(number)}})
    for other in others:
        other.join()
    check("plans of thousands of shards")
    server.ok("DeregisterStreamConsumer", {"ConsumerARN": many})
    client.pump(lambda: all(stream.ended for stream in client.streams.values()))
    check("the end of five hundred subscriptions")
    client.close()
