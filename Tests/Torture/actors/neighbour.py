"""The healthy neighbour: puts a small record, reads it, looks at /health and /metrics, all the time.

Whatever others do, each of its calls is answered in time and none is refused. It also watches the
server's memory."""

import threading
import time

import resources
from http1 import Closed
from actors import reading, writing
from actors.clients import Broken, Client
from law.history import View

MIB = 1 << 20
# What the server may hold at the most while all of this goes on: staging (256 MiB), the bodies of
# the harness's own writers, events kept for sharing, what connections and reads hold.
MEMORY_MAX = 768 * MIB
PAUSE_SECONDS = 0.15


class Neighbour(threading.Thread):
    def __init__(self, world, incarnation):
        super().__init__(daemon=True)
        self.world, self.incarnation = world, incarnation
        self.ending = threading.Event()
        self.view = View(incarnation, "shardId-000000000000", "the neighbour's pages")
        self.order = 0
        self.token = None
        self.highest = 0

    def run(self):
        try:
            while not self.ending.is_set():
                try:
                    with Client(self.world, "json") as client:
                        while not self.ending.is_set():
                            self._look(client)
                            self.ending.wait(PAUSE_SECONDS)
                except Broken:
                    self.ending.wait(0.1)
                    self.world.wait_until_up()
        except Exception as error:
            self.world.blame(self, error)

    def finish(self):
        self.ending.set()
        self.join(60)

    def _look(self, client):
        attempt = self.incarnation.attempt("w1", self.order, 900, 7)
        self.order += 1
        writing.put_one(self.world, self.incarnation, client, attempt)
        if self.token is None:
            self.token = (
                reading.iterator(client, self.incarnation, self.view.shard, "TRIM_HORIZON")
                if not self.view.seen else
                reading.iterator(client, self.incarnation, self.view.shard, "AFTER_SEQUENCE_NUMBER",
                                 StartingSequenceNumber=str(self.view.last)))
        answer = client.call("GetRecords", {"ShardIterator": self.token})
        if answer.ok:
            self.view.add(map(reading.seen_of, answer.body["Records"]))
            self.token = answer.body["NextShardIterator"]
        elif answer.error == "ExpiredIteratorException":
            self.token = None
        self._pages()
        self._memory()

    def _pages(self):
        """/health and /metrics, as monitoring asks for them, a connection each time."""
        for path in ("/health", "/metrics"):
            began = time.monotonic()
            try:
                page = self.world.node.get(path)
            except (OSError, AssertionError, Closed) as error:
                self.world.judge_break(path, began, error)
                raise Broken(f"{path}: {error}") from None
            self.world.judge_page(path, began, page)

    def _memory(self):
        try:
            memory = resources.of_process(self.world.node.pid).memory
        except (OSError, AttributeError, KeyError):
            return
        if memory > self.highest:
            self.highest = memory
            if memory > MEMORY_MAX:
                self.world.violate(f"the server holds {memory // MIB} MiB of memory")
