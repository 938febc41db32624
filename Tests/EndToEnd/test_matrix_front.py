"""What is decided before an operation is reached, in the order in which it is decided, and preflights:
request by request with the whole answer, byte for byte."""

import pytest

import cbor
from literal import check_fields

JSON, CBOR = "application/x-amz-json-1.1", "application/x-amz-cbor-1.1"
PLAIN, XML = "application/json", "application/xml"
LIST = "Kinesis_20131202.ListStreams"
DENIED = (b"<AccessDeniedException>\n"
          b"  <Message>Unable to determine service/operation name to be authorized</Message>\n"
          b"</AccessDeniedException>\n")
UNKNOWN_XML = b"<UnknownOperationException/>\n"
UNKNOWN = b'{"__type":"UnknownOperationException"}'
SERIALIZATION = b'{"__type":"SerializationException"}'
# Maps of one member whose texts have 25 and 22 bytes.
UNKNOWN_CBOR = b"\xa1\x66__type\x78\x19UnknownOperationException"
SERIALIZATION_CBOR = b"\xa1\x66__type\x76SerializationException"
UNKNOWN_ENVELOPE = (b'{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},'
                    b'"Version":"1.0"}')
SERIALIZATION_ENVELOPE = (b'{"Output":{"__type":"com.amazon.coral.service#SerializationException"},'
                          b'"Version":"1.0"}')

