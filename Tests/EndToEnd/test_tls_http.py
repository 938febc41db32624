"""The transports: TLS, ALPN, HTTP/1.1 framing and HTTP/2, byte for byte where bytes matter."""

import base64
import concurrent.futures
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time

import pytest

from events import INITIAL_RESPONSE, data_of
from http1 import Closed, Connection
from http2 import Http2
from server import LONG

JSON = "application/x-amz-json-1.1"
LIST = "Kinesis_20131202.ListStreams"
PUT = "Kinesis_20131202.PutRecord"


@pytest.fixture(scope="module")
def stream(weir):
    weir.create("transport")
    return "transport"


def put_body(data, stream="transport"):
    return json.dumps({"StreamName": stream, "Data": base64.b64encode(data).decode(),
                       "PartitionKey": "k"}).encode()


# TLS and the choice of protocol.

@pytest.mark.parametrize("offered, chosen", [
    (["h2"], "h2"), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "h2"),
    (["http/1.1", "h2"], "h2"), ([], None)])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_alpn_in_both_versions_of_tls(weir, offered, chosen, version):
    context = weir.tls(*offered)
    context.minimum_version = context.maximum_version = version
    with weir.connect(context=context) as sock:
        assert sock.selected_alpn_protocol() == chosen


def test_tls_1_1_is_refused(weir):
    context = weir.tls()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        weir.connect(context=context)


def test_http1_without_alpn(weir):
    with Connection(weir.connect()) as connection:
        connection.send_request(LIST, b"{}")
        assert connection.read_response().status == 200


def test_http2_without_alpn(weir):
    with Http2(weir.connect()) as http2:
        assert http2.response(http2.request(LIST, b"{}")).status == 200


def test_the_preface_in_pieces_without_alpn(weir):
    sock = weir.connect()
    with Http2(_Trickle(sock)) as http2:
        assert http2.response(http2.request(LIST, b"{}")).status == 200


class _Trickle:
    """Sends every byte of the first hundred in a TLS record of its own."""

    def __init__(self, sock):
        self.sock, self.count = sock, 0

    def sendall(self, data):
        while data and self.count < 100:
            self.sock.sendall(data[:1])
            data, self.count = data[1:], self.count + 1
        if data:
            self.sock.sendall(data)

    def __getattr__(self, name):
        return getattr(self.sock, name)


def test_a_session_is_resumed(weir):
    context = weir.tls("http/1.1")
    sock = weir.connect(context=context)
    connection = Connection(sock)
    connection.send_request(LIST, b"{}")
    connection.read_response()
    session = sock.session
    connection.close()
    raw = socket.create_connection(("127.0.0.1", weir.port), 10)
    with context.wrap_socket(raw, server_hostname="localhost", session=session) as resumed:
        Connection(resumed).send_request(LIST, b"{}")
        resumed.recv(1)
        assert resumed.session_reused


