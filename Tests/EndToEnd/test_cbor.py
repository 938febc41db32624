"""CBOR 1.1 as Java speaks it: the same answers as JSON, in the caller's encoding."""

import base64
import time

import pytest

import cbor
from cbor import Indefinite, Timestamp
from server import CONTENT_TYPES

SH = "shardId-000000000000"


def test_the_vector_of_an_iterator_at_a_time(weir):
    """GetShardIterator as Jackson writes it, byte for byte."""
    if weir.call("DescribeStreamSummary", {"StreamName": "foo"}).status != 200:
        weir.create("foo")
    vector = bytes.fromhex(
        "bf6a53747265616d4e616d6563666f6f675368617264496474736861726449642d3030303030303030303030307153"
        "686172644974657261746f72547970656c41545f54494d455354414d506954696d657374616d70c11b0000016873"
        "14ba24ff")
    assert cbor.decode(vector) == {
        "StreamName": "foo", "ShardId": SH, "ShardIteratorType": "AT_TIMESTAMP",
        "Timestamp": Timestamp(1548118964772)}
    with weir.http1() as connection:
        connection.send_request("Kinesis_20131202.GetShardIterator", vector, CONTENT_TYPES["cbor"])
        answer = connection.read_response()
    assert answer.status == 200 and answer.field("content-type") == CONTENT_TYPES["cbor"]
    assert set(cbor.decode(answer.body)) == {"ShardIterator"}


def test_the_vector_of_an_error(weir):
    answer = weir.call("DescribeStream", {"StreamName": "absent"}, encoding="cbor")
    assert answer.status == 400
    assert answer.body == {"__type": "ResourceNotFoundException",
                           "message": "Stream absent under account 123456789012 not found."}
    assert ("application/x-amz-cbor-1.1" in (value for _, value in answer.fields))


def test_blobs_are_raw_bytes_both_ways(weir, name):
    weir.create(name)
    data = bytes(range(256))
    put = weir.ok("PutRecord", {"StreamName": name, "Data": data, "PartitionKey": "k"}, encoding="cbor")
    iterator = weir.ok("GetShardIterator", {
        "StreamName": name, "ShardId": SH, "ShardIteratorType": "TRIM_HORIZON"}, encoding="cbor")
    page = weir.ok("GetRecords", {"ShardIterator": iterator["ShardIterator"]}, encoding="cbor")
    record, = page["Records"]
    assert record["Data"] == data and record["SequenceNumber"] == put["SequenceNumber"]
    assert isinstance(record["ApproximateArrivalTimestamp"], Timestamp)
    assert abs(record["ApproximateArrivalTimestamp"] / 1000 - time.time()) < 60
    assert page["MillisBehindLatest"] == 0
    in_json = weir.ok("GetRecords", {"ShardIterator": iterator["ShardIterator"]})["Records"][0]
    assert base64.b64decode(in_json["Data"]) == data
    assert round(in_json["ApproximateArrivalTimestamp"] * 1000) == record["ApproximateArrivalTimestamp"]


