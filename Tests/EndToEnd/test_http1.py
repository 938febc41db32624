"""HTTP/1.1: framing byte for byte, deadlines and bounds."""

import concurrent.futures
import json
import re
import socket
import ssl
import time

import pytest

from events import INITIAL_RESPONSE
from http1 import Closed
from http2 import Http2
from transport import JSON, LIST, PUT, framed, padded, put_body


@pytest.fixture(scope="module")
def stream(weir):
    if weir.call("DescribeStreamSummary", {"StreamName": "transport"}).status != 200:
        weir.create("transport")
    return "transport"


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


def test_an_offer_to_upgrade_is_ignored(weir):
    with weir.http1() as connection:
        connection.send(framed("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                               "HTTP2-Settings: AAMAAABkAAQAAP__", "Content-Length: 2", body=b"{}"))
        assert connection.read_response().status == 200


def test_the_absolute_form_of_a_request(weir):
    with weir.http1() as connection:
        connection.send(framed("Content-Length: 2", body=b"{}").replace(
            b"POST / ", b"POST https://localhost/ ", 1))
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
        connection.send_request("Kinesis_20131202.PutRecords", padded(32 * 2**20))
        answer = connection.read_response()
        assert b"Stream absent under account" in answer.body, answer


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
    server = own("--memory", "64M")
    body = padded(16 * 2**20)
    held, refused = [], None
    try:
        for _ in range(8):
            connection = server.http1()
            held.append(connection)
            connection.send((
                f"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: Kinesis_20131202.PutRecords\r\n"
                f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n").encode())
            try:
                # Each body arrives but for its last byte.
                for start in range(0, len(body), 2**20):
                    connection.send(body[start:min(start + 2**20, len(body) - 1)])
                connection.sock.settimeout(0.3)
                refused = connection.read_response()
                break
            except TimeoutError:
                connection.sock.settimeout(30)
            except (Closed, OSError):
                try:
                    refused = connection.read_response()
                    break
                except (Closed, OSError):
                    continue
        assert refused is not None, "128 MiB were taken under a budget of 64"
        assert refused.status == 503
        assert json.loads(refused.body)["__type"] in ("ServiceUnavailable", "ServiceUnavailableException")
        held[0].sock.settimeout(30)
        held[0].send(body[-1:])
        assert b"Stream absent under account" in held[0].read_response().body
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
