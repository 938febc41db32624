"""Peers that do not behave: each does its worst for the length of a step, beside those that do."""

import contextlib
import json
import os
import socket
import struct
import time

import hpack

import http2
from http1 import Connection
from actors import reading
from actors.clients import Broken, Client

JSON = "application/x-amz-json-1.1"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# What a peer may take of the harness's own time, in seconds.
STEP_SECONDS = 3


def act(world, name, chance, stop):
    """Runs until `stop` is set or its time is over; its own connections' fate is not judged."""
    incarnation = chance.choice(world.living())
    with contextlib.ExitStack() as held:
        try:
            _ACTS[name](world, incarnation, chance, held)
            world.coverage.happened("peer", name)
            stop.wait(STEP_SECONDS)
        except (OSError, AssertionError, http2.h2.exceptions.ProtocolError, Broken):
            # Being thrown out is one of the answers that a bad peer may get.
            world.coverage.happened("peer", name)


def _socket(world, held, *protocols, receive_buffer=None):
    made = world.node.connect(*protocols, timeout=5, receive_buffer=receive_buffer)
    held.callback(made.close)
    return made


def _connection(world, held, settings=None, credit=True):
    return held.enter_context(
        http2.Http2(_socket(world, held, "h2"), settings=settings, credit=credit, strict=False))


def _shard(world, incarnation, chance):
    """A shard that has records, where there is one."""
    shards = [each.shard for each in incarnation.acknowledged()[-200:]]
    return chance.choice(shards or ["shardId-000000000000"])


def _iterator(world, incarnation, chance):
    with Client(world, "json") as client:
        return reading.iterator(client, incarnation, _shard(world, incarnation, chance), "TRIM_HORIZON")


def _stalled_subscriber(world, incarnation, chance, held):
    """Subscribes and reads nothing behind the first event, with a window of 4 KiB."""
    with Client(world, "json") as client:
        answer = client.call("RegisterStreamConsumer", {
            "StreamARN": incarnation.arn, "ConsumerName": f"stalled-{world.next_number()}"})
        if not answer.ok:
            raise Broken(str(answer))
        consumer = answer.body["Consumer"]["ConsumerARN"]
    for kind in ("h1", "h2"):
        body = json.dumps({"ConsumerARN": consumer, "ShardId": _shard(world, incarnation, chance),
                           "StartingPosition": {"Type": "TRIM_HORIZON"}}).encode()
        if kind == "h2":
            connection = _connection(world, held, {4: 4096}, credit=False)
            connection.request("Kinesis_20131202.SubscribeToShard", body)
        else:
            connection = Connection(_socket(world, held, "http/1.1", receive_buffer=4096))
            connection.send_request("Kinesis_20131202.SubscribeToShard", body)


def _cancelled_reads(world, incarnation, chance, held):
    """GetRecords that nobody waits for, 100 at a time on one connection."""
    body = json.dumps({"ShardIterator": _iterator(world, incarnation, chance)}).encode()
    connection = _connection(world, held)
    until = time.monotonic() + STEP_SECONDS / 2
    while time.monotonic() < until:
        numbers = [connection.request("Kinesis_20131202.GetRecords", body) for _ in range(20)]
        for number in numbers:
            connection.cancel(number)
        connection.ping()
        connection.receive()
        time.sleep(0.05)


def _vanished(world, incarnation, chance, held):
    """Connections with a subscription or an answer under way whose peer is gone without a word."""
    for _ in range(5):
        with contextlib.ExitStack() as mine:
            connection = _connection(world, mine, {4: 0}, credit=False)
            connection.request("Kinesis_20131202.GetRecords", json.dumps(
                {"ShardIterator": _iterator(world, incarnation, chance)}).encode())
            raw = connection.sock
            try:
                # Closed without FIN or RST: TCP_REPAIR, which root may set.
                raw.setsockopt(socket.IPPROTO_TCP, 19, 1)
            except OSError:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _announced_bodies(world, incarnation, chance, held):
    """204 requests that announce 7 MB each and send nothing of it."""
    for _ in range(3):
        connection = _connection(world, held)
        for _ in range(68):
            connection.begin("Kinesis_20131202.PutRecords", length=7_000_000)


def _trickle(world, incarnation, chance, held):
    """The same, a byte a stream every half second."""
    connections = [_connection(world, held) for _ in range(3)]
    streams = [(connection, connection.begin("Kinesis_20131202.PutRecords", length=7_000_000))
               for connection in connections for _ in range(60)]
    until = time.monotonic() + STEP_SECONDS
    while time.monotonic() < until:
        for connection, number in streams:
            connection.h2.send_data(number, b" ")
        for connection in connections:
            connection.flush()
        time.sleep(0.5)


def _frame(kind, flags, stream, payload):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
            + payload)


def _header_bomb(world, incarnation, chance, held):
    """One field of 3,900 bytes in the table, referred to thousands of times."""
    sock = _socket(world, held, "h2")
    encoder = hpack.Encoder()
    head = encoder.encode([(":method", "POST"), (":scheme", "https"), (":authority", "localhost"),
                           (":path", "/"), ("x-bomb", "b" * 3900)], huffman=False)
    sock.sendall(PREFACE + _frame(4, 0, 0, b""))
    # 0xbe is the field that was entered last.
    references = b"\xbe" * 16_000
    for number in range(1, 40, 2):
        block = (head if number == 1 else encoder.encode([
            (":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")],
            huffman=False))
        sock.sendall(_frame(1, 0, number, block) + _frame(9, 0, number, references)
                     + _frame(9, 4, number, references))


def _closed_windows(world, incarnation, chance, held):
    """60 GetRecords of all that there is, on a connection that takes no byte."""
    connection = _connection(world, held, {4: 0}, credit=False)
    body = json.dumps({"ShardIterator": _iterator(world, incarnation, chance)}).encode()
    for _ in range(60):
        connection.request("Kinesis_20131202.GetRecords", body)


def _bare_connections(world, incarnation, chance, held):
    """300 connections that say nothing."""
    for _ in range(300):
        made = socket.socket()
        held.callback(made.close)
        made.settimeout(5)
        made.connect(("127.0.0.1", world.node.port))


def _bad_frames(world, incarnation, chance, held):
    """Frames drawn at random, on streams that are open, closed, or have never been."""
    for _ in range(10):
        sock = _socket(world, held, "h2")
        parts = [PREFACE, _frame(4, 0, 0, b"")]
        for _ in range(chance.randint(1, 200)):
            parts.append(_frame(chance.randrange(12), chance.randrange(256), chance.randrange(9),
                                os.urandom(chance.choice((0, 0, 4, 8, 100)))))
        with contextlib.suppress(OSError):
            sock.sendall(b"".join(parts))


def _half_handshake(world, incarnation, chance, held):
    """Connections that stop in the middle of what TLS says first, or close their half."""
    for number in range(50):
        made = socket.socket()
        held.callback(made.close)
        made.settimeout(5)
        made.connect(("127.0.0.1", world.node.port))
        made.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(number))
        if number % 2:
            made.shutdown(socket.SHUT_WR)


_ACTS = {
    "stalled subscriber": _stalled_subscriber, "cancelled reads": _cancelled_reads,
    "vanished": _vanished, "announced bodies": _announced_bodies, "trickle": _trickle,
    "header bomb": _header_bomb, "closed windows": _closed_windows,
    "bare connections": _bare_connections, "bad frames": _bad_frames,
    "half handshake": _half_handshake}
