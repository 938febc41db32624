"""The pages for operators: a query does not matter, and HEAD has the head of a GET."""

import pytest

from http2 import Http2


def split(answer):
    """Status, fields and what follows the head, of all that a connection has sent."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    return int(lines[0].split(" ")[1]), fields, rest


def whole(weir, method, path):
    """Everything that comes until the server closes."""
    with weir.connect("http/1.1") as sock:
        sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return split(answer)


@pytest.mark.parametrize("query", ["", "?", "?x=1", "?a=/&b=%3F?"])
def test_a_query_does_not_matter(weir, query):
    status, fields, body = whole(weir, "GET", "/health" + query)
    assert (status, fields["content-type"]) == (200, "application/json")
    assert body == b'{"status":"ok"}'
    status, fields, body = whole(weir, "GET", "/metrics" + query)
    assert status == 200 and b"# TYPE weir_requests_total counter" in body


def test_a_head_has_the_length_and_no_body(weir):
    status, fields, body = whole(weir, "HEAD", "/health?x=1")
    assert (status, fields["content-type"]) == (200, "application/json")
    assert (fields["content-length"], body) == ("15", b"")
    status, fields, body = whole(weir, "HEAD", "/metrics")
    assert status == 200 and int(fields["content-length"]) > 1000 and body == b""


def test_a_head_over_http2(weir):
    with Http2(weir.connect("h2")) as connection:
        number = connection.begin(None, None, method="HEAD", path="/health?x=1", end=True)
        stream = connection.response(number)
    assert (stream.field(":status"), stream.field("content-length")) == ("200", "15")
    assert stream.data == b""


@pytest.mark.parametrize("method, path", [
    ("PUT", "/health"), ("DELETE", "/metrics"), ("HEAD", "/"), ("GET", "/?x=/health"),
    ("GET", "/healthy"), ("GET", "/health/"), ("HEAD", "/heal"), ("GET", "/health%3Fx"),
])
def test_what_is_no_page_is_refused_as_before(weir, method, path):
    status, fields, _ = whole(weir, method, path)
    assert (status, fields["content-type"]) == (403, "application/xml")
