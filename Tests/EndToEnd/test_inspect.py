"""`weir inspect`: what is in a data folder, with and without a server on it."""

import json

from folders import fill, fingerprint, weir


def inspect(data, *options):
    done = weir("inspect", data, "-o", "json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_is_there_is_shown_and_nothing_changes(own):
    server = own()
    written = fill(server, {"alpha": 2, "beta": 1}, rounds=3)
    server.create("gone", 1)
    server.ok("DeleteStream", {"StreamName": "gone"})
    server.terminate()
    before = fingerprint(server.data)
    found = inspect(server.data, "--batches")
    text = weir("inspect", server.data)
    assert fingerprint(server.data) == before
    assert text.returncode == 0 and found["in_use"] is False and found["closed"] is True
    assert found["format"] == 2 and not any(each["damage"] for each in found["findings"])
    streams = {each["name"]: each for each in found["streams"]}
    assert set(streams) == {"alpha", "beta"} and found["unnamed_shards"] == []
    assert [len(streams[name]["shards"]) for name in ("alpha", "beta")] == [2, 1]
    for name, numbers in written.items():
        for shard in streams[name]["shards"]:
            mine = numbers[shard["id"]]
            assert shard["records_ever"] == shard["records_kept"] == len(mine)
            segments = shard["segments"]
            assert sum(each["records"] for each in segments) == len(mine)
            if mine:
                assert segments[0]["first_sequence_number"] == mine[0]
                assert int(segments[-1]["last_index"]) == shard["last_index"]
                assert f"{mine[0]} to" in text.stdout.decode()
    files = [each for each in found["journal"] if not each["free"]]
    batches = [batch["number"] for each in files for batch in each["batches"]]
    assert batches == sorted(batches) and batches[-1] == found["last_batch"]
    assert sum(each["records"] for each in files) >= sum(
        len(numbers) for stream in written.values() for numbers in stream.values())
    assert files[-1]["closed"] is True


def test_a_running_server_is_told_of_and_left_alone(own):
    server = own()
    fill(server, {"alpha": 1}, rounds=1)
    found = inspect(server.data)
    assert found["in_use"] is True and found["closed"] is False
    assert b"A server is running" in weir("inspect", server.data).stdout
    server.put("alpha", b"after")
    server.restart()


def test_a_removed_segment_is_shown_as_missing(own):
    server = own()
    written = fill(server, {"alpha": 1}, rounds=2)
    server.terminate()
    [segment] = (server.data / "log" / "segments").glob("*.segment")
    segment.unlink()
    [finding] = [each for each in inspect(server.data)["findings"] if each["damage"]]
    [records] = finding["records"]
    numbers = written["alpha"]["shardId-000000000000"]
    assert records["stream"] == "alpha" and records["count"] == len(numbers)
    assert int(records["through_sequence_number"]) >> 72 == int(numbers[-1]) >> 72


def test_a_folder_without_a_log_says_so(tmp_path):
    for folder in (tmp_path, tmp_path / "nothing"):
        done = weir("inspect", folder)
        assert done.returncode == 2 and done.stdout == b"" and done.stderr.count(b"\n") == 1
    (tmp_path / "format").write_text("weir log 99\n")
    done = weir("inspect", tmp_path)
    assert done.returncode == 2 and b"log format 99" in done.stderr


def test_the_logs_own_folder_will_do(own):
    server = own()
    server.terminate()
    done = weir("inspect", server.data / "log")
    assert done.returncode == 0 and done.stdout == weir("inspect", server.data).stdout
