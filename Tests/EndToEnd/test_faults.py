"""Injected faults: what people use to see whether their own programs get over it."""

import base64
import json
import time

import boto3
import botocore.config
import pytest

from events import Subscription, data_of
from http2 import Http2
from server import ACCOUNT as N
from server import REGION, ROOT
from shards import SH

PTE = "ProvisionedThroughputExceededException"
WEIR = "Weir_20261122."


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from server import Server
    server = Server(tmp_path_factory.mktemp("faults") / "data", "--allow-fault-injection").start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def cleared(server):
    yield
    clear(server)


def inject(server, kind, **more):
    return server.ok("InjectFault", {"Kind": kind, **more}, target=WEIR + "InjectFault")["FaultId"]


def clear(server, fault=None):
    return server.ok("ClearFaults", {"FaultId": fault} if fault else {},
                     target=WEIR + "ClearFaults")["ClearedCount"]


def listed(server):
    return server.ok("ListFaults", target=WEIR + "ListFaults")["Faults"]


def test_it_is_off_unless_it_was_asked_for(weir):
    for operation in ("InjectFault", "ListFaults", "ClearFaults"):
        answer = weir.call(operation, {"Kind": "THROTTLE"}, target=WEIR + operation)
        assert (answer.status, answer.error) == (400, "AccessDeniedException")
        assert "--allow-fault-injection" in answer.message


@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_members_that_do_not_go_together(server, encoding):
    for body, message in [
            ({"Kind": "FAIL"}, "ErrorCode must be given with Kind FAIL."),
            ({"Kind": "DELAY"}, "DelayMilliseconds must be given with Kind DELAY."),
            ({"Kind": "THROTTLE", "ErrorCode": "InternalFailure"},
             "ErrorCode does not go with Kind THROTTLE."),
            ({"Kind": "CUT_SUBSCRIPTIONS", "Times": 1}, "Times does not go with Kind CUT_SUBSCRIPTIONS."),
            ({"Kind": "EXPIRE_ITERATORS", "ConsumerName": "c"},
             "ConsumerName does not go with Kind EXPIRE_ITERATORS."),
            ({"Kind": "STALL_SUBSCRIPTIONS", "Percentage": 5},
             "Percentage does not go with Kind STALL_SUBSCRIPTIONS."),
            ({"Kind": "THROTTLE", "ShardId": "shard"}, "ShardId shard is not the id of a shard.")]:
        answer = server.call("InjectFault", body, encoding=encoding, target=WEIR + "InjectFault")
        assert (answer.status, answer.error, answer.message) == (
            400, "InvalidArgumentException", message)
    answer = server.call("InjectFault", {"Kind": "BREAK", "Percentage": 101}, encoding=encoding,
                         target=WEIR + "InjectFault")
    assert answer.error == "ValidationException"
    assert listed(server) == []


def test_a_share_of_the_records_is_throttled(server, name):
    server.create(name, 2)
    fault = inject(server, "THROTTLE", StreamName=name, ShardId=SH(1), Percentage=50)
    records = [{"Data": "AAAA", "PartitionKey": "k", "ExplicitHashKey": key}
               for key in ("0", str(2**127)) * 4]
    answer = server.ok("PutRecords", {"StreamName": name, "Records": records})
    failed = [index for index, each in enumerate(answer["Records"]) if "ErrorCode" in each]
    assert (answer["FailedRecordCount"], failed) == (2, [3, 7])
    assert answer["Records"][3] == {
        "ErrorCode": PTE,
        "ErrorMessage": f"Rate exceeded for shard {SH(1)} in stream {name} under account {N}."}
    entry, = listed(server)
    assert entry.pop("InjectedTimestamp") == pytest.approx(time.time(), abs=10)
    assert entry == {"FaultId": fault, "Kind": "THROTTLE", "StreamName": name, "ShardId": SH(1),
                     "Percentage": 50, "Hits": 2}
    assert clear(server, fault) == 1
    assert server.ok("PutRecords", {"StreamName": name, "Records": records})["FailedRecordCount"] == 0
    assert len(server.read_all(name, SH(1))) == 2 + 4


def test_boto3_gets_over_it(server, name):
    """An SDK repeats what was throttled or has failed; the program does not notice."""
    server.create(name)
    inject(server, "THROTTLE", Operation="PutRecord", Percentage=50)
    inject(server, "FAIL", Operation="GetRecords", ErrorCode="InternalFailure", Times=2)
    client = server.client(attempts=8)
    for number in range(6):
        client.put_record(StreamName=name, Data=b"%d" % number, PartitionKey="k")
    page = client.get_records(ShardIterator=server.iterator(name))
    assert len(page["Records"]) == 6
    assert page["ResponseMetadata"]["RetryAttempts"] == 2


