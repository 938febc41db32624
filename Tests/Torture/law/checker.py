"""The law: what must hold between what was put, what was answered and what is read.

Pure functions of a history; each yields sentences that say what is wrong. `test_checker.py` breaks
histories in every way that these are to find."""

import collections

from law.history import REFUSED, Given

SHOWN = 5


def violations(incarnation, listing, shards):
    """Everything wrong with one stream that still exists.

    `listing` is, for each shard, the records of a reading from its oldest record to its end;
    `shards` what ListShards said."""
    yield from shards_in_order(incarnation, shards)
    yield from numbers_in_order(incarnation, listing)
    yield from records_known(incarnation, listing)
    yield from acknowledged_readable(incarnation, listing)
    yield from expired_gone(incarnation, listing)
    yield from writers_in_order(incarnation, shards)
    yield from numbers_given_once(incarnation)
    yield from children_above_parents(incarnation, listing, shards)
    for view in incarnation.views:
        yield from view_agrees(view, listing.get(view.shard), _expiry(incarnation, view, listing))


def _few(items):
    items = list(items)
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(map(str, items[:SHOWN])) + more


def shards_in_order(incarnation, shards):
    """The open shards cover all hash keys once; parents come before children."""
    known = set()
    for shard in shards:
        for role in ("ParentShardId", "AdjacentParentShardId"):
            parent = shard.get(role)
            if parent and parent not in known and any(each["ShardId"] == parent for each in shards):
                yield f"{incarnation}: {shard['ShardId']} is listed before its parent {parent}"
        known.add(shard["ShardId"])
    if len(known) != len(shards):
        yield f"{incarnation}: a shard is listed twice"
    ranges = sorted(
        (int(each["HashKeyRange"]["StartingHashKey"]), int(each["HashKeyRange"]["EndingHashKey"]))
        for each in shards if "EndingSequenceNumber" not in each["SequenceNumberRange"])
    if not ranges or ranges[0][0] != 0 or ranges[-1][1] != 2**128 - 1 or any(
            low[1] + 1 != high[0] for low, high in zip(ranges, ranges[1:])):
        yield f"{incarnation}: the open shards do not cover the hash keys once"


def numbers_in_order(incarnation, listing):
    """Within a shard, numbers grow and arrivals do not fall."""
    for shard, records in listing.items():
        for one, next_ in zip(records, records[1:]):
            if next_.number <= one.number:
                yield (f"{incarnation}/{shard}: {next_.identity} with {next_.number} comes after "
                       f"{one.identity} with {one.number}")
                break
        for one, next_ in zip(records, records[1:]):
            if next_.arrival < one.arrival:
                yield (f"{incarnation}/{shard}: arrivals fall from {one.arrival} to "
                       f"{next_.arrival} at {next_.number}")
                break


def records_known(incarnation, listing):
    """Nothing appears that was not put, was refused, is damaged, or has appeared already."""
    places = collections.Counter()
    for shard, records in listing.items():
        for seen in records:
            attempt = incarnation.attempts.get(seen.identity)
            if attempt is None:
                yield f"{incarnation}/{shard}: {seen.identity} was never put into this stream"
                continue
            places[seen.identity] += 1
            if attempt.outcome == REFUSED:
                yield f"{incarnation}/{shard}: {seen.identity} was refused, and is there"
            elif seen.size != attempt.size or not seen.sound:
                yield f"{incarnation}/{shard}: {seen.identity} has other bytes than were put"
    twice = [identity for identity, count in places.items()
             if count > 1 and not incarnation.attempts[identity].may_repeat]
    if twice:
        yield f"{incarnation}: {len(twice)} records are there twice: {_few(twice)}"


def acknowledged_readable(incarnation, listing):
    """Each acknowledged record is where its answer said, or has expired with all before it."""
    there = {(shard, seen.number): seen.identity
             for shard, records in listing.items() for seen in records}
    lost = collections.defaultdict(list)
    for attempt in incarnation.acknowledged():
        if attempt.shard not in listing:
            continue
        records = listing[attempt.shard]
        if incarnation.may_have_expired(attempt) and (
                not records or attempt.number < records[0].number):
            continue
        found = there.get((attempt.shard, attempt.number))
        if found != attempt.identity:
            lost[attempt.shard].append(attempt)
    for shard, attempts in lost.items():
        attempts.sort(key=lambda each: each.number)
        yield (f"{incarnation}/{shard}: {len(attempts)} acknowledged records are not readable, of "
               f"{sum(each.shard == shard for each in incarnation.acknowledged())}; the listing has "
               f"{len(listing[shard])}; "
               + _few(f"{each.identity} ({each.size} B) at {each.number}" for each in attempts))


def expired_gone(incarnation, listing):
    """No record is there whose retention has passed."""
    for shard, records in listing.items():
        still = [seen.identity for seen in records if seen.identity in incarnation.attempts
                 and incarnation.has_expired(incarnation.attempts[seen.identity])]
        if still:
            yield f"{incarnation}/{shard}: {len(still)} expired records are there: {_few(still)}"


