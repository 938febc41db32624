"""The checker's own tests: a sound history is found sound, and each way to break it is found."""

import dataclasses
import random

import pytest

from law import checker
from law.history import ACKED, REFUSED, Incarnation, Seen, View, content

PARENT, CHILD, OTHER = "shardId-000000000000", "shardId-000000000001", "shardId-000000000002"
TOP = 2**128 - 1


def shard(name, low, high, start, end=None, parent=None):
    numbers = {"StartingSequenceNumber": str(start)}
    if end is not None:
        numbers["EndingSequenceNumber"] = str(end)
    made = {"ShardId": name, "SequenceNumberRange": numbers,
            "HashKeyRange": {"StartingHashKey": str(low), "EndingHashKey": str(high)}}
    return made if parent is None else {**made, "ParentShardId": parent}


class World:
    """A stream that was split once, ten records before and ten behind it, with two readers."""

    def __init__(self):
        self.incarnation = Incarnation("s", 1)
        self.shards = [shard(PARENT, 0, TOP, 1000, 2000), shard(CHILD, 0, TOP // 2, 3000, None, PARENT),
                       shard(OTHER, TOP // 2 + 1, TOP, 3000, None, PARENT)]
        self.listing = {PARENT: [], CHILD: [], OTHER: []}
        for order in range(20):
            attempt = self.incarnation.attempt("w", order, 100 + order, 5)
            attempt.outcome = ACKED
            attempt.began = attempt.ended = float(order)
            attempt.shard = PARENT if order < 10 else CHILD
            attempt.number = (1100 if order < 10 else 3100) + 10 * order
            self.listing[attempt.shard].append(
                Seen(attempt.number, attempt.identity, float(order), attempt.size, True))
        self.view = View(self.incarnation, PARENT, "a pager")
        self.view.add(self.listing[PARENT])
        self.view.complete = True

    def found(self):
        return list(checker.violations(self.incarnation, self.listing, self.shards))


def test_a_sound_history_is_found_sound():
    assert World().found() == []


def lost(world, chance):
    del world.listing[CHILD][chance.randrange(10)]


def lost_at_the_end(world, chance):
    del world.listing[CHILD][-1]


def doubled(world, chance):
    records = world.listing[CHILD]
    again = chance.choice(records)
    records.append(dataclasses.replace(again, number=records[-1].number + 1, arrival=99.0))


def reordered(world, chance):
    at = chance.randrange(9)
    records = world.listing[CHILD]
    records[at], records[at + 1] = records[at + 1], records[at]


def number_twice(world, chance):
    attempts = world.incarnation.acknowledged()
    attempts[chance.randrange(11, 20)].number = attempts[10].number


def given_before(world, chance):
    at = chance.randrange(11, 20)
    world.incarnation.give(CHILD, world.incarnation.acknowledged()[at].number, "a continuation")
    given = world.incarnation.given[-1]
    world.incarnation.given[-1] = dataclasses.replace(given, moment=at - 0.5)


def damaged(world, chance):
    at = chance.randrange(10)
    world.listing[CHILD][at] = dataclasses.replace(world.listing[CHILD][at], sound=False)


def cut(world, chance):
    at = chance.randrange(10)
    world.listing[CHILD][at] = dataclasses.replace(world.listing[CHILD][at], size=1)


def refused_appears(world, chance):
    chance.choice(world.incarnation.acknowledged()).outcome = REFUSED


def of_another_stream(world, chance):
    records = world.listing[CHILD]
    records.append(Seen(records[-1].number + 1, "0.w.0", 99.0, 0, True))


def in_another_shard(world, chance):
    attempt = world.incarnation.acknowledged()[15]
    attempt.shard = OTHER


def arrival_falls(world, chance):
    at = chance.randrange(1, 10)
    world.listing[CHILD][at] = dataclasses.replace(world.listing[CHILD][at], arrival=0.0)


def child_below(world, chance):
    world.shards[1]["SequenceNumberRange"]["StartingSequenceNumber"] = "1999"


def behind_the_end(world, chance):
    world.shards[0]["SequenceNumberRange"]["EndingSequenceNumber"] = "1150"


def child_before_parent(world, chance):
    world.shards.reverse()


def hole_in_hash_keys(world, chance):
    del world.shards[2]


def reader_missed(world, chance):
    del world.view.seen[chance.randrange(10)]


def reader_saw_twice(world, chance):
    at = chance.randrange(10)
    world.view.seen.insert(at, world.view.seen[at])


def reader_saw_nothing(world, chance):
    world.view.seen.clear()


def reader_saw_out_of_order(world, chance):
    at = chance.randrange(9)
    seen = world.view.seen
    seen[at], seen[at + 1] = seen[at + 1], seen[at]


def reader_saw_what_is_gone(world, chance):
    world.view.complete = False
    del world.listing[PARENT][-1]


def a_day_passes(world):
    """The ten records before the split and one behind it have expired; readers saw them."""
    world.incarnation.may_expire_before = world.incarnation.expired_before = 10.5
    world.listing[PARENT].clear()
    del world.listing[CHILD][0]
    child = View(world.incarnation, CHILD, "a subscriber")
    first = world.incarnation.acknowledged()[10]
    child.add([Seen(first.number, first.identity, 10.0, first.size, True), *world.listing[CHILD]])


def test_what_has_expired_may_be_gone():
    world = World()
    a_day_passes(world)
    assert world.found() == []
    # A reader that came later has not seen it, and a shard that has expired is not listed.
    del world.incarnation.views[-1].seen[0]
    del world.shards[0], world.listing[PARENT]
    assert world.found() == []


def younger_is_gone(world, chance):
    a_day_passes(world)
    del world.listing[CHILD][0]


def expired_is_there(world, chance):
    attempt = chance.choice(world.incarnation.acknowledged()[:10])
    kept = [each for each in world.listing[PARENT] if each.number >= attempt.number]
    a_day_passes(world)
    world.listing[PARENT] = kept


def gone_in_the_middle(world, chance):
    world.incarnation.may_expire_before = 10.5
    del world.listing[PARENT][chance.randrange(1, 9)]


def reader_missed_what_is_young(world, chance):
    a_day_passes(world)
    del world.incarnation.views[-1].seen[chance.randrange(1, 9)]


BREAKS = [lost, lost_at_the_end, doubled, reordered, number_twice, given_before, damaged, cut,
          refused_appears, of_another_stream, in_another_shard, arrival_falls, child_below,
          behind_the_end, child_before_parent, hole_in_hash_keys, reader_missed, reader_saw_twice,
          reader_saw_nothing, reader_saw_out_of_order, reader_saw_what_is_gone,
          younger_is_gone, expired_is_there, gone_in_the_middle, reader_missed_what_is_young]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: each.__name__)
def test_a_broken_history_is_found_broken(broken, seed):
    world = World()
    broken(world, random.Random(seed))
    assert world.found(), f"{broken.__name__} was not found"


def test_a_reader_that_may_repeat_may_not_leave_out():
    world = World()
    world.view.may_repeat = True
    world.view.seen[3:3] = world.view.seen[1:3]
    assert world.found() == []
    world.view.seen = [each for each in world.view.seen if each.number != world.view.seen[1].number]
    assert world.found()


def test_records_are_told_apart_by_their_bytes():
    chosen = {content(f"1.w.{order}", 64) for order in range(1000)}
    assert len(chosen) > 990
    assert content("1.w.1", 0) == b"" and len(content("1.w.1", 10 << 20)) == 10 << 20
