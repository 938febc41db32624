"""Writers: they put records of drawn sizes and counts, and remember every answer."""

import hashlib
import random
import subprocess
import threading
import time

from actors.clients import PATIENCE, Broken, Client
from law.history import ACKED, REFUSED, UNKNOWN, content
from patience import seconds
from server import BINARY

MIB = 1 << 20
TOP = 2**128
SIZE_BYTES = {
    "empty": (0, 0), "tiny": (1, 64), "kib": (512, 2048), "middle": (10_000, 60_000),
    "large": (200_000, 600_000), "mib": (900_000, MIB - 200), "huge": (2 * MIB, 10 * MIB - 400)}
BATCH_RECORDS = {"one": (1, 1), "few": (2, 20), "many": (100, 500)}
# What one call carries at most; the service takes 10 MiB.
CALL_BYTES = 9 * MIB
STEP_RECORDS = 12_000
# Between the calls of a writer that has put its bytes, and how many bytes it puts a second.
PAUSE_SECONDS, SLOW_BYTES = 0.05, 4 * MIB
# The commands read lines, so their records are text.
LINE_BYTES = 20_000


def draw_size(chance, name):
    if name == "mixed":
        name = chance.choices(("empty", "tiny", "kib", "middle", "large", "mib"),
                              (1, 3, 4, 3, 2, 1))[0]
    return chance.randint(*SIZE_BYTES[name])


