"""Amazon's documented examples of splitting, merging and listing shards give the same shapes.

The CLI reference has a stream of three shards, splits one at ten and merges two; the Developer Guide
splits in halves and merges adjacent ranges; the API reference says what each filter of ListShards
lists. The numbers are theirs."""

import glob
import time

import pytest

from events import data_of
from shards import SH, TOP, bounds, ending, ids, starting

# The CLI reference's example of DescribeStream: ranges and starting numbers.
SAMPLE = [
    ((0, 113427455640312821154458202477256070484),
     49600871682957036442365024926191073437251060580128653314),
    ((113427455640312821154458202477256070485, 226854911280625642308916404954512140969),
     49600871682979337187563555549332609155523708941634633746),
    ((226854911280625642308916404954512140970, TOP),
     49600871683001637932762086172474144873796357303140614178),
]
IA = "InvalidArgumentException"


def created_at(number):
    """The second at which a shard was created, from its starting number."""
    return int(f"{number:047x}"[1:10], 16)


def without_seconds(number):
    """A sequence number with its two seconds, of the shard and of the record, taken out."""
    digits = f"{number:047x}"
    return digits[:1] + digits[10:29] + digits[38:]


def lineage(shard):
    """The members of a shard that only some have."""
    known = {"ShardId", "HashKeyRange", "SequenceNumberRange"}
    assert known <= set(shard) <= known | {"ParentShardId", "AdjacentParentShardId"}
    spans = set(shard["SequenceNumberRange"])
    assert spans in ({"StartingSequenceNumber"}, {"StartingSequenceNumber", "EndingSequenceNumber"})
    return shard.get("ParentShardId"), shard.get("AdjacentParentShardId"), len(spans) == 1


def shape(shards):
    """Of each shard its id, its range, its parents, and whether it is open."""
    return [(shard["ShardId"], bounds(shard), *lineage(shard)) for shard in shards]


def open_of(shards):
    """The Developer Guide's way to the candidates for merging: no ending number, by highest key."""
    return sorted((each for each in shards if "EndingSequenceNumber" not in each["SequenceNumberRange"]),
                  key=lambda each: bounds(each)[1])


def tiles(shards):
    spans = sorted(map(bounds, shards))
    return spans[0][0] == 0 and spans[-1][1] == TOP and all(
        a[1] + 1 == b[0] for a, b in zip(spans, spans[1:]))


def test_the_sample_stream(weir, name):
    weir.create(name, 3)
    described = weir.ok("DescribeStream", {"StreamName": name})["StreamDescription"]["Shards"]
    assert shape(described) == [
        (SH(number), span, None, None, True) for number, (span, _) in enumerate(SAMPLE)]
    assert [without_seconds(starting(each)) for each in described] == [
        without_seconds(number) for _, number in SAMPLE]
    first = starting(described[0])
    assert [starting(each) - first for each in described] == [
        number - SAMPLE[0][1] for _, number in SAMPLE]
    assert abs(created_at(first) - time.time()) < 600
    # And the example of ListShards, which begins behind the first.
    assert weir.shards(name, ExclusiveStartShardId=SH(0)) == described[1:]


def test_the_sample_stream_split_at_ten(weir, name):
    weir.create(name, 3)
    before = weir.shards(name)
    assert weir.call("SplitShard", {
        "StreamName": name, "ShardToSplit": SH(0), "NewStartingHashKey": "10"}).raw == b""
    weir.active(name)
    parent, *others, low, high = weir.shards(name)
    assert others == before[1:]
    assert shape([parent, low, high]) == [
        (SH(0), SAMPLE[0][0], None, None, False), (SH(3), (0, 9), SH(0), None, True),
        (SH(4), (10, SAMPLE[0][0][1]), SH(0), None, True)]
    assert starting(parent) == starting(before[0])
    assert starting(parent) < ending(parent) < starting(low) < starting(high)
    assert tiles(open_of(weir.shards(name)))


def test_the_sample_stream_merged(weir, name):
    weir.create(name, 3)
    before = weir.shards(name)
    assert weir.call("MergeShards", {
        "StreamName": name, "ShardToMerge": SH(0), "AdjacentShardToMerge": SH(1)}).raw == b""
    weir.active(name)
    left, right, other, child = weir.shards(name)
    assert other == before[2]
    assert shape([left, right, child]) == [
        (SH(0), SAMPLE[0][0], None, None, False), (SH(1), SAMPLE[1][0], None, None, False),
        (SH(3), (0, SAMPLE[1][0][1]), SH(0), SH(1), True)]
    assert max(ending(left), ending(right)) < starting(child)
    assert tiles(open_of(weir.shards(name)))


