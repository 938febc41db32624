"""One episode's world: its server, its streams, what disturbs it, and what was found wrong.

The actors ask it and tell it; it judges each answer by whether anything excuses it."""

import collections
import contextlib
import itertools
import re
import threading
import time
import traceback

from actors import reading, writing
from actors.clients import DEADLINE, SMALL_BYTES, Broken, Client
from law.history import Incarnation
from node import Node
from patience import seconds
from server import StartFailed

# How long after a disturbance its effects may still be met by calls that were under way.
GRACE = 1.0
START_SECONDS = 60


class World:
    def __init__(self, folder, plan, coverage, report):
        self.plan, self.coverage, self.report = plan, coverage, report
        self.node = Node(folder, plan)
        self.violations = []
        self.incarnations = []
        self.plans = {}
        self.orders = {}
        self.writers = []
        self.replaced = []
        self.neighbour = None
        self.followers = []
        self.step = "start"
        # Whoever changes retentions, and whoever counts on them, holds it.
        self.retention = threading.Lock()
        # When a day last passed.
        self.day = 0.0
        self._kinds = collections.Counter()
        self._stop = threading.Event()
        self._numbers = itertools.count(1)
        self._disturbances = []
        self._lock = threading.Lock()

    # What was found.

    def violate(self, text):
        # The same at other numbers says nothing more after the third time.
        kind = re.sub(r"[0-9]+", "", text)[:80]
        with self._lock:
            self._kinds[kind] += 1
            if self._kinds[kind] > 3 or len(self.violations) > 40:
                return
            self.violations.append(f"{self.step}: {text}")
        self.report.note(f"    {self.step}: {text[:600]}")

    def say(self, text):
        self.report.note(f"    {self.step}: {text}", loud=False)

    def blame(self, actor, error):
        self.violate(f"{actor}: the harness failed: {type(error).__name__} {error}\n"
                     + "".join(traceback.format_exception(error)[-4:]))

    def stopping(self):
        return self._stop.is_set()

    def stop(self):
        self._stop.set()

    def next_number(self):
        return next(self._numbers)

    # What disturbs.

    @contextlib.contextmanager
    def disturbance(self, what):
        """While it lasts, calls may break or be answered 5xx."""
        entry = [time.monotonic(), float("inf"), what]
        self._disturbances.append(entry)
        try:
            yield
        finally:
            entry[1] = time.monotonic() + GRACE

    def excused(self, began, ended=None):
        ended = ended or time.monotonic()
        return self.stopping() or any(
            start <= ended and began <= end for start, end, _ in self._disturbances)

    def _is_late(self, began):
        """The call is over its deadline, and in all that time nothing disturbed the server."""
        now, allowed = time.monotonic(), seconds(DEADLINE)
        return now - began > allowed and not self.excused(now - allowed)

    def judge_break(self, operation, began, error):
        took = time.monotonic() - began
        if not self.excused(began):
            self.violate(f"{operation} was not answered: {type(error).__name__} {error} after "
                         f"{took:.1f} s")
        elif self._is_late(began):
            self.violate(f"{operation} had no answer in {took:.1f} s, of which the last "
                         f"{seconds(DEADLINE):.0f} were not disturbed")

    def judge_answer(self, operation, began, answer, size):
        took = time.monotonic() - began
        if self._is_late(began):
            self.violate(f"{operation} was answered after {took:.1f} s")
        if answer.status >= 500 and not self.excused(began):
            if answer.status == 503 and size > SMALL_BYTES:
                return
            self.violate(f"{operation} of {size} bytes was answered {answer}")

    def judge_page(self, path, began, page):
        took = time.monotonic() - began
        if self._is_late(began):
            self.violate(f"{path} was answered after {took:.1f} s")
        if page.status != 200 and not self.excused(began):
            self.violate(f"{path} was answered {page.status} {page.body[:300]!r}")

    def judge_failed_records(self, incarnation, began, failed):
        errors = {each["ErrorCode"]: each.get("ErrorMessage") for each in failed}
        if "InternalFailure" in errors and not self.excused(began):
            self.violate(f"records of {incarnation} failed: {errors}")

    def judge_refused_put(self, incarnation, began, answer):
        gone = incarnation.deleted or answer.error == "ResourceNotFoundException"
        if answer.status < 500 and not gone and not self.excused(began) and answer.error not in (
                "ProvisionedThroughputExceededException", "ResourceInUseException"):
            self.violate(f"a put into {incarnation} was refused: {answer}")

    def judge_change(self, operation, answer):
        if answer.status < 500 and answer.error not in (
                "ResourceNotFoundException", "InvalidArgumentException"):
            self.violate(f"{operation} was refused: {answer}")

    # The server's life.

    def start(self):
        began = time.monotonic()
        try:
            self.node.start(seconds(START_SECONDS))
        except StartFailed as error:
            self.violate(f"the server does not start: {error}")
            raise Broken("no server") from None
        self.say(f"started in {time.monotonic() - began:.2f} s")

    def wait_until_up(self):
        deadline = time.monotonic() + seconds(START_SECONDS)
        while not self.node.up and not self.stopping() and time.monotonic() < deadline:
            time.sleep(0.05)

    def probe(self, when):
        """A put and a reading of it, by a client that has nothing to do with the trouble."""
        incarnation = self.living()[0]
        with Client(self, "json") as client:
            # A writer of its own each time, since probes may overlap.
            attempt = incarnation.attempt(f"w{900_000 + self.next_number()}", 0, 40, 7)
            return writing.put_one(self, incarnation, client, attempt)

    def heal(self, what, longest):
        """After a disturbance: puts are taken again within the time, and /health says so."""
        deadline = time.monotonic() + longest
        while not self.stopping():
            try:
                if self.probe(f"after {what}"):
                    health = self.node.get("/health")
                    if health.status == 200:
                        return True
                    last = f"/health says {health.status} {health.body[:300]!r}"
                else:
                    last = "the put was refused"
            except (Broken, OSError, AssertionError) as error:
                last = str(error)
            if time.monotonic() > deadline:
                self.violate(f"{longest:.0f} s after {what} puts are not taken: {last}; "
                             f"the log: {self.node.last_words()[-600:]}")
                # What is left of the episode is about the rest.
                self.node.kill()
                self.start()
                return False
            time.sleep(0.2)
        return False

    # Streams.

    def living(self):
        return [each for each in self.incarnations if not each.deleted]

    def plan_of(self, incarnation):
        return self.plans.get(incarnation)

    def create(self, client, name, shards):
        body = {"StreamName": name, "ShardCount": shards}
        answer = client.call("CreateStream", body)
        if not answer.ok and answer.error != "ResourceInUseException":
            return None
        made = Incarnation(name, shards)
        deadline = time.monotonic() + seconds(30)
        while time.monotonic() < deadline:
            answer = client.call("DescribeStreamSummary", {"StreamName": name})
            if answer.ok:
                summary = answer.body["StreamDescriptionSummary"]
                if summary["StreamStatus"] == "ACTIVE":
                    made.arn = summary["StreamARN"]
                    break
            time.sleep(0.05)
        else:
            self.violate(f"{name} has not become ACTIVE in 30 s: {answer}")
            return None
        # What a full disk or a failing call has refused is taken soon after.
        while not client.call("UpdateMaxRecordSize", {
                "StreamARN": made.arn, "MaxRecordSizeInKiB": 10240}).ok:
            if time.monotonic() >= deadline:
                self.violate(f"{name} does not take records of 10 MiB")
                break
            time.sleep(0.05)
        return made

    def delete(self, client, incarnation):
        incarnation.deleted = time.monotonic()
        deadline = time.monotonic() + seconds(30)
        while time.monotonic() < deadline:
            try:
                answer = client.call("DeleteStream", {
                    "StreamName": incarnation.name, "EnforceConsumerDeletion": True})
                if answer.error == "ResourceNotFoundException":
                    return True
            except Broken:
                self.wait_until_up()
            time.sleep(0.05)
        self.violate(f"{incarnation} is not gone 30 s after DeleteStream")
        return False

    def replace(self, old, new):
        """`new` takes the place of `old`, with the same plan."""
        self.plans[new] = self.plans.pop(old, None)
        self.incarnations[self.incarnations.index(old)] = new
        self.replaced.append(old)

    def halt_writers(self, incarnation):
        mine = [each for each in self.writers if each.incarnation is incarnation]
        for writer in mine:
            writer.halted.set()
        for writer in mine:
            writer.join(seconds(60))

    def next_order(self, incarnation, label):
        return self.orders.get((incarnation.serial, label), 0)

    def remember_order(self, incarnation, label, order):
        self.orders[incarnation.serial, label] = order

    def free_by_deleting(self, chance):
        """On a full disk: the stream that was made to be deleted goes."""
        victim = self.victim
        # What it had has expired if a day has passed.
        if victim is None or self.day:
            self.node.disk.give_back()
            return
        # They would take what comes free before it is seen.
        for incarnation in self.living():
            self.halt_writers(incarnation)
        with Client(self, "json") as client:
            before = self.node.disk.beside_segments
            if not self.delete(client, victim):
                return
            self.victim = None
            deadline = time.monotonic() + seconds(15)
            while (freed := self.node.disk.beside_segments - before) < 16 << 20:
                if time.monotonic() >= deadline:
                    self.violate(f"15 s after DeleteStream of 24 MB the segments of the full disk "
                                 f"have given back {freed} bytes")
                    break
                time.sleep(0.1)
            if freed < 16 << 20:
                self.node.disk.give_back()

    victim = None

    def check_readable(self, when):
        """Records that were acknowledged can be read while puts cannot be made."""
        for incarnation in self.living():
            acknowledged = incarnation.lasting()[-3:]
            with Client(self, "cbor") as client:
                for attempt in acknowledged:
                    try:
                        records = reading.read(
                            client, incarnation, attempt.shard, "AT_SEQUENCE_NUMBER", 1, self, 1,
                            StartingSequenceNumber=str(attempt.number))
                    except Broken as error:
                        self.violate(f"{attempt.identity} cannot be read {when}: {error}")
                        continue
                    if [each.identity for each in records] != [attempt.identity]:
                        self.violate(f"{attempt.identity} at {attempt.number} is not readable "
                                     f"{when}: {records}")
