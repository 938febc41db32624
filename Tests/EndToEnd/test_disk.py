"""A disk that is full, fails for a moment, or is asked for more files than the process may open."""

import os
import shutil
import subprocess
import time

import pytest

from test_descriptors import descriptors, limited, wait
from test_fsync import Injection
from test_metrics import scrape

LONG = os.environ.get("WEIR_TEST_LONG") == "1"


@pytest.fixture
def small_disk(tmp_path):
    """Makes file systems of a given size in memory, where that is allowed."""
    made = []

    def make(megabytes):
        folder = tmp_path / f"disk{len(made)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder],
            capture_output=True)
        if done.returncode != 0:
            pytest.skip("mounting needs root")
        made.append(folder)
        return folder

    yield make
    for folder in made:
        subprocess.run(["umount", "-l", folder], check=True)


def free(folder):
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def segments(server):
    """Descriptors and mappings of segment files, deleted ones included."""
    links = []
    for entry in os.scandir(f"/proc/{server.pid}/fd"):
        try:
            links.append(os.readlink(entry.path))
        except FileNotFoundError:
            continue
    maps = open(f"/proc/{server.pid}/maps").read().splitlines()
    return (sum(".segment" in link for link in links), sum(".segment" in line for line in maps))


def put(client, stream, size, key="k"):
    """True if it was stored; else what was said."""
    try:
        client.put_record(StreamName=stream, Data=b"x" * size, PartitionKey=key)
        return True
    except client.exceptions.ClientError as error:
        return str(error)


def test_a_deleted_stream_gives_back_disk_descriptors_and_mappings(own, small_disk):
    folder = small_disk(400)
    server = own(data=folder / "data")
    server.create("s", shards=4)
    client = server.client()
    for number in range(60):
        client.put_records(StreamName="s", Records=[
            {"Data": b"x" * 900_000, "PartitionKey": f"{number}-{place}"} for place in range(2)])
    full = free(folder)
    assert segments(server)[1] >= 4
    client.delete_stream(StreamName="s")
    wait(lambda: free(folder) > full + 90_000_000, 10)
    wait(lambda: segments(server) == (0, 0), 10)
    metrics = scrape(server)
    assert metrics["weir_log_open_segments", ""] == 0 and metrics["weir_log_mapped_segments", ""] == 0


def test_a_full_disk_takes_what_fits_and_all_changes_and_is_healed_by_deleting(own, small_disk):
    folder = small_disk(120)
    server = own(data=folder / "data")
    server.create("s")
    server.create("t")
    client = server.client()
    size, refusal = 4_000_000, True
    while size > 10:
        refusal = put(client, "s", size)
        if refusal is not True:
            size //= 2
    assert "No space left" in refusal or put(client, "s", 100_000) is not True
    before = scrape(server)["weir_log_state_changes_total", ""]
    answers = []
    for number in range(15):
        client.add_tags_to_stream(StreamName="t", Tags={f"key{number}": "value"})
        answers.append(server.get("/health").status)
        put(client, "s", 500_000)
        time.sleep(0.1)
    assert set(answers) == {503}, "it goes back and forth"
    assert b"No space left" in server.get("/health").body
    assert scrape(server)["weir_log_state_changes_total", ""] == before
    client.delete_stream(StreamName="s")
    wait(lambda: server.get("/health").status == 200, 10)
    assert put(client, "t", 500_000) is True
    lines = [line for line in server.errors().splitlines() if "records may be refused" in line]
    assert lines and len(lines) <= before
    assert "all writes are taken again" in server.errors()


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("calls, fault", [
    ("pwritev", "error=EIO:when=5"), ("pwritev", "error=EAGAIN:when=4"),
    ("pwritev", "error=EINTR:when=4"), ("fdatasync", "error=EIO:when=3"),
    ("fdatasync", "error=EINTR:when=3"), ("fdatasync", "error=EIO:when=3..4"),
    ("fallocate", "error=EIO:when=1"), ("openat", "error=EMFILE:when=1..2")])
def test_a_call_that_fails_once_stops_nothing(own, calls, fault):
    server = own()
    server.create("s", shards=4)
    client = server.client()
    stored = 0
    with Injection(server, fault, calls):
        for number in range(40):
            if put(client, "s", 5000, key=str(number)) is True:
                stored += 1
            else:
                # What a batch's fate being unknown has stopped is tried again every second.
                wait(lambda: server.get("/health").status == 200, 10)
    wait(lambda: server.get("/health").status == 200, 10)
    assert stored >= 36
    assert put(client, "s", 10) is True
    server.restart()
    found = sum(len(server.read_all("s", shard["ShardId"])) for shard in server.shards("s"))
    assert stored < found <= 41


@pytest.mark.parametrize("limit, shards", [(256, 400), (1024, 2000)] if LONG else [(256, 400)])
def test_more_shards_than_descriptors(own, limit, shards):
    server = limited(own, limit)
    server.create("s", shards=shards)
    for _ in range(2):
        client = server.client()
        for start in range(2):
            for first in range(0, 4 * shards, 500):
                answer = client.put_records(StreamName="s", Records=[
                    {"Data": b"x" * 100, "PartitionKey": f"{start}-{first}-{place}"}
                    for place in range(500)])
                assert answer["FailedRecordCount"] == 0
        assert server.get("/health").status == 200
        assert descriptors(server) < limit
        assert scrape(server)["weir_log_open_segments", ""] < limit / 2
        server.restart()
