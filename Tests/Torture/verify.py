"""The judgement at the end of an episode: every route to every record, then the law."""

import collections

from actors import pushing, reading
from actors.clients import Broken, Client
from law import checker
from law.history import View
from shards import index_of

PAGES_MAX = 400
# Shards that every route is tried on, and empty ones that are read as well.
SAMPLED, EMPTY = 4, 20
MIB = 1 << 20


def streams(world, chance):
    """Checks every stream that is there; followers have caught up or have been told of."""
    for incarnation in [*world.living(), world.neighbour.incarnation]:
        try:
            _stream(world, incarnation, chance)
        except Broken as error:
            world.violate(f"{incarnation} cannot be checked: {error}")


def last_numbers(incarnation):
    """The highest acknowledged number of each shard, of what cannot have expired."""
    highest = {}
    for attempt in incarnation.lasting():
        if attempt.number > highest.get(attempt.shard, -1):
            highest[attempt.shard] = attempt.number
    return highest


def _stream(world, incarnation, chance):
    limit = _limit(world.plan_of(incarnation))
    kind = chance.choice(("json", "cbor", "h2", "boto3"))
    with Client(world, kind) as client:
        shards = reading.list_shards(client, incarnation)
        counts = collections.Counter(each.shard for each in incarnation.acknowledged())
        names = [each["ShardId"] for each in shards]
        missing = {each.shard for each in incarnation.lasting()} - set(names)
        if missing:
            world.violate(f"{incarnation}: shards with acknowledged records are not listed: {missing}")
        empty = [name for name in names if not counts[name]]
        chosen = [name for name in names if counts[name]] + chance.sample(
            empty, min(EMPTY, len(empty)))
        listing = {}
        for shard in chosen:
            pages = counts[shard] / limit if limit else 1
            try:
                listing[shard] = reading.read(
                    client, incarnation, shard, "TRIM_HORIZON",
                    limit if pages < PAGES_MAX else None, world)
            except Broken as error:
                world.violate(f"{incarnation}/{shard} with {counts[shard]} acknowledged records "
                              f"cannot be read from the oldest one: {error}")
    world.coverage.happened("route", "trim horizon")
    if world.plan_of(incarnation):
        world.coverage.happened("limit", world.plan_of(incarnation).limit)
    sampled = sorted((shard for shard, records in listing.items() if records),
                     key=lambda each: -len(listing[each]))
    sampled = sampled[:2] + chance.sample(sampled[2:], min(SAMPLED - 2, len(sampled[2:])))
    for shard in sampled:
        _routes(world, incarnation, shard, listing[shard], limit, chance)
    if sampled:
        _cursor(world, incarnation, sampled[0], listing[sampled[0]], chance)
    for shard in shards:
        end = shard["SequenceNumberRange"].get("EndingSequenceNumber")
        if end:
            incarnation.give(shard["ShardId"], end, "the shard's end")
    for text in checker.violations(incarnation, listing, shards):
        world.violate(text)


def _limit(plan):
    return None if plan is None or plan.limit == "none" else int(plan.limit)


def _routes(world, incarnation, shard, records, limit, chance):
    """From records drawn at any distance behind the tail, by pages and by push."""
    with Client(world, chance.choice(("json", "h2"))) as client:
        for route in ("at number", "after number", "at timestamp"):
            start = chance.choice(records)
            position, after = _position(route, start, records)
            view = View(incarnation, shard, f"pages {route} {start.number}")
            view.after = after
            try:
                view.add(reading.read(client, incarnation, shard, reading.KINDS[route], limit, world,
                                      3, **position))
            except Broken as error:
                world.violate(f"{view}: {error}")
                continue
            if not view.seen and after < records[-1].number:
                world.violate(f"{view} saw nothing")
            world.coverage.happened("route", route)
    # Much is pushed from half the way on, where all of it would take the time of everything else.
    far = sum(each.size for each in records) > 32 * MIB
    route = chance.choice(("trim horizon", "at number", "after number", "at timestamp")[far:])
    start = chance.choice(records[len(records) // 2:] if far else records)
    position, after = _position(route, start, records)
    if "StartingSequenceNumber" in position:
        position = {"SequenceNumber": position["StartingSequenceNumber"]}
    _push(world, incarnation, shard, records,
          {"Type": reading.KINDS[route], **position}, after, f"push {route} {start.number}",
          chance.choice(("json", "h2")))


def _position(route, start, records):
    """The members that name the start, and the number behind which records are due."""
    if route == "trim horizon":
        return {}, -1
    if route == "at timestamp":
        first = next(each for each in records if each.arrival >= start.arrival)
        return {"Timestamp": start.arrival}, first.number - 1
    return ({"StartingSequenceNumber": str(start.number)},
            start.number - (1 if route == "at number" else 0))


def _consumer(world, incarnation):
    with Client(world, "json") as client:
        answer = client.call("RegisterStreamConsumer", {
            "StreamARN": incarnation.arn, "ConsumerName": f"check-{world.next_number()}"})
        if not answer.ok:
            raise Broken(f"RegisterStreamConsumer: {answer}")
        return answer.body["Consumer"]["ConsumerARN"]


def _push(world, incarnation, shard, records, position, after, what, kind):
    """Subscribes and reads up to the last record."""
    view = View(incarnation, shard, f"{what} over {kind}")
    view.after = after
    if after >= records[-1].number:
        return
    try:
        consumer = _consumer(world, incarnation)
        silent = 0
        for event in pushing.subscribe(world, kind, consumer, shard, position):
            seen = list(map(reading.seen_of, event["Records"]))
            view.add(seen)
            silent = 0 if seen else silent + 1
            if view.last >= records[-1].number or event.get("ChildShards") or silent > 3:
                break
        view.complete = True
    except Broken as error:
        world.violate(f"{view} broke after {len(view.seen)} records: {error}")
    world.coverage.happened("route", "push")


def _cursor(world, incarnation, shard, records, chance):
    """A consumer commits a place; a subscription from its cursor goes on right behind it."""
    start = chance.choice(records[-20:])
    consumer = _consumer(world, incarnation)
    with Client(world, "json") as client:
        answer = client.call("CommitCursor", {
            "ConsumerARN": consumer, "ShardId": shard, "SequenceNumber": str(start.number)},
            target="Weir_20261122")
        if not answer.ok:
            world.violate(f"CommitCursor of {start.number} in {incarnation}/{shard}: {answer}")
            return
        answer = client.call("ListCursors", {"ConsumerARN": consumer}, target="Weir_20261122")
        # The second in a cursor's number follows from its index; a record's is that of its arrival.
        committed = [index_of(int(each["CommittedSequenceNumber"]))
                     for each in answer.body.get("Cursors", ())]
        if committed != [index_of(start.number)]:
            world.violate(f"ListCursors after CommitCursor of {start.number}: {answer} {answer.body}")
    view = View(incarnation, shard, f"push behind the cursor {start.number}")
    view.after = start.number
    if start.number >= records[-1].number:
        return
    try:
        for event in pushing.subscribe(world, "json", consumer, shard, {"Type": "CURSOR"}):
            view.add(map(reading.seen_of, event["Records"]))
            if view.last >= records[-1].number or event.get("ChildShards"):
                break
        view.complete = True
    except Broken as error:
        world.violate(f"{view} broke after {len(view.seen)} records: {error}")
    world.coverage.happened("route", "cursor")
