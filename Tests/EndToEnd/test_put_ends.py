"""`weir put` ends, and says what became of what it read, whatever happens to it."""

import os
import re
import signal
import subprocess
import time

import pytest

from commands import Command, eventually, run
from events import data_of
from server import BINARY


def put(server, *arguments, **named):
    return Command(server, "put", *arguments, **{"stdin": subprocess.PIPE, **named})


def test_an_unknown_stream_ends_a_put_of_much(weir):
    done = run(weir, "put", "NOSUCH", input=b"x" * 99 + b"\n" + b"line of the input\n" * 1_200_000)
    assert done.returncode == 1 and b"NOSUCH" in done.stderr


def test_a_stream_that_goes_while_it_is_put_to_ends_it_with_an_account(weir, name):
    weir.create(name)
    with put(weir, name) as command:
        command.feed(b"one\n")
        eventually(lambda: len(weir.read_all(name)) == 1)
        weir.ok("DeleteStream", {"StreamName": name})
        # More than every buffer on the way holds, by somebody who does not stop by himself.
        with pytest.raises(BrokenPipeError):
            for _ in range(10_000):
                command.feed(b"later\n" * 10_000)
        status, said = command.ends()
    assert status == 1
    account = re.search(
        r"put 1 record into %s; (\d+) records that were read are not acknowledged.*"
        r"the first of them is line 2$" % name, said.strip())
    assert account and int(account[1]) > 0, said


