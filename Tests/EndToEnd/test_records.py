"""Putting records and getting them: order, routing, positions, pages, limits."""

import base64
import concurrent.futures
import hashlib
import os
import time

import pytest

from events import data_of, numbers_of
from shards import SH, index_of

b64 = lambda data: base64.b64encode(data).decode()  # noqa: E731


def test_a_record_comes_back_as_it_was_put(weir, name):
    weir.create(name)
    before = time.time()
    put = weir.put(name, bytes(range(256)), "ключ-\U0001f511")
    assert put["ShardId"] == SH(0) and set(put) <= {"ShardId", "SequenceNumber", "EncryptionType"}
    page = weir.ok("GetRecords", {"ShardIterator": weir.iterator(name)})
    record, = page["Records"]
    assert base64.b64decode(record["Data"]) == bytes(range(256))
    assert record["PartitionKey"] == "ключ-\U0001f511"
    assert record["SequenceNumber"] == put["SequenceNumber"]
    assert before - 1 <= record["ApproximateArrivalTimestamp"] <= time.time() + 1
    assert set(record) == {"Data", "PartitionKey", "SequenceNumber", "ApproximateArrivalTimestamp"}
    assert page["MillisBehindLatest"] == 0 and page["NextShardIterator"]
    assert "ChildShards" not in page or page["ChildShards"] == []


def test_timestamps_are_plain_decimals(weir, name):
    import re
    weir.create(name)
    weir.put(name, b"x")
    raw = weir.call("GetRecords", {"ShardIterator": weir.iterator(name)}).raw
    assert re.search(rb'"ApproximateArrivalTimestamp":\d{10}(\.\d{1,3})?[,}]', raw)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 1000, 65536, 2**20 - 8])
def test_data_of_every_length(weir, length, name):
    weir.create(name)
    data = os.urandom(length)
    weir.put(name, data)
    assert data_of(weir.read_all(name)) == [data]


@pytest.mark.parametrize("key, hash_", [
    ("a", 16955237001963240173058271559858726497), ("1", 261578874264819908609102035485573088411),
    ("partitionKey", 193318062818912349798954611745638949166)])