def line_of(identity, size):
    """A record of `weir put`: its name, and letters up to the size."""
    return (identity + " " + "weir" * (size // 4)).encode()[:max(size, len(identity) + 1)]


def outcome_of(status, error):
    """What a refusal says about the record: refused for good, or nothing."""
    if status in (400, 403, 413) or (status == 503):
        return REFUSED
    return REFUSED if error in REFUSALS else UNKNOWN


REFUSALS = {"ProvisionedThroughputExceededException", "ServiceUnavailableException"}


def accept(attempt, result):
    attempt.shard, attempt.number = result["ShardId"], int(result["SequenceNumber"])
    attempt.ended = time.monotonic()
    attempt.outcome = ACKED


def refuse(world, incarnation, attempts, answer):
    for attempt in attempts:
        attempt.ended = time.monotonic()
        attempt.outcome = outcome_of(answer.status, answer.error)
    world.judge_refused_put(incarnation, attempts[0].began, answer)
    time.sleep(0.02)


def put_one(world, incarnation, client, attempt):
    """One PutRecord; whether it was acknowledged."""
    answer = client.call("PutRecord", {
        "StreamName": incarnation.name, "PartitionKey": attempt.identity,
        "ExplicitHashKey": str(attempt.hash_key), "Data": content(attempt.identity, attempt.size)},
        attempt.size)
    if answer.ok:
        accept(attempt, answer.body)
    else:
        refuse(world, incarnation, [attempt], answer)
    return answer.ok


class Writer(threading.Thread):
    """Puts into one stream until it is told to stop, or the stream is gone.

    When it has put its bytes, it is `done` and goes on slowly: what happens, happens under load."""

    def __init__(self, world, stream, incarnation, kind, number, volume, seed):
        super().__init__(daemon=True)
        self.world, self.stream, self.incarnation, self.kind = world, stream, incarnation, kind
        self.label = ("put" if kind == "weir put" else "w") + str(number)
        self.volume = volume
        self.chance = random.Random(seed)
        self.order = world.next_order(incarnation, self.label)
        self.halted = threading.Event()
        self.done = threading.Event()
        keys = min(max(stream.shards, 4), 2000)
        self.keys = [index * (TOP // keys) + 7 for index in range(keys)]
        # A volume is one of a shard.
        self.hot = stream.volume != "near"
        self.turn = self.chance.randrange(keys)

    def run(self):
        try:
            if self.kind == "weir put":
                self._by_command()
            else:
                with Client(self.world, self.kind) as client:
                    self._by(client)
        except Exception as error:  # A harness's own fault must be seen as one.
            self.world.blame(self, error)
        finally:
            self.done.set()

    def _next_key(self):
        if self.hot and self.chance.random() < 0.9:
            return self.keys[0]
        self.turn = (self.turn + 1) % len(self.keys)
        return self.keys[self.turn]

    def _attempts(self):
        """The records of the next call."""
        count = self.chance.randint(*BATCH_RECORDS[self.stream.batch])
        attempts, carried = [], 0
        for _ in range(count):
            size = draw_size(self.chance, self.stream.size)
            if attempts and carried + size + 200 > CALL_BYTES:
                break
            carried += size + 200
            attempts.append(self.incarnation.attempt(
                self.label, self.order, size, self._next_key()))
            self.order += 1
        return attempts, carried

    def _by(self, client):
        left, records = self.volume, 0
        while records < STEP_RECORDS and not self._is_over():
            if left <= 0:
                if not self.done.is_set() and self.volume * len(self.stream.writers) > (
                        self.stream.volume_bytes // 2):
                    self.world.coverage.happened("volume", self.stream.volume)
                self.done.set()
                if self.halted.wait(max(PAUSE_SECONDS, carried / SLOW_BYTES)):
                    break
            attempts, carried = self._attempts()
            left -= carried
            records += len(attempts)
            self.world.coverage.happened("size", self.stream.size)
            self.world.coverage.happened("batch", self.stream.batch)
            try:
                if self.stream.batch == "one":
                    put_one(self.world, self.incarnation, client, attempts[0])
                else:
                    self._put_records(client, attempts, carried)
            except Broken:
                self.world.wait_until_up()
        self.world.remember_order(self.incarnation, self.label, self.order)

    def _is_over(self):
        return self.halted.is_set() or self.world.stopping() or self.incarnation.deleted

    def _put_records(self, client, attempts, carried):
        answer = client.call("PutRecords", {
            "StreamName": self.incarnation.name, "Records": [
                {"PartitionKey": each.identity, "ExplicitHashKey": str(each.hash_key),
                 "Data": content(each.identity, each.size)} for each in attempts]}, carried)
        if not answer.ok:
            refuse(self.world, self.incarnation, attempts, answer)
            return
        results = answer.body["Records"]
        failed = [result for result in results if "ErrorCode" in result]
        if len(results) != len(attempts) or len(failed) != answer.body["FailedRecordCount"]:
            self.world.violate(f"PutRecords of {len(attempts)} answered {len(results)} results, "
                               f"{len(failed)} of them errors, FailedRecordCount "
                               f"{answer.body['FailedRecordCount']}")
        for attempt, result in zip(attempts, results):
            if "ErrorCode" in result:
                attempt.ended = time.monotonic()
                attempt.outcome = REFUSED if result["ErrorCode"] in REFUSALS else UNKNOWN
            else:
                accept(attempt, result)
        if failed:
            self.world.judge_failed_records(self.incarnation, attempts[0].began, failed)
            time.sleep(0.02)

    # By the command.

    def _by_command(self):
        """`weir put --verbose`: it prints a line for each record that was acknowledged."""
        key = self.label
        hash_key = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        attempts, lines, left = [], [], min(self.volume, 2 * MIB)
        while left > 0 and len(attempts) < 2000:
            size = min(draw_size(self.chance, self.stream.size), LINE_BYTES)
            attempt = self.incarnation.attempt(self.label, self.order, size, hash_key)
            line = line_of(attempt.identity, size)
            attempt.size = len(line)
            attempt.may_repeat = True
            self.order += 1
            left -= len(line) + 50
            attempts.append(attempt)
            lines.append(line)
        self.world.remember_order(self.incarnation, self.label, self.order)
        began = time.monotonic()
        process = subprocess.Popen(
            [BINARY, "put", self.incarnation.name, "--verbose", "--partition-key", key],
            env=self.world.node.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        try:
            out, errors = process.communicate(b"\n".join(lines) + b"\n", 3 * seconds(PATIENCE))
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
            if not self.world.excused(began):
                self.world.violate(f"weir put of {len(lines)} lines did not end in "
                                   f"{3 * seconds(PATIENCE):.0f} s: {errors[-500:]!r}")
        told = out.decode().splitlines()
        for attempt, line in zip(attempts, told):
            shard, number = line.split()
            accept(attempt, {"ShardId": shard, "SequenceNumber": number})
        if process.returncode == 0 and len(told) != len(lines):
            self.world.violate(f"weir put exited 0 with {len(told)} of {len(lines)} acknowledged")
        if process.returncode != 0 and not self.world.excused(began) and not self.incarnation.deleted:
            self.world.violate(f"weir put failed: {process.returncode} {errors[-500:]!r}")
        self.world.coverage.happened("client", "weir put")