@pytest.mark.parametrize("number,status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_put_that_waits_for_input(weir, name, number, status):
    weir.create(name)
    with put(weir, name) as command:
        command.feed(b"one\ntwo\nbegun")
        eventually(lambda: len(weir.read_all(name)) == 2)
        command.signal(number)
        ended, said = command.ends(10)
    assert ended == status
    assert f"put 2 records into {name}; 1 record that was read is not acknowledged" in said


@pytest.mark.parametrize("kind", ["put", "tail"])
def test_nohup_keeps_a_command_from_hanging_up(weir, name, kind):
    weir.create(name)
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Command(weir, kind, name, stdin=subprocess.PIPE, preexec_fn=ignore) as command:
        time.sleep(0.5)
        command.signal(signal.SIGHUP)
        time.sleep(0.5)
        assert command.process.poll() is None
        command.signal(signal.SIGTERM)
        assert command.ends(10)[0] == 143


def test_a_signal_ends_a_put_whose_server_stands_still(own, name):
    server = own()
    server.create(name)
    with put(server, name) as command:
        command.feed(b"one\n")
        eventually(lambda: len(server.read_all(name)) == 1)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            # It takes what its three batches hold and no more, however much there is.
            os.set_blocking(command.process.stdin.fileno(), False)
            fed, deadline = 0, time.monotonic() + 3
            while time.monotonic() < deadline:
                try:
                    fed += os.write(command.process.stdin.fileno(), b"later and later\n" * 4096)
                except BlockingIOError:
                    time.sleep(0.01)
            assert fed < 8 << 20
            assert command.peak_kib() < 160 << 10
            command.signal(signal.SIGTERM)
            status, said = command.ends(10)
        finally:
            os.kill(server.pid, signal.SIGCONT)
    assert status == 143 and "put 1 record" in said and "some may be stored" in said


def test_input_that_cannot_be_read_is_an_error(weir, name, tmp_path):
    weir.create(name)
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        done = run(weir, "put", name, stdin=folder)
    finally:
        os.close(folder)
    assert done.returncode == 74 and b"standard input: Is a directory" in done.stderr
    done = run(weir, "put", name, stdin=None, preexec_fn=lambda: os.close(0))
    assert done.returncode == 74 and b"standard input: Bad file descriptor" in done.stderr


def test_receipts_that_cannot_be_written_are_an_error(weir, name):
    weir.create(name)
    with open("/dev/full", "wb") as full:
        done = run(weir, "put", name, "--verbose", input=b"one\n", stdout=full)
    assert done.returncode == 74 and b"standard output: No space left on device" in done.stderr
    # The record itself was put, and the command knows.
    assert data_of(weir.read_all(name)) == [b"one"] and b"put 1 record" in done.stderr
    done = run(weir, "put", name, "--verbose", input=b"one\n", preexec_fn=lambda: os.close(1), stdout=None)
    assert done.returncode == 74


def test_receipts_that_nobody_reads_end_it_quietly(weir, name):
    weir.create(name)
    with put(weir, name, "--verbose") as command:
        command.feed(b"one\n")
        command.until(b"\n")
        command.process.stdout.close()
        status, said = command.ends(10)
    assert (status, said) == (141, "")


def test_a_line_that_no_record_can_hold_is_named(weir, name):
    weir.create(name)
    done = run(weir, "put", name, input=b"one\ntwo\n" + b"x" * (2 << 20) + b"\nfour\n")
    assert done.returncode == 65
    assert b"line 3 has 2097" in done.stderr and b"records of up to 1048576" in done.stderr
    assert data_of(weir.read_all(name)) == [b"one", b"two"]


def test_a_line_without_an_end_is_not_waited_for(weir, name):
    weir.create(name)
    with put(weir, name) as command:
        with pytest.raises(BrokenPipeError):
            for _ in range(1_000):
                command.feed(b"x" * (1 << 20))
        status, said = command.ends()
    assert status == 65 and "line 1 is longer than 10 MiB" in said


def test_records_that_are_throttled_are_put_again(own, name):
    # Calls as a whole, and single records of those that are let through.
    server = own("--allow-fault-injection", "--limits", "write-records=500")
    server.create(name)
    server.ok("InjectFault", {
        "Kind": "THROTTLE", "Operation": "PutRecords", "StreamName": name, "Percentage": 40},
        target="Weir_20261122.InjectFault")
    lines = [b"%d" % number for number in range(1_500)]
    done = run(server, "put", name, input=b"\n".join(lines))
    assert done.returncode == 0, done.stderr
    assert sorted(data_of(server.read_all(name))) == sorted(lines)


def test_a_put_outlives_a_restart_of_the_server(own, name):
    server = own()
    server.create(name)
    server.listen = f"localhost:{server.port}"
    with put(server, name, "--partition-key", "k") as command:
        for number in range(40):
            command.feed(b"%d\n" % number)
            if number in (10, 25):
                server.kill()
                server.start()
            time.sleep(0.02)
        command.process.stdin.close()
        command.process.stdin = None
        status, said = command.ends(60)
    assert status == 0, said
    # A call whose answer was lost is made again, so records may come twice; none is missing.
    assert set(data_of(server.read_all(name))) == {b"%d" % number for number in range(40)}


def test_a_server_that_is_not_trusted_or_not_there_is_said_with_what_helps(weir, tmp_path):
    def attempt(**added):
        return subprocess.run(
            [BINARY, "put", "s", "--data", "x"], env=weir.environment(**added), capture_output=True,
            timeout=60, cwd=tmp_path)

    done = attempt(AWS_CA_BUNDLE="")
    assert done.returncode == 69 and b"--ca-file" in done.stderr
    done = attempt(AWS_ENDPOINT_URL_KINESIS="https://localhost:1")
    assert done.returncode == 69 and b"weir serve" in done.stderr
    done = attempt(AWS_ENDPOINT_URL_KINESIS="https://no.such.host.invalid:4567")
    assert done.returncode == 69 and b"has no address" in done.stderr
    done = attempt(AWS_ENDPOINT_URL_KINESIS="http://localhost:1")
    assert done.returncode == 78
    done = attempt(AWS_CA_BUNDLE=str(tmp_path / "absent.pem"))
    assert done.returncode == 78 and b"absent.pem" in done.stderr
