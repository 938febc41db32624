"""Work that would hold a reactor up if it were done in one go: sizes, operations, encodings, protocols,
numbers of streams. Each piece draws its sizes and says what it drew; who runs it reads the longest turn.

As a program it looks for the longest: `python turn_work.py SEED [WORD…]` runs every piece, or those
with a word in their names, on a server of its own and prints what each took."""

import json
import os
import socket
import struct
import sys
import time

from events import Subscription
from http2 import Http2

TARGET = "Kinesis_20131202."
CBOR = "application/x-amz-cbor-1.1"
WORK = {}


def work(function):
    WORK[function.__name__] = function
    return function


def size(random, most):
    """A number up to `most`, the largest half of the time."""
    return random.choice([most, random.randrange(1, most + 1)])


def base64_of(count):
    """JSON text for so many bytes of data."""
    return "AAAA" * (count // 3) + {0: "", 1: "AA==", 2: "AAA="}[count % 3]


def big_records(server, name="s"):
    server.ok("UpdateMaxRecordSize", {
        "StreamARN": server.active(name), "MaxRecordSizeInKiB": 10240})


def put(server, random, records):
    """One PutRecords of records of these sizes, over HTTP/1.1 or HTTP/2, in JSON or CBOR."""
    encoding, version = random.choice(["json", "cbor"]), random.choice([1, 2])
    data = bytes if encoding == "cbor" else base64_of
    body = {"StreamName": "s", "Records": [
        {"PartitionKey": "k", "Data": data(each)} for each in records]}
    return call(server, "PutRecords", body, encoding, version)


def call(server, operation, body, encoding="json", version=1):
    import cbor
    if version == 1:
        assert server.call(operation, body, encoding=encoding).status == 200
    else:
        content = cbor.encode(body) if encoding == "cbor" else json.dumps(body).encode()
        with Http2(server.connect("h2", timeout=60)) as client:
            kind = {"content_type": CBOR} if encoding == "cbor" else {}
            answer = client.response(client.request(TARGET + operation, content, **kind))
            assert answer.status == 200
    return f"{encoding} HTTP/{version}"


@work
def a_large_record(server, random):
    count = size(random, 9_900_000)
    big_records(server)
    return f"{count} bytes {put(server, random, [count])}"


@work
def a_record_below_the_bound_for_threads(server, random):
    count = size(random, 780_000)
    return f"{count} bytes {put(server, random, [count])}"


@work
def many_records_in_a_call(server, random):
    count, each = size(random, 500), size(random, 20_000)
    return f"{count} of {each} bytes {put(server, random, [each] * count)}"


@work
def many_small_records_in_a_call(server, random):
    each = size(random, 1_500)
    return f"500 of {each} bytes {put(server, random, [each] * 500)}"


@work
def escapes(server, random):
    """A body of a megabyte that is all escapes: a name, a text that nobody asked for, data, a key."""
    escape = random.choice(["a", "\\n", "\\u0041", "\\ud83d\\ude00", "\u00e4", "\u20ac", "\U0001f600"])
    text = escape * (size(random, 1_040_000) // len(escape.encode()))
    kind = random.choice(["name", "ignored", "data", "boolean", "stream", "iterator"])
    body = {
        "name": '{"%s":1}', "ignored": '{"x":"%s","StreamName":"s"}',
        "data": '{"StreamName":"s","PartitionKey":"k","Data":"%s"}',
        "boolean": '{"StreamName":"s","EnforceConsumerDeletion":"%s"}',
        "stream": '{"StreamName":"%s"}', "iterator": '{"ShardIterator":"%s"}'}[kind] % text
    operation = {"data": "PutRecord", "boolean": "DeleteStream", "iterator": "GetRecords"}.get(
        kind, random.choice(["DescribeStreamSummary", "PutRecord", "ListShards"]))
    with server.http1() as connection:
        connection.send_request(TARGET + operation, body.encode())
        status = connection.read_response().status
    return f"{len(text)} of {escape!a} in {kind} of {operation}: {status}"


@work
def texts_in_cbor(server, random):
    """A megabyte of CBOR text, or of the smallest chunks of one, that nobody asked for."""
    import cbor
    kind = random.choice(["a", "\u00e4", "\x00", "chunks"])
    count = size(random, 500_000)
    text = (b"\x7f" + b"\x61a" * count + b"\xff" if kind == "chunks"
            else cbor.encode(kind * count))
    body = b"\xa2" + cbor.encode("x") + text + cbor.encode("StreamName") + cbor.encode("s")
    operation = random.choice(["DescribeStreamSummary", "PutRecord"])
    with server.http1() as connection:
        connection.send_request(TARGET + operation, body, CBOR)
        status = connection.read_response().status
    return f"{count} of {kind!a} in {operation}: {status}"


@work
def tags_with_long_keys(server, random):
    count = size(random, 400)
    tags = {"k" * (1_000_000 // count) + f"{number:03}": "v" for number in range(count)}
    return f"{count}: {server.call('AddTagsToStream', {'StreamName': 's', 'Tags': tags}).status}"


@work
def values_that_nobody_asked_for(server, random):
    value = random.choice(["1", "1.5e3", "[]", "{}", "null", '"x"', '"\\n"', '{"a":1}'])
    count = size(random, 1_040_000) // (len(value) + 1)
    body = '{"StreamName":"s","x":[' + ",".join([value] * count) + "]}"
    operation = random.choice(["DescribeStreamSummary", "PutRecord", "ListStreams"])
    with server.http1() as connection:
        connection.send_request(TARGET + operation, body.encode())
        status = connection.read_response().status
    return f"{count} of {value} in {operation}: {status}"


@work
def a_page_of_small_records(server, random):
    each, encoding = size(random, 60), random.choice(["json", "cbor"])
    for _ in range(20):
        server.ok("PutRecords", {"StreamName": "s", "Records": [
            {"PartitionKey": "k", "Data": base64_of(each)}] * 500})
    return read(server, f"10000 of {each} bytes", encoding, random)


def read(server, what, encoding, random):
    limit = random.choice([10_000, 5_000, 500])
    import cbor  # noqa: F401 (the server's helper decodes)
    body = {"ShardIterator": server.iterator("s"), "Limit": limit}
    answer = server.call("GetRecords", body, encoding=encoding)
    assert answer.status == 200
    return f"{what}, {len(answer.body['Records'])} of them read in {encoding}"


@work
def a_page_of_some_records(server, random):
    count, each = size(random, 500), size(random, 2_000)
    server.ok("PutRecords", {"StreamName": "s", "Records": [
        {"PartitionKey": "k" * 200, "Data": base64_of(each)}] * count})
    return read(server, f"{count} of {each} bytes", random.choice(["json", "cbor"]), random)


@work
def an_event_of_escaped_keys(server, random):
    consumer = server.consumer(server.active("s"), "c")
    key = random.choice(["\x01", "\u00e4", "k"]) * size(random, 128)
    for _ in range(20):
        server.ok("PutRecords", {"StreamName": "s", "Records": [
            {"PartitionKey": key, "Data": ""}] * 500})
    with Subscription(server, consumer, kind="TRIM_HORIZON") as subscription:
        subscription.records(10_000, seconds=60)
    return f"10000 keys of {len(key)} {key[0]!a}"


@work
def a_large_record_is_pushed(server, random):
    big_records(server)
    consumers = [server.consumer(server.active("s"), f"c{number}") for number in range(4)]
    count = size(random, 9_900_000)
    subscriptions = [Subscription(server, each, kind="LATEST") for each in consumers]
    server.ok("PutRecord", {"StreamName": "s", "PartitionKey": "k", "Data": base64_of(count)})
    for subscription in subscriptions:
        subscription.records(1, seconds=60)
        subscription.close()
    return f"{count} bytes to four"


@work
def many_shards_are_caught_up(server, random):
    """A megabyte of each of many shards to subscriptions that take little at a time."""
    shards, each = 40, size(random, 900_000)
    consumer = server.consumer(server.create("wide", shards), "w")
    step = (1 << 128) // shards
    for number in range(shards):
        server.ok("PutRecord", {
            "StreamName": "wide", "PartitionKey": "k", "Data": base64_of(each),
            "ExplicitHashKey": str(number * step)})
    clients = [Http2(server.connect("h2", receive_buffer=4096)) for _ in range(shards)]
    for number, client in enumerate(clients):
        client.request(TARGET + "SubscribeToShard", json.dumps({
            "ConsumerARN": consumer, "ShardId": f"shardId-{number:012}",
            "StartingPosition": {"Type": "TRIM_HORIZON"}}).encode())
    for client in clients:
        client.pump(lambda: all(len(s.data) > each for s in client.streams.values()))
        client.close()
    return f"{shards} shards of {each} bytes"


@work
def windows_of_some_bytes(server, random):
    """A megabyte of each of many shards, on one connection whose streams take little at a time."""
    shards, each, window = 60, 900_000, random.choice([1, 100, 1_000])
    consumer = server.consumer(server.create("wide", shards), "w")
    step = (1 << 128) // shards
    for number in range(shards):
        server.ok("PutRecord", {
            "StreamName": "wide", "PartitionKey": "k", "Data": base64_of(each),
            "ExplicitHashKey": str(number * step)})
    with Http2(server.connect("h2"), settings={4: window}) as client:
        for number in range(shards):
            client.request(TARGET + "SubscribeToShard", json.dumps({
                "ConsumerARN": consumer, "ShardId": f"shardId-{number:012}",
                "StartingPosition": {"Type": "TRIM_HORIZON"}}).encode())
        client.pump(lambda: all(len(s.data) > 150 for s in client.streams.values()), 60)
    return f"{shards} with windows of {window}"


@work
def many_shards_are_listed(server, random):
    count, encoding = size(random, 10_000), random.choice(["json", "cbor"])
    server.create("wide", count)
    operation = random.choice(["ListShards", "DescribeStream"])
    body = {"StreamName": "wide"}
    if operation == "DescribeStream":
        body["Limit"] = 10_000
    assert server.call(operation, body, encoding=encoding).status == 200
    return f"{operation} of {count} in {encoding}"


@work
def many_streams_are_listed(server, random):
    count = size(random, 1_500)
    calls(server, "CreateStream", [
        {"StreamName": f"{'n' * 100}{number}", "ShardCount": 1} for number in range(count)])
    body = {"Limit": 10_000}
    assert server.call("ListStreams", body).status == 200
    return f"{count}"


def calls(server, operation, bodies):
    """Calls over HTTP/2, some hundred at a time."""
    with Http2(server.connect("h2", timeout=60)) as client:
        for start in range(0, len(bodies), 200):
            numbers = [client.request(TARGET + operation, json.dumps(body).encode())
                       for body in bodies[start:start + 200]]
            client.pump(lambda: all(client.streams[n].ended for n in numbers), 60)
            assert {client.streams[n].status for n in numbers} == {200}


@work
def a_wide_stream_is_made_and_deleted(server, random):
    count = size(random, 10_000)
    server.create("wide", count)
    server.ok("DeleteStream", {"StreamName": "wide"})
    deadline = time.monotonic() + 20
    while server.call("DescribeStreamSummary", {"StreamName": "wide"}).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for number in range(5):
        server.ok("AddTagsToStream", {"StreamName": "s", "Tags": {"t": str(number)}})
    return f"{count} shards"


@work
def many_cursors_are_listed(server, random):
    count = size(random, 1_000)
    consumer = server.consumer(server.create("wide", count), "w")
    client = subscribe(server, consumer, min(count, 1_000))
    for _ in range(2):
        body = {"ConsumerARN": consumer}
        server.call("ListCursors", body, target="Weir_20261122.ListCursors")
    client.close()
    return f"{count}"


def subscribe(server, consumer, count, kind="LATEST"):
    """One connection with a subscription of each shard."""
    client = Http2(server.connect("h2", timeout=60))
    for number in range(count):
        client.request(TARGET + "SubscribeToShard", json.dumps({
            "ConsumerARN": consumer, "ShardId": f"shardId-{number:012}",
            "StartingPosition": {"Type": kind}}).encode())
    client.pump(lambda: all(stream.data for stream in client.streams.values()), 60)
    return client


def reset(connection):
    """The connection ends with a TCP reset."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.sock.close()


@work
def many_subscriptions_are_lost(server, random):
    count = size(random, 1_000)
    consumer = server.consumer(server.create("wide", count), "w")
    client = subscribe(server, consumer, count)
    how = random.choice(["reset", "close", "garbage"])
    if how == "garbage":
        client.sock.sendall(b"\xff" * 100)
        time.sleep(0.2)
    if how == "reset":
        reset(client)
    else:
        client.close()
    settled(server, "weir_subscriptions", 0)
    return f"{count} by {how}"


def settled(server, *_):
    time.sleep(0.3)


@work
def many_consumers_of_a_shard_are_lost(server, random):
    count = size(random, 600)
    arn = server.active("s")
    server.ok("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "first"})
    clients = []
    client = Http2(server.connect("h2", timeout=60))
    numbers = [client.request(TARGET + "RegisterStreamConsumer", json.dumps({
        "StreamARN": arn, "ConsumerName": f"c{number}"}).encode()) for number in range(count)]
    client.pump(lambda: all(client.streams[n].ended for n in numbers), 60)
    consumers = [json.loads(client.streams[n].data)["Consumer"]["ConsumerARN"]
                 for n in numbers if client.streams[n].status == 200]
    client.streams.clear()
    time.sleep(0.6)
    for consumer in consumers:
        client.request(TARGET + "SubscribeToShard", json.dumps({
            "ConsumerARN": consumer, "ShardId": "shardId-000000000000",
            "StartingPosition": {"Type": "LATEST"}}).encode())
    client.pump(lambda: all(s.data or s.ended for s in client.streams.values()), 60)
    server.put("s", b"x")
    time.sleep(0.3)
    reset(client)
    time.sleep(0.3)
    clients.clear()
    return f"{len(consumers)}"


@work
def many_requests_are_lost(server, random):
    """Bodies that have not come to their end."""
    count, each = size(random, 1_000), size(random, 2_000)
    client = Http2(server.connect("h2", timeout=60))
    for _ in range(count):
        number = client.begin(TARGET + "PutRecord", length=4_000)
        client.h2.send_data(number, b"x" * min(each, 60))
    client.flush()
    time.sleep(0.3)
    reset(client)
    time.sleep(0.3)
    return f"{count}"


@work
def many_calls_in_one_write(server, random):
    """As many small calls as HTTP/2 lets a client have open, or a pipeline of HTTP/1.1."""
    operation, body = random.choice([
        ("DescribeLimits", {}), ("DescribeStreamSummary", {"StreamName": "s"}),
        ("ListShards", {"StreamName": "s"}), ("GetRecords", None),
        ("PutRecord", {"StreamName": "s", "PartitionKey": "k", "Data": ""}),
        ("PutRecord", {"StreamName": "s", "PartitionKey": "k" * 256, "Data": "AAAA" * 25})])
    if body is None:
        body = {"ShardIterator": server.iterator("s")}
    content, version = json.dumps(body).encode(), random.choice([1, 2])
    if version == 2:
        with Http2(server.connect("h2", timeout=60), wait_for_settings=True) as client:
            numbers = []
            for _ in range(1_000):
                number = client.h2.get_next_available_stream_id()
                client.h2.send_headers(number, [
                    (":method", "POST"), (":scheme", "https"), (":authority", "localhost"),
                    (":path", "/"), ("x-amz-target", TARGET + operation),
                    ("content-type", "application/x-amz-json-1.1")])
                from http2 import Stream
                client.streams[number] = Stream()
                if client.h2.local_flow_control_window(number) < len(content):
                    client.flush()
                while client.h2.local_flow_control_window(number) < len(content):
                    client.receive()
                client.h2.send_data(number, content, end_stream=True)
                numbers.append(number)
            client.flush()
            client.pump(lambda: all(client.streams[n].ended for n in numbers), 60)
    else:
        head = (f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: {TARGET}{operation}\r\n"
                "Content-Type: application/x-amz-json-1.1\r\n"
                f"Content-Length: {len(content)}\r\n\r\n").encode()
        with server.http1(timeout=60) as connection:
            connection.send((head + content) * 300)
            for _ in range(300):
                connection.read_response()
    return f"{operation} HTTP/{version}"


@work
def many_single_puts_are_settled_together(server, random):
    clients = [Http2(server.connect("h2", timeout=60)) for _ in range(8)]
    content = json.dumps({"StreamName": "s", "PartitionKey": "k", "Data": ""}).encode()
    for client in clients:
        for _ in range(400):
            number = client.h2.get_next_available_stream_id()
            client.h2.send_headers(number, [
                (":method", "POST"), (":scheme", "https"), (":authority", "localhost"),
                (":path", "/"), ("x-amz-target", TARGET + "PutRecord"),
                ("content-type", "application/x-amz-json-1.1")])
            from http2 import Stream
            client.streams[number] = Stream()
            client.h2.send_data(number, content, end_stream=True)
    waiting = [client.h2.data_to_send() for client in clients]
    for client, data in zip(clients, waiting):
        client.sock.sendall(data)
    for client in clients:
        client.pump(lambda: all(s.ended for s in client.streams.values()), 60)
        client.close()
    return "3200"


@work
def many_connections(server, random):
    count = size(random, 300)
    connections = [server.connect("http/1.1") for _ in range(count)]
    for connection in connections:
        connection.close()
    return f"{count}"


@work
def many_bytes_to_many(server, random):
    """Large pages to readers that take them at the same time."""
    count = 12
    server.ok("PutRecords", {"StreamName": "s", "Records": [
        {"PartitionKey": "k", "Data": base64_of(900_000)}] * 5})
    iterator = server.iterator("s")
    with Http2(server.connect("h2", timeout=60), settings={4: 1 << 24}) as client:
        client.h2.increment_flow_control_window(1 << 29)
        client.flush()
        body = json.dumps({"ShardIterator": iterator}).encode()
        numbers = [client.request(TARGET + "GetRecords", body) for _ in range(count)]
        client.pump(lambda: all(client.streams[n].ended for n in numbers), 60)
    return f"{count} of 4.5 MB"


@work
def sweeps(server, random):
    count = size(random, 1_000)
    consumer = server.consumer(server.create("wide", count), "w")
    client = subscribe(server, consumer, count)
    step = (1 << 128) // count
    server.ok("PutRecords", {"StreamName": "wide", "Records": [
        {"PartitionKey": "k", "Data": "", "ExplicitHashKey": str(number * step)}
        for number in range(min(count, 500))]})
    for number in range(20):
        server.ok("AddTagsToStream", {"StreamName": "wide", "Tags": {"t": str(number)}})
    time.sleep(2.2)
    server.ok("DeregisterStreamConsumer", {"ConsumerARN": consumer})
    client.pump(lambda: all(stream.ended for stream in client.streams.values()), 60)
    client.close()
    return f"{count}"


@work
def plans(server, random):
    import threading
    counts = [size(random, 4_000) for _ in range(2)]
    others = [threading.Thread(target=server.ok, args=("CreateStream", {
        "StreamName": f"large{number}", "ShardCount": count}))
        for number, count in enumerate(counts)]
    for other in others:
        other.start()
    for number in range(50):
        server.ok("AddTagsToStream", {"StreamName": "s", "Tags": {"t": str(number)}})
    for other in others:
        other.join()
    return f"{counts} shards"


def longest(server, name="turn"):
    with server.http1() as connection:
        connection.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        found = {}
        for line in connection.read_response().body.decode().splitlines():
            if line.startswith(f"weir_reactor_{name}_max_seconds{{"):
                found[line.split("{")[1].split("}")[0]] = float(line.split()[-1])
        return found


def run(piece, seed, folder, *options):
    """Runs a piece on a server of its own; what it drew, and the longest turn in milliseconds."""
    import random
    import shutil
    import server as servers
    shutil.rmtree(folder, ignore_errors=True)
    server = servers.Server(
        folder, "--durability", "os", "--measure-turns", "--reactors", "1", *options).start()
    try:
        server.create("s")
        drew = WORK[piece](server, random.Random(f"{seed} {piece}"))
        return drew, longest(server), longest(server, "step")
    finally:
        server.stop()


if __name__ == "__main__":
    seed, words = sys.argv[1], sys.argv[2:]
    folder = os.environ.get("TMPDIR", "/tmp") + f"/turn-work-{os.getpid()}"
    for piece in WORK:
        if words and not any(word in piece for word in words):
            continue
        try:
            drew, turns, steps = run(piece, seed, folder)
            steps = {key.split('step="')[-1].rstrip('"'): round(value * 1000, 2)
                     for key, value in steps.items()}
            print(f"{max(turns.values()) * 1000:8.2f} ms  {piece}: {drew}  {steps or ''}", flush=True)
        except Exception as error:
            print(f"    FAILED   {piece}: {error!r}"[:300], flush=True)
