"""What the process may open, and who gets how much of it."""

import contextlib
import os
import re
import socket
import threading
import time

import pytest

from server import LONG, StartFailed
from test_metrics import scrape

FOUND = re.compile(
    r"found (\d+) descriptors \((.*?)\): up to (\d+) connections and (\d+) for the log")


_made = []


@pytest.fixture(autouse=True)
def nothing_stays_open():
    """Closes what a test has opened, whatever became of it."""
    yield
    while _made:
        _made.pop().close()


def limited(own, soft, hard=None, *options, **named):
    """A server that is started with these limits of descriptors."""
    return own(*options, prefix=["prlimit", f"--nofile={soft}:{hard or soft}", "--"], **named)


def found(server):
    """What the line at the start says: limit, how it came about, connections, the log's share."""
    line = FOUND.search(server.errors())
    assert line, server.errors()
    assert len(FOUND.findall(server.errors())) == 1
    return int(line[1]), line[2], int(line[3]), int(line[4])


def bare(server, count, address="127.0.0.1"):
    """TCP connections that say nothing."""
    made = []
    for _ in range(count):
        connection = socket.socket()
        _made.append(connection)
        connection.bind((address, 0))
        connection.connect(("127.0.0.1", server.port))
        made.append(connection)
    return made


def descriptors(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def wait(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def busy(server, address="127.0.0.1"):
    """A connection that has made a request, and stays."""
    raw = socket.socket()
    _made.append(raw)
    raw.settimeout(60)
    raw.bind((address, 0))
    raw.connect(("127.0.0.1", server.port))
    if not hasattr(server, "busy_context"):
        server.busy_context = server.tls("http/1.1")
    connection = server.busy_context.wrap_socket(raw, server_hostname="localhost")
    _made.append(connection)
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection, connection.recv(4096)


@pytest.mark.parametrize("soft, hard", [(256, 256), (1024, 1024), (64, 4096), (1024, 20000)])
def test_the_limit_is_raised_and_shared_out(own, soft, hard):
    server = limited(own, soft, hard)
    limit, how, connections, log = found(server)
    assert limit == hard
    assert how == (f"hard limit {hard}" if soft == hard else f"raised from {soft}")
    assert connections >= 16 and log >= 24 and connections + log < limit
    # As many as there is room for, all at work at once, while the log is written to.
    server.create("s", 4)
    kept = []
    # One place is the calls' own, and one that of the look at the end.
    for _ in range(min(connections, 700) - 2):
        connection, answer = busy(server, f"127.0.0.{2 + len(kept) % 4}")
        assert answer.startswith(b"HTTP/1.1 200")
        kept.append(connection)
    for _ in range(8):
        server.put("s", b"x" * 1000)
    assert descriptors(server) <= limit
    assert scrape(server)["weir_connections_limit", ""] == connections


def test_a_limit_that_is_too_low_is_one_clear_line(own):
    with pytest.raises(StartFailed) as caught:
        limited(own, 48)
    lines = caught.value.errors.splitlines()
    assert len(lines) == 1
    assert re.search(r"may open 48 files; with \d+ reactors it needs at least \d+\. Raise", lines[0])


def say_hello(connection, server):
    """The beginning of a TLS record, and no more."""
    connection.sendall(b"\x16\x03\x01\x02\x00\x01")


def shake_hands(connection, server):
    """A handshake in the background; the connection is used for nothing then."""
    def run():
        with contextlib.suppress(OSError, ValueError):
            connection.settimeout(60)
            context = server.tls("h2")
            _made.append(context.wrap_socket(connection, server_hostname="localhost"))
    threading.Thread(target=run, daemon=True).start()


CROWDS = {"silent": None}
if LONG:
    CROWDS |= {"in the handshake": say_hello, "without a request": shake_hands}


@pytest.mark.parametrize("kind", CROWDS)
def test_three_hundred_bare_connections_take_nobodys_place(own, kind):
    server = limited(own, 256)
    connections = found(server)[2]
    server.create("s")
    before = descriptors(server)
    crowd = bare(server, 300)
    if CROWDS[kind]:
        for connection in crowd:
            CROWDS[kind](connection, server)
    # Old connections do not notice, and new ones are let in within a moment.
    longest = 0
    for _ in range(20):
        began = time.monotonic()
        server.put("s", b"on a connection that is open")
        with server.http1() as connection:
            connection.send_request("Kinesis_20131202.ListStreams", b"{}")
            assert connection.read_response().status == 200
        longest = max(longest, time.monotonic() - began)
    # Those that have done something are given seconds, of which some rounds are needed.
    assert longest < (8 if kind == "silent" else 40)
    samples = scrape(server)
    assert samples["weir_connections", ""] <= connections
    assert samples["weir_connections_closed_total", 'reason="no_request"'] > 0
    assert samples["weir_accept_pauses_total", 'reason="newcomers"'] > 0
    # All are let go although their peers stay, and the state is left again.
    wait(lambda: descriptors(server) <= before + 2, 100)
    wait(lambda: server.get("/health").body == b'{"status":"ok"}')
    lines = [line for line in server.errors().splitlines() if "accepting" in line]
    assert ["pauses" in line for line in lines] == [True, True] and "goes on" in lines[1], lines


def test_a_full_node_pauses_and_goes_on(own):
    server = limited(own, 128)
    connections = found(server)[2]
    kept = []
    for number in range(connections):
        connection, answer = busy(server, f"127.0.0.{2 + number % 2}")
        assert answer.startswith(b"HTTP/1.1 200")
        kept.append(connection)
    # One more waits, and is served when somebody leaves or has been idle for ten seconds.
    raw = bare(server, 1)[0]
    raw.settimeout(1)
    context = server.tls("http/1.1")
    with pytest.raises(TimeoutError):
        context.wrap_socket(raw, server_hostname="localhost", do_handshake_on_connect=True)
    lines = [line for line in server.errors().splitlines() if "accepting pauses" in line]
    assert len(lines) == 1 and f"all {connections} connections are open" in lines[0], lines
    kept.pop().close()
    health = server.get("/health").body.decode()
    assert f'"accepting":"paused: all {connections} connections are open"' in health
    samples = scrape(server)
    assert samples["weir_accepting", ""] == 0
    assert samples["weir_accept_pauses_total", 'reason="connections"'] > 0
    if not LONG:
        # The others are idle and their places are wanted: they would end after ten seconds.
        for connection in kept:
            connection.close()
    wait(lambda: server.get("/health").body == b'{"status":"ok"}', 40)
    assert scrape(server)["weir_accepting", ""] == 1


def test_one_address_cannot_have_all(own):
    server = limited(own, 128)
    connections = found(server)[2]
    share = connections - connections // 8
    kept = [busy(server, "127.0.0.2")[0] for _ in range(share)]
    # Beyond its share it is turned away at once, others are not.
    for _ in range(3):
        with pytest.raises(OSError):
            busy(server, "127.0.0.2")
    for _ in range(3):
        assert server.get("/health").status == 200
    assert '"refused_addresses":["127.0.0.2"]' in server.get("/health").body.decode()
    samples = scrape(server)
    assert samples["weir_refused_addresses", ""] == 1
    assert samples["weir_connections_closed_total", 'reason="address_share"'] == 3
    for connection in kept:
        connection.close()
    wait(lambda: server.get("/health").body == b'{"status":"ok"}')
    assert busy(server, "127.0.0.2")[1].startswith(b"HTTP/1.1 200")
    lines = [line for line in server.errors().splitlines() if "127.0.0.2" in line]
    assert ["is refused more" in line for line in lines] == [True, False], lines
    assert "is within its share again, after 3 refusals" in lines[1]


def test_a_system_without_descriptors_pauses_accepting(own):
    """The limit is lowered behind the server's back, as a full file table of the machine is."""
    import resource
    server = own()
    server.create("s")
    server.put("s", b"first")
    used = max(int(name) for name in os.listdir(f"/proc/{server.pid}/fd")) + 1
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (used, hard))
    raw = bare(server, 1)[0]
    wait(lambda: "accepting pauses with" in server.errors())
    assert "Too many open files" in server.errors()
    ticks = cpu_ticks(server)
    server.put("s", b"on the connection that is open")
    time.sleep(1)
    assert cpu_ticks(server) - ticks < 50
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))
    raw.close()
    wait(lambda: server.get("/health").body == b'{"status":"ok"}')
    assert scrape(server)["weir_accept_pauses_total", 'reason="system"'] > 0
    lines = [line for line in server.errors().splitlines() if "accepting" in line]
    assert len(lines) == 2 and "goes on" in lines[1], lines


def cpu_ticks(server):
    fields = open(f"/proc/{server.pid}/stat").read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
