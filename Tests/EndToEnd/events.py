"""Subscriptions as a raw client sees them: frames decoded by botocore's own event-stream reader."""

import base64
import json
import time

from botocore.eventstream import EventStreamBuffer

CONTENT_TYPE = "application/vnd.amazon.eventstream"
INITIAL_RESPONSE = bytes.fromhex(
    "0000007200000060ab820d9e0b3a6576656e742d74797065070010696e697469616c2d726573706f6e73650d3a"
    "636f6e74656e742d7479706507001a6170706c69636174696f6e2f782d616d7a2d6a736f6e2d312e310d3a6d65"
    "73736167652d747970650700056576656e747b7dacae6b7d")


class Event:
    def __init__(self, message):
        headers = message.headers
        self.kind = headers[":message-type"]
        self.type = headers.get(":event-type") or headers.get(":exception-type")
        self.payload = json.loads(message.payload)

    @property
    def records(self):
        return self.payload.get("Records", [])

    @property
    def data(self):
        return [base64.b64decode(each["Data"]) for each in self.records]

    @property
    def continuation(self):
        return self.payload.get("ContinuationSequenceNumber")

    @property
    def children(self):
        return self.payload.get("ChildShards")

    def __repr__(self):
        return f"<{self.type} {json.dumps(self.payload)[:300]}>"


class Subscription:
    """One SubscribeToShard over a connection of its own (HTTP/1.1)."""

    def __init__(self, server, consumer, shard="shardId-000000000000", kind="TRIM_HORIZON",
                 timeout=30, receive_buffer=None, **position):
        body = json.dumps({
            "ConsumerARN": consumer, "ShardId": shard,
            "StartingPosition": {"Type": kind, **position}}).encode()
        self.connection = server.http1(timeout=timeout, receive_buffer=receive_buffer)
        self.opened = time.monotonic()
        self.connection.send_request("Kinesis_20131202.SubscribeToShard", body)
        self.head = self.connection.read_head()
        self.error = None
        self.ended = False
        self.waiting = []
        if self.head.status != 200:
            length = int(self.head.field("content-length"))
            self.error = json.loads(self.connection.take(length))
            self.ended = True
            return
        assert self.head.field("content-type") == CONTENT_TYPE, self.head
        first = self.next()
        assert first.type == "initial-response", first

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.connection.close()

    def next(self):
        """The next event, None at the clean end of the stream."""
        while not self.waiting:
            if self.ended:
                return None
            chunk = self.connection.read_chunk()
            if not chunk:
                self.ended = True
                return None
            buffer = EventStreamBuffer()
            buffer.add_data(chunk)
            self.waiting = [Event(message) for message in buffer]
            assert self.waiting, "a chunk holds a whole event"
        return self.waiting.pop(0)

    def until(self, satisfied, seconds=20):
        """Events up to the first that satisfies; fails when the stream ends or time runs out."""
        deadline = time.monotonic() + seconds
        seen = []
        while True:
            assert time.monotonic() < deadline, f"not in {seconds} s, only {seen[-3:]!r}"
            self.connection.sock.settimeout(max(0.1, deadline - time.monotonic()))
            event = self.next()
            assert event is not None, f"the stream ended after {seen[-3:]!r}"
            seen.append(event)
            if satisfied(event):
                return seen

    def records(self, count, seconds=20):
        """Events until they hold that many records; returns the records."""
        found = []
        deadline = time.monotonic() + seconds
        while len(found) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} records in {seconds} s"
            event = self.next()
            assert event is not None, f"the stream ended after {len(found)} of {count} records"
            assert event.kind == "event", event
            found += event.records
        return found

    def rest(self, seconds=60):
        """All events up to the clean end."""
        deadline = time.monotonic() + seconds
        seen = []
        while (event := self.next()) is not None:
            seen.append(event)
            assert time.monotonic() < deadline, "the stream does not end"
        return seen


def data_of(records):
    return [base64.b64decode(each["Data"]) for each in records]


def numbers_of(records):
    return [int(each["SequenceNumber"]) for each in records]