# name, method and path, target, content type, body; status, content type, body
ROWS = [
    # 1. Not POST.
    *[(f"{method.lower()}", f"{method} /", None, None, b"", 403, XML, DENIED)
      for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND")],
    ("get-with-a-target", "GET /", LIST, JSON, b"{}", 403, XML, DENIED),
    ("get-of-a-path", "GET /healthcheck", None, None, b"", 403, XML, DENIED),
    ("get-of-a-query", "GET /?Action=ListStreams", None, None, b"", 403, XML, DENIED),
    # 2. No body: JSON if the content type says so, CBOR otherwise.
    ("no-body-json", "POST /", LIST, JSON, b"", 400, JSON, SERIALIZATION),
    ("no-body-cbor", "POST /", LIST, CBOR, b"", 400, CBOR, SERIALIZATION_CBOR),
    ("no-body-no-type", "POST /", LIST, None, b"", 400, CBOR, SERIALIZATION_CBOR),
    ("no-body-other-type", "POST /", LIST, "text/plain", b"", 400, CBOR, SERIALIZATION_CBOR),
    ("no-body-plain-json", "POST /", LIST, PLAIN, b"", 400, CBOR, SERIALIZATION_CBOR),
    ("no-body-no-target-json", "POST /", None, JSON, b"", 400, JSON, UNKNOWN),
    ("no-body-no-target-cbor", "POST /", None, CBOR, b"", 400, CBOR, UNKNOWN_CBOR),
    ("no-body-no-target-no-type", "POST /", None, None, b"", 400, CBOR, UNKNOWN_CBOR),
    ("no-body-unknown-target", "POST /", "Kinesis_20131202.Nonsense", JSON, b"", 400, JSON, UNKNOWN),
    # 3. A body of a type that is not understood.
    ("other-type-no-target", "POST /", None, "text/plain", b"{}", 403, XML, DENIED),
    ("no-type-no-target", "POST /", None, None, b"{}", 403, XML, DENIED),
    ("json-1.0-no-target", "POST /", None, "application/x-amz-json-1.0", b"{}", 403, XML, DENIED),
    ("form-no-target", "POST /", None, "application/x-www-form-urlencoded", b"Action=ListStreams",
     403, XML, DENIED),
    ("other-type", "POST /", LIST, "text/plain", b"{}", 404, XML, UNKNOWN_XML),
    ("no-type", "POST /", LIST, None, b"{}", 404, XML, UNKNOWN_XML),
    ("json-1.0", "POST /", LIST, "application/x-amz-json-1.0", b"{}", 404, XML, UNKNOWN_XML),
    ("other-type-unknown-target", "POST /", "Kinesis_20131202.Nonsense", "text/plain", b"{}", 404, XML,
     UNKNOWN_XML),
    # 4. A body that cannot be read, or is no object.
    *[(f"unreadable-{at}", "POST /", LIST, JSON, body, 400, JSON, SERIALIZATION)
      for at, body in enumerate((b"{", b"[]", b'"a"', b"1", b"null", b'{"a":1,}', b"{}{}", b"\xff"))],
    *[(f"unreadable-cbor-{at}", "POST /", LIST, CBOR, body, 400, CBOR, SERIALIZATION_CBOR)
      for at, body in enumerate((b"\xa1", b"\x80", b"\x61a", b"\x01", b"\xf6", b"\xff", b"\xa1\x01\x01"))],
    ("unreadable-unknown-target", "POST /", "Kinesis_20131202.Nonsense", JSON, b"{", 400, JSON,
     SERIALIZATION),
    ("unreadable-no-target", "POST /", None, JSON, b"{", 400, JSON, SERIALIZATION),
    # 5. The content type that is recognised and answered in an envelope.
    ("plain-json", "POST /", LIST, PLAIN, b"{}", 404, PLAIN, UNKNOWN_ENVELOPE),
    ("plain-json-no-target", "POST /", None, PLAIN, b"{}", 404, PLAIN, UNKNOWN_ENVELOPE),
    ("plain-json-unreadable", "POST /", LIST, PLAIN, b"{", 400, PLAIN, SERIALIZATION_ENVELOPE),
    # 6. Targets that name no operation.
    *[(f"target-{at}", "POST /", target, JSON, b"{}", 400, JSON, UNKNOWN) for at, target in enumerate((
        None, "ListStreams", "Kinesis_20131202", "Kinesis_20131202.", "Kinesis_20131202.Nonsense",
        "Kinesis_20131202.listStreams", "kinesis_20131202.ListStreams", "Kinesis_20130901.ListStreams",
        "DynamoDB_20120810.ListTables", "Kinesis_20131202.CreateQueue", "Kinesis_20131202.ListChannels"))],
    ("target-cbor", "POST /", "Kinesis_20131202.Nonsense", CBOR, b"\xa0", 400, CBOR, UNKNOWN_CBOR),
    ("target-none-cbor", "POST /", None, CBOR, b"\xbf\xff", 400, CBOR, UNKNOWN_CBOR),
    # The path of a POST means nothing, and parameters of a content type are cut off.
    ("any-path", "POST /any?thing=1", "Kinesis_20131202.Nonsense", JSON, b"{}", 400, JSON, UNKNOWN),
    ("charset", "POST /", "Kinesis_20131202.Nonsense", JSON + "; charset=utf-8", b"{}", 400, JSON, UNKNOWN),
]
EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"
ORIGIN = {"access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED}
# fields; the fields of the answer besides those of every answer
PREFLIGHTS = [
    ([("Origin", "https://example.test")], {}),
    ([("Origin", "null"), ("Access-Control-Request-Method", "POST")],
     {"access-control-allow-methods": "POST"}),
    ([("Origin", "https://example.test"), ("Access-Control-Request-Method", "POST"),
      ("Access-Control-Request-Headers", "content-type,x-amz-target,authorization")],
     {"access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type,x-amz-target,authorization"}),
]
TABLES = {"requests for no operation": ROWS, "preflights": PREFLIGHTS}


def ask(weir, line, target, content_type, body, fields=()):
    lines = [f"{line} HTTP/1.1", "Host: localhost", *[f"{name}: {value}" for name, value in fields]]
    if target is not None:
        lines.append(f"X-Amz-Target: {target}")
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    if body or line.startswith("POST"):
        lines.append(f"Content-Length: {len(body)}")
    with weir.http1() as connection:
        connection.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return connection.read_response()


@pytest.mark.parametrize("name, line, target, sent_type, sent, status, content_type, body", ROWS,
                         ids=[row[0] for row in ROWS])
def test_row(weir, name, line, target, sent_type, sent, status, content_type, body):
    answer = ask(weir, line, target, sent_type, sent)
    assert (answer.status, answer.body) == (status, body)
    check_fields(answer.fields, content_type, len(body))
    if content_type == CBOR:
        assert cbor.decode(body).keys() == {"__type"}


@pytest.mark.parametrize("name, line, target, sent_type, sent, status, content_type, body",
                         ROWS[-1:] + ROWS[6:7] + ROWS[9:10], ids=["post", "get", "no-body"])
def test_row_to_a_page_of_another_origin(weir, name, line, target, sent_type, sent, status,
                                         content_type, body):
    answer = ask(weir, line, target, sent_type, sent, [("Origin", "https://example.test")])
    assert (answer.status, answer.body) == (status, body)
    check_fields(answer.fields, content_type, len(body), ORIGIN)
    for field, value in ORIGIN.items():
        assert answer.field(field) == value


@pytest.mark.parametrize("sent, more", PREFLIGHTS)
def test_preflight(weir, sent, more):
    answer = ask(weir, "OPTIONS /", None, None, b"", sent)
    assert (answer.status, answer.body) == (200, b"")
    found = {name.lower(): value for name, value in answer.fields}
    for varying in ("x-amzn-requestid", "date"):
        assert found.pop(varying)
    assert found == {**ORIGIN, "access-control-max-age": "172800", "content-length": "0", **more}