def test_calls_fail_with_the_named_error(server, name):
    server.create(name)
    inject(server, "FAIL", Operation="DescribeStreamSummary", StreamName=name,
           ErrorCode="ResourceInUseException", Message="not now", Times=1)
    body = {"StreamName": name}
    answer = server.call("DescribeStreamSummary", body)
    assert (answer.status, answer.body) == (
        400, {"__type": "ResourceInUseException", "message": "not now"})
    server.ok("DescribeStreamSummary", body)
    for code, status in [("ServiceUnavailable", 503), ("InternalFailure", 500)]:
        inject(server, "FAIL", Operation="ListShards", ErrorCode=code, Times=1)
        answer = server.call("ListShards", body, encoding="cbor")
        assert (answer.status, answer.error, answer.message) == (status, code, "An injected fault.")
    # By ARN, and of a shard of a put.
    arn = server.ok("DescribeStreamSummary", body)["StreamDescriptionSummary"]["StreamARN"]
    inject(server, "FAIL", StreamName=name, ErrorCode="LimitExceededException", Operation="ListTagsForResource")
    assert server.call("ListTagsForResource", {"ResourceARN": arn}).error == "LimitExceededException"
    inject(server, "FAIL", StreamName=name, ShardId="0", ErrorCode="InternalFailure", Operation="PutRecords")
    answer = server.ok("PutRecords", {"StreamName": name, "Records": [
        {"Data": "AAAA", "PartitionKey": "k"}]})
    assert answer["Records"] == [{"ErrorCode": "InternalFailure", "ErrorMessage": "An injected fault."}]
    assert server.read_all(name) == []


@pytest.mark.parametrize("names", [True, False], ids=["of-the-stream", "of-any"])
@pytest.mark.parametrize("size, padding", [(10, 0), (1_000_000, 0), (10, 20_000)])
def test_a_put_of_any_size_meets_a_fault_once(server, name, size, padding, names):
    """Those that are large or of many values are read by another thread, and looked at again then."""
    server.create(name)
    fault = inject(server, "DELAY", Operation="PutRecords", DelayMilliseconds=1,
                   **({"StreamName": name} if names else {}))
    server.ok("PutRecords", {"StreamName": name, "Padding": list(range(padding)), "Records": [
        {"Data": base64.b64encode(bytes(size)).decode(), "PartitionKey": "k"}]})
    hits = [each["Hits"] for each in listed(server)
            if each["FaultId"] == fault]
    assert hits == [1]


def test_a_delayed_call_is_performed_later_and_nothing_waits_behind_it(server, name):
    server.create(name)
    inject(server, "DELAY", Operation="PutRecord", StreamName=name, DelayMilliseconds=1500, Times=1)
    with Http2(server.connect("h2")) as client:
        began = time.monotonic()
        slow = client.request("Kinesis_20131202.PutRecord", json.dumps({
            "StreamName": name, "Data": "AAAA", "PartitionKey": "k"}).encode())
        quick = client.request(
            "Kinesis_20131202.DescribeStreamSummary", json.dumps({"StreamName": name}).encode())
        assert client.response(quick).status == 200
        assert time.monotonic() - began < 1.4
        assert client.response(slow).status == 200
        assert time.monotonic() - began > 1.4
    assert len(server.read_all(name)) == 1


def test_a_client_that_does_not_wait_for_a_delayed_call_harms_nobody(server, name):
    server.create(name)
    inject(server, "DELAY", Operation="PutRecord", DelayMilliseconds=300)
    for _ in range(5):
        connection = server.http1()
        connection.send_request("Kinesis_20131202.PutRecord", (
            '{"StreamName": "%s", "Data": "AAAA", "PartitionKey": "k"}' % name).encode())
        time.sleep(0.05)
        connection.close()
    time.sleep(0.5)
    clear(server)
    # Nobody waited for them any more, so they were not performed.
    assert server.read_all(name) == []


def test_a_delayed_call_whose_client_has_gone_keeps_no_memory(server, name):
    server.create(name)
    inject(server, "DELAY", Operation="PutRecord", DelayMilliseconds=600000)
    body = json.dumps({
        "StreamName": name, "Data": "A" * 900000, "PartitionKey": "k"}).encode()
    connections = [server.http1() for _ in range(10)]
    for connection in connections:
        connection.send_request("Kinesis_20131202.PutRecord", body)
    wait_for_body_memory(server, lambda held: held >= 10 * len(body))
    for connection in connections:
        connection.close()
    wait_for_body_memory(server, lambda held: held < len(body))