def as_json(value):
    """What JSON would say: blobs in base64, timestamps in seconds."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    if isinstance(value, Timestamp):
        return value / 1000
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


@pytest.mark.parametrize("operation", [
    "DescribeStream", "DescribeStreamSummary", "ListShards", "ListStreams", "ListStreamConsumers",
    "DescribeStreamConsumer"])
def test_the_same_answer_in_both_encodings(weir, operation, request):
    stream = "both-encodings"
    if weir.call("DescribeStreamSummary", {"StreamName": stream}).status != 200:
        arn = weir.create(stream, 2)
        weir.consumer(arn)
        weir.split(stream, SH)
    arn = weir.active(stream)
    body = {"ListStreams": {"ExclusiveStartStreamName": "both-encodinga", "Limit": 1},
            "ListStreamConsumers": {"StreamARN": arn},
            "DescribeStreamConsumer": {"StreamARN": arn, "ConsumerName": "app"}
            }.get(operation, {"StreamName": stream})
    in_json, in_cbor = weir.ok(operation, body), weir.ok(operation, body, encoding="cbor")
    in_json.pop("NextToken", None), in_cbor.pop("NextToken", None)
    assert as_json(in_cbor) == in_json


def test_everything_that_java_may_write(weir, name):
    weir.create(name)
    text = cbor.encode
    forms = [
        b"\xbf" + text("StreamName") + text(name) + b"\xff",
        b"\xa1" + text("StreamName") + b"\x7f" + text(name[:3]) + text(name[3:]) + b"\xff",
        b"\xd9\xd9\xf7" + text({"StreamName": name}),
        text(Indefinite({"StreamName": name, "Limit": 5})),
        b"\xa2" + text("StreamName") + text(name) + text("Limit") + b"\x1b" + (5).to_bytes(8, "big"),
        b"\xa2" + text("StreamName") + text(name) + text("Limit") + b"\xf6",
        b"\xa2" + text("StreamName") + text(name) + text("Limit") + b"\xf7",
        b"\xa2" + text("StreamName") + text(name) + text("Unknown") + b"\x9f\x01\xbf\xff\xf9\x3c\x00\xff",
        b"\xb9\x00\x01" + text("StreamName") + text(name),
    ]
    for form in forms:
        with weir.http1() as connection:
            connection.send_request("Kinesis_20131202.DescribeStream", form, CONTENT_TYPES["cbor"])
            answer = connection.read_response()
            assert answer.status == 200, (form, answer)
            assert cbor.decode(answer.body)["StreamDescription"]["StreamName"] == name


def test_a_blob_in_pieces(weir, name):
    weir.create(name)
    body = (b"\xbf" + cbor.encode("StreamName") + cbor.encode(name) + cbor.encode("PartitionKey")
            + cbor.encode("k") + cbor.encode("Data") + b"\x5f" + cbor.encode(b"ab") + cbor.encode(b"c")
            + b"\xff\xff")
    with weir.http1() as connection:
        connection.send_request("Kinesis_20131202.PutRecord", body, CONTENT_TYPES["cbor"])
        assert connection.read_response().status == 200
    from events import data_of
    assert data_of(weir.read_all(name)) == [b"abc"]


def test_an_empty_map_in_both_forms(weir):
    for body in (b"\xa0", b"\xbf\xff"):
        with weir.http1() as connection:
            connection.send_request("Kinesis_20131202.ListStreams", body, CONTENT_TYPES["cbor"])
            assert connection.read_response().status == 200


def test_timestamps_in_every_form_mean_the_same(weir, name):
    weir.create(name)
    weir.put(name, b"x")
    arrival = weir.read_all(name)[0]["ApproximateArrivalTimestamp"]
    milliseconds = round(arrival * 1000)
    forms = [Timestamp(milliseconds), milliseconds]
    for form in forms:
        for shift, count in ((0, 1), (1, 0)):
            moved = type(form)(form + shift)
            if moved > time.time() * 1000:
                time.sleep(0.01)
            iterator = weir.ok("GetShardIterator", {
                "StreamName": name, "ShardId": SH, "ShardIteratorType": "AT_TIMESTAMP",
                "Timestamp": moved}, encoding="cbor")["ShardIterator"]
            assert len(weir.ok("GetRecords", {"ShardIterator": iterator})["Records"]) == count


def test_put_records_in_cbor(weir, name):
    weir.create(name)
    records = [{"Data": b"%d" % number, "PartitionKey": "k"} for number in range(500)]
    answer = weir.ok("PutRecords", {"StreamName": name, "Records": records}, encoding="cbor")
    assert answer["FailedRecordCount"] == 0 and len(answer["Records"]) == 500
    from events import data_of
    assert data_of(weir.read_all(name)) == [b"%d" % number for number in range(500)]


def test_every_truncation_is_a_serialization_error(weir, name):
    weir.create(name)
    body = cbor.encode({"StreamName": name, "Data": b"abc", "PartitionKey": "k"})
    with weir.http1() as connection:
        for length in range(1, len(body)):
            connection.send_request("Kinesis_20131202.PutRecord", body[:length], CONTENT_TYPES["cbor"])
            answer = connection.read_response()
            assert answer.status == 400
            assert cbor.decode(answer.body)["__type"] == "SerializationException"
    assert weir.read_all(name) == []


def test_an_operation_without_output_in_cbor(weir, name):
    answer = weir.call("CreateStream", {"StreamName": name, "ShardCount": 1}, encoding="cbor")
    assert (answer.status, answer.raw) == (200, b"")


def test_a_subscription_in_cbor_is_refused_before_it_begins(weir, name):
    consumer = weir.consumer(weir.create(name))
    answer = weir.call("SubscribeToShard", {
        "ConsumerARN": consumer, "ShardId": SH, "StartingPosition": {"Type": "LATEST"}}, encoding="cbor")
    assert answer.status in (400, 500)
