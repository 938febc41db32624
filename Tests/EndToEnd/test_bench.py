"""`weir bench` in miniature: it runs, checks what it receives, and says what it measured on."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from server import BINARY, LONG

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
    "floor on a schedule": ["--subscribers", "5", "--rate", "200"],
    "memory": ["--held", "20"],
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


def test_the_environment_names_no_server(own, tmp_path):
    """A load is put on a server only if the command line names it."""
    server = own()
    environment = {**os.environ, "AWS_ENDPOINT_URL_KINESIS": server.url,
                   "AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": server.authority,
                   "AWS_REGION": "eu-central-1"}
    before = requests(server)
    done = subprocess.run(
        [BINARY, "bench", "put", "--batch", "10", *SMALL, "--data", str(tmp_path)], cwd=tmp_path,
        env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "durable" in done.stdout
    assert requests(server) == before
    # Named, it is measured, in the server's region whatever the environment says.
    done = subprocess.run(
        [BINARY, "bench", "put", "--batch", "10", *SMALL, "--endpoint-url", server.url,
         "--ca-file", server.authority], cwd=tmp_path, env=environment, capture_output=True,
        text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert requests(server) > before


def requests(server):
    """PutRecords and CreateStream calls so far."""
    page = server.get("/metrics").body.decode().splitlines()
    return sum(int(line.split()[1]) for line in page
               if line.startswith(('weir_requests_total{operation="PutRecords"',
                                   'weir_requests_total{operation="CreateStream"')))


def test_many_subscribers_are_set_up_in_seconds(tmp_path):
    """Three hundred took half a minute when each consumer was waited for in its turn."""
    done = bench(tmp_path, "fanout", "--subscribers", "300", "--rate", "20", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["setup_seconds"] < 15


@pytest.mark.skipif(not LONG, reason="a minute; each part is run by itself above")
def test_the_whole_workload_in_miniature(tmp_path):
    done = bench(tmp_path, "all", "--subscribers", "1", "3", "--held", "5", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    for name in ("put_500", "put_1_64", "put_1_256", "fanout_1", "floor_1", "ratios_1", "fanout_3",
                 "floor_3", "fanout_100_at_600", "floor_100_at_600", "push_at_100", "push_at_1000",
                 "push_at_a_tenth", "read", "memory"):
        assert name in report, name
    # The floor sends what the subscriber has had.
    for subscribers in (1, 3):
        weir = report[f"fanout_{subscribers}"]["bytes_per_delivery"]
        floor = report[f"floor_{subscribers}"]["bytes_per_delivery"]
        assert abs(floor - weir) <= 2, (weir, floor)
        assert 1400 < weir < 2000
        assert report[f"ratios_{subscribers}"]["cpu_over_floor"] > 0
    assert report["push_at_100"]["paced_fdatasync"]["count"] > 0
    assert report["memory"]["idle_connection_kib"] > 1