def wait_for_body_memory(server, is_wanted, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        lines = server.get("/metrics").body.decode().splitlines()
        held, = [int(line.split()[1]) for line in lines if line.startswith("weir_body_memory_bytes ")]
        if is_wanted(held):
            return
        assert time.monotonic() < deadline, f"{held} bytes are held"
        time.sleep(0.05)


def test_a_delayed_call_sees_what_was_done_meanwhile(own):
    """Also what came in by another reactor than its own."""
    server = own("--allow-fault-injection", "--reactors", "2")
    inject(server, "DELAY", Operation="DescribeStreamSummary", DelayMilliseconds=300)
    delayed, others = server.http1(), [server.http1(), server.http1()]
    for number in range(6):
        stream = f"stream-{number}"
        body = json.dumps({"StreamName": stream}).encode()
        delayed.send_request("Kinesis_20131202.DescribeStreamSummary", body)
        time.sleep(0.05)
        other = others[number % 2]
        other.send_request("Kinesis_20131202.CreateStream", json.dumps({
            "StreamName": stream, "ShardCount": 1}).encode())
        assert other.read_response().status == 200
        assert delayed.read_response().status == 200, stream


def test_iterators_expire_at_once(server, name):
    server.create(name, 2)
    old = [server.iterator(name, SH(number)) for number in (0, 1)]
    inject(server, "EXPIRE_ITERATORS", StreamName=name, ShardId=SH(0))
    answer = server.call("GetRecords", {"ShardIterator": old[0]})
    assert answer.error == "ExpiredIteratorException"
    assert answer.message.startswith("Iterator expired. The iterator was created at time ")
    server.ok("GetRecords", {"ShardIterator": old[1]})
    time.sleep(0.01)
    fresh = server.iterator(name, SH(0))
    following = server.ok("GetRecords", {"ShardIterator": fresh})["NextShardIterator"]
    server.ok("GetRecords", {"ShardIterator": following})


def test_a_subscription_is_cut_and_resumed(server, name):
    arn = server.create(name)
    consumers = [server.consumer(arn, each) for each in ("first", "second")]
    server.put(name, b"one")
    cut, other = (Subscription(server, each) for each in consumers)
    event = cut.until(lambda event: event.records)[-1]
    inject(server, "CUT_SUBSCRIPTIONS", StreamName=name, ConsumerName="first")
    with pytest.raises(Exception) as failure:
        cut.rest(10)
    assert not isinstance(failure.value, AssertionError), "it ended cleanly"
    server.put(name, b"two")
    again = Subscription(server, consumers[0], kind="AFTER_SEQUENCE_NUMBER",
                         SequenceNumber=event.continuation)
    assert data_of(again.records(1)) == [b"two"]
    assert data_of(other.records(2)) == [b"one", b"two"]
    assert listed(server) == []
    again.close(), other.close()


def test_a_subscription_stands_still_and_goes_on(server, name):
    consumer = server.consumer(server.create(name))
    with Subscription(server, consumer, timeout=8) as subscription:
        subscription.next()
        fault = inject(server, "STALL_SUBSCRIPTIONS", StreamName=name)
        for number in range(10):
            server.put(name, b"%d" % number)
        deadline = time.monotonic() + 5
        while True:
            cursor, = server.ok("ListCursors", {"StreamName": name},
                                target=WEIR + "ListCursors")["Cursors"]
            if cursor.get("StallReason") or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        assert (cursor["StallReason"], cursor["RecordsBehind"]) == ("FAULT", 10)
        clear(server, fault)
        assert data_of(subscription.records(10)) == [b"%d" % number for number in range(10)]


def test_faults_are_the_accounts_and_the_regions_own(server, name):
    server.create(name)
    inject(server, "FAIL", ErrorCode="InternalFailure")
    assert server.call("DescribeStreamSummary", {"StreamName": name}).error == "InternalFailure"
    for key, region in [("111122223333", REGION), ("AKIDEXAMPLE", "eu-west-1")]:
        fields = [("Authorization", f"AWS4-HMAC-SHA256 Credential={key}/20261124/{region}/kinesis/"
                   "aws4_request, SignedHeaders=host, Signature=00")]
        assert server.call("ListStreams", fields=fields).body["StreamNames"] == []
        assert server.ok("ListFaults", target=WEIR + "ListFaults", fields=fields)["Faults"] == []
        assert server.ok("ClearFaults", target=WEIR + "ClearFaults", fields=fields) == {
            "ClearedCount": 0}
    assert len(listed(server)) == 1


def test_boto3_injects_through_the_model(server, name, monkeypatch):
    monkeypatch.setenv("AWS_DATA_PATH", str(ROOT / "proto-spec" / "botocore"))
    weir = boto3.session.Session(
        aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="example", region_name=REGION
    ).client("weir", endpoint_url=server.url, verify=server.authority,
             config=botocore.config.Config(retries={"total_max_attempts": 1}))
    fault = weir.inject_fault(Kind="DELAY", DelayMilliseconds=5, DurationSeconds=60)["FaultId"]
    entry, = weir.list_faults()["Faults"]
    assert (entry["FaultId"], entry["DelayMilliseconds"], entry["Percentage"]) == (fault, 5, 100)
    assert (entry["EndTimestamp"] - entry["InjectedTimestamp"]).total_seconds() == 60
    assert weir.clear_faults(FaultId=fault)["ClearedCount"] == 1
    with pytest.raises(weir.exceptions.ResourceNotFoundException):
        weir.clear_faults(FaultId=fault)
    with pytest.raises(weir.exceptions.InvalidArgumentException):
        weir.inject_fault(Kind="FAIL")
    for _ in range(100):
        weir.inject_fault(Kind="EXPIRE_ITERATORS")
    with pytest.raises(weir.exceptions.LimitExceededException):
        weir.inject_fault(Kind="EXPIRE_ITERATORS")
    assert weir.clear_faults()["ClearedCount"] == 100
