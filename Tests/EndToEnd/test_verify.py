"""`weir verify`: every damage is named and none is invented, and nothing is written."""

import json
import os
import random
import shutil
import stat
import subprocess
import threading
import time

import pytest

from folders import batches_of, fill, fingerprint, flip, records_of, weir, word
from server import BINARY, LONG

SEEDS = 40 if LONG else 8


def verify(data, status):
    done = weir("verify", data, "-o", "json")
    assert done.returncode == status, (done.returncode, done.stdout.decode(), done.stderr.decode())
    found = json.loads(done.stdout)
    assert found["damaged"] is (status == 1)
    assert found["damaged"] == any(each["damage"] for each in found["findings"])
    text = weir("verify", data)
    assert text.returncode == status
    for each in found["findings"]:
        assert each["what"] in text.stdout.decode() and each["consequence"] in text.stdout.decode()
    return found


def damages(found):
    return [each for each in found["findings"] if each["damage"]]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """Folders that a server left: closed, killed, started often; each with what was put."""
    from server import Server
    made = {}
    for shape in ("closed", "killed", "often"):
        server = Server(tmp_path_factory.mktemp(shape) / "data").start()
        try:
            written = fill(server, {"alpha": 2, "beta": 1}, rounds=4)
            if shape == "often":
                # So often that a start saves a snapshot first, and uses journal files again.
                for life in range(7):
                    server.restart()
                    written.update(fill(server, {f"gamma-{life}": 1}, rounds=1))
            if shape == "killed":
                server.kill()
            else:
                server.terminate()
        finally:
            server.stop()
        made[shape] = (server.data, written)
    return made


@pytest.fixture(params=["closed", "killed", "often"])
def shape(request, shapes, tmp_path):
    data, written = shapes[request.param]
    shutil.copytree(data, tmp_path / "data")
    return request.param, tmp_path / "data", written


def segments(data):
    return sorted((data / "log" / "segments").glob("*.segment"))


def journals(data):
    """Those that were begun, the newest last."""
    found = [path for path in (data / "log" / "journal").glob("*.journal") if batches_of(path)]
    return sorted(found, key=lambda path: word(path.read_bytes()[:32], 24))


def test_a_whole_folder_is_whole_and_stays_as_it_is(shape):
    _, data, written = shape
    before = fingerprint(data)
    found = verify(data, 0)
    assert fingerprint(data) == before
    assert not found["findings"]
    count = sum(len(numbers) for stream in written.values() for numbers in stream.values())
    assert found["records"] <= count and found["batches"] > 0


def test_a_read_only_folder_can_be_verified(shape):
    _, data, _ = shape
    paths = [data, *data.rglob("*")]
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        # As root everything can be written; who is nobody shows that nothing has to be.
        named = {}
        if os.getuid() == 0:
            for path in paths:
                os.chown(path, 65534, 65534)
            for parent in data.parents:
                if parent.stat().st_uid == 0 and parent != parent.parent and "tmp" in str(parent):
                    parent.chmod(stat.S_IMODE(parent.stat().st_mode) | 0o005)
            binary = data.parent / "weir"
            shutil.copy(BINARY, binary)
            binary.chmod(0o555)
            named = {"user": 65534, "group": 65534, "cwd": "/"}
            done = subprocess.run(
                [binary, "verify", str(data)], capture_output=True, timeout=60, **named)
        else:
            done = weir("verify", data)
        assert done.returncode == 0, (done.stdout, done.stderr)
    finally:
        for path in paths:
            path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_record_that_is_damaged_in_a_segment_is_named(shapes, tmp_path, seed):
    """In a closed folder the segments alone have the records."""
    chance = random.Random(seed)
    source, written = shapes["closed"]
    data = tmp_path / "data"
    shutil.copytree(source, data)
    segment = chance.choice(segments(data))
    place, length, index = chance.choice(records_of(segment))
    offset = chance.randrange(length)
    flip(segment, place + offset, chance.randrange(8))
    before = fingerprint(data)
    found = verify(data, 1)
    assert fingerprint(data) == before
    here = [each for each in damages(found) if each["file"].endswith(segment.name)]
    # The number of the record alone may be what is wrong: the first place named is the record's.
    assert here[0]["offset"] == place, (offset, here)
    [records] = here[0]["records"]
    numbers = written[records["stream"]][records["shard"]]
    after = index_of(records["after_sequence_number"]) if "after_sequence_number" in records else 0
    through = index_of(records["through_sequence_number"])
    within = [number for number in map(index_of, numbers) if after < number <= through]
    assert index in within
    assert len(within) <= 2


