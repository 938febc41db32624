"""Splitting, merging and listing shards: the shapes, the numbers, the lineage."""

import time

import pytest

from shards import SH, TOP, bounds, ending, ids, index_of, starting


def test_a_split(weir, name):
    weir.create(name)
    number = int(weir.put(name, b"before")["SequenceNumber"])
    weir.split(name, SH(0), 1000)
    parent, low, high = weir.shards(name)
    assert ids([parent, low, high]) == [SH(0), SH(1), SH(2)]
    assert (bounds(parent), bounds(low), bounds(high)) == ((0, TOP), (0, 999), (1000, TOP))
    assert low["ParentShardId"] == high["ParentShardId"] == SH(0)
    for child in (low, high):
        assert "AdjacentParentShardId" not in child
        assert "EndingSequenceNumber" not in child["SequenceNumberRange"]
        assert starting(child) > ending(parent)
    assert ending(parent) > number
    assert index_of(ending(parent)) == 0x7FFFFFFFFFFFFFFF
    assert index_of(starting(low)) == 0


def test_a_merge(weir, name):
    weir.create(name, 2)
    weir.merge(name, SH(0), SH(1))
    left, right, child = weir.shards(name)
    assert child["ShardId"] == SH(2) and bounds(child) == (0, TOP)
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (SH(0), SH(1))
    assert starting(child) > max(ending(left), ending(right))


def test_records_go_to_the_children_after_a_split(weir, name):
    weir.create(name)
    weir.split(name, SH(0))
    weir.put(name, b"low", ExplicitHashKey="0")
    weir.put(name, b"high", ExplicitHashKey=str(TOP))
    from events import data_of
    assert data_of(weir.read_all(name, SH(1))) == [b"low"]
    assert data_of(weir.read_all(name, SH(2))) == [b"high"]
    assert weir.read_all(name, SH(0)) == []


def test_closed_shards_are_not_split_or_merged_again(weir, name):
    weir.create(name, 2)
    weir.split(name, SH(0))
    for operation, body in (
            ("SplitShard", {"ShardToSplit": SH(0), "NewStartingHashKey": "1000"}),
            ("MergeShards", {"ShardToMerge": SH(0), "AdjacentShardToMerge": SH(1)})):
        answer = weir.call(operation, {"StreamName": name, **body})
        assert answer.status == 400
        assert answer.error in ("ResourceInUseException", "InvalidArgumentException")
        assert answer.message


def test_shard_ids_are_read_leniently(weir, name):
    weir.create(name, 2)
    for text in ("shardId-000000000001", "shardId-1", "1", "x-1", "shardId-0000000000000000001"):
        iterator = weir.iterator(name, text, "TRIM_HORIZON")
        assert weir.ok("GetRecords", {"ShardIterator": iterator})["Records"] == []
    weir.split(name, "shardId-1", 2**127 + 2**126)
    assert len(weir.shards(name)) == 4


def test_the_open_shards_always_tile_the_key_space(weir, name):
    import random
    seed = time.time_ns()
    print("seed", seed)
    chance = random.Random(seed)
    weir.create(name, 3)
    for _ in range(25):
        open_ = sorted((each for each in weir.shards(name)
                        if "EndingSequenceNumber" not in each["SequenceNumberRange"]), key=bounds)
        assert bounds(open_[0])[0] == 0 and bounds(open_[-1])[1] == TOP
        assert all(bounds(a)[1] + 1 == bounds(b)[0] for a, b in zip(open_, open_[1:]))
        if len(open_) > 1 and chance.random() < 0.5:
            at = chance.randrange(len(open_) - 1)
            weir.merge(name, open_[at]["ShardId"], open_[at + 1]["ShardId"])
        else:
            shard = chance.choice(open_)
            low, high = bounds(shard)
            weir.split(name, shard["ShardId"], chance.randrange(low + 2, high))
    everything = weir.shards(name)
    assert ids(everything) == [SH(number) for number in range(len(everything))]
    by_id = {each["ShardId"]: each for each in everything}
    for shard in everything:
        for parent in (shard.get("ParentShardId"), shard.get("AdjacentParentShardId")):
            if parent:
                assert starting(shard) > ending(by_id[parent])


@pytest.fixture(scope="module")
def generations(weir):
    """Shard 0 splits into 1 and 2; these merge into 3; times between."""
    stream = "generations"
    weir.create(stream)
    times = [time.time()]
    time.sleep(2.1)
    weir.split(stream, SH(0))
    time.sleep(2.1)
    times.append(time.time())
    time.sleep(2.1)
    weir.merge(stream, SH(1), SH(2))
    time.sleep(2.1)
    times.append(time.time())
    return stream, times


@pytest.mark.parametrize("filter_, expected", [
    ({"Type": "FROM_TRIM_HORIZON"}, [0, 1, 2, 3]),
    ({"Type": "AT_TRIM_HORIZON"}, [0]),
    ({"Type": "AT_LATEST"}, [3]),
    ({"Type": "AFTER_SHARD_ID", "ShardId": SH(1)}, [2, 3]),
    ({"Type": "AFTER_SHARD_ID", "ShardId": SH(3)}, []),
    (("AT_TIMESTAMP", 1), [1, 2]),
    (("AT_TIMESTAMP", 2), [3]),
    (("FROM_TIMESTAMP", 1), [1, 2, 3]),
    (("FROM_TIMESTAMP", 2), [3]),
    (("FROM_TIMESTAMP", None), [0, 1, 2, 3]),
    (None, [0, 1, 2, 3])])
def test_shard_filters(weir, generations, filter_, expected):
    stream, times = generations
    if isinstance(filter_, tuple):
        kind, number = filter_
        filter_ = {"Type": kind, "Timestamp": times[number] if number is not None else times[0] - 86400}
    more = {"ShardFilter": filter_} if filter_ else {}
    assert ids(weir.shards(stream, **more)) == [SH(each) for each in expected]


def test_listing_starts_after_a_shard(weir, generations):
    stream, _ = generations
    assert ids(weir.shards(stream, ExclusiveStartShardId=SH(1))) == [SH(2), SH(3)]
    assert ids(weir.shards(stream, ExclusiveStartShardId=SH(90))) == []


def test_listing_by_pages_keeps_its_filter(weir, name):
    weir.create(name, 4)
    weir.split(name, SH(0))
    found, body = [], {"StreamName": name, "MaxResults": 2, "ShardFilter": {"Type": "AT_LATEST"}}
    while True:
        page = weir.ok("ListShards", body)
        found += ids(page["Shards"])
        assert len(page["Shards"]) <= 2
        if "NextToken" not in page:
            break
        body = {"NextToken": page["NextToken"], "MaxResults": 2}
    assert found == [SH(each) for each in (1, 2, 3, 4, 5)]
    arn = weir.active(name)
    token = weir.ok("ListShards", {"StreamName": name, "MaxResults": 1})["NextToken"]
    assert len(weir.ok("ListShards", {"StreamARN": arn, "NextToken": token})["Shards"]) == 5


def test_a_large_number_of_results_is_accepted(weir, name):
    weir.create(name, 2)
    assert len(weir.shards(name, MaxResults=10000)) == 2


def test_a_thousand_shards_are_listed_at_once(weir, name):
    weir.create(name, 1100)
    page = weir.ok("ListShards", {"StreamName": name})
    assert len(page["Shards"]) == 1000
    assert len(weir.ok("ListShards", {"NextToken": page["NextToken"]})["Shards"]) == 100
