"""What the pushing of events costs in calls to the system for memory."""

import collections
import os
import shutil
import signal
import subprocess
import time

import pytest

from events import Subscription
from server import LONG
from test_metrics import scrape

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
STREAMS, CONSUMERS = 5, 20
ROUNDS = 400 if LONG else 40


class Counting:
    """Counts calls of every thread of a server, by strace."""

    def __init__(self, server, calls):
        self.trace = f"{server.data}.strace"
        self.process = subprocess.Popen(
            ["strace", "-f", "-q", "-o", self.trace, "-e", f"trace={','.join(calls)}",
             "-p", str(server.pid)], stderr=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + 20
        while not all("TracerPid:\t0\n" not in open(f"/proc/{server.pid}/task/{task}/status").read()
                      for task in os.listdir(f"/proc/{server.pid}/task")):
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < deadline, "strace did not attach in time"
            time.sleep(0.01)

    def counts(self):
        """Ends it, and answers how often each call was made."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        found = collections.Counter()
        for line in open(self.trace):
            call = line.split(maxsplit=1)[1]
            if "(" in call and not call.startswith("<"):
                found[call.split("(", 1)[0]] += 1
        return found


def test_pushed_events_are_made_in_memory_that_is_there(own, record_property):
    server = own()
    names = [f"s{number}" for number in range(STREAMS)]
    consumers = [server.consumer(arn, f"c{number}")
                 for arn in [server.create(name) for name in names]
                 for number in range(CONSUMERS)]
    held = [Subscription(server, consumer, kind="LATEST") for consumer in consumers]
    try:
        def flood(rounds):
            """Of each round every subscriber has an event."""
            for _ in range(rounds):
                for name in names:
                    server.put(name, os.urandom(6_000))
                for each in held:
                    each.records(1)

        flood(3)
        before = scrape(server)["weir_events_sent_total", ""]
        counting = Counting(server, ("mprotect", "brk", "madvise", "munmap", "mmap"))
        flood(ROUNDS)
        counts = counting.counts()
        events = scrape(server)["weir_events_sent_total", ""] - before
    finally:
        for each in held:
            each.close()
    record_property("calls", dict(counts))
    print(f"{events:.0f} events, {dict(counts)}")
    assert events >= ROUNDS * len(held)
    assert sum(counts.values()) < events / 100