def index_of(number):
    return int(f"{int(number):047x}"[11:27], 16)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_batch_that_is_damaged_is_named_if_it_was_proved(shapes, tmp_path, seed):
    """In any shape: a flip in a batch below the last proof is damage, above it a torn end."""
    chance = random.Random(1000 + seed)
    name = chance.choice(sorted(shapes))
    source, _ = shapes[name]
    data = tmp_path / "data"
    shutil.copytree(source, data)
    journal = journals(data)[-1]
    batches = batches_of(journal)
    place, number, _, head, records = chance.choice(batches)
    # What says that a batch was durable: a later batch, or the ledger.
    proved = max(
        word((data / "log" / "ledger").read_bytes(), 40), *(batch[2] for batch in batches))
    flip(journal, place + chance.randrange(head + records), chance.randrange(8))
    before = fingerprint(data)
    found = verify(data, 1 if number <= proved else 0)
    assert fingerprint(data) == before
    if number <= proved:
        first = damages(found)[0]
        assert first["file"].endswith(journal.name)
        assert place <= first["offset"] < place + head + records
        assert f"batch {number}" in first["what"] or "newest journal file" in first["what"]


def test_the_torn_end_of_a_journal_is_no_damage(shapes, tmp_path):
    source, written = shapes["killed"]
    for cut in (1, 500, 4000):
        data = tmp_path / f"data-{cut}"
        shutil.copytree(source, data)
        journal = journals(data)[-1]
        batches = batches_of(journal)
        place, _, _, head, records = batches[-1]
        length = journal.stat().st_size
        with open(journal, "r+b") as file:
            file.truncate(place + max(1, head + records - cut))
            file.truncate(length)
        assert not damages(verify(data, 0))


@pytest.mark.parametrize("what", ["journal", "segment", "snapshot", "ledger", "format"])
def test_what_is_removed_is_named(shapes, tmp_path, what):
    source, written = shapes["often"]
    data = tmp_path / "data"
    shutil.copytree(source, data)
    log = data / "log"
    if what == "journal":
        journals(data)[-1].unlink()
    elif what == "segment":
        segments(data)[0].unlink()
    else:
        (log / what).unlink()
    # Without the ledger nothing is lost; that it is not there is told.
    found = verify(data, 0 if what == "ledger" else 1)
    # Without the snapshot the journal would have to begin earlier.
    place = "journal" if what == "snapshot" else what
    assert any(place in each["file"] for each in found["findings"]), found


@pytest.mark.parametrize("seed", range(SEEDS))
def test_small_files_and_headers(shapes, tmp_path, seed):
    chance = random.Random(2000 + seed)
    source, _ = shapes["often"]
    data = tmp_path / "data"
    shutil.copytree(source, data)
    log = data / "log"
    path = [log / "ledger", log / "snapshot", journals(data)[-1], segments(data)[0]][seed % 4]
    offset = chance.randrange(path.stat().st_size if seed % 4 < 2 else 64)
    if path.suffix == ".segment":
        offset += chance.choice([0, 2048])
    flip(path, offset, chance.randrange(8))
    found = verify(data, 1)
    # A journal file without a header may be known by the ledger alone, which has no names.
    place = "journal" if path.suffix == ".journal" else path.name
    assert any(place in each["file"] for each in damages(found)), found


