"""`weir tail` beside others, and what ends it."""

import os
import signal
import subprocess
import time

import pytest

from commands import Tail, consumers, eventually, run
from server import BINARY


def numbered(tails, server, name, count):
    """Puts until each of the tails, which begin at the latest record, has begun; then `count`."""
    deadline = time.monotonic() + 20
    number = 0
    while not all(b"begin" in tail.taken for tail in tails):
        assert time.monotonic() < deadline
        server.put(name, b"begin %d" % number)
        number += 1
        for tail in tails:
            try:
                tail.until(b"begin", seconds=0.2)
            except AssertionError:
                assert tail.process.poll() is None, tail.process.stderr.read()
    for each in range(count):
        server.put(name, b"record-%d." % each, str(each))


def test_two_tails_of_a_stream_see_all_of_it_and_leave_nothing(weir, name):
    arn = weir.create(name, 2)
    with Tail(weir, name) as one, Tail(weir, name) as two:
        numbered([one, two], weir, name, 50)
        for tail in (one, two):
            tail.until(*[b"record-%d." % each for each in range(50)])
            assert all(tail.taken.count(b"record-%d." % each) == 1 for each in range(50))
        assert len(consumers(weir, arn)) == 2
        # The one goes, the other stays.
        assert one.interrupt() == 130
        weir.put(name, b"the end")
        two.until(b"the end")
        two.signal(signal.SIGTERM)
        assert two.ends()[0] == 143
    assert consumers(weir, arn) == []
    weir.ok("DeleteStream", {"StreamName": name})


def test_a_tail_that_was_killed_does_not_hinder_the_deletion_of_its_stream(weir, name):
    arn = weir.create(name)
    with Tail(weir, name) as tail:
        numbered([tail], weir, name, 1)
        tail.process.kill()
        tail.process.wait()
    assert len(consumers(weir, arn)) == 1
    weir.ok("DeleteStream", {"StreamName": name})


def test_what_a_killed_tail_has_left_goes_by_itself(quick, name):
    arn = quick.create(name)
    lasting = quick.consumer(arn, "lasting")
    with Tail(quick, name, "--from", "trim-horizon") as tail, Tail(quick, name) as living:
        quick.put(name, b"first.")
        tail.until(b"first.")
        eventually(lambda: len(consumers(quick, arn)) == 3)
        tail.process.kill()
        tail.process.wait()
        # A minute is 1.2 s here. The one that is read from stays, and so does everybody's.
        eventually(lambda: len(consumers(quick, arn)) == 2)
        time.sleep(3)
        assert len(consumers(quick, arn)) == 2
        quick.put(name, b"still here.")
        living.until(b"still here.")
    answer = quick.call("DeleteStream", {"StreamName": name})
    assert answer.error == "ResourceInUseException"
    quick.ok("DeregisterStreamConsumer", {"ConsumerARN": lasting})
    quick.ok("DeleteStream", {"StreamName": name})


def test_an_ephemeral_consumer_is_a_tag_that_can_be_taken_off(quick, name):
    arn = quick.create(name)
    made = {}
    for each in ("kept", "left"):
        made[each] = quick.ok("RegisterStreamConsumer", {
            "StreamARN": arn, "ConsumerName": each, "Tags": {"weir:ephemeral": "true"}}
        )["Consumer"]["ConsumerARN"]
    quick.ok("UntagResource", {"ResourceARN": made["kept"], "TagKeys": ["weir:ephemeral"]})
    eventually(lambda: consumers(quick, arn) == ["kept"])
    assert quick.call("DeleteStream", {"StreamName": name}).error == "ResourceInUseException"


def test_an_ephemeral_consumer_is_one_after_a_restart(own, name):
    server = own("--time-scale", "0.02")
    arn = server.create(name)
    server.ok("RegisterStreamConsumer", {
        "StreamARN": arn, "ConsumerName": "left", "Tags": {"weir:ephemeral": "true"}})
    server.restart()
    eventually(lambda: consumers(server, arn) == [])


def test_a_tail_whose_name_another_one_takes_says_so(quick, name):
    quick.create(name)
    with Tail(quick, name, "--from", "trim-horizon", "--consumer", "mine") as one:
        quick.put(name, b"first.")
        one.until(b"first.")
        # Five seconds, in which nobody takes a place, are a tenth here.
        time.sleep(0.5)
        with Tail(quick, name, "--from", "cursor", "--consumer", "mine") as two:
            status, said = one.ends()
            assert status == 1 and "another program reads as the consumer mine" in said
            quick.put(name, b"second.")
            two.until(b"second.")