def test_keys_are_routed_by_md5(weir, key, hash_, name):
    assert int(hashlib.md5(key.encode()).hexdigest(), 16) == hash_
    weir.create(name, 7)
    step = 2**128 // 7
    assert weir.put(name, b"x", key)["ShardId"] == SH(min(hash_ // step, 6))


def test_an_explicit_hash_key_decides(weir, name):
    weir.create(name, 2)
    for key, shard in ((0, 0), (2**127 - 1, 0), (2**127, 1), (2**128 - 1, 1)):
        assert weir.put(name, b"x", "a", ExplicitHashKey=str(key))["ShardId"] == SH(shard)


def test_sequence_numbers_rise_and_have_the_layout_of_aws(weir, name):
    weir.create(name)
    numbers = [int(weir.put(name, b"x")["SequenceNumber"]) for _ in range(50)]
    assert numbers == sorted(set(numbers))
    for number in numbers:
        digits = f"{number:047x}"
        assert len(str(number)) == 56 and len(digits) == 47
        assert abs(int(digits[29:38], 16) - time.time()) < 60
        assert int(digits[38:46], 16) == 0
        assert index_of(number) > 0


def test_sequence_number_for_ordering(weir, name):
    weir.create(name)
    previous = None
    for number in range(20):
        more = {"SequenceNumberForOrdering": previous} if previous else {}
        put = weir.put(name, b"%d" % number, **more)["SequenceNumber"]
        assert previous is None or int(put) > int(previous)
        previous = put


def test_put_records_answers_each_in_order(weir, name):
    weir.create(name, 3)
    records = [{"Data": b64(b"%d" % number), "PartitionKey": f"key-{number}"} for number in range(500)]
    answer = weir.ok("PutRecords", {"StreamName": name, "Records": records})
    assert answer["FailedRecordCount"] == 0 and len(answer["Records"]) == 500
    stored = {}
    for shard in range(3):
        for record in weir.read_all(name, SH(shard)):
            stored[SH(shard), record["SequenceNumber"]] = record
    for sent, result in zip(records, answer["Records"]):
        found = stored.pop((result["ShardId"], result["SequenceNumber"]))
        assert (found["Data"], found["PartitionKey"]) == (sent["Data"], sent["PartitionKey"])
    assert not stored


def test_put_records_keeps_the_order_within_a_shard(weir, name):
    weir.create(name)
    weir.ok("PutRecords", {"StreamName": name, "Records": [
        {"Data": b64(b"%d" % number), "PartitionKey": "same"} for number in range(500)]})
    assert data_of(weir.read_all(name)) == [b"%d" % number for number in range(500)]


def test_one_bad_record_fails_the_whole_call(weir, name):
    weir.create(name)
    answer = weir.call("PutRecords", {"StreamName": name, "Records": [
        {"Data": b64(b"good"), "PartitionKey": "k"},
        {"Data": b64(b"bad"), "PartitionKey": "k", "ExplicitHashKey": "x"}]})
    assert answer.error == "ValidationException"
    assert weir.read_all(name) == []


def test_put_records_of_ten_mebibytes_in_all(weir, name):
    weir.create(name)
    piece = os.urandom(2**20 - 4)
    records = [{"Data": b64(piece), "PartitionKey": "four"} for _ in range(10)]
    answer = weir.ok("PutRecords", {"StreamName": name, "Records": records})
    assert answer["FailedRecordCount"] == 0
    records.append({"Data": "", "PartitionKey": "k"})
    refused = weir.call("PutRecords", {"StreamName": name, "Records": records})
    assert refused.error == "InvalidArgumentException" and refused.message
    assert len(weir.read_all(name)) == 10


def test_data_and_key_together_are_bounded(weir, name):
    weir.create(name)
    answer = weir.call("PutRecord", {
        "StreamName": name, "Data": b64(bytes(2**20)), "PartitionKey": "key"})
    assert answer.status == 200 or answer.error in ("ValidationException", "InvalidArgumentException")


def test_partition_keys_are_counted_in_characters(weir, name):
    weir.create(name)
    weir.put(name, b"x", "ü" * 256)
    assert weir.read_all(name)[0]["PartitionKey"] == "ü" * 256


# Positions.

@pytest.fixture(scope="module")
def filled(weir):
    weir.create("filled")
    puts = []
    for number in range(10):
        puts.append(weir.put("filled", b"%d" % number)["SequenceNumber"])
        time.sleep(0.02)
    return "filled", puts


@pytest.mark.parametrize("kind, offset", [("AT_SEQUENCE_NUMBER", 0), ("AFTER_SEQUENCE_NUMBER", 1)])
@pytest.mark.parametrize("at", [0, 1, 5, 9])
def test_positions_by_sequence_number(weir, filled, kind, offset, at):
    stream, puts = filled
    records = weir.read_all(stream, SH(0), kind, StartingSequenceNumber=puts[at])
    assert data_of(records) == [b"%d" % number for number in range(at + offset, 10)]


@pytest.mark.parametrize("kind", ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"])
def test_a_number_between_two_records(weir, filled, kind):
    stream, puts = filled
    between = int(puts[3]) + (1 << 80)
    assert int(puts[3]) < between < int(puts[4])
    records = weir.read_all(stream, SH(0), kind, StartingSequenceNumber=str(between))
    assert data_of(records)[0] == b"4"


@pytest.mark.parametrize("kind", ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"])
def test_the_start_of_a_shard_is_a_position_before_any_record(weir, name, kind):
    weir.create(name)
    start = weir.shards(name)[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    iterator = weir.iterator(name, SH(0), kind, StartingSequenceNumber=start)
    weir.put(name, b"first")
    assert data_of(weir.ok("GetRecords", {"ShardIterator": iterator})["Records"]) == [b"first"]


def test_positions_by_time(weir, filled):
    stream, _ = filled
    records = weir.read_all(stream)
    for at in (0, 4, 9):
        when = records[at]["ApproximateArrivalTimestamp"]
        found = weir.read_all(stream, SH(0), "AT_TIMESTAMP", Timestamp=when)
        first = min(i for i, r in enumerate(records) if r["ApproximateArrivalTimestamp"] >= when)
        assert data_of(found) == data_of(records[first:])
    early = weir.read_all(stream, SH(0), "AT_TIMESTAMP", Timestamp=records[0]["ApproximateArrivalTimestamp"] - 9999)
    assert data_of(early) == data_of(records)
    assert weir.read_all(
        stream, SH(0), "AT_TIMESTAMP", Timestamp=records[-1]["ApproximateArrivalTimestamp"] + 0.001) == []


def test_latest_is_fixed_when_it_is_issued(weir, name):
    weir.create(name)
    weir.put(name, b"before")
    iterator = weir.iterator(name, kind="LATEST")
    weir.put(name, b"after")
    time.sleep(0.05)
    assert data_of(weir.ok("GetRecords", {"ShardIterator": iterator})["Records"]) == [b"after"]
    empty = weir.create(name + "-empty")
    iterator = weir.iterator(name + "-empty", kind="LATEST")
    weir.put(name + "-empty", b"after")
    assert data_of(weir.ok("GetRecords", {"ShardIterator": iterator})["Records"]) == [b"after"], empty


def test_an_iterator_gives_the_same_page_again(weir, filled):
    stream, _ = filled
    iterator = weir.iterator(stream)
    pages = [weir.ok("GetRecords", {"ShardIterator": iterator, "Limit": 4}) for _ in range(3)]
    assert [data_of(page["Records"]) for page in pages] == [[b"0", b"1", b"2", b"3"]] * 3


def test_pages_follow_each_other(weir, filled):
    stream, _ = filled
    iterator, pages = weir.iterator(stream), []
    while len(pages) < 5:
        page = weir.ok("GetRecords", {"ShardIterator": iterator, "Limit": 3})
        pages.append(data_of(page["Records"]))
        assert page["NextShardIterator"] != iterator or not page["Records"]
        iterator = page["NextShardIterator"]
    assert pages == [[b"0", b"1", b"2"], [b"3", b"4", b"5"], [b"6", b"7", b"8"], [b"9"], []]
    behind = weir.ok("GetRecords", {"ShardIterator": weir.iterator(stream), "Limit": 1})
    assert behind["MillisBehindLatest"] > 0


def test_an_iterator_in_quotes_works(weir, filled):
    stream, _ = filled
    iterator = weir.iterator(stream)
    answer = weir.call("GetRecords", {"ShardIterator": f'"{iterator}"'})
    assert answer.status == 200 and len(answer.body["Records"]) == 10


def test_a_forged_iterator_is_refused(weir, filled):
    stream, _ = filled
    iterator = weir.iterator(stream)
    for at in range(0, len(iterator), 7):
        other = "A" if iterator[at] != "A" else "B"
        answer = weir.call("GetRecords", {"ShardIterator": iterator[:at] + other + iterator[at + 1:]})
        # The last character before the padding may carry bits that decode to nothing.
        if answer.status == 200:
            assert at >= len(iterator) - 3
        else:
            assert (answer.error, answer.message) == (
                "InvalidArgumentException", "Invalid ShardIterator.")


def test_iterators_expire(quick):
    """Five minutes, at a fiftieth; each page brings a fresh one, also when it is empty."""
    if quick.call("DescribeStreamSummary", {"StreamName": "expiring"}).status != 200:
        quick.create("expiring")
    quick.put("expiring", b"x")
    first = quick.iterator("expiring")
    iterator = first
    for _ in range(4):
        time.sleep(2.2)
        iterator = quick.ok("GetRecords", {"ShardIterator": iterator})["NextShardIterator"]
    answer = quick.call("GetRecords", {"ShardIterator": first})
    assert answer.error == "ExpiredIteratorException"
    import re
    moment = r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4}"
    assert re.fullmatch(
        rf"Iterator expired. The iterator was created at time {moment} while right now it is {moment} "
        r"which is further in the future than the tolerated delay of \d+ milliseconds.", answer.message)


def test_iterators_and_tokens_survive_a_restart(own):
    server = own()
    server.create("kept", 3)
    server.put("kept", b"x", ExplicitHashKey="0")
    iterator = server.iterator("kept")
    token = server.ok("ListShards", {"StreamName": "kept", "MaxResults": 1})["NextToken"]
    server.restart()
    assert data_of(server.ok("GetRecords", {"ShardIterator": iterator})["Records"]) == [b"x"]
    assert len(server.ok("ListShards", {"NextToken": token})["Shards"]) == 2


# Closed shards.

def test_the_end_of_a_closed_shard(weir, name):
    weir.create(name)
    weir.put(name, b"1")
    held = weir.iterator(name, kind="LATEST")
    weir.put(name, b"2")
    weir.split(name, SH(0))
    iterator, records = weir.iterator(name), []
    for _ in range(10):
        page = weir.ok("GetRecords", {"ShardIterator": iterator})
        records += page["Records"]
        if "NextShardIterator" not in page:
            break
        assert not page.get("ChildShards")
        iterator = page["NextShardIterator"]
    assert data_of(records) == [b"1", b"2"]
    assert "NextShardIterator" not in page
    assert [(each["ShardId"], each["ParentShards"]) for each in page["ChildShards"]] == [
        (SH(1), [SH(0)]), (SH(2), [SH(0)])]
    assert all(set(each["HashKeyRange"]) == {"StartingHashKey", "EndingHashKey"}
               for each in page["ChildShards"])
    assert data_of(weir.ok("GetRecords", {"ShardIterator": held})["Records"]) == [b"2"]
    for kind in ("LATEST", "TRIM_HORIZON"):
        iterator = weir.iterator(name, kind=kind)
        while iterator:
            page = weir.ok("GetRecords", {"ShardIterator": iterator})
            iterator = page.get("NextShardIterator")
        assert len(page["ChildShards"]) == 2


def test_a_merged_child_lists_both_parents(weir, name):
    weir.create(name, 2)
    weir.merge(name, SH(0), SH(1))
    for shard in (SH(0), SH(1)):
        iterator = weir.iterator(name, shard)
        while iterator:
            page = weir.ok("GetRecords", {"ShardIterator": iterator})
            iterator = page.get("NextShardIterator")
        child, = page["ChildShards"]
        assert child["ShardId"] == SH(2) and sorted(child["ParentShards"]) == [SH(0), SH(1)]


def test_the_ending_number_is_a_position_behind_all_records(weir, name):
    weir.create(name)
    weir.put(name, b"x")
    weir.split(name, SH(0))
    end = weir.shards(name)[0]["SequenceNumberRange"]["EndingSequenceNumber"]
    assert weir.read_all(name, SH(0), "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=end) == []


# Limits of a page.

def test_a_page_holds_ten_mebibytes_at_most(weir, name):
    weir.create(name)
    data = [os.urandom(2**20 - 8) for _ in range(12)]
    for each in data:
        weir.put(name, each)
    iterator, pages = weir.iterator(name), []
    while sum(map(len, pages)) < 12:
        page = weir.ok("GetRecords", {"ShardIterator": iterator})
        pages.append(data_of(page["Records"]))
        iterator = page["NextShardIterator"]
    assert [each for page in pages for each in page] == data
    assert all(sum(map(len, page)) <= 10 * 2**20 for page in pages)


def test_ten_thousand_records_in_a_page(weir, name):
    weir.create(name)
    for batch in range(21):
        weir.ok("PutRecords", {"StreamName": name, "Records": [
            {"Data": b64(b"%d" % (batch * 500 + number)), "PartitionKey": "k"} for number in range(500)]})
    page = weir.ok("GetRecords", {"ShardIterator": weir.iterator(name)})
    assert len(page["Records"]) == 10000
    rest = weir.ok("GetRecords", {"ShardIterator": page["NextShardIterator"]})
    assert data_of(page["Records"] + rest["Records"]) == [b"%d" % each for each in range(10500)]


def test_many_writers_at_once_lose_nothing(weir, name):
    weir.create(name, 4)

    def write(writer):
        client = weir.client()
        return [client.put_record(StreamName=name, Data=b"%d:%d" % (writer, number),
                                  PartitionKey=str(writer))["SequenceNumber"] for number in range(50)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(write, range(8)))
    for each in numbers:
        assert list(map(int, each)) == sorted(map(int, each))
    found = []
    for shard in range(4):
        records = weir.read_all(name, SH(shard))
        assert numbers_of(records) == sorted(set(numbers_of(records)))
        arrivals = [each["ApproximateArrivalTimestamp"] for each in records]
        assert arrivals == sorted(arrivals)
        found += data_of(records)
    for writer in range(8):
        assert [each for each in found if each.startswith(b"%d:" % writer)] == [
            b"%d:%d" % (writer, number) for number in range(50)]


def test_the_command_line_reads_and_writes_blobs(weir, name):
    weir.create(name)
    weir.aws("put-records", "--stream-name", name, "--records", "Data=a,PartitionKey=1", "Data=b,PartitionKey=2")
    assert data_of(weir.read_all(name)) == [b"a", b"b"]
