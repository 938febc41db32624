"""What happened: every put that was tried with its outcome, every number that was given out.

Times are of `time.monotonic()`, sizes in bytes, sequence numbers integers. The actors write here;
the checker reads. One list's append or one dictionary's assignment is atomic in CPython, so that
no lock is needed."""

import dataclasses
import itertools
import random
import time
import zlib

MIB = 1 << 20
ACKED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"

_serials = itertools.count(1)
# What records are made of: slices of one block, so that a record need not be kept to be known again.
_BLOCK = random.Random(7).randbytes(12 * MIB)


def content(identity, size):
    """The bytes of a record: they follow from its name, and a neighbour's differ."""
    at = zlib.crc32(identity.encode()) % MIB
    return _BLOCK[at:at + size]


@dataclasses.dataclass
class Attempt:
    """One record of one put."""

    identity: str
    size: int
    writer: str
    order: int
    hash_key: int
    began: float
    outcome: str = UNKNOWN
    shard: str = None
    number: int = None
    ended: float = None
    # The command tries again what may have been done; the record may then be there twice.
    may_repeat: bool = False


@dataclasses.dataclass(frozen=True)
class Seen:
    """One record as a reader got it. `sound` says whether its bytes are those that were put."""

    number: int
    identity: str
    arrival: float
    size: int
    sound: bool


@dataclasses.dataclass(frozen=True)
class Given:
    """A number that left the server without a record: no later record may be at or below it."""

    moment: float
    shard: str
    number: int
    source: str


class Incarnation:
    """One stream from its creation to its deletion; the next one of its name is another."""

    def __init__(self, name, shards):
        self.serial = next(_serials)
        self.name = name
        self.shards = shards
        self.created = time.monotonic()
        self.deleted = None
        self.arn = None
        self.attempts = {}
        self.given = []
        self.views = []
        # What was put before the one moment may have expired, before the other it has.
        self.may_expire_before = 0.0
        self.expired_before = 0.0

    def attempt(self, writer, order, size, hash_key):
        identity = f"{self.serial}.{writer}.{order}"
        made = Attempt(identity, size, writer, order, hash_key, time.monotonic())
        self.attempts[identity] = made
        return made

    def give(self, shard, number, source):
        self.given.append(Given(time.monotonic(), shard, int(number), source))

    def acknowledged(self):
        return [each for each in list(self.attempts.values()) if each.outcome == ACKED]

    def may_have_expired(self, attempt):
        return attempt.began < self.may_expire_before

    def has_expired(self, attempt):
        return attempt.outcome == ACKED and attempt.ended < self.expired_before

    def lasting(self):
        """What was acknowledged and cannot have expired."""
        return [each for each in self.acknowledged() if not self.may_have_expired(each)]

    def __repr__(self):
        return f"{self.name}#{self.serial}"


class View:
    """What one reader saw of one shard, in the order in which it came.

    It is due everything above the number `after`; a `complete` one up to the number `until`, or to
    the end, another one as much as it has come to."""

    def __init__(self, incarnation, shard, route):
        self.incarnation, self.shard, self.route = incarnation, shard, route
        self.seen = []
        self.after = -1
        self.until = None
        self.complete = False
        self.may_repeat = False
        incarnation.views.append(self)

    def add(self, records):
        self.seen.extend(records)

    @property
    def last(self):
        return self.seen[-1].number if self.seen else self.after

    def __repr__(self):
        return f"{self.incarnation}/{self.shard} by {self.route}"
