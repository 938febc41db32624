"""A peer that misbehaves is an answer or a closed connection, never the end of the server."""

import json
import random
import socket
import struct
import time

import pytest

import cbor
from http1 import Closed
from server import CONTENT_TYPES, LONG
from shards import SH

ROUNDS = 40_000 if LONG else 2000
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/noise"
BODIES = [
    ("CreateStream", {"StreamName": "noise", "ShardCount": 1, "StreamModeDetails": {"StreamMode": "PROVISIONED"},
                      "Tags": {"a": "b"}}),
    ("DescribeStream", {"StreamName": "noise", "Limit": 3, "ExclusiveStartShardId": SH(0)}),
    ("ListStreams", {"Limit": 5, "ExclusiveStartStreamName": "a"}),
    ("ListShards", {"StreamName": "noise", "MaxResults": 2, "ShardFilter": {"Type": "AT_TIMESTAMP", "Timestamp": 1}}),
    ("PutRecord", {"StreamName": "noise", "Data": "YWJj", "PartitionKey": "k", "ExplicitHashKey": "5"}),
    ("PutRecords", {"StreamARN": ARN, "Records": [{"Data": "YWJj", "PartitionKey": "k"}] * 3}),
    ("GetShardIterator", {"StreamName": "noise", "ShardId": SH(0), "ShardIteratorType": "AT_TIMESTAMP",
                          "Timestamp": 1548118964.772}),
    ("GetRecords", {"ShardIterator": "AAAAAAAAAAE", "Limit": 10}),
    ("RegisterStreamConsumer", {"StreamARN": ARN, "ConsumerName": "app"}),
    ("SubscribeToShard", {"ConsumerARN": f"{ARN}/consumer/app:1", "ShardId": SH(0),
                          "StartingPosition": {"Type": "LATEST"}}),
    ("SplitShard", {"StreamName": "noise", "ShardToSplit": SH(0), "NewStartingHashKey": "1000"}),
]
INTERESTING = [b"\0", b"\xff", b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"[", b"1e999", b"-", b"null",
               b"99999999999999999999", b"\xf0\x9f\x94\x91", b"\xed\xa0\x80", b"\x9f", b"\xbf", b"\x1b" + b"\xff" * 8]


@pytest.fixture
def chance():
    seed = time.time_ns()
    print("seed", seed)
    return random.Random(seed)


def mutated(data, chance):
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        at = chance.randrange(len(data) + 1)
        what = chance.randrange(4)
        if what == 0 and data:
            data[at % len(data)] = chance.randrange(256)
        elif what == 1:
            data[at:at] = chance.choice(INTERESTING)
        elif what == 2:
            del data[at:at + chance.randrange(1, 10)]
        else:
            other = chance.randrange(len(data) + 1)
            data[at:at] = data[other:other + chance.randrange(1, 30)]
    return bytes(data)


@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_mutated_bodies(weir, chance, encoding):
    connection = weir.http1()
    for _ in range(ROUNDS):
        operation, body = chance.choice(BODIES)
        if encoding == "cbor" and operation == "SubscribeToShard":
            continue
        content = json.dumps(body).encode() if encoding == "json" else cbor.encode(body)
        content = mutated(content, chance)
        connection.send_request(f"Kinesis_20131202.{operation}", content, CONTENT_TYPES[encoding])
        head = connection.read_response()
        assert head.status in (200, 400), (operation, content, head)
        if head.status == 400 and encoding == "json":
            assert json.loads(head.body)["__type"], (content, head.body)
        elif head.status == 400:
            assert cbor.decode(head.body)["__type"], (content, head.body)
    connection.close()
    assert weir.get("/health").status == 200


def test_random_frames_of_http2(weir, chance):
    for _ in range(ROUNDS // 8):
        with weir.connect("h2") as sock:
            sock.settimeout(0.02)
            noise = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
            for _ in range(chance.randrange(1, 20)):
                payload = chance.randbytes(chance.choice([0, 4, 5, 8, 6, 30, 200]))
                noise += frame(chance.randrange(12), chance.choice([0, 1, 4, 5, 8, 0x24, 0x29, 255]),
                               chance.choice([0, 1, 1, 3, 5, 2, 2**31 - 1]), payload)
            try:
                sock.sendall(noise)
                while sock.recv(65536):
                    pass
            except (OSError, socket.timeout):
                pass
    assert weir.get("/health").status == 200


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def test_mutated_heads_of_http1(weir, chance):
    head = (b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\n"
            b"Content-Type: application/x-amz-json-1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\n{}\r\n0\r\n\r\n")
    for _ in range(ROUNDS // 4):
        with weir.http1(timeout=0.05) as connection:
            try:
                connection.send(mutated(head, chance))
                response = connection.read_response()
                assert 200 <= response.status < 600
            except (Closed, OSError, AssertionError, ValueError):
                pass
    assert weir.get("/health").status == 200


def test_mutated_handshakes(weir, chance):
    hello = client_hello()
    for _ in range(ROUNDS // 4):
        with socket.create_connection(("127.0.0.1", weir.port), 5) as sock:
            sock.settimeout(0.02)
            try:
                sock.sendall(mutated(hello, chance))
                sock.recv(4096)
            except OSError:
                pass
    assert weir.get("/health").status == 200


def client_hello():
    """The first bytes of a real handshake, taken from OpenSSL by memory BIO."""
    import ssl
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    handshake = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    return outgoing.read()
