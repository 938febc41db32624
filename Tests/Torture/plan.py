"""The generator: from a seed, the plans of episodes, each a server's limits, streams and steps.

A plan is data. The same seed gives the same plans in the same order (`plans(seed)`), so that a
failure is seen again by its seed and the number of its episode; how threads interleave is not
part of a plan."""

import dataclasses
import random

from classes import CHAOS, Draw

SHARD_COUNTS = {"1": (1, 1), "few": (2, 6), "tens": (10, 40), "hundreds": (100, 400),
                "2000": (2000, 2000)}
MIB = 1 << 20
# What a stream gets in a step, in bytes; a number of records bounds it too.
VOLUME_BYTES = {"near": (20_000, 2 * MIB), "beyond 8 MiB": (10 * MIB, 20 * MIB),
                "beyond a segment": (66 * MIB, 80 * MIB)}
# Volumes that records of a size reach in a number that a test can put.
VOLUMES_OF_SIZE = {"empty": ("near",), "tiny": ("near",), "kib": ("near", "beyond 8 MiB"),
                   "middle": ("near", "beyond 8 MiB"), "mixed": ("near", "beyond 8 MiB")}
# So many of its steps that four episodes meet every class.
STEPS = 4
# `weir tail` follows every shard.
TAILED_SHARDS_MAX = 40


@dataclasses.dataclass
class StreamPlan:
    shards_class: str
    shards: int
    size: str
    batch: str
    volume: str
    volume_bytes: int
    writers: list
    followers: list
    limit: str


@dataclasses.dataclass
class Step:
    """Load on all streams, and what happens meanwhile."""

    number: int
    change: str
    peer: str
    chaos: str
    cache: str
    seed: int


@dataclasses.dataclass
class Plan:
    seed: int
    number: int
    nofile: str
    memory: str
    durability: str
    small_disk: bool
    faked_clock: bool
    time_scale: str
    reactors: int
    streams: list
    steps: list
    chance_seed: int
    # Whether the program with the AWS SDK for Go does its work in between.
    go: bool

    def again(self):
        return (f".build-tests/venv/bin/python Tests/Torture/again.py --seed {self.seed} "
                f"--episode {self.number}")

    def lines(self):
        yield (f"nofile {self.nofile}, memory {self.memory}, durability {self.durability}, "
               f"{'small' if self.small_disk else 'roomy'} disk, {self.reactors} reactors, "
               f"times by {self.time_scale}")
        for stream in self.streams:
            yield (f"stream of {stream.shards} shards: {stream.size} records, {stream.batch} a call, "
                   f"{stream.volume} ({stream.volume_bytes} B) a step, by {', '.join(stream.writers)}"
                   f", followed by {', '.join(stream.followers)}, pages of {stream.limit}")
        for step in self.steps:
            yield f"step {step.number}: {step.change}; {step.peer}; {step.chaos}; {step.cache}"


CLOCK = ("ahead hours", "ahead days", "behind", "jump while running", "a day passes")


def plans(seed, impossible=()):
    """Endless plans of a seed. `impossible` are classes that this machine cannot make happen."""
    chance = random.Random(seed)
    draw = Draw(chance, set(impossible))
    number = 0
    while True:
        yield _plan(seed, number, chance, draw)
        number += 1


def _plan(seed, number, chance, draw):
    steps = []
    for step in range(STEPS):
        chaos = draw.one("chaos", _chaos_beside([each.chaos for each in steps]))
        steps.append(Step(step, draw.one("change"), draw.one("peer"), chaos, draw.one("cache"),
                          chance.randrange(2**32)))
    full = any(step.chaos == "full disk" for step in steps)
    streams = [_stream(chance, draw, full) for _ in range(2)]
    many = max(stream.shards for stream in streams)
    return Plan(
        seed, number, draw.one("nofile"), draw.one("memory"), draw.one("durability"),
        full, any(step.chaos in CLOCK for step in steps),
        # Where subscriptions are to be many, their five minutes are not made six seconds.
        chance.choice(("1", "0.05")) if many < 100 else "1", chance.choice((1, 2, 2)), streams, steps,
        chance.randrange(2**32), number % 4 == 0 and ("client", "go") not in draw.without)


def _chaos_beside(others):
    """A faked clock is read from a file at each look, which failing opens would hit alone."""
    if any(each in CLOCK for each in others):
        return [each for each in CHAOS if each != "open fails"]
    if "open fails" in others:
        return [each for each in CHAOS if each not in CLOCK]
    return CHAOS


def _stream(chance, draw, full):
    shards_class = draw.one("shards")
    size = draw.one("size")
    volume = draw.one("volume", ("near",) if full else VOLUMES_OF_SIZE.get(size))
    shards = chance.randint(*SHARD_COUNTS[shards_class])
    # A command puts lines, of a few MiB at most, beside a writer of what was drawn.
    kinds = ("boto3", "json", "cbor", "h2")
    writers = [draw.one("client", kinds)]
    if volume == "near":
        writers.append(draw.one("client", (*kinds, "weir put")))
    elif chance.random() < 0.3:
        writers.append(draw.one("client", kinds))
    pushed = ("boto3", "json", "h2") + (("weir tail",) if shards <= TAILED_SHARDS_MAX else ())
    return StreamPlan(
        shards_class, shards, size, draw.one("batch"), volume,
        chance.randint(*VOLUME_BYTES[volume]),
        writers,
        [chance.choice(("boto3", "json", "cbor", "h2")),
         draw.one("client", pushed)],
        draw.one("limit"))
