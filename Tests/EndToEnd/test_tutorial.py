"""What a newcomer does first: the program of a typical tutorial, unchanged, and the same by hand."""

import pathlib
import subprocess
import sys

PROGRAM = '''
import boto3

kinesis = boto3.client("kinesis")
kinesis.create_stream(StreamName="tutorial", ShardCount=1)
kinesis.get_waiter("stream_exists").wait(StreamName="tutorial")

for number in range(10):
    response = kinesis.put_record(
        StreamName="tutorial", Data=f"record {number}".encode(), PartitionKey=str(number))
    print("put", response["ShardId"], response["SequenceNumber"])

stream = kinesis.describe_stream(StreamName="tutorial")["StreamDescription"]
shard = stream["Shards"][0]["ShardId"]
iterator = kinesis.get_shard_iterator(
    StreamName="tutorial", ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
response = kinesis.get_records(ShardIterator=iterator, Limit=100)
for record in response["Records"]:
    print("got", record["Data"].decode(), record["PartitionKey"], record["SequenceNumber"])

kinesis.delete_stream(StreamName="tutorial")
'''


def test_the_tutorial_in_boto3(weir, tmp_path):
    program = tmp_path / "tutorial.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(program)], env=weir.environment(), capture_output=True, text=True,
        timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    put = [line.split()[2] for line in lines if line.startswith("put")]
    got = [line for line in lines if line.startswith("got")]
    assert [line.rsplit(" ", 1)[1] for line in got] == put
    assert [line.split(" ", 1)[1].rsplit(" ", 2)[0] for line in got] == [
        f"record {number}" for number in range(10)]


def test_the_tutorial_in_the_command_line(weir, name):
    assert weir.aws("create-stream", "--stream-name", name, "--shard-count", "1") is None
    weir.aws("wait", "stream-exists", "--stream-name", name)
    shown = weir.aws("describe-stream-summary", "--stream-name", name)["StreamDescriptionSummary"]
    assert (shown["StreamStatus"], shown["OpenShardCount"]) == ("ACTIVE", 1)
    put = weir.aws("put-record", "--stream-name", name, "--partition-key", "123",
                   "--data", "testdata")
    assert put["ShardId"] == "shardId-000000000000"
    iterator = weir.aws(
        "get-shard-iterator", "--shard-id", "shardId-000000000000", "--shard-iterator-type",
        "TRIM_HORIZON", "--stream-name", name)["ShardIterator"]
    records = weir.aws("get-records", "--shard-iterator", iterator)["Records"]
    assert [(each["Data"], each["PartitionKey"], each["SequenceNumber"]) for each in records] == [
        ("dGVzdGRhdGE=", "123", put["SequenceNumber"])]
    assert name in weir.aws("list-streams")["StreamNames"]
    weir.aws("delete-stream", "--stream-name", name)
    weir.aws("wait", "stream-not-exists", "--stream-name", name)


def test_no_name_beyond_this_machine_resolves():
    import socket

    import pytest

    with pytest.raises(OSError):
        socket.getaddrinfo("kinesis.us-east-1.amazonaws.com", 443)
    done = subprocess.run(
        [sys.executable, "-c", "import socket; socket.getaddrinfo('kinesis.us-east-1.amazonaws.com', 443)"],
        env={"PYTHONPATH": str(pathlib.Path(__file__).parent / "loopback")}, capture_output=True)
    assert done.returncode != 0 and b"loopback only" in done.stderr
