"""`weir bench` in miniature: it runs, checks what it receives, and says what it measured on."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from server import BINARY

SMALL = ["--duration", "0.5", "--warm-up", "0.1"]
COMMANDS = {
    "put": ["--batch", "10"],
    "put singly": ["--batch", "1"],
    "fanout": ["--subscribers", "5"],
    "fanout on a schedule": ["--subscribers", "5", "--rate", "200"],
    "fanout on shared connections": ["--subscribers", "6", "--subscribers-per-connection", "3"],
    "read": [],
    "control": ["--streams", "6", "--largest", "1200"],
    "floor": ["--subscribers", "5"],
}


def bench(folder, command, *options):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    data = [] if command == "floor" else ["--data", str(folder)]
    return subprocess.run(
        [BINARY, "bench", command, *SMALL, *data, *options], cwd=folder, env=environment,
        capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("title", COMMANDS)
def test_each_bench_in_miniature(tmp_path, title):
    done = bench(tmp_path, title.split(" ")[0], *COMMANDS[title], "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    numbers = [value for value in figures(report) if value > 0]
    assert numbers, report
    if title.split(" ")[0] in ("put", "fanout"):
        assert "fdatasync" in done.stdout.lower()


def test_control_calls_are_timed_by_operation(tmp_path):
    done = bench(tmp_path, "control", "--streams", "4", "--largest", "10", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    # Each second stream is changed, and 20 pages of the large one are read.
    for operation in ("SplitShard", "UpdateShardCount", "RegisterStreamConsumer", "DeleteStream"):
        assert report[operation]["count"] == 2
    assert report["page of 1000"]["count"] == 20
    assert report["start_ms"] > 0
    assert list(tmp_path.iterdir()) == [], "the folder is gone with the server"


def test_control_calls_leave_nothing_on_a_running_server(own, tmp_path):
    server = own()
    done = bench(tmp_path, "control", "--streams", "4", "--largest", "10", "--endpoint-url",
                 server.url, "--ca-file", server.authority)
    assert done.returncode == 0, done.stderr
    assert server.ok("ListStreams", {})["StreamNames"] == []


def test_control_calls_that_are_refused_leave_nothing_on_a_running_server(own, tmp_path):
    server = own("--limits", "shards=10")
    done = bench(tmp_path, "control", "--streams", "4", "--largest", "10", "--endpoint-url",
                 server.url, "--ca-file", server.authority)
    assert done.returncode == 1
    assert "CreateStream was refused" in done.stderr and "LimitExceededException" in done.stderr
    assert server.ok("ListStreams", {})["StreamNames"] == []


def figures(value):
    if isinstance(value, dict):
        for each in value.values():
            yield from figures(each)
    elif isinstance(value, list):
        for each in value:
            yield from figures(each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def test_a_running_server_is_measured(own, tmp_path):
    server = own()
    done = bench(tmp_path, "put", "--batch", "10", "--endpoint-url", server.url, "--ca-file",
                 server.authority, "--server-pid", str(server.pid))
    assert done.returncode == 0, done.stderr
    assert "fdatasync" in done.stdout and done.stdout.strip()


def test_nothing_is_called_durable_in_memory():
    memory = pathlib.Path("/dev/shm")
    mounted = [line.split()[1:3] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    if [str(memory), "tmpfs"] not in mounted or not os.access(memory, os.W_OK):
        pytest.skip("no file system in memory here")
    folder = tempfile.mkdtemp(dir=memory)
    try:
        done = bench(folder, "put", "--batch", "10")
        assert done.returncode == 0, done.stderr
        assert "tmpfs" in done.stdout + done.stderr
        for line in done.stdout.splitlines():
            assert "durable" not in line or "not durable" in line, line
    finally:
        shutil.rmtree(folder)