def test_output_that_cannot_be_written_is_an_error(weir, name):
    arn = weir.create(name)
    weir.put(name, b"one")
    with open("/dev/full", "wb") as full:
        done = run(weir, "tail", name, "--from", "trim-horizon", stdout=full)
    assert done.returncode == 74 and b"standard output: No space left on device" in done.stderr
    assert consumers(weir, arn) == []


def test_output_that_nobody_reads_ends_it_quietly_and_at_once(weir, name):
    arn = weir.create(name)
    weir.put(name, b"one")
    # As `| head -1` does: nothing is put afterwards that it would fail to write.
    with Tail(weir, name, "--from", "trim-horizon") as tail:
        tail.until(b"one\n")
        tail.process.stdout.close()
        assert tail.ends(10) == (141, "")
    assert consumers(weir, arn) == []


@pytest.mark.parametrize("number,status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_tail_whose_reader_stands_still(weir, name, number, status):
    arn = weir.create(name, 2)
    for each in range(16):
        weir.put(name, b"x" * 500_000, str(each))
    with Tail(weir, name, "--from", "trim-horizon") as tail:
        tail.until(b"x")
        time.sleep(0.5)
        tail.signal(number)
        # Standard error is read after the end: the output stays full.
        assert tail.ends(10)[0] == status
    assert consumers(weir, arn) == []


def test_a_signal_ends_a_tail_whose_server_stands_still(own, name):
    server = own()
    server.create(name)
    server.put(name, b"one")
    with Tail(server, name, "--from", "trim-horizon") as tail:
        tail.until(b"one")
        os.kill(server.pid, signal.SIGSTOP)
        try:
            tail.signal(signal.SIGTERM)
            assert tail.ends(10)[0] == 143
        finally:
            os.kill(server.pid, signal.SIGCONT)


def test_a_tail_of_a_stream_that_is_deleted_says_so(weir, name):
    weir.create(name)
    weir.put(name, b"one")
    with Tail(weir, name, "--from", "trim-horizon") as tail:
        tail.until(b"one")
        weir.ok("DeleteStream", {"StreamName": name})
        status, said = tail.ends()
    assert status == 1 and f"the stream {name} was deleted" in said
    weir.create(name)
    weir.put(name, b"two")
    with Tail(weir, name, "--from", "trim-horizon") as tail:
        tail.until(b"two")
        weir.ok("DeleteStream", {"StreamName": name})
        weir.create(name)
        status, said = tail.ends()
    assert status == 1 and f"the stream {name} was deleted" in said


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_a_tail_goes_on_after_a_restart_of_the_server(own, name, how):
    server = own()
    server.create(name, 2)
    server.listen = f"localhost:{server.port}"
    with Tail(server, name) as tail:
        numbered([tail], server, name, 5)
        tail.until(*[b"record-%d." % each for each in range(5)])
        getattr(server, how)()
        server.start()
        for each in range(5, 10):
            server.put(name, b"record-%d." % each, str(each))
        tail.until(*[b"record-%d." % each for each in range(10)], seconds=40)
        assert all(tail.taken.count(b"record-%d." % each) == 1 for each in range(10))


def test_streams_are_created_listed_and_deleted(weir, name):
    done = run(weir, "stream", "create", name, "--shards", "3")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(weir.shards(name)) == 3
    done = run(weir, "stream", "create", name)
    assert done.returncode == 1 and name.encode() in done.stderr
    for each in range(120):
        weir.create(f"{name}-{each}")
    done = run(weir, "stream", "list")
    assert done.returncode == 0
    listed = done.stdout.decode().splitlines()
    assert set(listed) >= {name, *(f"{name}-{each}" for each in range(120))}
    assert len(listed) == len(set(listed))
    with open("/dev/full", "wb") as full:
        assert run(weir, "stream", "list", stdout=full).returncode == 74
    weir.consumer(f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}")
    done = run(weir, "stream", "delete", name)
    assert done.returncode == 1 and b"consumers" in done.stderr
    done = run(weir, "stream", "delete", name, "--enforce-consumer-deletion")
    assert done.returncode == 0
    assert run(weir, "stream", "delete", name).returncode == 1
    for each in range(120):
        weir.ok("DeleteStream", {"StreamName": f"{name}-{each}"})


def test_a_server_that_is_started_without_standard_streams_writes_into_no_file(own, tmp_path):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def close_all():
        for descriptor in (0, 1, 2):
            os.close(descriptor)

    process = subprocess.Popen(
        [BINARY, "serve", "--data", str(tmp_path / "data"), "--listen", f"localhost:{port}"],
        preexec_fn=close_all)
    try:
        def answers():
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                return False
        eventually(answers)
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    for folder, _, files in os.walk(tmp_path / "data"):
        for file in files:
            content = open(os.path.join(folder, file), "rb").read()
            assert b"weir ready" not in content and b"listening" not in content, file