@pytest.mark.parametrize("request_line", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST / HTTP/1.1\r\n", b"GET /health HTTP/1.0\r\n\r\n"])
def test_plain_http_is_told_to_use_https(weir, request_line):
    with socket.create_connection(("127.0.0.1", weir.port), 10) as sock:
        sock.sendall(request_line)
        answer = b""
        while piece := sock.recv(4096):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 ")
    head, body = answer.split(b"\r\n\r\n", 1)
    assert b"https://" in body
    assert b"text/plain" in head.lower()


def test_bytes_that_are_no_protocol_at_all(weir):
    for noise in (b"\x00" * 100, os.urandom(200), b"\x16\x03\x01\xff\xff" + b"a" * 300):
        with socket.create_connection(("127.0.0.1", weir.port), 10) as sock:
            sock.sendall(noise)
            sock.shutdown(socket.SHUT_WR)
            try:
                while sock.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    assert weir.get("/health").status == 200


# HTTP/1.1: the framing.

def framed(*lines, body=b""):
    return "\r\n".join(["POST / HTTP/1.1", "Host: localhost", f"X-Amz-Target: {LIST}",
                        f"Content-Type: {JSON}", *lines]).encode() + b"\r\n\r\n" + body


SMUGGLING = {
    "two lengths that differ": framed("Content-Length: 2", "Content-Length: 3", body=b"{}"),
    "two lengths that agree": framed("Content-Length: 2", "Content-Length: 2", body=b"{}"),
    "a list of lengths": framed("Content-Length: 2, 2", body=b"{}"),
    "length and chunked": framed("Content-Length: 2", "Transfer-Encoding: chunked",
                                 body=b"2\r\n{}\r\n0\r\n\r\n"),
    "chunked and length": framed("Transfer-Encoding: chunked", "Content-Length: 2",
                                 body=b"2\r\n{}\r\n0\r\n\r\n"),
    "a signed length": framed("Content-Length: +2", body=b"{}"),
    "a negative length": framed("Content-Length: -2", body=b"{}"),
    "a hexadecimal length": framed("Content-Length: 0x2", body=b"{}"),
    "an empty length": framed("Content-Length: ", body=b"{}"),
    "an enormous length": framed("Content-Length: 99999999999999999999", body=b"{}"),
    "a coding that is not chunked": framed("Transfer-Encoding: gzip", body=b"{}"),
    "chunked is not last": framed("Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
    "chunked twice": framed("Transfer-Encoding: chunked", "Transfer-Encoding: chunked",
                            body=b"0\r\n\r\n"),
    "a coding with a tab": framed("Transfer-Encoding:\tchunked, x", body=b"0\r\n\r\n"),
    "space before the colon": framed("Content-Length : 2", body=b"{}"),
    "a folded line": framed("Content-Length: 2", "X-A: b", " c: d", body=b"{}"),
    "a bare line feed": framed("Content-Length: 2\nX-A: b", body=b"{}"),
    "a bare carriage return": framed("Content-Length: 2\rX-A: b", body=b"{}"),
    "a null in a value": framed("Content-Length: 2", "X-A: a\0b", body=b"{}"),
    "a name that is no token": framed("Content-Length: 2", "X(A): b", body=b"{}"),
    "a line without a colon": framed("Content-Length: 2", "nonsense", body=b"{}"),
    "an empty name": framed("Content-Length: 2", ": b", body=b"{}"),
    "no host": b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    "two hosts": b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}",
    "version 2.0 in a line": b"POST / HTTP/2.0\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    "no version": b"POST /\r\nHost: a\r\n\r\n",
    "three spaces": b"POST  /  HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method that is no token": b"PO(ST / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a chunk size with a sign": framed("Transfer-Encoding: chunked", body=b"+2\r\n{}\r\n0\r\n\r\n"),
    "a chunk size with a prefix": framed("Transfer-Encoding: chunked", body=b"0x2\r\n{}\r\n0\r\n\r\n"),
    "a chunk size that is no number": framed("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"),
    "an empty chunk size": framed("Transfer-Encoding: chunked", body=b"\r\n{}\r\n0\r\n\r\n"),
    "an enormous chunk size": framed("Transfer-Encoding: chunked",
                                     body=b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    "a chunk without its end": framed("Transfer-Encoding: chunked", body=b"2\r\n{}X\r\n0\r\n\r\n"),
    "a chunk size ended by a line feed": framed("Transfer-Encoding: chunked", body=b"2\n{}\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("request_bytes", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_doubtful_framing_is_refused_and_the_connection_closed(weir, request_bytes):
    with weir.http1(timeout=10) as connection:
        # The second request must never be answered: its bytes may belong to the first.
        connection.send(request_bytes + framed("Content-Length: 2", body=b"{}"))
        response = connection.read_response()
        assert response.status in (400, 413, 431, 501, 505), response
        assert "StreamNames" not in response.body.decode()
        assert connection.is_closed()


@pytest.mark.parametrize("coding, body", [
    ("chunked", b"2\r\n{}\r\n0\r\n\r\n"), ("Chunked", b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
    ("chunked", b"0002;name=value\r\n{}\r\n0\r\n\r\n"),
    ("chunked", b"2\r\n{}\r\n0\r\nX-Trailer: a\r\n\r\n")])
def test_a_chunked_request(weir, coding, body):
    with weir.http1() as connection:
        connection.send(framed(f"Transfer-Encoding: {coding}", body=body))
        assert connection.read_response().status == 200
        connection.send_request(LIST, b"{}")
        assert connection.read_response().status == 200


def test_requests_one_after_the_other_on_one_connection(weir):
    with weir.http1() as connection:
        for _ in range(200):
            connection.send_request(LIST, b"{}")
            assert connection.read_response().status == 200


def test_pipelined_requests_are_answered_in_order(weir, stream):
    with weir.http1() as connection:
        requests = b""
        for number in range(50):
            body = b"{}" if number % 2 else b'{"StreamName":"absent-%d"}' % number
            operation = "ListStreams" if number % 2 else "DescribeStream"
            requests += (
                f"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: Kinesis_20131202.{operation}\r\n"
                f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
        connection.send(requests)
        for number in range(50):
            answer = connection.read_response()
            if number % 2:
                assert answer.status == 200
            else:
                assert f"absent-{number} ".encode() in answer.body


def test_pipelined_puts_before_reads(weir, stream):
    """A slow answer (a durable put) is not overtaken by a fast one behind it."""
    with weir.http1() as connection:
        body = put_body(b"pipelined")
        connection.send(
            f"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: {PUT}\r\nContent-Type: {JSON}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body
            + framed("Content-Length: 2", body=b"{}"))
        assert b"SequenceNumber" in connection.read_response().body
        assert b"StreamNames" in connection.read_response().body


def test_a_request_byte_by_byte(weir):
    with weir.http1() as connection:
        for byte in framed("Content-Length: 2", body=b"{}"):
            connection.send(bytes([byte]))
        assert connection.read_response().status == 200


def test_connection_close_is_honoured(weir):
    with weir.http1() as connection:
        connection.send(framed("Content-Length: 2", "Connection: close", body=b"{}"))
        assert connection.read_response().status == 200
        assert connection.is_closed()


def test_http_1_0_is_answered_and_closed(weir):
    with weir.http1() as connection:
        connection.send(
            f"POST / HTTP/1.0\r\nHost: a\r\nX-Amz-Target: {LIST}\r\nContent-Type: {JSON}\r\n"
            f"Content-Length: 2\r\n\r\n{{}}".encode())
        response = connection.read_response()
        assert response.status in (200, 505)
        assert connection.is_closed()


def test_expect_100_continue(weir, stream):
    body = put_body(b"expected")
    with weir.http1() as connection:
        connection.send((
            f"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: {PUT}\r\nContent-Type: {JSON}\r\n"
            f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n").encode())
        assert connection.read_head().status == 100
        connection.send(body)
        assert connection.read_response().status == 200


def test_expect_100_continue_is_not_given_to_a_body_that_is_too_large(weir):
    with weir.http1() as connection:
        connection.send((
            f"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: {PUT}\r\nContent-Type: {JSON}\r\n"
            f"Expect: 100-continue\r\nContent-Length: {32 * 2**20 + 1}\r\n\r\n").encode())
        assert connection.read_head().status == 413


def test_a_body_over_32_mib_is_refused(weir):
    with weir.http1() as connection:
        connection.send(framed(f"Content-Length: {32 * 2**20 + 1}"))
        assert connection.read_response().status == 413
        assert connection.is_closed()
    with weir.http1() as connection:
        connection.send(framed("Transfer-Encoding: chunked"))
        piece = b"100000\r\n" + b" " * 2**20 + b"\r\n"
        try:
            for _ in range(34):
                connection.send(piece)
        except (OSError, ssl.SSLError):
            pass
        try:
            assert connection.read_response().status == 413
        except (Closed, OSError):
            pass    # The refusal may be lost when the server closes on bytes still in flight.
    assert weir.get("/health").status == 200


def test_a_body_of_32_mib_is_read_whole(weir):
    with weir.http1(timeout=60) as connection:
        body = b"{" + b" " * (32 * 2**20 - 2) + b"}"
        connection.send_request(LIST, body)
        assert connection.read_response().status == 200


@pytest.mark.parametrize("fields", [
    ["X-%d: a" % number for number in range(200)], ["X-Long: " + "a" * 70_000],
    ["X-%d: %s" % (number, "a" * 1000) for number in range(80)]], ids=["many", "long", "both"])
def test_headers_are_bounded(weir, fields):
    with weir.http1() as connection:
        try:
            connection.send(framed(*fields, "Content-Length: 2", body=b"{}"))
            assert connection.read_response().status in (400, 431)
        except (Closed, OSError):
            pass
        assert connection.is_closed()
    with Http2(weir.connect("h2")) as http2:
        number = http2.begin(LIST, fields=[(f.split(": ")[0].lower(), f.split(": ")[1]) for f in fields])
        try:
            answer = http2.response(number)
            assert answer.status in (400, 431) or answer.reset is not None
        except AssertionError:
            assert http2.closed
    assert weir.get("/health").status == 200


def test_ninety_headers_are_fine(weir):
    fields = [f"X-{number}: a" for number in range(90)]
    with weir.http1() as connection:
        connection.send(framed(*fields, "Content-Length: 2", body=b"{}"))
        assert connection.read_response().status == 200


def test_bodies_share_a_budget(own):
    """Beyond --memory a request is refused with a code that clients retry; what runs goes on."""
    server = own("--memory", "64MiB")
    held = []
    refused = None
    try:
        for _ in range(8):
            connection = server.http1()
            held.append(connection)
            connection.send(framed(f"Content-Length: {16 * 2**20}"))
            try:
                # Each body arrives but for its last byte.
                for _ in range(16):
                    connection.send(b" " * (2**20 - 1))
                connection.sock.settimeout(0.2)
                refused = connection.read_response()
                break
            except TimeoutError:
                connection.sock.settimeout(30)
            except (Closed, OSError):
                continue
        assert refused is not None, "128 MiB were taken under a budget of 64"
        assert refused.status == 503
        assert json.loads(refused.body)["__type"] in ("ServiceUnavailable", "ServiceUnavailableException")
        first = held[0]
        first.sock.settimeout(30)
        first.send(b" " * 14 + b"{}")
        assert first.read_response().status == 200
    finally:
        for connection in held:
            connection.close()
    deadline = time.monotonic() + 10
    while server.call("ListStreams", {}).status != 200:
        assert time.monotonic() < deadline, "the budget does not come back"


def test_deadlines_of_handshake_head_and_body(own):
    """A connection that makes no progress is ended: in the handshake, the head and the body."""
    server = own("--time-scale", "0.1")

    def handshake():
        with socket.create_connection(("127.0.0.1", server.port), 60) as sock:
            try:
                return sock.recv(100) == b""
            except ConnectionResetError:
                return True

    def unfinished(data):
        with server.http1(timeout=60) as connection:
            connection.send(data)
            try:
                return connection.read_response().status in (400, 408)
            except Closed:
                return True

    with concurrent.futures.ThreadPoolExecutor() as pool:
        ended = [pool.submit(handshake), pool.submit(unfinished, b"POST / HTTP/1.1\r\nHost: a\r\n"),
                 pool.submit(unfinished, framed("Content-Length: 100", body=b"{"))]
        assert all(each.result() for each in ended)


# HTTP/2.

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
        body = b"{" + b" " * (32 * 2**20 - 2) + b"}"
        assert http2.response(http2.request(LIST, body), seconds=60).status == 200
        number = http2.begin(LIST, length=32 * 2**20 + 1)
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


# Public tools.

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


# The wire samples.

def test_the_sample_put_record_byte_for_byte(weir):
    if weir.call("DescribeStreamSummary", {"StreamName": "foo"}).status != 200:
        weir.create("foo")
    with weir.http1() as connection:
        connection.send(
            b"POST / HTTP/1.1\r\n"
            b"Host: gw.example:4567\r\n"
            b"X-Amz-Target: Kinesis_20131202.PutRecord\r\n"
            b"Content-Type: application/x-amz-json-1.1\r\n"
            b"X-Amz-Date: 20260102T030405Z\r\n"
            b"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/kinesis/aws4_request, "
            b"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=00\r\n"
            b"Content-Length: 66\r\n"
            b"\r\n"
            b'{"StreamName": "foo", "Data": "aGVsbG8=", "PartitionKey": "pk-1"} ')
        answer = connection.read_response()
    assert (answer.status, answer.reason) == (200, "OK")
    assert re.fullmatch(rb'\{"SequenceNumber":"49\d{54}","ShardId":"shardId-000000000000"\}|'
                        rb'\{"ShardId":"shardId-000000000000","SequenceNumber":"49\d{54}"\}', answer.body)


def test_the_sample_error_byte_for_byte(weir):
    with weir.http1() as connection:
        connection.send_request(
            "Kinesis_20131202.DescribeStream", b'{"StreamName":"absent"}')
        answer = connection.read_response()
    assert (answer.status, answer.reason) == (400, "Bad Request")
    assert answer.body == (b'{"__type":"ResourceNotFoundException",'
                           b'"message":"Stream absent under account 123456789012 not found."}')


def test_the_head_of_an_event_stream(weir, name):
    consumer = weir.consumer(weir.create(name))
    body = json.dumps({"ConsumerARN": consumer, "ShardId": "shardId-000000000000",
                       "StartingPosition": {"Type": "LATEST"}}).encode()
    with weir.http1() as connection:
        connection.send_request("Kinesis_20131202.SubscribeToShard", body)
        head = connection.read_head()
        assert (head.status, head.reason) == (200, "OK")
        assert head.field("content-type") == "application/vnd.amazon.eventstream"
        assert head.field("transfer-encoding") == "chunked"
        assert head.field("content-length") is None
        assert head.field("x-amzn-requestid") and head.field("x-amz-id-2")
        assert connection.read_chunk() == INITIAL_RESPONSE
