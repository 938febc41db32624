"""Every member of the newest model: inputs are read, outputs are produced, and the exceptions are
told here with their reasons."""

import json

import pytest

import model
from events import Subscription
from server import ROOT

# Read and checked against their constraints, and otherwise without an effect.
IGNORED = {
    "StreamId": "reserved by AWS, which says that it is not implemented; SDKs that are sent one leave "
                "the configured endpoint",
}

# Never in an answer.
NOT_PRODUCED = {
    "StreamId": "see above",
    "KeyId": "nothing is encrypted with a key of the caller's",
    "PutRecordOutput.EncryptionType": "left out where nothing is encrypted, as AWS may do",
    "PutRecordsOutput.EncryptionType": "the same",
    "Record.EncryptionType": "the same",
    "MinimumThroughputBillingCommitmentOutput.EndedAt":
        "only when a commitment has ended, which takes 24 hours: unit tests of the catalog see it",
}


def paths(shape, seen=()):
    """Members as `Structure.Member`, with those of structures and lists below."""
    for name, member in model.members(shape):
        yield f"{shape.name}.{name}"
        inner = member.member if member.type_name == "list" else member
        if inner.type_name == "structure" and inner.name not in seen:
            yield from paths(inner, seen + (inner.name,))


def produced(shape, value):
    for name, member in model.members(shape):
        if name not in value:
            continue
        yield f"{shape.name}.{name}"
        assert value[name] is not None, f"{shape.name}.{name} is null"
        inner, values = member, [value[name]]
        if member.type_name == "list":
            inner, values = member.member, value[name]
        if inner.type_name == "structure":
            for each in values:
                yield from produced(inner, each)
    known = {name for name, _ in model.members(shape)}
    assert set(value) <= known, f"{shape.name} has no {set(value) - known}"


def declared(members, names):
    """The server's own description of its inputs, which its unit tests hold it to."""
    for member in members:
        yield names + (member["name"],)
        inner = member.get("members") or member.get("element", {}).get("members")
        if inner:
            yield from declared(inner, names + (member["name"],))


def modelled(shape, names=()):
    for name, member in model.members(shape):
        yield names + (name,)
        inner = member.member if member.type_name == "list" else member
        if inner.type_name == "structure":
            yield from modelled(inner, names + (name,))


@pytest.mark.parametrize("name", model.OPERATIONS)
def test_every_member_of_the_input_is_read(name):
    inputs = json.loads((ROOT / "proto-spec" / "vectors" / "inputs.json").read_text())["inputs"]
    ours, = [each["members"] for each in inputs if each["operation"] == name]
    theirs = model.operation(name).input_shape
    assert set(declared(ours, ())) == set(modelled(theirs))


