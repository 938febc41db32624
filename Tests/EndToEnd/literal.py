"""What a whole answer written out by hand is compared with: status, every header field, body.

Printed as a program, the number of such literals:

    .build-tests/venv/bin/python Tests/EndToEnd/literal.py
"""

import base64
import json
import re

import cbor
from server import CONTENT_TYPES

REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
ON_EVERY_ANSWER = {"x-amzn-requestid", "x-amz-id-2", "content-length", "date"}


def in_json(value):
    """Bytes as they stand in JSON."""
    if isinstance(value, dict):
        return {name: in_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [in_json(each) for each in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def check_fields(fields, content_type, length, more=frozenset()):
    """Exactly the fields that every answer has, a content type unless there is nothing, and `more`."""
    names = [name.lower() for name, _ in fields]
    assert len(names) == len(set(names)), names
    found = {name.lower(): value for name, value in fields}
    wanted = ON_EVERY_ANSWER | ({"content-type"} if content_type else set()) | set(more)
    assert set(found) == wanted
    assert found.get("content-type") == content_type
    assert REQUEST_ID.fullmatch(found["x-amzn-requestid"])
    assert 64 <= len(base64.b64decode(found["x-amz-id-2"], validate=True)) <= 80
    assert int(found["content-length"]) == length
    assert DATE.fullmatch(found["date"])


def check_error(answer, encoding, status, code, text):
    """One error as a whole. The text of SerializationException has a key of its own; where the text
    tells the time it is a pattern."""
    key = "Message" if code == "SerializationException" else "message"
    if isinstance(text, re.Pattern):
        assert set(answer.body) == {"__type", key} and answer.body["__type"] == code, answer
        assert text.fullmatch(answer.body[key]), answer.body[key]
    else:
        assert (answer.status, answer.body) == (status, {"__type": code, key: text})
    assert answer.status == status
    decode = json.loads if encoding == "json" else cbor.decode
    assert decode(answer.raw) == answer.body
    check_fields(answer.fields, CONTENT_TYPES[encoding], len(answer.raw))


if __name__ == "__main__":
    import test_matrix
    import test_matrix_front
    import test_matrix_kinds
    import test_matrix_states

    tables = {**test_matrix.TABLES, **test_matrix_front.TABLES, **test_matrix_kinds.TABLES,
              **test_matrix_states.TABLES}
    for name, rows in tables.items():
        print(f"{len(rows):5} {name}")
    print(f"{sum(map(len, tables.values())):5} in all")