@pytest.mark.parametrize("count, at", [
    # Halves as the Developer Guide reckons them, (lowest + highest) / 2 rounded down: of a whole
    # stream, and of the lower of two shards.
    (1, 170141183460469231731687303715884105727),
    (2, 85070591730234615865843651857942052863),
    # Its other proposal: a third of the keys below, two thirds above.
    (1, 113427455640312821154458202477256070485)])
def test_a_shard_split_at_a_key(weir, name, count, at):
    weir.create(name, count)
    low, high = bounds(weir.shards(name)[0])
    assert at in ((low + high) // 2, (low + high) // 3)
    weir.put(name, b"below", ExplicitHashKey=str(at - 1))
    weir.put(name, b"at", ExplicitHashKey=str(at))
    weir.split(name, SH(0), at)
    weir.put(name, b"below, later", ExplicitHashKey=str(at - 1))
    weir.put(name, b"at, later", ExplicitHashKey=str(at))
    shards = weir.shards(name)
    assert shape([shards[0], *shards[count:]]) == [
        (SH(0), (low, high), None, None, False), (SH(count), (low, at - 1), SH(0), None, True),
        (SH(count + 1), (at, high), SH(0), None, True)]
    # What was in the parent stays there, and its end is told by the missing iterator.
    page = weir.ok("GetRecords", {"ShardIterator": weir.iterator(name)})
    assert data_of(page["Records"]) == [b"below", b"at"]
    while "NextShardIterator" in page:
        page = weir.ok("GetRecords", {"ShardIterator": page["NextShardIterator"]})
    assert [(each["ShardId"], each["ParentShards"]) for each in page["ChildShards"]] == [
        (SH(count), [SH(0)]), (SH(count + 1), [SH(0)])]
    assert data_of(weir.read_all(name, SH(count))) == [b"below, later"]
    assert data_of(weir.read_all(name, SH(count + 1))) == [b"at, later"]


def test_ranges_must_be_adjacent_to_be_merged(weir, name):
    """276 to 381 goes with 382 to 454, and does not with 455 to 560."""
    weir.create(name)
    shard = 0
    for at in (276, 382, 455, 561):
        weir.split(name, SH(shard), at)
        shard += 2
    before = weir.shards(name)
    numbers = {bounds(each): each["ShardId"] for each in open_of(before)}
    first, second, third = (numbers[span] for span in ((276, 381), (382, 454), (455, 560)))
    for left, right in ((first, third), (third, first), (second, first)):
        answer = weir.call("MergeShards", {
            "StreamName": name, "ShardToMerge": left, "AdjacentShardToMerge": right})
        assert (answer.status, answer.error) == (400, IA)
    assert weir.shards(name) == before
    weir.merge(name, first, second)
    after = weir.shards(name)
    assert shape(after[-1:]) == [(SH(9), (276, 454), first, second, True)]
    assert ids(open_of(after)) == [numbers[0, 275], SH(9), third, numbers[561, TOP]]
    assert tiles(open_of(after))


# Filters of ListShards over two reshards. Shard 0 splits into 2 and 3, 3 merges with 1 into 4; there
# is a time in each generation. Of each filter: the shards listed in each of the generations; none,
# where its time is still to come.

BEFORE = -86400
FILTERS = [
    (None, [0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4]),
    ("FROM_TRIM_HORIZON", [0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4]),
    ("AT_TRIM_HORIZON", [0, 1], [0, 1], [0, 1]),
    ("AT_LATEST", [0, 1], [1, 2, 3], [2, 4]),
    (("AFTER_SHARD_ID", 0), [1], [1, 2, 3], [1, 2, 3, 4]),
    (("AFTER_SHARD_ID", 1), [], [2, 3], [2, 3, 4]),
    (("AFTER_SHARD_ID", 3), [], [], [4]),
    (("AT_TIMESTAMP", BEFORE), [0, 1], [0, 1], [0, 1]),
    (("AT_TIMESTAMP", 0), [0, 1], [0, 1], [0, 1]),
    (("AT_TIMESTAMP", 1), None, [1, 2, 3], [1, 2, 3]),
    (("AT_TIMESTAMP", 2), None, None, [2, 4]),
    (("FROM_TIMESTAMP", BEFORE), [0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4]),
    (("FROM_TIMESTAMP", 0), [0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4]),
    (("FROM_TIMESTAMP", 1), None, [1, 2, 3], [1, 2, 3, 4]),
    (("FROM_TIMESTAMP", 2), None, None, [2, 4]),
]


def filtered(asked, times):
    if asked is None:
        return {}
    if isinstance(asked, str):
        return {"ShardFilter": {"Type": asked}}
    kind, number = asked
    if kind == "AFTER_SHARD_ID":
        return {"ShardFilter": {"Type": kind, "ShardId": SH(number)}}
    return {"ShardFilter": {
        "Type": kind, "Timestamp": times[0] + BEFORE if number == BEFORE else times[number]}}


def by_pages(server, name, **more):
    body, found = {"StreamName": name, "MaxResults": 2, **more}, []
    while True:
        page = server.ok("ListShards", body)
        found += page["Shards"]
        if "NextToken" not in page:
            return found
        body = {"NextToken": page["NextToken"], "MaxResults": 2}


def a_time_in(server, name):
    """A time at which the newest shard is there, and which is over before anything comes after."""
    born = max(created_at(starting(each)) for each in server.shards(name))
    while time.time() < born + 0.1:
        time.sleep(0.02)
    chosen = time.time()
    while time.time() < int(chosen) + 1.1:
        time.sleep(0.02)
    return chosen


@pytest.fixture(scope="module")
def generations(weir):
    """For each generation everything that is there, and what each filter listed then."""
    name, times, seen = "two-reshards", [], []
    weir.create(name, 2)
    for change in (lambda: weir.split(name, SH(0)), lambda: weir.merge(name, SH(3), SH(1)), None):
        times.append(a_time_in(weir, name))
        listed = {}
        for asked, *expected in FILTERS:
            if expected[len(seen)] is not None:
                more = filtered(asked, times)
                listed[asked] = weir.shards(name, **more)
                assert by_pages(weir, name, **more) == listed[asked]
        seen.append((weir.shards(name), listed))
        if change:
            change()
    return seen


@pytest.mark.parametrize("asked, first, second, third", FILTERS)
def test_a_filter_in_each_generation(generations, asked, first, second, third):
    for (everything, listed), expected in zip(generations, (first, second, third)):
        if expected is None:
            continue
        assert ids(listed[asked]) == [SH(number) for number in expected]
        # A filter leaves shards out and changes none: closed ones tell their ends and parents too.
        assert listed[asked] == [each for each in everything if each["ShardId"] in ids(listed[asked])]
        # Of one moment a consumer gets a whole stream.
        kind = asked[0] if isinstance(asked, tuple) else str(asked)
        if kind.startswith("AT_"):
            assert tiles(listed[asked])


def test_what_the_two_reshards_left(generations):
    half, quarter = 2**127, 2**126
    assert shape(generations[-1][0]) == [
        (SH(0), (0, half - 1), None, None, False), (SH(1), (half, TOP), None, None, False),
        (SH(2), (0, quarter - 1), SH(0), None, True), (SH(3), (quarter, half - 1), SH(0), None, False),
        (SH(4), (quarter, TOP), SH(3), SH(1), True)]


def test_the_horizon_moves_on_and_expired_shards_are_not_listed(own):
    """The same two reshards, 26 hours ago and now, of a stream that is 30 hours old and keeps its
    records for 24."""
    libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not libraries:
        pytest.skip("faketime is not installed")
    server = own(start=False)
    # The time between the starts has passed, as far as this test goes.
    server.options.append("--accept-clock")

    def hours_ago(hours):
        if server.process:
            server.kill()
        # Behind `env`, because the library's first process changes its own environment.
        server.prefix = ["env"]
        server.environment_added = {"LD_PRELOAD": libraries[0], "FAKETIME": f"-{hours}h"}
        server.start()

    hours_ago(30)
    server.create("s", 2)
    hours_ago(26)
    server.split("s", SH(0))
    assert ids(server.shards("s")) == [SH(number) for number in (0, 1, 2, 3)]
    hours_ago(0)
    server.merge("s", SH(3), SH(1))
    now = time.time()
    for asked, expected in [
            (None, [1, 2, 3, 4]),
            ({"Type": "FROM_TRIM_HORIZON"}, [1, 2, 3, 4]),
            ({"Type": "AT_TRIM_HORIZON"}, [1, 2, 3]),
            ({"Type": "AT_LATEST"}, [2, 4]),
            ({"Type": "AFTER_SHARD_ID", "ShardId": SH(0)}, [1, 2, 3, 4]),
            # Before the horizon is at the horizon.
            ({"Type": "AT_TIMESTAMP", "Timestamp": now - 28 * 3600}, [1, 2, 3]),
            ({"Type": "AT_TIMESTAMP", "Timestamp": now - 12 * 3600}, [1, 2, 3]),
            ({"Type": "FROM_TIMESTAMP", "Timestamp": now - 28 * 3600}, [1, 2, 3, 4]),
            ({"Type": "FROM_TIMESTAMP", "Timestamp": now - 12 * 3600}, [1, 2, 3, 4])]:
        listed = server.shards("s", **({"ShardFilter": asked} if asked else {}))
        assert ids(listed) == [SH(number) for number in expected], asked
    # A parent that has expired is still named.
    assert [each.get("ParentShardId") for each in server.shards("s")] == [None, SH(0), SH(0), SH(3)]