def _expiry(incarnation, view, listing):
    """The highest number in a view's shard that may have expired."""
    if not incarnation.may_expire_before:
        return -1
    numbers = [each.number for each in incarnation.acknowledged()
               if each.shard == view.shard and incarnation.may_have_expired(each)]
    numbers += [each.number for each in [*view.seen, *listing.get(view.shard, ())]
                if each.identity in incarnation.attempts
                and incarnation.may_have_expired(incarnation.attempts[each.identity])]
    return max(numbers, default=-1)


def _ancestors(shards):
    """For each shard that is listed, all shards that it descends from, as far as the list says."""
    parents = {each["ShardId"]: [each[role] for role in ("ParentShardId", "AdjacentParentShardId")
                                 if each.get(role)] for each in shards}
    found = {}

    def of(shard):
        if shard not in found:
            found[shard] = set()
            for parent in parents.get(shard, []):
                found[shard] |= {parent} | of(parent)
        return found[shard]

    return {shard: of(shard) for shard in parents}


def writers_in_order(incarnation, shards):
    """One writer's records for one hash key, put one call after the other, have growing numbers.

    Each writer's calls follow one another, so what it has acknowledged for a key later lies in the
    same shard at a higher number, or in a descendant."""
    above = _ancestors(shards)
    by_key = collections.defaultdict(list)
    for attempt in incarnation.acknowledged():
        by_key[attempt.writer, attempt.hash_key].append(attempt)
    for attempts in by_key.values():
        attempts.sort(key=lambda each: each.order)
        for one, next_ in zip(attempts, attempts[1:]):
            # A shard that has expired is not listed, and then nothing says whose child it was.
            if (one.shard != next_.shard and one.shard in above
                    and one.shard not in above.get(next_.shard, ())):
                yield (f"{incarnation}: {next_.identity} went to {next_.shard}, which does not come "
                       f"of {one.shard} of {one.identity}")
                break
            if next_.number <= one.number:
                yield (f"{incarnation}/{next_.shard}: {next_.identity} was acknowledged with "
                       f"{next_.number}, after {one.identity} with {one.number}")
                break


def numbers_given_once(incarnation):
    """No number is given to two records, nor to one when it, or a higher one, was given before."""
    taken = {}
    per_shard = collections.defaultdict(list)
    for attempt in incarnation.acknowledged():
        place = attempt.shard, attempt.number
        if place in taken:
            yield (f"{incarnation}/{attempt.shard}: {attempt.number} was given to "
                   f"{taken[place]} and to {attempt.identity}")
        taken[place] = attempt.identity
        per_shard[attempt.shard].append(attempt)
    highest = collections.defaultdict(list)
    for attempt in incarnation.acknowledged():
        highest[attempt.shard].append(
            Given(attempt.ended, attempt.shard, attempt.number, attempt.identity))
    for given in incarnation.given:
        highest[given.shard].append(given)
    for shard, numbers in highest.items():
        numbers.sort(key=lambda each: each.moment)
        attempts = sorted(per_shard.get(shard, ()), key=lambda each: each.began)
        top, at = None, 0
        for attempt in attempts:
            while at < len(numbers) and numbers[at].moment < attempt.began:
                if top is None or numbers[at].number > top.number:
                    top = numbers[at]
                at += 1
            if top is not None and attempt.number <= top.number:
                yield (f"{incarnation}/{shard}: {attempt.identity} was given {attempt.number}, "
                       f"though {top.number} had left the server before ({top.source})")
                break


def children_above_parents(incarnation, listing, shards):
    """A parent's records are below its end, its end below its child's beginning."""
    ends = {}
    for shard in shards:
        numbers = shard["SequenceNumberRange"]
        records = listing.get(shard["ShardId"], ())
        start, end = int(numbers["StartingSequenceNumber"]), numbers.get("EndingSequenceNumber")
        if records and records[0].number < start:
            yield f"{incarnation}/{shard['ShardId']}: a record lies before the shard's beginning"
        if end is not None:
            ends[shard["ShardId"]] = int(end)
            if records and records[-1].number > int(end):
                yield f"{incarnation}/{shard['ShardId']}: a record lies behind the shard's end"
        for role in ("ParentShardId", "AdjacentParentShardId"):
            if ends.get(shard.get(role), -1) >= start:
                yield (f"{incarnation}/{shard['ShardId']} begins at {start}, not above the end of "
                       f"its parent {shard[role]}")


def view_agrees(view, records, expired=-1):
    """What a reader saw is a run of what is there: without a gap, once, in order.

    Up to the number `expired` it may have seen what is gone, and missed it."""
    if records is None or (not view.seen and not view.complete):
        return
    seen = [each.number for each in view.seen]
    if view.may_repeat:
        seen = sorted(set(seen))
    seen = [each for each in seen if each > expired]
    there = [each.number for each in records if each.number > max(view.after, expired)]
    if view.complete:
        expected = [each for each in there if view.until is None or each <= view.until]
    else:
        expected = there[:len(seen)]
    if seen == expected:
        return
    gone = sorted(set(expected) - set(seen))
    extra = sorted(set(seen) - set(there))
    doubled = [one for one, next_ in zip(seen, seen[1:]) if next_ <= one]
    yield (f"{view}: saw {len(seen)} records where {len(expected)} were due; "
           f"{len(gone)} left out ({_few(gone)}), {len(extra)} not in the listing ({_few(extra)}), "
           f"{len(doubled)} places out of order ({_few(doubled)})")
