"""What every answer has, whoever gives it: a request id and the date."""

import email.utils
import re
import socket
import time

import pytest

from http2 import Http2
from transport import LIST, framed

REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# Bytes of HTTP/1.1, and the status that they are answered with.
OVER_HTTP1 = {
    "a call": (framed("Content-Length: 2", body=b"{}"), 200),
    "a call that fails": (framed("Content-Length: 1", body=b"{"), 400),
    "a page": (b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    "no operation": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 403),
    "a preflight": (b"OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\n"
                    b"Access-Control-Request-Method: POST\r\n\r\n", 200),
    "framing in doubt": (framed("Content-Length: 2", "Content-Length: 3", body=b"{}"), 400),
    "a chunk in doubt": (framed("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"), 400),
    "no HTTP at all": (b"nonsense\r\n\r\n", 400),
    "a body that is too large": (framed("Content-Length: 99999999"), 413),
    "a line that is too long": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "too many fields": (framed(*[f"X-{n}: a" for n in range(200)], "Content-Length: 0"), 431),
    "a field that is too long": (framed("X-A: " + "a" * 70000, "Content-Length: 0"), 431),
}


def check(request_id, date):
    assert REQUEST_ID.fullmatch(request_id or ""), request_id
    moment = email.utils.parsedate_to_datetime(date)
    assert date == email.utils.format_datetime(moment, usegmt=True)
    assert abs(moment.timestamp() - time.time()) < 60


@pytest.mark.parametrize("request_bytes, status", OVER_HTTP1.values(), ids=OVER_HTTP1.keys())
def test_over_http1(weir, request_bytes, status):
    with weir.http1(timeout=10) as connection:
        connection.send(request_bytes)
        response = connection.read_response()
    assert response.status == status
    check(response.field("x-amzn-requestid"), response.field("date"))


def test_over_http1_what_did_not_come_in_time(weir):
    with weir.http1(timeout=60) as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: a\r\n")
        response = connection.read_response()
    assert response.status == 408
    check(response.field("x-amzn-requestid"), response.field("date"))


def test_plain_http(weir):
    with socket.create_connection(("127.0.0.1", weir.port), 10) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = b""
        while piece := sock.recv(4096):
            answer += piece
    lines = answer.split(b"\r\n\r\n", 1)[0].decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 400 Bad Request"
    fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    check(fields.get("x-amzn-requestid"), fields.get("date"))


# Of HTTP/2: fields beside those of a call, its body, and the status.
OVER_HTTP2 = {
    "a call": ((), b"{}", 200),
    "a call that fails": ((), b"{", 400),
    "too many fields": ([(f"x-{number}", "a") for number in range(200)], b"{}", 431),
    "a field that is too long": ([(f"x-{number}", "a" * 7000) for number in range(10)], b"{}", 431),
}


@pytest.mark.parametrize("fields, body, status", OVER_HTTP2.values(), ids=OVER_HTTP2.keys())
def test_over_http2(weir, fields, body, status):
    with Http2(weir.connect("h2"), strict=False) as connection:
        number = connection.begin(LIST, length=len(body), fields=fields)
        connection.send_body(number, body)
        stream = connection.response(number)
    assert int(stream.field(":status")) == status
    check(stream.field("x-amzn-requestid"), stream.field("date"))


def test_over_http2_a_body_that_is_too_large(weir):
    with Http2(weir.connect("h2")) as connection:
        number = connection.begin(LIST, length=99999999)
        stream = connection.response(number)
    assert int(stream.field(":status")) == 413
    check(stream.field("x-amzn-requestid"), stream.field("date"))
