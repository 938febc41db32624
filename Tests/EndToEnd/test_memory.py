"""What idle streams cost."""

import concurrent.futures
import os

from http1 import Connection


def folder_bytes(folder):
    total = 0
    for path, _, files in os.walk(folder):
        for file in files:
            total += os.lstat(os.path.join(path, file)).st_blocks * 512
    return total


def resident_bytes(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def test_a_thousand_idle_streams_of_four_shards(own, record_property):
    server = own()
    descriptors = len(os.listdir(f"/proc/{server.pid}/fd"))
    mappings = len(open(f"/proc/{server.pid}/maps").readlines())
    before = folder_bytes(server.data)

    def create(number):
        server.ok("CreateStream", {"StreamName": f"idle-{number}", "ShardCount": 4})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(1000)))
    assert len(server.ok("ListStreams")["StreamNames"]) == 100
    disk, memory = folder_bytes(server.data), resident_bytes(server.pid)
    record_property("disk_mib", disk // 2**20)
    record_property("journal_mib_before", before // 2**20)
    record_property("memory_mib", memory // 2**20)
    print(f"disk {disk / 2**20:.1f} MiB (empty {before / 2**20:.1f}), memory {memory / 2**20:.1f} MiB")
    # The journal's files are there from the start, whatever the number of streams.
    assert disk - before < 100 * 2**20
    assert memory < 200 * 2**20
    # Eight client connections may still be open; a shard has neither descriptor nor mapping.
    assert len(os.listdir(f"/proc/{server.pid}/fd")) < descriptors + 40
    assert len(open(f"/proc/{server.pid}/maps").readlines()) < mappings + 200
    server.restart()
    assert server.active("idle-999") and len(server.shards("idle-500")) == 4
    assert resident_bytes(server.pid) < 200 * 2**20
    server.put("idle-7", b"x")
    assert len(server.read_all("idle-7", "shardId-%012d" % 0) + server.read_all(
        "idle-7", "shardId-%012d" % 1) + server.read_all("idle-7", "shardId-%012d" % 2)
        + server.read_all("idle-7", "shardId-%012d" % 3)) == 1


def test_closed_connections_give_their_memory_back(own):
    server = own()
    context = server.tls("http/1.1")

    def visit(count):
        connections = [Connection(server.connect(context=context)) for _ in range(count)]
        for connection in connections:
            connection.send_request("Kinesis_20131202.ListStreams", b"{}")
        for connection in connections:
            connection.read_response()
            connection.close()

    visit(200)
    visit(200)
    before = server.anonymous_bytes()
    for _ in range(5):
        visit(200)
    assert server.anonymous_bytes() - before < 8 * 2**20
