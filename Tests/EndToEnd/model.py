"""The service model of the pinned botocore, and what it says about a request.

Nothing here knows the server's own tables: the violations of a body are computed from the model's
data, in the words of AWS."""

import re

import botocore.session

_model = botocore.session.get_session().get_service_model("kinesis")
# Of the model, but none of the classic operations.
LATER = {name for name in _model.operation_names if "Queue" in name or "Channel" in name}
OPERATIONS = [name for name in _model.operation_names if name not in LATER]
MUST = "Member must "


def operation(name):
    return _model.operation_model(name)


def members(shape):
    """The members of a structure in the model's order."""
    return shape.members.items() if shape is not None else []


def lowered(name):
    return name[0].lower() + name[1:]


def matches(pattern, text):
    return re.fullmatch(pattern, text) is not None


def valid(shape):
    """A value that the model allows: the shortest of its kind that says what it is."""
    kind, facts = shape.type_name, shape.metadata
    if kind == "structure":
        return {name: valid(member) for name, member in shape.members.items()
                if name in shape.required_members}
    if kind == "list":
        return [valid(shape.member)]
    if kind == "map":
        return {"key": "value"}
    if kind in ("integer", "long"):
        return max(1, facts.get("min", 1))
    if kind == "boolean":
        return False
    if kind == "timestamp":
        return 1_500_000_000
    if kind == "blob":
        return "AAAA"
    if "enum" in facts:
        return facts["enum"][0]
    return next(text for text in (
        "conformance", "arn:aws:kinesis:us-east-1:123456789012:stream/conformance",
        "arn:aws:kinesis:us-east-1:123456789012:stream/conformance/consumer/c:1", "1",
        "abcdefghij0123456789-abc")
        if matches(facts.get("pattern", ".*"), text))


def _length_phrase(least, most):
    return f"[{MUST}have length less than or equal to {most}, {MUST}have length greater than or equal to {least}]"


def violations(shape, value, path=""):
    """What is wrong with a value: pairs of path and phrase."""
    found = set()
    kind, facts = shape.type_name, shape.metadata
    if kind == "structure":
        for name, member in shape.members.items():
            inner = f"{path}.{lowered(name)}" if path else lowered(name)
            if value.get(name) is None:
                if name in shape.required_members:
                    found.add((inner, MUST + "not be null"))
            else:
                found |= violations(member, value[name], inner)
        return found
    if kind in ("integer", "long"):
        if value < facts.get("min", value):
            found.add((path, f"{MUST}have value greater than or equal to {facts['min']}"))
        if value > facts.get("max", value):
            found.add((path, f"{MUST}have value less than or equal to {facts['max']}"))
        return found
    if kind in ("boolean", "timestamp"):
        return found
    length = len(value) if kind != "blob" else len(value) * 3 // 4 - value.count("=")
    if length < facts.get("min", length):
        found.add((path, f"{MUST}have length greater than or equal to {facts['min']}"))
    if length > facts.get("max", length):
        found.add((path, f"{MUST}have length less than or equal to {facts['max']}"))
    if kind == "string":
        if "pattern" in facts and not matches(facts["pattern"], value):
            found.add((path, f"{MUST}satisfy regular expression pattern: {facts['pattern']}"))
        if "enum" in facts and value not in facts["enum"]:
            found.add((path, f"{MUST}satisfy enum value set: {sorted(facts['enum'])}"))
    elif kind == "list" and shape.member.type_name == "structure":
        for index, element in enumerate(value):
            found |= violations(shape.member, element, f"{path}.{index + 1}.member")
    elif kind == "list":
        element = shape.member.metadata
        for each in value:
            if "enum" in element and each not in element["enum"]:
                found.add((path, f"{MUST}satisfy constraint: [{MUST}satisfy enum value set: "
                                 f"{sorted(element['enum'])}]"))
            elif "max" in element and not element["min"] <= len(each) <= element["max"]:
                found.add((path, f"{MUST}satisfy constraint: "
                                 + _length_phrase(element["min"], element["max"])))
    elif kind == "map":
        for part, word, texts in ((shape.key, "keys", value.keys()), (shape.value, "value", value.values())):
            least, most = part.metadata["min"], part.metadata["max"]
            if not all(least <= len(each) <= most for each in texts):
                found.add((path, f"Map {word} must satisfy constraint: {_length_phrase(least, most)}"))
    return found


_ITEM = re.compile(r"Value (.*?) at '([^']+)' failed to satisfy constraint: (.+)", re.DOTALL)
_ENUM = re.compile(r"(enum value set: )\[([^]]*)\]")


def told(message):
    """The pairs of path and phrase in a ValidationException's text, whose form is checked."""
    form = re.fullmatch(r"(\d+) validation (error|errors) detected: (.*)", message, re.DOTALL)
    assert form, message
    items = re.split(r"; (?=Value )", form[3])
    assert len(items) == int(form[1]) <= 10
    assert form[2] == ("error" if len(items) == 1 else "errors")
    found = set()
    for item in items:
        parts = _ITEM.fullmatch(item)
        assert parts, item
        # In which order an enum is listed is nobody's promise.
        phrase = _ENUM.sub(lambda at: at[1] + str(sorted(at[2].split(", "))), parts[3])
        found.add((parts[2], phrase))
    return found


JAVA = {"string": "String", "integer": "Integer", "long": "Long", "boolean": "Boolean", "blob": "Blob"}
LIST_FOUND = "Start of list found where not expected"
MAP_FOUND = "Start of structure or map found where not expected."


def refusal(shape, value, encoding):
    """AWS's text for a value of another kind than the shape's; None if it can be converted."""
    kind = shape.type_name
    if isinstance(value, list):
        return None if kind == "list" else LIST_FOUND
    if isinstance(value, dict):
        return None if kind in ("map", "structure") else MAP_FOUND
    if kind in ("list", "map"):
        return f"Expected {kind} or null"
    if kind == "structure":
        return "Expected null"
    if isinstance(value, bool):
        found = "class java.lang.Boolean"
        if kind == "boolean":
            return None
    elif isinstance(value, int):
        found = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
        if kind in ("integer", "long", "timestamp"):
            return None
    else:
        found = "class java.lang.String"
        if kind == "string":
            return None
        if kind == "boolean":
            return f"'{value.upper()}' can not be converted to an Boolean"
        if kind == "blob":
            if encoding == "json":
                return (f"'{value}' can not be converted to a Blob: Base64 encoded length is expected "
                        f"a multiple of 4 bytes but found: {len(value)}")
            return f"{found} can not be converted to a Blob"
    if kind == "timestamp":
        return f"{found} can not be converted to milliseconds since epoch"
    return f"{found} can not be converted to {'a' if kind == 'blob' else 'an'} {JAVA[kind]}"
