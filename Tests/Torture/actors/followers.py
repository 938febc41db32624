"""Readers that live through an episode: pagers, subscribers, and `weir tail`.

Each follows a shard of a stream from its oldest record over restarts, and goes on where it was; at
the end it must have seen all that is there, once and in order."""

import json
import os
import subprocess
import tempfile
import threading
import time

from actors import pushing, reading
from actors.clients import Broken, Client
from law.history import View
from patience import seconds
from server import BINARY

CATCH_UP_SECONDS = 40


class Follower(threading.Thread):
    def __init__(self, world, incarnation, shard, kind, limit):
        super().__init__(daemon=True)
        self.world, self.incarnation, self.shard = world, incarnation, shard
        self.kind, self.limit = kind, limit
        self.ending = threading.Event()
        self.finished = False
        self.complaint = None
        self.view = View(incarnation, shard, self.route())

    def route(self):
        return f"{type(self).__name__.lower()} over {self.kind}"

    def run(self):
        while not self.ending.is_set() and not self.finished and not self.incarnation.deleted:
            try:
                self.follow()
            except Broken as error:
                self.complaint = str(error)
                self.ending.wait(0.1)
                self.world.wait_until_up()
            except Exception as error:
                self.world.blame(self, error)
                return

    def finish(self, last):
        """Waits until the record with the number `last` has been seen, then ends."""
        allowed = seconds(CATCH_UP_SECONDS)
        deadline = time.monotonic() + allowed
        while (last is not None and self.view.last < last and time.monotonic() < deadline
               and self.is_alive() and not self.incarnation.deleted):
            time.sleep(0.05)
        self.view.complete = last is not None and not self.incarnation.deleted
        self.view.until = self.view.last
        if self.view.complete and self.view.last < last:
            self.view.complete = False
            self.world.violate(
                f"{self.view} has not come to {last} in {allowed:.0f} s after the last put: it is at "
                f"{self.view.last} with {len(self.view.seen)} records; the last complaint: "
                f"{self.complaint}")
        self.end()

    def end(self):
        self.ending.set()


class Pager(Follower):
    """GetRecords with one limit; the iterator is kept over crashes."""

    token = None

    def follow(self):
        with Client(self.world, self.kind) as client:
            while not self.ending.is_set():
                if self.token is None:
                    self.token = self._iterator(client)
                body = {"ShardIterator": self.token}
                if self.limit:
                    body["Limit"] = self.limit
                answer = client.call("GetRecords", body, reading.PAGE_BYTES)
                if not answer.ok:
                    if answer.error == "ExpiredIteratorException":
                        self.token = None
                    raise Broken(str(answer))
                self.view.add(map(reading.seen_of, answer.body["Records"]))
                self.token = answer.body.get("NextShardIterator")
                if self.token is None:
                    self.finished = True
                    return
                if not answer.body["Records"]:
                    self.ending.wait(0.05)

    def _iterator(self, client):
        if not self.view.seen:
            return reading.iterator(client, self.incarnation, self.shard, "TRIM_HORIZON")
        return reading.iterator(client, self.incarnation, self.shard, "AFTER_SEQUENCE_NUMBER",
                                StartingSequenceNumber=str(self.view.last))


class Subscriber(Follower):
    """SubscribeToShard; resumed from the continuation number of the last event."""

    position = None
    consumer = None

    def follow(self):
        consumer = self.consumer or self._register()
        position = ({"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self.position}
                    if self.position else {"Type": "TRIM_HORIZON"})
        for event in pushing.subscribe(self.world, self.kind, consumer, self.shard, position):
            self.view.add(map(reading.seen_of, event["Records"]))
            if event.get("ContinuationSequenceNumber"):
                self.position = event["ContinuationSequenceNumber"]
                self.incarnation.give(self.shard, self.position, f"continuation of {self.view}")
            self.world.coverage.happened("route", "push")
            if event.get("ChildShards"):
                self.finished = True
                return
            if self.ending.is_set():
                return
        self.world.coverage.happened("client", self.kind)

    def _register(self):
        with Client(self.world, "json") as client:
            name = f"f{id(self) % 10**9}"
            answer = client.call("RegisterStreamConsumer", {
                "StreamARN": self.incarnation.arn, "ConsumerName": name})
            if answer.error == "ResourceInUseException":
                answer = client.call("DescribeStreamConsumer", {
                    "StreamARN": self.incarnation.arn, "ConsumerName": name})
                if answer.ok:
                    self.consumer = answer.body["ConsumerDescription"]["ConsumerARN"]
                    return self.consumer
            if not answer.ok:
                raise Broken(str(answer))
            self.consumer = answer.body["Consumer"]["ConsumerARN"]
            return self.consumer


class Tail(Follower):
    """`weir tail --json`: every shard, from the oldest record, by its cursor after a crash.

    It may print again what it had not committed, and leaves nothing out."""

    process = None
    errors = None

    def __init__(self, world, incarnation, shards, limit):
        self.views = {}
        super().__init__(world, incarnation, None, "weir tail", limit)
        incarnation.views.remove(self.view)
        for shard in shards:
            self._view(shard)

    def _view(self, shard):
        if shard not in self.views:
            self.views[shard] = View(self.incarnation, shard, "weir tail")
            self.views[shard].may_repeat = True
        return self.views[shard]

    def follow(self):
        begun = any(view.seen for view in self.views.values())
        errors = self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [BINARY, "tail", self.incarnation.name, "--json", "--consumer", "tailing", "--from",
             "cursor" if begun else "trim-horizon"],
            env=self.world.node.environment(), stdout=subprocess.PIPE, stderr=errors)
        try:
            for line in self.process.stdout:
                if not line.endswith(b"\n"):
                    break
                record = json.loads(line)
                self._view(record["ShardId"]).add([reading.seen_of(record)])
            self.world.coverage.happened("client", "weir tail")
        finally:
            self.process.stdout.close()
            self.process.kill()
            status = self.process.wait()
            errors.seek(0)
            text = errors.read()[-300:]
            errors.close()
        raise Broken(f"weir tail ended with {status}: {text!r}")

    def finish(self, last):
        """`last` has the last number of each shard that has records."""
        allowed = seconds(CATCH_UP_SECONDS)
        deadline = time.monotonic() + allowed
        behind = dict(last)
        while behind and time.monotonic() < deadline and not self.incarnation.deleted:
            behind = {shard: number for shard, number in behind.items()
                      if number not in {each.number for each in self._view(shard).seen[-2000:]}}
            time.sleep(0.1)
        if behind and not self.incarnation.deleted:
            at = {shard: (number, len(self._view(shard).seen), self._view(shard).last)
                  for shard, number in list(behind.items())[:5]}
            self.world.violate(f"weir tail of {self.incarnation} has not printed the last records of "
                               f"{len(behind)} shards in {allowed:.0f} s: {at}; its last words: "
                               f"{self.complaint} {self._words()!r}")
        for view in self.views.values():
            view.complete = not behind and not self.incarnation.deleted
            view.until = max((each.number for each in view.seen), default=-1)
        self.end()

    def _words(self):
        """What the present process has said."""
        try:
            return os.pread(self.errors.fileno(), 1000, 0)
        except (AttributeError, OSError, ValueError):
            return b""

    def end(self):
        super().end()
        if self.process is not None:
            self.process.kill()
