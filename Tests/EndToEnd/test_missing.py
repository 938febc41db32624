"""Files that somebody removes: while the server is down, and while it runs."""

import base64
import shutil
import time

import pytest

from server import StartFailed
from shards import SH
from test_crash import data_of


def records(count):
    return [b"%06d" % number for number in range(count)]


def put_all(server, stream, data):
    numbers = []
    for first in range(0, len(data), 100):
        answer = server.ok("PutRecords", {"StreamName": stream, "Records": [
            {"PartitionKey": "k", "Data": server_encode(each)} for each in data[first:first + 100]]})
        assert answer["FailedRecordCount"] == 0
        numbers += [each["SequenceNumber"] for each in answer["Records"]]
    return numbers


def server_encode(data):
    return base64.b64encode(data).decode()


def read(server, stream, **start):
    iterator = server.ok(
        "GetShardIterator", {"StreamName": stream, "ShardId": SH(0), **start})["ShardIterator"]
    return server.call("GetRecords", {"ShardIterator": iterator})


def test_a_removed_segment_is_told_and_can_be_passed(own):
    server = own()
    server.create("s", 1)
    numbers = put_all(server, "s", records(200))
    server.terminate()
    [segment] = (server.data / "log" / "segments").glob("*.segment")
    segment.unlink()
    server.start()
    health = server.get("/health").body.decode()
    assert f"stream s, {SH(0)}: 200 records are missing" in health
    assert "200 records are missing" in server.errors()
    answer = read(server, "s", ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                  StartingSequenceNumber=numbers[10])
    assert answer.status == 500 and "missing" in answer.message
    server.put("s", b"behind")
    for start in ({"ShardIteratorType": "TRIM_HORIZON"},
                  {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                   "StartingSequenceNumber": numbers[-1]}):
        assert data_of(read(server, "s", **start).body["Records"]) == [b"behind"]


@pytest.mark.parametrize("what", ["removed", "emptied"])
def test_the_newest_journal_file_is_gone(own, what):
    server = own()
    server.create("s", 1)
    server.restart()
    put_all(server, "s", records(200))
    time.sleep(2)
    server.kill()
    newest = max((server.data / "log" / "journal").glob("*.journal"), key=sequence)
    if what == "removed":
        newest.unlink()
    else:
        newest.write_bytes(b"")
    server.start()
    assert "journal file is missing" in server.errors()
    assert data_of(read(server, "s", ShardIteratorType="TRIM_HORIZON").body["Records"]) == records(200)
    server.kill()
    server.start()
    server.put("s", b"more")
    answer = read(server, "s", ShardIteratorType="TRIM_HORIZON").body["Records"]
    assert data_of(answer) == records(200) + [b"more"]


def sequence(path):
    head = path.read_bytes()[:32]
    return int.from_bytes(head[24:32], "little") if head[:8] == b"WEIRJRN1" else 0


def test_a_lock_file_that_was_unlinked_lets_nobody_in(own):
    server = own()
    (server.data / "log" / "lock").unlink()
    second = own(data=server.data, start=False)
    with pytest.raises(StartFailed) as failure:
        second.start()
    assert "in use by another process" in failure.value.errors


def test_a_folder_that_is_deleted_stops_the_puts(own):
    server = own()
    server.create("s", 1)
    server.put("s", b"1")
    # The server may make a file in it meanwhile.
    while (server.data / "log").exists():
        shutil.rmtree(server.data / "log", ignore_errors=True)
    # The very first put after it, before anybody has looked.
    for data in (b"2", b"3"):
        answer = server.call("PutRecord", {
            "StreamName": "s", "PartitionKey": "k", "Data": server_encode(data)})
        assert answer.status != 200
    health = server.get("/health")
    assert health.status != 200
    assert "was removed or replaced" in health.body.decode()
    server.kill()