def test_every_member_of_the_outputs_is_produced(own):
    server = own("--limits", "write-records=3")
    seen, called = set(), set()

    def call(name, **body):
        answer = server.ok(name, body)
        shape = model.operation(name).output_shape
        called.add(name)
        if shape is None:
            assert answer == b"", name
            return {}
        seen.update(produced(shape, answer))
        return answer

    call("UpdateAccountSettings", MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    call("CreateStream", StreamName="s", ShardCount=2)
    stream = {"StreamName": "s"}
    summary = call("DescribeStreamSummary", **stream)["StreamDescriptionSummary"]
    arn = {"StreamARN": summary["StreamARN"]}
    resource = {"ResourceARN": summary["StreamARN"]}
    call("AddTagsToStream", **stream, Tags={"a": "1", "b": "2"})
    call("ListTagsForStream", **stream)
    call("RemoveTagsFromStream", **stream, TagKeys=["a"])
    call("TagResource", **resource, Tags={"c": "3"})
    call("ListTagsForResource", **resource)
    call("UntagResource", **resource, TagKeys=["c"])
    call("IncreaseStreamRetentionPeriod", **stream, RetentionPeriodHours=48)
    call("DecreaseStreamRetentionPeriod", **stream, RetentionPeriodHours=24)
    call("EnableEnhancedMonitoring", **stream, ShardLevelMetrics=["ALL"])
    call("DisableEnhancedMonitoring", **stream, ShardLevelMetrics=["IncomingBytes"])
    call("UpdateMaxRecordSize", **arn, MaxRecordSizeInKiB=2048)
    call("UpdateShardCount", **stream, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    call("MergeShards", **stream, ShardToMerge=open_shards(server)[0],
         AdjacentShardToMerge=open_shards(server)[1])
    call("SplitShard", **stream, ShardToSplit=open_shards(server)[-1],
         NewStartingHashKey=str(2**128 - 5))
    call("StopStreamEncryption", **stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kinesis:PutRecord",
        "Resource": summary["StreamARN"]}]})
    call("PutResourcePolicy", **resource, Policy=policy)
    call("GetResourcePolicy", **resource)
    call("DeleteResourcePolicy", **resource)
    put = call("PutRecord", **stream, Data="AAAA", PartitionKey="k")
    call("PutRecords", **stream, Records=[{"Data": "AAAA", "PartitionKey": "k"}] * 5)
    for shard in ("shardId-000000000000", put["ShardId"]):
        iterator = call("GetShardIterator", **stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        call("GetRecords", **iterator)
    consumer = call("RegisterStreamConsumer", **arn, ConsumerName="c")["Consumer"]
    call("RegisterStreamConsumer", **arn, ConsumerName="d")
    call("DescribeStreamConsumer", ConsumerARN=consumer["ConsumerARN"])
    call("ListStreamConsumers", **arn, MaxResults=1)
    call("ListShards", **stream, MaxResults=2)
    call("ListShards", **stream)
    call("DescribeStream", **stream)
    call("UpdateStreamMode", **arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    call("UpdateStreamRecordDistributionStrategy", **arn, RecordDistributionStrategy="AUTO")
    call("UpdateStreamWarmThroughput", **arn, WarmThroughputMiBps=5)
    call("DescribeStreamSummary", **stream)
    call("CreateStream", StreamName="t", ShardCount=1)
    call("ListStreams", Limit=1)
    call("DescribeLimits")
    call("UpdateAccountSettings", MinimumThroughputBillingCommitment={"Status": "DISABLED"})
    call("DescribeAccountSettings")
    with Subscription(server, consumer["ConsumerARN"], shard="shardId-000000000000") as subscription:
        for event in subscription.rest(20):
            seen.update(produced(
                model.operation("SubscribeToShard").output_shape.members["EventStream"].members[
                    "SubscribeToShardEvent"], event.payload))
    with Subscription(server, consumer["ConsumerARN"], shard=put["ShardId"]) as subscription:
        event = subscription.until(lambda event: event.records)[-1]
        seen.update(produced(
            model.operation("SubscribeToShard").output_shape.members["EventStream"].members[
                "SubscribeToShardEvent"], event.payload))
    call("DeregisterStreamConsumer", ConsumerARN=consumer["ConsumerARN"])
    call("DeleteStream", StreamName="s", EnforceConsumerDeletion=True)
    # What is refused has no output, and a subscription's is its events.
    assert set(model.OPERATIONS) - called == {"StartStreamEncryption", "SubscribeToShard"}
    expected = set()
    for name in model.OPERATIONS:
        if name != "SubscribeToShard":
            expected |= set(paths(model.operation(name).output_shape))
    expected |= set(paths(model.operation("SubscribeToShard").output_shape.members[
        "EventStream"].members["SubscribeToShardEvent"]))
    missing = {each for each in expected - seen
               if each not in NOT_PRODUCED and each.split(".")[1] not in NOT_PRODUCED}
    assert missing == set()
    told_wrongly = {each for each in seen
                    if each in NOT_PRODUCED or each.split(".")[1] in NOT_PRODUCED}
    assert told_wrongly == set()


def open_shards(server):
    from shards import bounds
    shards = [each for each in server.shards("s")
              if "EndingSequenceNumber" not in each["SequenceNumberRange"]]
    return [each["ShardId"] for each in sorted(shards, key=bounds)]
