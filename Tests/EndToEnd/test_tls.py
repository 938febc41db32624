"""TLS, and which protocol is spoken inside it."""

import os
import socket
import ssl

import pytest

from http1 import Connection
from http2 import Http2
from transport import LIST


@pytest.mark.parametrize("offered, chosen", [
    (["h2"], "h2"), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "h2"),
    (["http/1.1", "h2"], "h2"), ([], None)])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_alpn_in_both_versions_of_tls(weir, offered, chosen, version):
    context = weir.tls(*offered)
    context.minimum_version = context.maximum_version = version
    with weir.connect(context=context) as sock:
        assert sock.selected_alpn_protocol() == chosen


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
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
