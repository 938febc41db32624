"""A client that ends its sending side behind whole requests still gets their answers."""

import json
import socket
import ssl

import h2.connection
import h2.events
import pytest

from transport import LIST, PUT, framed, put_body


class Peer:
    """TLS over a socket of which both ends can be closed apart."""

    def __init__(self, server, protocol):
        self.sock = socket.create_connection(("127.0.0.1", server.port), 30)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = server.tls(protocol).wrap_bio(
            self.incoming, self.outgoing, server_hostname="localhost")
        self._do(self.tls.do_handshake)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def _flush(self):
        if data := self.outgoing.read():
            self.sock.sendall(data)

    def _do(self, call):
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                self._flush()
                if not self._receive():
                    raise EOFError
            finally:
                self._flush()

    def _receive(self):
        data = self.sock.recv(65536)
        self.incoming.write(data)
        return data

    def send(self, data, way):
        """The bytes, and in the same segment, if it is by TLS, that no more come."""
        if data:
            self.tls.write(data)
        if "close_notify" in way:
            try:
                self.tls.unwrap()
            except ssl.SSLWantReadError:
                pass
        self._flush()
        if "FIN" in way:
            self.sock.shutdown(socket.SHUT_WR)

    def some(self):
        return self._do(lambda: self.tls.read(65536))

    def read(self):
        """Everything up to the server's end, which it says by TLS."""
        data = b""
        while True:
            try:
                piece = self.some()
            except ssl.SSLZeroReturnError:
                return data
            if not piece:
                return data
            data += piece


WAYS = ["close_notify", "FIN", "close_notify, then FIN"]


@pytest.fixture(scope="module")
def stream(weir):
    if weir.call("DescribeStreamSummary", {"StreamName": "transport"}).status != 200:
        weir.create("transport")
    return "transport"


def call(target, body):
    return (f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: {target}\r\n"
            f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode() + body


@pytest.mark.parametrize("way", WAYS)
def test_over_http1(weir, stream, way):
    """A put waits for the log, the one behind it for its answer."""
    before = len(weir.read_all(stream))
    with Peer(weir, "http/1.1") as peer:
        peer.send(call(PUT, put_body(b"a")) + call(PUT, put_body(b"b")) + call(LIST, b"{}"), way)
        answers = peer.read()
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answers.count(b'"SequenceNumber"') == 2 and answers.count(b'"StreamNames"') == 1
    assert len(weir.read_all(stream)) == before + 2


@pytest.mark.parametrize("way", WAYS)
def test_over_http1_a_large_answer(weir, name, way):
    """More than a socket takes at once."""
    weir.create(name)
    for number in range(6):
        weir.put(name, b"x" * 1_000_000)
    body = json.dumps({"ShardIterator": weir.iterator(name)}).encode()
    with Peer(weir, "http/1.1") as peer:
        peer.send(call("Kinesis_20131202.GetRecords", body), way)
        answer = peer.read()
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(json.loads(body)["Records"]) == 6


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rest", [
    b"POST / HTTP/1.1\r\nHost: a\r\n", framed("Content-Length: 100", body=b"{")], ids=["head", "body"])
def test_over_http1_behind_a_request_that_is_not_whole(weir, stream, way, rest):
    """The whole one is answered, the other one ends with the connection, at once."""
    with Peer(weir, "http/1.1") as peer:
        peer.sock.settimeout(5)
        peer.send(call(PUT, put_body(b"a")) + rest, way)
        answers = peer.read()
    assert answers.count(b"HTTP/1.1 ") == 1 and answers.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("way", WAYS)
def test_over_http2(weir, stream, way):
    connection = h2.connection.H2Connection()
    connection.initiate_connection()
    whole = []
    for target, body in ((PUT, put_body(b"a")), (LIST, b"{}"), (PUT, put_body(b"b"))):
        number = connection.get_next_available_stream_id()
        connection.send_headers(number, [
            (":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/"),
            ("x-amz-target", target), ("content-type", "application/x-amz-json-1.1")])
        connection.send_data(number, body, end_stream=True)
        whole.append(number)
    unfinished = connection.get_next_available_stream_id()
    connection.send_headers(unfinished, [
        (":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/")])
    with Peer(weir, "h2") as peer:
        peer.sock.settimeout(5)
        peer.send(connection.data_to_send(), way)
        events = connection.receive_data(peer.read())
    ended = [each.stream_id for each in events if isinstance(each, h2.events.StreamEnded)]
    heads = [dict(each.headers) for each in events if isinstance(each, h2.events.ResponseReceived)]
    assert sorted(ended) == whole
    assert [head[b":status"] for head in heads] == [b"200"] * 3
    reset = [each.stream_id for each in events if isinstance(each, h2.events.StreamReset)]
    assert reset == [unfinished]


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
@pytest.mark.parametrize("way", WAYS)
def test_a_subscription_ends_with_its_client(weir, name, way, protocol):
    """It has no end that its client could wait for: its place is free again."""
    consumer = weir.consumer(weir.create(name))
    body = json.dumps({"ConsumerARN": consumer, "ShardId": "shardId-000000000000",
                       "StartingPosition": {"Type": "LATEST"}}).encode()
    target = "Kinesis_20131202.SubscribeToShard"
    with Peer(weir, protocol) as peer:
        peer.sock.settimeout(10)
        if protocol == "http/1.1":
            peer.send(call(target, body), "")
        else:
            connection = h2.connection.H2Connection()
            connection.initiate_connection()
            connection.send_headers(1, [
                (":method", "POST"), (":scheme", "https"), (":authority", "localhost"),
                (":path", "/"), ("x-amz-target", target),
                ("content-type", "application/x-amz-json-1.1")])
            connection.send_data(1, body, end_stream=True)
            peer.send(connection.data_to_send(), "")
        received = b""
        while b"initial-response" not in received:
            received += peer.some()
        peer.send(b"", way)
        peer.read()
    cursors = weir.ok("ListCursors", {"ConsumerARN": consumer}, target="Weir_20261122.ListCursors")
    assert not any(each.get("SubscriptionOpen") for each in cursors.get("Cursors", []))