def test_a_segment_that_is_cut_says_what_is_gone(shapes, tmp_path):
    source, written = shapes["closed"]
    data = tmp_path / "data"
    shutil.copytree(source, data)
    segment = max(segments(data), key=lambda path: len(records_of(path)))
    found = records_of(segment)
    place, _, index = found[len(found) // 2]
    os.truncate(segment, place + 7)
    told = damages(verify(data, 1))
    [records] = told[0]["records"]
    assert records["count"] == len(found) - len(found) // 2
    assert index_of(records["after_sequence_number"]) == found[len(found) // 2 - 1][2]


def test_what_is_said_to_be_readable_is_read(own):
    """Behind a damaged record reading goes on where the report says, and nowhere before."""
    server = own()
    [numbers] = fill(server, {"alpha": 1}, rounds=3, size=20_000)["alpha"].values()
    # The index is written by the housekeeper, a second or two later.
    index = eventually(lambda: sorted((server.data / "log" / "segments").glob("*.index")))
    eventually(lambda: index[0].stat().st_size > 32 + 40 * 10)
    server.terminate()
    [segment] = segments(server.data)
    damaged = 20
    flip(segment, records_of(segment)[damaged][0] + 300)
    [told] = damages(verify(server.data, 1))
    assert told["records"][0]["after_sequence_number"]
    resumes = told["consequence"].split("AFTER_SEQUENCE_NUMBER ")[1].split(" ")[0]
    place = [index_of(number) for number in numbers].index(index_of(resumes))
    assert damaged < place < damaged + 10
    server.start()
    assert read(server, AFTER_SEQUENCE_NUMBER=resumes) == (numbers[place + 1:], True)
    assert read(server, TRIM_HORIZON=None) == (numbers[:damaged], False)
    assert read(server, AFTER_SEQUENCE_NUMBER=numbers[damaged - 1]) == ([], False)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    """A shard that was split, so that its segment and the index of that are sealed."""
    from server import Server
    server = Server(tmp_path_factory.mktemp("indexed") / "data").start()
    try:
        fill(server, {"alpha": 1}, rounds=3, size=20_000)
        server.split("alpha", "shardId-000000000000")
        index = eventually(lambda: sorted((server.data / "log" / "segments").glob("*.index")))
        eventually(lambda: index[0].stat().st_size > 32 + 40 * 10)
        server.terminate()
    finally:
        server.stop()
    return server.data, index[0].name


@pytest.mark.parametrize("harm", [*range(SEEDS), "unreadable", "removed"])
def test_a_harmed_index_is_named_and_hides_no_record(indexed, tmp_path, harm):
    source, name = indexed
    data = tmp_path / "data"
    shutil.copytree(source, data)
    whole = verify(data, 0)
    path = data / "log" / "segments" / name
    if harm == "removed":
        path.unlink()
        assert verify(data, 0)["records"] == whole["records"]
        return
    if harm == "unreadable":
        path.unlink()
        path.mkdir()
    else:
        chance = random.Random(3000 + harm)
        flip(path, chance.randrange(path.stat().st_size), chance.randrange(8))
    found = verify(data, 1)
    [damage] = damages(found)
    assert name in damage["file"] and "only a help" in damage["consequence"], damage
    assert found["records"] == whole["records"]


def eventually(what, seconds=20):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return what()


def read(server, **start):
    """The sequence numbers from a start on, and whether they end at the tip."""
    [(kind, number)] = start.items()
    more = {"StartingSequenceNumber": number} if number else {}
    iterator = server.ok("GetShardIterator", {
        "StreamName": "alpha", "ShardId": "shardId-000000000000", "ShardIteratorType": kind,
        **more})["ShardIterator"]
    found = []
    while True:
        answer = server.call("GetRecords", {"ShardIterator": iterator})
        if answer.status != 200:
            return found, False
        found += [each["SequenceNumber"] for each in answer.body["Records"]]
        if answer.body["MillisBehindLatest"] == 0:
            return found, True
        iterator = answer.body["NextShardIterator"]


def test_a_running_server_is_not_called_damaged(own):
    server = own()
    fill(server, {"alpha": 2}, rounds=1)
    stop = threading.Event()

    def put():
        place = 0
        while not stop.is_set():
            server.put("alpha", b"x" * 2000, key=str(place))
            place += 1

    thread = threading.Thread(target=put)
    thread.start()
    try:
        for _ in range(10):
            found = verify_running(server.data)
            assert found["in_use"] is True and not damages(found), found["findings"]
    finally:
        stop.set()
        thread.join()
    server.restart()


def verify_running(data):
    done = weir("verify", data, "-o", "json")
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)


def test_a_folder_of_which_nothing_can_be_said(tmp_path):
    done = weir("verify", tmp_path)
    assert done.returncode == 2 and done.stdout == b"" and b"there is no log in it" in done.stderr
