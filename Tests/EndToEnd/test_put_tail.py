"""`weir put` and `weir tail`, as two people in two terminals use them."""

import re
import signal
import subprocess
import time

import pytest

from commands import Tail
from events import data_of
from server import BINARY
from shards import SH


def environment(server):
    return server.environment()


def put(server, *arguments, input=None):
    return subprocess.run(
        [BINARY, "put", *arguments], env=environment(server), input=input, capture_output=True, timeout=60)


def test_lines_of_standard_input_become_records(weir, name):
    weir.create(name)
    done = put(weir, name, input=b"one\ntwo\nthree")
    assert done.returncode == 0, done.stderr
    assert data_of(weir.read_all(name)) == [b"one", b"two", b"three"]


def test_data_and_partition_key(weir, name):
    weir.create(name)
    done = put(weir, name, "--data", "hello", "--partition-key", "mine")
    assert done.returncode == 0, done.stderr
    record, = weir.read_all(name)
    assert data_of([record]) == [b"hello"] and record["PartitionKey"] == "mine"


def test_the_access_key_id_of_the_environment_is_the_account(weir, name):
    """As for every other client: twelve digits are the account, and its streams are its own."""
    own = {**environment(weir), "AWS_ACCESS_KEY_ID": "111122223333"}
    for environ, line in ((own, b"theirs"), (environment(weir), b"ours")):
        done = subprocess.run([BINARY, "put", name, "--create", "1"], env=environ, input=line,
                              capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
    assert data_of(weir.read_all(name)) == [b"ours"]
    tail = subprocess.Popen([BINARY, "tail", name, "--from", "trim-horizon"], env=own,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert tail.stdout.readline() == b"theirs\n"
    finally:
        tail.send_signal(signal.SIGTERM)
        _, said = tail.communicate(timeout=30)
    assert not said, said
    wrong = subprocess.run([BINARY, "put", name, "--data", "x"], env={**own, "AWS_ACCESS_KEY_ID": "a/b"},
                           capture_output=True, timeout=60)
    assert wrong.returncode != 0 and b"AWS_ACCESS_KEY_ID" in wrong.stderr, wrong.stderr


def test_many_lines_keep_their_order_for_a_key(weir, name):
    weir.create(name, 4)
    lines = [b"%d" % number for number in range(2000)]
    done = put(weir, name, "--partition-key", "k", input=b"\n".join(lines) + b"\n")
    assert done.returncode == 0, done.stderr
    found = [record for shard in range(4) for record in weir.read_all(name, SH(shard))]
    assert data_of(found) == lines


def test_lines_keep_their_order_for_a_key_when_some_are_refused(own):
    """Small lines would fit where the large ones before them do not."""
    server = own("--limits", "write-bytes=100000")
    server.create("s")
    lines = [b"%04d" % number + b"x" * (2000 if number % 2 else 0) for number in range(160)]
    done = put(server, "s", "--partition-key", "k", input=b"\n".join(lines))
    assert done.returncode == 0, done.stderr
    assert data_of(server.read_all("s")) == lines
    counted = re.search(r'weir_throttled_total\{operation="PutRecords"\} (\d+)', server.get("/metrics").body.decode())
    assert int(counted[1]) > 0


def test_an_unknown_stream_is_one_clear_line(weir):
    done = put(weir, "absent", "--data", "x")
    assert done.returncode != 0
    assert b"absent" in done.stderr and len(done.stderr.strip().splitlines()) == 1
    tail = subprocess.run([BINARY, "tail", "absent"], env=environment(weir), capture_output=True, timeout=60)
    assert tail.returncode != 0 and b"absent" in tail.stderr


def test_a_server_that_is_not_there_is_one_clear_line(weir):
    added = {**environment(weir), "AWS_ENDPOINT_URL_KINESIS": "https://localhost:1"}
    done = subprocess.run([BINARY, "put", "s", "--data", "x"], env=added, capture_output=True, timeout=60)
    assert done.returncode != 0 and len(done.stderr.strip().splitlines()) == 1


def test_tail_prints_what_is_pushed(weir, name):
    weir.create(name, 2)
    with Tail(weir, name, "--from", "trim-horizon") as tail:
        for number in range(20):
            weir.put(name, b"record-%d." % number, str(number))
        tail.until(*[b"record-%d." % number for number in range(20)])
        assert all(tail.taken.count(b"record-%d." % number) == 1 for number in range(20))


def test_tail_from_latest_shows_only_what_comes(weir, name):
    weir.create(name)
    weir.put(name, b"earlier")
    with Tail(weir, name) as tail:
        deadline = time.monotonic() + 20
        number = 0
        # When it has subscribed is not told; put until something shows.
        while b"later" not in tail.taken:
            weir.put(name, b"later %d" % number)
            number += 1
            try:
                tail.until(b"later", seconds=0.3)
            except AssertionError:
                assert time.monotonic() < deadline
        assert b"earlier" not in tail.taken


def test_tail_from_a_time(weir, name):
    weir.create(name)
    weir.put(name, b"old")
    time.sleep(1.1)
    since = int(time.time() * 1000) / 1000
    weir.put(name, b"new")
    with Tail(weir, name, "--from", f"@{since}") as tail:
        tail.until(b"new")
        assert b"old" not in tail.taken


def test_tail_follows_children(weir, name):
    weir.create(name)
    with Tail(weir, name, "--from", "trim-horizon") as tail:
        weir.put(name, b"before")
        tail.until(b"before")
        weir.split(name, SH(0))
        weir.put(name, b"left", ExplicitHashKey="0")
        weir.put(name, b"right", ExplicitHashKey=str(2**128 - 1))
        tail.until(b"left", b"right")
        weir.merge(name, SH(1), SH(2))
        weir.put(name, b"after")
        tail.until(b"after")


def test_tail_goes_on_when_its_subscription_ends(quick, name):
    quick.create(name)
    with Tail(quick, name, "--from", "trim-horizon") as tail:
        for number in range(9):
            quick.put(name, b"record-%d." % number)
            time.sleep(1)
        tail.until(*[b"record-%d." % number for number in range(9)])
        assert all(tail.taken.count(b"record-%d." % number) == 1 for number in range(9))


@pytest.mark.parametrize("how", ["interrupt", "kill"])
def test_tail_resumes_from_its_cursor(weir, name, how):
    weir.create(name)
    weir.put(name, b"first.")
    with Tail(weir, name, "--from", "trim-horizon", "--consumer", "mine") as tail:
        tail.until(b"first.")
        weir.put(name, b"second.")
        tail.until(b"second.")
        if how == "interrupt":
            assert tail.interrupt() in (0, 130, -signal.SIGINT)
        else:
            time.sleep(1.5)
            tail.process.kill()
    weir.put(name, b"third.")
    with Tail(weir, name, "--from", "cursor", "--consumer", "mine") as tail:
        tail.until(b"third.")
        # At least once: a kill may repeat, an orderly end has committed what was printed.
        if how == "interrupt":
            assert b"first." not in tail.taken and b"second." not in tail.taken
