"""Every constraint of the newest model, sent raw: what is required missing, kinds wrong, bounds
crossed by one on both sides, patterns and enums broken; in JSON and in CBOR."""

import base64

import pytest

import cbor
import model
from server import REGION

WRONG = ["words", 7, True, [], {}]


def places(shape, path=()):
    """Every member below a structure, with the path to it through lists and structures."""
    for name, member in model.members(shape):
        here = path + (name,)
        yield here, member, name in shape.required_members
        if member.type_name == "structure":
            yield from places(member, here)
        elif member.type_name == "list" and member.member.type_name == "structure":
            yield from places(member.member, here + (0,))


def base(shape, path):
    """A valid body that has the structures and lists on the way to a member."""
    body = model.valid(shape)
    at, kind = body, shape
    for step in path[:-1]:
        kind = kind.member if step == 0 else kind.members[step]
        if step == 0:
            at = at[0]
            continue
        at = at.setdefault(step, model.valid(kind))
    return body, at


def longer(shape, count):
    """A text of a length that follows the pattern if that is possible."""
    text = model.valid(shape)
    pattern = shape.metadata.get("pattern", ".*")
    for filler in "a0":
        candidate = text + filler * (count - len(text))
        if model.matches(pattern, candidate):
            return candidate
    return "x" * count


def values(shape):
    """Values at the bounds and one beyond them, and such as break patterns and enums."""
    kind, facts = shape.type_name, shape.metadata
    if kind in ("integer", "long"):
        for bound in (facts.get("min"), facts.get("max")):
            if bound is not None:
                yield from (bound - 1, bound, bound + 1)
    elif kind == "string":
        if "enum" in facts:
            yield from facts["enum"]
            yield from ("", "NOTHING", facts["enum"][0].lower())
        if "pattern" in facts:
            yield from ("!", "with space", model.valid(shape) + "\n")
        if "min" in facts and facts["min"] > 0:
            yield from ("x" * (facts["min"] - 1), longer(shape, facts["min"]))
        if "max" in facts:
            yield from (longer(shape, facts["max"]), longer(shape, facts["max"] + 1))
    elif kind == "blob":
        for size in (facts["min"], facts["max"], facts["max"] + 1):
            yield base64.b64encode(bytes(size)).decode()
    elif kind == "list":
        element = model.valid(shape.member)
        for count in (facts["min"] - 1, facts["min"], facts["max"], facts["max"] + 1):
            yield [element] * count
        if shape.member.type_name == "string":
            for text in values(shape.member):
                yield [text]
    elif kind == "map":
        for count in (facts["min"] - 1, facts["min"], facts["max"], facts["max"] + 1):
            yield {f"k{number}": "v" for number in range(count)}
        for key in values(shape.key):
            yield {key: "v"}
        for text in values(shape.value):
            yield {"k": text}


def in_cbor(shape, value):
    """Blobs as bytes and timestamps as CBOR has them."""
    if value is None:
        return None
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {name: in_cbor(shape.members[name], each) for name, each in value.items()}
    if kind == "list" and isinstance(value, list):
        return [in_cbor(shape.member, each) for each in value]
    if kind == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:
            return value
    if kind == "timestamp" and type(value) is int:
        return cbor.Timestamp(value * 1000)
    return value


def cases(name, encoding):
    """Every body with one thing wrong or just right, and what the model says of it: None, the
    text of a SerializationException, or the violations of a ValidationException."""
    shape = model.operation(name).input_shape
    if shape is None:
        return
    for path, member, required in places(shape):
        if required:
            for absent in (True, False):
                body, at = base(shape, path)
                if absent:
                    at.pop(path[-1], None)
                else:
                    at[path[-1]] = None
                yield body, model.violations(shape, body)
        for wrong in WRONG:
            text = model.refusal(member, wrong, encoding)
            if text:
                body, at = base(shape, path)
                at[path[-1]] = wrong
                yield body, text
        for value in values(member):
            body, at = base(shape, path)
            at[path[-1]] = value
            yield body, model.violations(shape, body)


@pytest.fixture(scope="module")
def elsewhere():
    """Credentials of an account that has nothing, so that no case changes what another meets."""
    return [("Authorization", "AWS4-HMAC-SHA256 Credential=999988887777/20261124/"
             f"{REGION}/kinesis/aws4_request, SignedHeaders=host, Signature=00")]


@pytest.mark.parametrize("encoding", ["json", "cbor"])
@pytest.mark.parametrize("name", model.OPERATIONS)
def test_constraints(weir, elsewhere, name, encoding, record_property):
    if name == "SubscribeToShard" and encoding == "cbor":
        pytest.skip("its events are JSON, and so is its request")
    count = 0
    shape = model.operation(name).input_shape
    for body, expected in cases(name, encoding):
        sent = body if encoding == "json" else in_cbor(shape, body)
        answer = weir.call(name, sent, encoding=encoding, fields=elsewhere)
        note = f"{name} {repr(body)[:300]}: {repr(answer)[:600]}"
        count += 1
        if isinstance(expected, str):
            assert (answer.status, answer.error) == (400, "SerializationException"), note
            assert answer.body["Message"] == expected, note
        elif expected:
            assert (answer.status, answer.error) == (400, "ValidationException"), note
            assert model.told(answer.message) == expected, note
        elif answer.error == "ValidationException":
            assert "failed to satisfy constraint" not in answer.message, note
        else:
            assert answer.error != "SerializationException" and answer.status < 500, note
    if name == "CreateStream":
        for stream in weir.ok("ListStreams", fields=elsewhere)["StreamNames"]:
            weir.ok("DeleteStream", {"StreamName": stream}, fields=elsewhere)
    record_property("cases", count)
    print(name, encoding, count)
