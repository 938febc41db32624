"""A system clock that was wrong: at a start, or for a moment while the server runs."""

import glob
import time

import pytest

from shards import SH
from test_crash import data_of

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
pytestmark = pytest.mark.skipif(not LIBRARIES, reason="faketime is not installed")
DAY = 86_400


def set_clock(server, offset):
    """Starts the server with the system's clock this far from the right one, e.g. "+2d"."""
    if server.process:
        server.kill()
    # Behind `env`, because the library's first process changes its own environment.
    server.prefix = ["env"] if offset else []
    server.environment_added = (
        {"LD_PRELOAD": LIBRARIES[0], "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        if offset else {})
    server.start()


def read(server, stream="s", **start):
    start = start or {"ShardIteratorType": "TRIM_HORIZON"}
    iterator = server.ok(
        "GetShardIterator", {"StreamName": stream, "ShardId": SH(0), **start})["ShardIterator"]
    return data_of(server.ok("GetRecords", {"ShardIterator": iterator})["Records"])


def metric(server, name):
    text = server.get("/metrics").body.decode()
    return float([line for line in text.splitlines() if line.startswith(name + " ")][0].split()[1])


def check(server, expected):
    """Everything is there by every route."""
    now = time.time()
    assert read(server) == expected
    assert read(server, ShardIteratorType="AT_TIMESTAMP", Timestamp=now - 3600) == expected
    number = int(server.put("s", b"last")["SequenceNumber"])
    expected.append(b"last")
    assert read(server) == expected
    assert read(server, ShardIteratorType="AT_SEQUENCE_NUMBER",
                StartingSequenceNumber=str(number)) == [b"last"]


def test_two_days_ahead_at_one_start(own):
    server = own()
    server.create("s", 1)
    expected = [b"before"]
    server.put("s", b"before")
    set_clock(server, "+2d")
    assert metric(server, "weir_clock_believed") == 0
    assert metric(server, "weir_clock_ahead_seconds") == pytest.approx(2 * DAY, abs=60)
    assert "not believed" in server.get("/health").body.decode()
    assert server.errors().count("is not believed") == 1
    assert read(server) == expected
    set_clock(server, None)
    assert metric(server, "weir_clock_believed") == 1
    check(server, expected)
    # Once more, with records put meanwhile: they carry the believed time.
    set_clock(server, "+2d")
    check(server, expected)
    set_clock(server, None)
    check(server, expected)
    iterator = server.iterator("s", SH(0))
    for record in server.ok("GetRecords", {"ShardIterator": iterator})["Records"]:
        assert abs(record["ApproximateArrivalTimestamp"] - time.time()) < 3600


def test_two_days_ahead_for_a_moment(own, tmp_path):
    server = own(start=False)
    offset = tmp_path / "offset"
    offset.write_text("+0")
    server.prefix = ["env"]
    server.environment_added = {
        "LD_PRELOAD": LIBRARIES[0], "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    server.start()
    server.create("s", 1)
    expected = [b"before"]
    server.put("s", b"before")
    offset.write_text("+2d")
    deadline = time.monotonic() + 30
    while metric(server, "weir_clock_believed") == 1:
        assert time.monotonic() < deadline, "the jump was not noticed"
        time.sleep(0.1)
    server.put("s", b"meanwhile")
    expected.append(b"meanwhile")
    assert read(server) == expected
    offset.write_text("+0")
    deadline = time.monotonic() + 30
    while metric(server, "weir_clock_believed") == 0:
        assert time.monotonic() < deadline, "the clock is right again and not believed"
        time.sleep(0.1)
    check(server, expected)
    server.restart()
    check(server, expected)


def test_a_clock_is_accepted_by_the_operator(own):
    server = own(start=False)
    set_clock(server, "-21d")
    server.create("s", 1)
    server.put("s", b"three weeks ago")
    set_clock(server, None)
    # Three weeks off, or a clock that is ahead: nothing expires for it.
    assert read(server) == [b"three weeks ago"]
    server.options.append("--accept-clock")
    server.kill()
    server.start()
    assert "the clock is accepted" in server.errors()
    assert metric(server, "weir_clock_believed") == 1
    assert read(server) == []
    server.put("s", b"now")
    assert read(server) == [b"now"]
    server.options.remove("--accept-clock")
    server.kill()
    server.start()
    assert read(server) == [b"now"]
