"""The order of checks before an operation is reached, and what every response carries."""

import base64
import email.utils
import json
import re
import time

import pytest

import cbor

JSON = "application/x-amz-json-1.1"
CBOR = "application/x-amz-cbor-1.1"
KNOWN = "Kinesis_20131202.ListStreams"
DENIED = (b"<AccessDeniedException>\n"
          b"  <Message>Unable to determine service/operation name to be authorized</Message>\n"
          b"</AccessDeniedException>\n")


def post(weir, target, body, content_type=JSON, fields=()):
    with weir.http1() as connection:
        connection.send_request(target, body, content_type, fields)
        return connection.read_response()


def send(weir, text):
    with weir.http1() as connection:
        connection.send(text)
        return connection.read_response(head_only=text.startswith(b"HEAD"))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_what_is_not_post_is_denied_in_xml(weir, method):
    answer = send(weir, f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert (answer.status, answer.body) == (403, DENIED)


def test_head_is_denied_without_a_body(weir):
    assert send(weir, b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 403


def test_an_unknown_path_is_denied_in_xml(weir):
    answer = send(weir, b"GET /healthcheck HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (answer.status, answer.body) == (403, DENIED)


def test_the_path_of_a_post_does_not_matter(weir):
    with weir.http1() as connection:
        connection.send(
            f"POST /any?thing=1 HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: {KNOWN}\r\n"
            f"Content-Type: {JSON}\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        answer = connection.read_response()
    assert answer.status == 200 and "StreamNames" in json.loads(answer.body)


@pytest.mark.parametrize("target, code", [
    (KNOWN, "SerializationException"),
    ("Kinesis_20131202.Nonsense", "UnknownOperationException"),
    (None, "UnknownOperationException")])
@pytest.mark.parametrize("content_type", [JSON, CBOR, None])
def test_an_empty_body(weir, target, code, content_type):
    answer = post(weir, target, b"", content_type)
    assert answer.status == 400
    if content_type == JSON:
        assert answer.body == json.dumps({"__type": code}, separators=(",", ":")).encode()
        assert answer.field("content-type") == JSON
    else:
        assert cbor.decode(answer.body) == {"__type": code}
        assert answer.field("content-type") == CBOR


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-amz-json-1.0", ""])
def test_an_unacceptable_content_type_without_a_target(weir, content_type):
    answer = post(weir, None, b"{}", content_type)
    assert (answer.status, answer.body) == (403, DENIED)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-amz-json-1.0"])
@pytest.mark.parametrize("target", [KNOWN, "Kinesis_20131202.Nonsense"])
def test_an_unacceptable_content_type_with_a_target(weir, content_type, target):
    answer = post(weir, target, b"{}", content_type)
    assert answer.status == 404
    assert answer.body.strip() == b"<UnknownOperationException/>"


@pytest.mark.parametrize("body", [
    b"{", b"[]", b'"text"', b"1", b"nul", b"{}}", b"{'a':1}", b'{"a":1,}', b'{"a"}', b"\xff\xfe",
    b'{"StreamName":"\x01"}', b'{"a":01}', b'{"a":"\\x"}', b'{"a":"\\ud800"'])
def test_a_body_that_is_not_a_json_object(weir, body):
    answer = post(weir, KNOWN, body)
    assert (answer.status, answer.body) == (400, b'{"__type":"SerializationException"}')


@pytest.mark.parametrize("body", [b"\x80", b"\xa1", b"\xff", b"\xbf", b"\x01", b"\xa1\x01\x01"])
def test_a_body_that_is_not_a_cbor_map(weir, body):
    answer = post(weir, KNOWN, body, CBOR)
    assert answer.status == 400
    assert cbor.decode(answer.body)["__type"] == "SerializationException"
    assert answer.field("content-type") == CBOR


def test_deep_nesting_is_an_error_and_not_the_end_of_the_server(weir):
    answer = post(weir, KNOWN, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert answer.status in (200, 400)
    assert weir.get("/health").status == 200


@pytest.mark.parametrize("body, status, code", [
    (b"{", 400, "SerializationException"), (b"{}", 404, "UnknownOperationException")])
def test_plain_json_gets_the_other_envelope(weir, body, status, code):
    answer = post(weir, KNOWN, body, "application/json")
    assert answer.status == status
    assert answer.body == (
        b'{"Output":{"__type":"com.amazon.coral.service#%s"},"Version":"1.0"}' % code.encode())


@pytest.mark.parametrize("target", [
    None, "", "ListStreams", "Kinesis_20131202", "Kinesis_20131202.", "Kinesis_20131202.Nonsense",
    "Kinesis_20131202.liststreams", "kinesis_20131202.ListStreams", "DynamoDB_20120810.ListTables",
    "Kinesis_20131202.ListStreams.x", "Weir_20261122.Nonsense", "Weir_20261122.ListStreams",
    "Kinesis_20131202.CommitCursor", "Kinesis_20131202.CreateQueue",
    "Kinesis_20131202.CreateChannel"])
@pytest.mark.parametrize("content_type", [JSON, CBOR])
def test_an_unknown_target(weir, target, content_type):
    body = b"{}" if content_type == JSON else b"\xa0"
    answer = post(weir, target, body, content_type)
    assert answer.status == 400
    if content_type == JSON:
        assert answer.body == b'{"__type":"UnknownOperationException"}'
    else:
        assert cbor.decode(answer.body) == {"__type": "UnknownOperationException"}


@pytest.mark.parametrize("content_type", [
    JSON + "; charset=utf-8", " " + JSON + " ", JSON + ";charset=UTF-8"])
def test_parameters_of_the_content_type_are_cut_off(weir, content_type):
    answer = post(weir, KNOWN, b"{}", content_type)
    assert answer.status == 200
    assert answer.field("content-type") == JSON


def test_header_names_in_any_case(weir):
    with weir.http1() as connection:
        connection.send(
            f"POST / HTTP/1.1\r\nhOST: localhost\r\nx-AMZ-tArget: {KNOWN}\r\n"
            f"CONTENT-type: {JSON}\r\ncontent-LENGTH: 2\r\n\r\n{{}}".encode())
        assert connection.read_response().status == 200


def test_unknown_members_and_nulls_are_ignored(weir):
    answer = post(weir, KNOWN, b'{"Nonsense":{"a":[1,{"b":null}]},"Limit":null}')
    assert answer.status == 200


def test_member_names_are_case_sensitive(weir):
    answer = post(weir, "Kinesis_20131202.DescribeStream", b'{"streamname":"x"}')
    assert json.loads(answer.body)["__type"] == "InvalidArgumentException"


@pytest.mark.parametrize("target, body", [
    (KNOWN, b"{}"), (KNOWN, b"{"), (KNOWN, b""), (None, b"{}"),
    ("Kinesis_20131202.DescribeStream", b'{"StreamName":"absent"}')])
def test_what_every_response_carries(weir, target, body):
    answer = post(weir, target, body)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                        answer.field("x-amzn-requestid"))
    assert 64 <= len(base64.b64decode(answer.field("x-amz-id-2"), validate=True)) <= 80
    date = answer.field("date")
    assert re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT",
                        date)
    assert abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time()) < 3
    assert answer.field("content-type") == JSON
    assert int(answer.field("content-length")) == len(answer.body)
    assert answer.field("connection") is None


def test_request_ids_differ(weir):
    answers = [post(weir, KNOWN, b"{}") for _ in range(2)]
    for field in ("x-amzn-requestid", "x-amz-id-2"):
        assert answers[0].field(field) != answers[1].field(field)


def test_an_operation_without_output_answers_an_empty_body(weir, name):
    answer = weir.call("CreateStream", {"StreamName": name, "ShardCount": 1})
    assert (answer.status, answer.raw) == (200, b"")
    assert dict((k.lower(), v) for k, v in answer.fields)["content-length"] == "0"
    weir.active(name)


EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"


def test_a_request_with_an_origin_may_be_read_by_the_page(weir):
    answer = post(weir, KNOWN, b"{}", fields=[("Origin", "https://example.test")])
    assert answer.status == 200
    assert answer.field("access-control-allow-origin") == "*"
    assert answer.field("access-control-expose-headers") == EXPOSED
    without = post(weir, KNOWN, b"{}")
    assert without.field("access-control-allow-origin") is None


def test_a_preflight(weir):
    answer = send(weir, (
        b"OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://example.test\r\n"
        b"Access-Control-Request-Headers: content-type,x-amz-target\r\n"
        b"Access-Control-Request-Method: POST\r\n\r\n"))
    assert (answer.status, answer.body) == (200, b"")
    assert answer.field("access-control-allow-origin") == "*"
    assert answer.field("access-control-allow-headers") == "content-type,x-amz-target"
    assert answer.field("access-control-allow-methods") == "POST"
    assert answer.field("access-control-max-age") == "172800"
    assert answer.field("x-amzn-requestid")
    assert answer.field("x-amz-id-2") is None


def test_the_region_comes_from_the_credential_scope(weir, name):
    scope = [("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-west-3/kinesis/"
              "aws4_request, SignedHeaders=host;x-amz-date, Signature=00")]
    assert weir.call("CreateStream", {"StreamName": name, "ShardCount": 1}, fields=scope).status == 200
    described = weir.call("DescribeStreamSummary", {"StreamName": name}, fields=scope)
    assert described.body["StreamDescriptionSummary"]["StreamARN"] == (
        f"arn:aws:kinesis:eu-west-3:123456789012:stream/{name}")
    assert weir.call("DescribeStreamSummary", {"StreamName": name}).error == (
        "ResourceNotFoundException")
