"""The vectors of the specification, read by decoders that are not Weir's."""

import base64
import json

import pytest
from botocore.eventstream import EventStreamBuffer

import cbor
from cbor import Timestamp
from server import CONTENT_TYPES, ROOT

VECTORS = ROOT / "proto-spec" / "vectors"


def vectors(file, list_name):
    rows = json.loads((VECTORS / f"{file}.json").read_text())[list_name]
    assert rows
    return [pytest.param(row, id=str(row.get("name", row.get("key", row.get("count"))))) for row in rows]


@pytest.mark.parametrize("vector", vectors("event-stream", "messages"))
def test_botocore_reads_every_message(vector):
    buffer = EventStreamBuffer()
    buffer.add_data(bytes.fromhex(vector["hex"]))
    message, = list(buffer)
    assert message.payload.decode() == (vector.get("payload") or "")
    assert list(message.headers) == [header["name"] for header in vector["headers"]]
    for header in vector["headers"]:
        if header["type"] == "string":
            assert message.headers[header["name"]] == header["value"]


@pytest.mark.parametrize("vector", [
    row for row in vectors("event-stream", "refused") if row.values[0]["fault"] in (
        "preludeChecksum", "messageChecksum", "duplicateHeader", "headersTooLong", "payloadTooLong")])
def test_botocore_refuses_what_is_to_be_refused(vector):
    buffer = EventStreamBuffer()
    buffer.add_data(bytes.fromhex(vector["hex"]))
    with pytest.raises(Exception):
        list(buffer)


def plain(value):
    """The JSON that says the same: blobs in base64, times in seconds."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, Timestamp):
        return value / 1000
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


@pytest.mark.parametrize("vector", vectors("cbor-messages", "messages"))
def test_the_messages_in_cbor_say_what_their_json_says(vector):
    assert plain(cbor.decode(bytes.fromhex(vector["cbor"]))) == json.loads(vector["json"])


@pytest.mark.parametrize("vector", vectors("cbor-refused", "documents"))
def test_the_server_refuses_documents_that_are_not_of_the_subset(weir, vector):
    document = bytes.fromhex(vector["cbor"])
    if not document:
        document = b"\xff"
    with weir.http1() as connection:
        connection.send_request("Kinesis_20131202.ListStreams", document, CONTENT_TYPES["cbor"])
        answer = connection.read_response()
    assert answer.status == 400
    assert cbor.decode(answer.body)["__type"] == "SerializationException"


@pytest.mark.parametrize("vector", vectors("sequence-numbers", "numbers"))
def test_sequence_numbers_are_laid_out_as_aws_does(vector):
    created, shard = int(vector["shardCreatedSecond"]), vector["shardIndex"]
    digits = (f"2{created:09x}{shard & 15:x}{int(vector['index']):016x}00"
              f"{int(vector['second']):09x}{shard:08x}2")
    assert digits == vector["hexadecimal"]
    assert str(int(digits, 16)) == vector["decimal"]


@pytest.mark.parametrize("vector", vectors("sequence-numbers", "tilings"))
def test_a_new_stream_is_tiled_as_the_vector_says(weir, vector, name):
    weir.create(name, vector["count"])
    found = [{"start": each["HashKeyRange"]["StartingHashKey"], "end": each["HashKeyRange"]["EndingHashKey"]}
             for each in weir.shards(name)]
    assert found[:len(vector["ranges"])] == vector["ranges"] or found == vector["ranges"]


@pytest.mark.parametrize("vector", [
    row for row in vectors("sequence-numbers", "partitionKeys") if row.values[0]["key"]])
def test_a_record_goes_where_the_vector_says(weir, vector, name):
    for count, index in vector["shardOf"].items():
        stream = f"{name}-{count}"
        weir.create(stream, int(count))
        assert weir.put(stream, b"x", vector["key"])["ShardId"] == f"shardId-{index:012}"
