"""HTTP/2: settings, windows, fairness, and the public tools that speak it."""

import json
import os
import re
import subprocess
import threading
import time

import pytest

from events import data_of
from http1 import Connection
from http2 import Http2
from server import LONG
from transport import JSON, LIST, PUT, padded, put_body


@pytest.fixture(scope="module")
def stream(weir):
    if weir.call("DescribeStreamSummary", {"StreamName": "transport"}).status != 200:
        weir.create("transport")
    return "transport"


def test_our_settings_come_first_and_unasked(weir):
    with weir.connect("h2") as sock:
        sock.settimeout(10)
        header = b""
        while len(header) < 9:
            header += sock.recv(9 - len(header))
        assert header[3] == 4, "the first frame is SETTINGS"


def test_a_client_that_waits_for_our_settings(weir):
    with Http2(weir.connect("h2"), wait_for_settings=True) as http2:
        settings = http2.remote_settings
        assert settings.get(3, 2**31) >= 128, "MAX_CONCURRENT_STREAMS"
        assert settings.get(4, 65535) >= 2**20, "INITIAL_WINDOW_SIZE"
        assert http2.response(http2.request(LIST, b"{}")).status == 200


def test_many_requests_on_one_connection_at_once(weir, stream):
    with Http2(weir.connect("h2")) as http2:
        numbers = [http2.request(PUT, put_body(b"%d" % each)) for each in range(100)]
        for number in numbers:
            stream_ = http2.response(number)
            assert stream_.status == 200 and b"SequenceNumber" in stream_.data


def test_header_names_are_lower_case_in_http2(weir):
    with Http2(weir.connect("h2")) as http2:
        answer = http2.response(http2.request(LIST, b"{}"))
    assert all(name == name.lower() for name, _ in answer.fields)
    for name in ("x-amzn-requestid", "x-amz-id-2", "date", "content-type", "content-length"):
        assert answer.field(name)
    assert sum(len(name) + len(value) + 32 for name, value in answer.fields) < 8192


def test_a_window_of_16_kib_receives_a_record_of_1_mib(weir, name):
    weir.create(name)
    data = os.urandom(2**20 - 8)
    weir.put(name, data)
    iterator = weir.iterator(name)
    with Http2(weir.connect("h2"), settings={4: 16384}) as http2:
        answer = http2.response(http2.request(
            "Kinesis_20131202.GetRecords", json.dumps({"ShardIterator": iterator}).encode()))
    assert data_of(json.loads(answer.data)["Records"]) == [data]


def test_a_body_of_32_mib_over_http2(weir):
    with Http2(weir.connect("h2")) as http2:
        number = http2.request("Kinesis_20131202.PutRecords", padded(32 * 2**20))
        assert b"Stream absent under account" in http2.response(number, seconds=60).data
        number = http2.begin("Kinesis_20131202.PutRecords", length=32 * 2**20 + 1)
        answer = http2.response(number)
        assert answer.status == 413 or answer.reset is not None


def test_a_closed_stream_window_holds_up_nobody_else(weir, name):
    weir.create(name)
    weir.put(name, os.urandom(2**20 - 8))
    iterator = weir.iterator(name)
    request = json.dumps({"ShardIterator": iterator}).encode()
    with Http2(weir.connect("h2"), settings={4: 1000}, credit=False) as http2:
        stalled = http2.request("Kinesis_20131202.GetRecords", request)
        for _ in range(5):
            assert http2.response(http2.request(LIST, b'{"Limit":1}')).status == 200
        assert len(http2.streams[stalled].data) <= 1000


def test_ping_is_answered_under_load(weir, stream, record_property):
    stop = threading.Event()

    def load():
        with Http2(weir.connect("h2")) as http2:
            while not stop.is_set():
                numbers = [http2.request(PUT, put_body(bytes(1024))) for _ in range(32)]
                for number in numbers:
                    http2.response(number)

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        worst = 0
        with Http2(weir.connect("h2")) as http2:
            for number in range(30 if LONG else 10):
                data = b"%08d" % number
                sent = http2.ping(data)
                http2.pump(lambda: data in http2.pongs)
                worst = max(worst, http2.pongs[data] - sent)
                time.sleep(0.1)
        record_property("worst_ping_ms", round(worst * 1000, 1))
        print(f"slowest PING answer under load: {worst * 1000:.1f} ms")
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_thousand_puts_on_a_thousand_connections(weir, name):
    weir.create(name)
    context = weir.tls("h2")
    failures = []

    def put(numbers):
        for number in numbers:
            try:
                with Http2(weir.connect(context=context)) as http2:
                    answer = http2.response(http2.request(PUT, put_body(b"%d" % number, name)))
                    assert answer.status == 200, answer.data
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=put, args=(range(start, 1000, 8),)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sorted(map(int, data_of(weir.read_all(name)))) == list(range(1000))


