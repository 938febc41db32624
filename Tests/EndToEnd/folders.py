"""Data folders for the offline commands: filled, compared, and damaged by seed."""

import base64
import os
import subprocess

from server import BINARY


def weir(command, folder, *options, **named):
    return subprocess.run(
        [BINARY, command, str(folder), *options], stdin=subprocess.DEVNULL, capture_output=True,
        timeout=120, **named)


def fill(server, streams, rounds, size=300):
    """Creates streams with so many shards and puts 40 records a round into each; the sequence
    numbers by stream and shard."""
    written = {}
    for name, shards in streams.items():
        server.create(name, shards)
        written[name] = {f"shardId-{index:012d}": [] for index in range(shards)}
    for turn in range(rounds):
        for name in streams:
            answer = server.ok("PutRecords", {"StreamName": name, "Records": [
                {"PartitionKey": f"key-{turn}-{place}",
                 "Data": base64.b64encode(os.urandom(size + place)).decode()}
                for place in range(40)]})
            assert answer["FailedRecordCount"] == 0
            for each in answer["Records"]:
                written[name][each["ShardId"]].append(each["SequenceNumber"])
    for stream in written.values():
        for numbers in stream.values():
            numbers.sort(key=int)
    return written


def fingerprint(folder):
    """Names, contents, lengths and times of everything below the folder."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(root, name)
            status = os.lstat(path)
            contents = open(path, "rb").read() if name in files else None
            found[path] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, contents)
    return found


def flip(path, offset, bit=0):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))


def word(data, offset, size=8):
    return int.from_bytes(data[offset:offset + size], "little")


def records_of(segment):
    """Offsets, lengths and indices of the records in a segment's file, by proto-spec/log-format.md."""
    data = segment.read_bytes()
    place, found = 4096, []
    while place + 56 <= len(data) and word(data, place, 4):
        found.append((place, word(data, place, 4), word(data, place + 8)))
        place += word(data, place, 4)
    return found


def batches_of(journal):
    """Offsets of the batches of a journal file's last use, with their numbers, what they say to have
    been durable, and the lengths of head and records."""
    data = journal.read_bytes()
    if data[:8] != b"WEIRJRN1":
        return []
    epoch, last = word(data, 16), word(data, 32)
    place, found = 4096, []
    while data[place:place + 8] == b"WEIRBAT1" and word(data, place + 16) == epoch \
            and word(data, place + 24) > last:
        last = word(data, place + 24)
        head = 104 + word(data, place + 84, 4) * 64 + word(data, place + 64)
        records = word(data, place + 72)
        found.append((place, last, word(data, place + 32), head, records))
        place = (place + head + records + 4095) // 4096 * 4096
    return found