def test_three_hundred_connections_at_once(weir):
    context = weir.tls("http/1.1")
    connections = [Connection(weir.connect(context=context)) for _ in range(300)]
    try:
        for connection in connections:
            connection.send_request(LIST, b"{}")
        for connection in connections:
            assert connection.read_response().status == 200
    finally:
        for connection in connections:
            connection.close()


def test_a_host_header_beside_the_authority(weir):
    """Ruby's client sends `:authority` without the port and `host` with it."""
    with Http2(weir.connect("h2"), strict=False) as http2:
        number = http2.request(LIST, b"{}", fields=[("host", f"localhost:{weir.port}")])
        assert http2.response(number).status == 200


def test_a_body_that_is_not_as_long_as_announced(weir, stream):
    with Http2(weir.connect("h2")) as http2:
        body = put_body(b"short")
        number = http2.begin(PUT, length=len(body) + 5)
        http2.send_body(number, body)
        answer = http2.response(number)
        assert answer.reset is not None or answer.status == 400
        assert http2.response(http2.request(LIST, b"{}")).status == 200


def test_more_streams_than_are_allowed_at_once(weir, name):
    """A client that keeps to the limit of SETTINGS gets every answer."""
    weir.create(name)
    with Http2(weir.connect("h2"), wait_for_settings=True) as http2:
        limit = http2.remote_settings[3]
        numbers = [http2.begin(PUT, length=len(put_body(b"x", name))) for _ in range(min(limit, 1024))]
        for number in numbers:
            http2.send_body(number, put_body(b"x", name))
        assert all(http2.response(number).status == 200 for number in numbers)


def test_a_hundred_pings(weir):
    with Http2(weir.connect("h2")) as http2:
        for number in range(100):
            http2.ping(b"%08d" % number)
        http2.pump(lambda: len(http2.pongs) == 100)


def test_resetting_streams_over_and_over(weir):
    """A worker may cancel many subscriptions; it is neither cut off nor a burden."""
    with Http2(weir.connect("h2")) as http2:
        for _ in range(200):
            number = http2.begin(LIST)
            http2.cancel(number)
        assert http2.response(http2.request(LIST, b"{}")).status == 200


def test_a_connection_dropped_in_the_middle(weir, stream):
    for cut in (1, 10, 24, 50, 200):
        sock = weir.connect("h2")
        http2 = Http2(sock)
        body = put_body(bytes(10_000))
        number = http2.begin(PUT, length=len(body))
        http2.h2.send_data(number, body[:5000])
        data = http2.h2.data_to_send()
        sock.sendall(data[:cut])
        sock.close()
    assert weir.get("/health").status == 200


def curl(weir, *arguments):
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", "--cacert", weir.authority, *arguments],
        capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl(weir, version):
    done = curl(weir, version, "-i", "-H", f"X-Amz-Target: {LIST}", "-H", f"Content-Type: {JSON}",
                "--data", "{}", weir.url + "/")
    assert done.returncode == 0, done.stderr
    assert re.match(r"HTTP/(1\.1|2) 200", done.stdout)
    assert "StreamNames" in done.stdout


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_curl_verifies_each_address(weir, host):
    if host == "[::1]" and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("no IPv6 here")
    done = curl(weir, f"https://{host}:{weir.port}/health")
    if host == "[::1]" and done.returncode == 7:
        pytest.skip("no IPv6 loopback here")
    assert done.returncode == 0, done.stderr


def test_h2load_runs_clean(weir, stream, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(put_body(bytes(1024)))
    done = subprocess.run(
        ["h2load", "-n", "20000" if LONG else "4000", "-c", "8", "-m", "32", "-d", str(body),
         "-H", f"x-amz-target: {PUT}", "-H", f"content-type: {JSON}", weir.url + "/"],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    total = 20000 if LONG else 4000
    assert f"{total} succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout
    assert f"status codes: {total} 2xx" in done.stdout, done.stdout


def test_h2load_over_http1(weir, stream, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(put_body(bytes(1024)))
    done = subprocess.run(
        ["h2load", "--h1", "-n", "1000", "-c", "8", "-d", str(body),
         "-H", f"x-amz-target: {PUT}", "-H", f"content-type: {JSON}", weir.url + "/"],
        capture_output=True, text=True, timeout=120)
    assert "1000 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout, done.stdout
