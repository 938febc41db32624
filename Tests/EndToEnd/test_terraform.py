"""The calls of Terraform's AWS provider, replayed raw: what it sends for a stream, a consumer and a
resource policy, in its order, and each answer read as it reads it.

The provider's program is not here. `Provider` sends what it sends and looks at the members that it
looks at: its decoder refuses a member of another type, its waits end in an error when a state is
neither the pending nor the wanted one, and of errors it knows ResourceNotFoundException alone."""

import json
import re
import time

import pytest

from server import REGION, Server

# The provider's access key is exactly twelve digits, which makes it the account.
ACCOUNT = "210987654321"
RNF, RIU = "ResourceNotFoundException", "ResourceInUseException"
METRICS = ["IncomingBytes", "OutgoingBytes"]
TAGS = {"Environment": "test", "Owner": "team a", "Empty": ""}


@pytest.fixture(scope="module", params=[0, 50], ids=["at-once", "50-ms"])
def provider(request, tmp_path_factory):
    """A server whose states pass at once, and one in which they last."""
    server = Server(
        tmp_path_factory.mktemp("terraform") / "data", "--state-delay-ms", str(request.param)).start()
    yield Provider(server, request.param)
    server.stop()


class Refused(Exception):
    def __init__(self, operation, answer):
        super().__init__(f"{operation}: {answer!r}")
        self.code, self.message = answer.error, answer.message


class Provider:
    def __init__(self, server, delay):
        self.server = server
        self.delay = delay
        self.attempts = 0

    def call(self, operation, body=None):
        """One request with the fields of the SDK for Go; an error is raised by its code."""
        self.attempts += 1
        answer = self.server.call(operation, body, fields=[
            ("Authorization", f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20261127/{REGION}/kinesis/"
             "aws4_request, SignedHeaders=amz-sdk-invocation-id;content-length;content-type;host;"
             "x-amz-date;x-amz-target, Signature=00"),
            ("X-Amz-Date", "20261127T000000Z"),
            ("Amz-Sdk-Invocation-Id", f"00000000-0000-4000-8000-{self.attempts:012}"),
            ("Amz-Sdk-Request", "attempt=1; max=25")])
        if answer.status != 200:
            # The decoder takes the code from the body, and the request's id for its message.
            assert isinstance(answer.body["__type"], str) and isinstance(answer.message, str), answer
            assert dict((name.lower(), value) for name, value in answer.fields)["x-amzn-requestid"]
            raise Refused(operation, answer)
        return answer.body

    def done(self, operation, body):
        """A call without output: the decoder reads the body away, and there is none."""
        assert self.call(operation, body) == b"", operation

    # Streams.

    def find(self, name):
        """The summary of a stream, None when it is not found; every member that is read, by type."""
        try:
            answer = self.call("DescribeStreamSummary", {"StreamName": name})
        except Refused as refused:
            if refused.code == RNF:
                return None
            raise
        summary = answer["StreamDescriptionSummary"]
        for member in ("StreamARN", "StreamName", "StreamStatus", "EncryptionType"):
            assert type(summary[member]) is str, member
        for member in ("RetentionPeriodHours", "OpenShardCount", "MaxRecordSizeInKiB"):
            assert type(summary[member]) is int, member
        assert type(summary["StreamCreationTimestamp"]) in (int, float)
        assert type(summary["StreamModeDetails"]["StreamMode"]) is str
        assert all(type(metric) is str for each in summary["EnhancedMonitoring"]
                   for metric in each["ShardLevelMetrics"])
        # With a StreamId the SDK would turn to another host.
        assert "StreamId" not in summary
        return summary

    def wait(self, name, pending, wanted, find=None, member="StreamStatus", seconds=30):
        """Polls until the state is the wanted one (None: not found); any third state is an error."""
        deadline = time.monotonic() + seconds
        while True:
            found = (find or self.find)(name)
            state = found[member] if found else None
            if state == wanted:
                return found
            # Without a delay the first look finds what it waits for.
            assert state == pending and self.delay, f"{name} is {state} and not {wanted}"
            assert time.monotonic() < deadline, f"{name} stays {state}"
            time.sleep(0.01)

    def updated(self, name):
        return self.wait(name, "UPDATING", "ACTIVE")

    def tags(self, name):
        """The tags of a stream, by pages."""
        found, body = {}, {"StreamName": name}
        while True:
            page = self.call("ListTagsForStream", body)
            assert type(page["HasMoreTags"]) is bool
            found |= {each["Key"]: each["Value"] for each in page["Tags"]}
            if not page["HasMoreTags"]:
                return found
            body["ExclusiveStartTagKey"] = page["Tags"][-1]["Key"]

    def plan(self, mode, more_shards):
        """What is looked at before a change is planned: the account's numbers must have room."""
        limits = self.call("DescribeLimits")
        assert all(type(limits[member]) is int for member in (
            "ShardLimit", "OpenShardCount", "OnDemandStreamCount", "OnDemandStreamCountLimit"))
        if mode == "ON_DEMAND":
            assert limits["OnDemandStreamCount"] + 1 <= limits["OnDemandStreamCountLimit"]
        else:
            assert limits["OpenShardCount"] + more_shards <= limits["ShardLimit"]
        return limits

    def create(self, name, shards=None, mode="PROVISIONED", retention=24, metrics=(), tags=None,
               encryption=None, size=None):
        """aws_kinesis_stream, created; returns its state as read afterwards."""
        self.plan(mode, shards or 0)
        body = {"StreamName": name, "StreamModeDetails": {"StreamMode": mode}}
        if shards:
            body["ShardCount"] = shards
        if tags:
            body["Tags"] = tags
        if size:
            body["MaxRecordSizeInKiB"] = size
        self.done("CreateStream", body)
        arn = self.wait(name, "CREATING", "ACTIVE")["StreamARN"]
        # The default is 24, and the call is made nevertheless.
        self.done("IncreaseStreamRetentionPeriod", {
            "StreamName": name, "RetentionPeriodHours": retention})
        self.updated(name)
        if metrics:
            self.monitor("Enable", name, metrics)
        if encryption:
            self.done("StartStreamEncryption", {
                "StreamName": name, "EncryptionType": "KMS", "KeyId": encryption})
            self.updated(name)
        state = self.read(name)
        assert state["arn"] == arn == f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"
        return state

    def monitor(self, verb, name, metrics):
        answer = self.call(f"{verb}EnhancedMonitoring", {
            "StreamName": name, "ShardLevelMetrics": metrics})
        assert answer["StreamName"] == name
        for member in ("CurrentShardLevelMetrics", "DesiredShardLevelMetrics"):
            assert all(type(metric) is str for metric in answer[member])
        self.updated(name)

    def read(self, name):
        """The attributes of aws_kinesis_stream as a refresh sets them; None when it is gone."""
        stream = self.find(name)
        if stream is None:
            return None
        mode = stream["StreamModeDetails"]["StreamMode"]
        return {
            "arn": stream["StreamARN"], "name": stream["StreamName"],
            "encryption_type": stream["EncryptionType"], "kms_key_id": stream.get("KeyId"),
            "max_record_size_in_kib": stream["MaxRecordSizeInKiB"],
            "retention_period": stream["RetentionPeriodHours"],
            "shard_count": stream["OpenShardCount"] if mode == "PROVISIONED" else None,
            "shard_level_metrics": {metric for each in stream["EnhancedMonitoring"]
                                    for metric in each["ShardLevelMetrics"]},
            "stream_mode": mode, "tags": self.tags(name),
            "warm_throughput_mib_ps": stream.get("WarmThroughput", {}).get("CurrentMiBps")}

    def resize(self, name, shards):
        answer = self.call("UpdateShardCount", {
            "StreamName": name, "ScalingType": "UNIFORM_SCALING", "TargetShardCount": shards})
        assert (answer["StreamName"], answer["TargetShardCount"]) == (name, shards)
        assert type(answer["CurrentShardCount"]) is int
        self.updated(name)

    def switch(self, arn, mode):
        self.done("UpdateStreamMode", {"StreamARN": arn, "StreamModeDetails": {"StreamMode": mode}})
        self.updated(arn.rsplit("/", 1)[1])

    def destroy(self, name, enforce=False):
        try:
            self.done("DeleteStream", {"StreamName": name, "EnforceConsumerDeletion": enforce})
        except Refused as refused:
            if refused.code == RNF:
                return
            raise
        self.wait(name, "DELETING", None)

    # Consumers.

    def find_consumer(self, arn):
        try:
            consumer = self.call("DescribeStreamConsumer", {"ConsumerARN": arn})["ConsumerDescription"]
        except Refused as refused:
            if refused.code == RNF:
                return None
            raise
        for member in ("ConsumerARN", "ConsumerName", "ConsumerStatus", "StreamARN"):
            assert type(consumer[member]) is str, member
        assert type(consumer["ConsumerCreationTimestamp"]) in (int, float)
        return consumer

    def register(self, stream, name, tags=None):
        body = {"StreamARN": stream, "ConsumerName": name}
        if tags:
            body["Tags"] = tags
        arn = self.call("RegisterStreamConsumer", body)["Consumer"]["ConsumerARN"]
        self.wait(arn, "CREATING", "ACTIVE", self.find_consumer, "ConsumerStatus")
        return arn

    def deregister(self, arn):
        try:
            self.done("DeregisterStreamConsumer", {"ConsumerARN": arn})
        except Refused as refused:
            if refused.code == RNF:
                return
            raise
        self.wait(arn, "DELETING", None, self.find_consumer, "ConsumerStatus")

    def resource_tags(self, arn):
        return {each["Key"]: each["Value"]
                for each in self.call("ListTagsForResource", {"ResourceARN": arn})["Tags"]}

    # Policies.

    def policy(self, arn):
        """The text of a policy; None when the provider would take it for gone."""
        try:
            answer = self.call("GetResourcePolicy", {"ResourceARN": arn})
        except Refused as refused:
            if refused.code == RNF:
                return None
            raise
        assert type(answer["Policy"]) is str
        return answer["Policy"]


def equivalent(one, other):
    """Whether two policies say the same: the order of members and of lists does not matter, and a
    list of one is its element."""
    def normal(value):
        if isinstance(value, dict):
            return {name: normal(each) for name, each in value.items()}
        if isinstance(value, list):
            parts = sorted(map(normal, value), key=lambda each: json.dumps(each, sort_keys=True))
            return parts[0] if len(parts) == 1 else parts
        return value
    return normal(json.loads(one)) == normal(json.loads(other))


def test_a_stream_is_created_and_read_without_differences(provider, name):
    state = provider.create(name, 2, metrics=METRICS, tags=TAGS)
    assert state == {
        "arn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}", "name": name,
        "encryption_type": "NONE", "kms_key_id": None, "max_record_size_in_kib": 1024,
        "retention_period": 24, "shard_count": 2, "shard_level_metrics": set(METRICS),
        "stream_mode": "PROVISIONED", "tags": TAGS, "warm_throughput_mib_ps": None}
    # A refresh, and one more: nothing moves by itself.
    assert provider.read(name) == state
    assert provider.read(name) == state


def test_the_least_of_a_stream(provider, name):
    """A block with a name and a count alone: no mode is sent, and none is a difference."""
    provider.plan("PROVISIONED", 1)
    provider.done("CreateStream", {"StreamName": name, "ShardCount": 1})
    provider.wait(name, "CREATING", "ACTIVE")
    provider.done("IncreaseStreamRetentionPeriod", {"StreamName": name, "RetentionPeriodHours": 24})
    provider.updated(name)
    state = provider.read(name)
    assert (state["stream_mode"], state["shard_count"], state["retention_period"], state["tags"],
            state["shard_level_metrics"]) == ("PROVISIONED", 1, 24, {}, set())


def test_a_stream_on_demand_has_no_count(provider, name):
    limits = provider.plan("ON_DEMAND", 0)
    state = provider.create(name, mode="ON_DEMAND", retention=48, size=2048)
    assert (state["stream_mode"], state["shard_count"], state["retention_period"],
            state["max_record_size_in_kib"]) == ("ON_DEMAND", None, 48, 2048)
    assert provider.plan("ON_DEMAND", 0)["OnDemandStreamCount"] == limits["OnDemandStreamCount"] + 1
    assert provider.read(name) == state
    provider.destroy(name)
    assert provider.plan("ON_DEMAND", 0)["OnDemandStreamCount"] == limits["OnDemandStreamCount"]


def test_the_plan_counts_the_shards(provider, name):
    before = provider.plan("PROVISIONED", 3)["OpenShardCount"]
    provider.create(name, 3)
    assert provider.plan("PROVISIONED", 0)["OpenShardCount"] == before + 3
    provider.destroy(name)
    assert provider.plan("PROVISIONED", 0)["OpenShardCount"] == before


def test_changes_in_place(provider, name):
    """Each attribute changed, in the order in which one update sends them, and each change read."""
    state = provider.create(name, 2, metrics=METRICS, tags=TAGS)

    def read_as(**changed):
        state.update(changed)
        assert provider.read(name) == state

    provider.resize(name, 4)
    read_as(shard_count=4)
    provider.resize(name, 3)
    read_as(shard_count=3)
    provider.done("IncreaseStreamRetentionPeriod", {"StreamName": name, "RetentionPeriodHours": 168})
    provider.updated(name)
    read_as(retention_period=168)
    provider.done("DecreaseStreamRetentionPeriod", {"StreamName": name, "RetentionPeriodHours": 24})
    provider.updated(name)
    read_as(retention_period=24)
    # What is no longer wanted is disabled, then what is new is enabled.
    provider.monitor("Disable", name, ["IncomingBytes"])
    provider.monitor("Enable", name, ["IteratorAgeMilliseconds"])
    read_as(shard_level_metrics={"OutgoingBytes", "IteratorAgeMilliseconds"})
    provider.monitor("Disable", name, ["OutgoingBytes", "IteratorAgeMilliseconds"])
    read_as(shard_level_metrics=set())
    provider.done("UpdateMaxRecordSize", {"StreamARN": state["arn"], "MaxRecordSizeInKiB": 4096})
    provider.updated(name)
    read_as(max_record_size_in_kib=4096)


def test_tags_change_ten_at_a_time_and_are_read_by_pages(provider, name):
    provider.create(name, 1, tags=TAGS)
    wanted = {f"key-{number:02}": f"value {number}" for number in range(25)}
    provider.done("RemoveTagsFromStream", {"StreamName": name, "TagKeys": sorted(TAGS)})
    for start in range(0, 25, 10):
        keys = sorted(wanted)[start:start + 10]
        provider.done("AddTagsToStream", {"StreamName": name, "Tags": {key: wanted[key] for key in keys}})
    assert provider.tags(name) == wanted
    first = provider.call("ListTagsForStream", {"StreamName": name, "Limit": 10})
    assert first["HasMoreTags"] is True and len(first["Tags"]) == 10


def test_the_mode_is_switched_and_switched_back(provider, name):
    state = provider.create(name, 2)
    provider.switch(state["arn"], "ON_DEMAND")
    assert provider.read(name) == {**state, "stream_mode": "ON_DEMAND", "shard_count": None}
    # Back, with a count: the count is a change too, and may be what the stream has already.
    provider.switch(state["arn"], "PROVISIONED")
    provider.resize(name, 2)
    assert provider.read(name) == state
    provider.resize(name, 3)
    assert provider.read(name) == {**state, "shard_count": 3}


def test_a_resize_beyond_the_double_is_told(provider, name):
    state = provider.create(name, 2)
    with pytest.raises(Refused) as refused:
        provider.resize(name, 5)
    assert (refused.value.code, refused.value.message) == (
        "LimitExceededException",
        "UpdateShardCount cannot scale up over double your current open shard count. Current open "
        "shard count: 2 Target shard count: 5")
    assert provider.read(name) == state


def test_encryption_is_refused_and_nothing_says_that_it_is_on(provider, name):
    """encryption_type = "KMS": the apply ends in an error that says why, and leaves a stream behind
    that a refresh finds as it is."""
    with pytest.raises(Refused) as refused:
        provider.create(name, 1, encryption="alias/aws/kinesis")
    assert refused.value.code == "KMSOptInRequired"
    assert "in clear" in refused.value.message
    state = provider.read(name)
    assert (state["encryption_type"], state["kms_key_id"], state["retention_period"]) == (
        "NONE", None, 24)
    # From "KMS" to "NONE" in the configuration: the old type and key are sent, and what is asked for
    # is the case.
    provider.done("StopStreamEncryption", {
        "StreamName": name, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"})
    provider.updated(name)
    assert provider.read(name) == state
    provider.destroy(name)


def test_warm_throughput_is_refused_before_the_stream_is_there(provider, name):
    with pytest.raises(Refused) as refused:
        provider.done("CreateStream", {
            "StreamName": name, "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
            "WarmThroughputMiBps": 10})
    assert refused.value.code == "ValidationException"
    assert provider.read(name) is None


def test_a_consumer(provider, name):
    stream = provider.create(name, 1)["arn"]
    before = int(time.time())
    arn = provider.register(stream, "app", {"Team": "a"})
    consumer = provider.find_consumer(arn)
    assert (consumer["ConsumerARN"], consumer["ConsumerName"], consumer["StreamARN"]) == (
        arn, "app", stream)
    created = re.fullmatch(re.escape(stream) + r"/consumer/app:(\d+)", arn)[1]
    # The attribute is a date of whole seconds, and the same at every refresh.
    assert int(created) == int(consumer["ConsumerCreationTimestamp"]) >= before - 1
    assert provider.find_consumer(arn) == consumer
    # A consumer's tags go by its ARN.
    assert provider.resource_tags(arn) == {"Team": "a"}
    provider.done("UntagResource", {"ResourceARN": arn, "TagKeys": ["Team"]})
    provider.done("TagResource", {"ResourceARN": arn, "Tags": {"Team": "b", "Stage": "test"}})
    assert provider.resource_tags(arn) == {"Team": "b", "Stage": "test"}
    # The data source of a consumer looks for it in the list.
    listed = provider.call("ListStreamConsumers", {"StreamARN": stream})
    assert [each["ConsumerARN"] for each in listed["Consumers"]] == [arn]
    assert not listed.get("NextToken")
    provider.deregister(arn)
    assert provider.find_consumer(arn) is None
    # Deleted twice, as when somebody else was faster: that is no error.
    provider.deregister(arn)
    provider.destroy(name)


POLICY = {
    "Version": "2012-10-17",
    "Statement": [{
        "Sid": "writers", "Effect": "Allow", "Principal": {"AWS": ["123456789012"]},
        "Action": ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord",
                   "kinesis:PutRecords"],
        "Resource": ["ARN"]}]}


def test_a_resource_policy(provider, name):
    arn = provider.create(name, 1)["arn"]
    text = json.dumps(POLICY).replace("ARN", arn)
    provider.done("PutResourcePolicy", {"ResourceARN": arn, "Policy": text})
    assert equivalent(provider.policy(arn), text)
    # Written otherwise, it is the same policy; with another action it is not.
    one = json.loads(text)
    one["Statement"][0]["Action"].reverse()
    one["Statement"][0]["Principal"]["AWS"] = "123456789012"
    assert equivalent(provider.policy(arn), json.dumps(one, indent=2, sort_keys=True))
    narrower = text.replace(', "kinesis:PutRecords"', "")
    assert not equivalent(provider.policy(arn), narrower)
    provider.done("PutResourcePolicy", {"ResourceARN": arn, "Policy": narrower})
    assert equivalent(provider.policy(arn), narrower)
    provider.done("DeleteResourcePolicy", {"ResourceARN": arn})
    # An empty policy is what is there now: a configuration that still has one sees the difference
    # and puts it again.
    assert provider.policy(arn) == "{}"
    assert not equivalent(provider.policy(arn), narrower)
    # Deleted twice: the provider takes this code, and this alone, for success.
    with pytest.raises(Refused) as refused:
        provider.done("DeleteResourcePolicy", {"ResourceARN": arn})
    assert refused.value.code == RNF
    provider.destroy(name)
    assert provider.policy(arn) is None
    with pytest.raises(Refused) as refused:
        provider.done("DeleteResourcePolicy", {"ResourceARN": arn})
    assert refused.value.code == RNF


def test_a_resource_policy_of_a_consumer(provider, name):
    consumer = provider.register(provider.create(name, 1)["arn"], "app")
    text = json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": ["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"],
        "Resource": consumer}})
    provider.done("PutResourcePolicy", {"ResourceARN": consumer, "Policy": text})
    assert equivalent(provider.policy(consumer), text)
    provider.done("DeleteResourcePolicy", {"ResourceARN": consumer})
    provider.deregister(consumer)
    assert provider.policy(consumer) is None


def test_the_data_source_of_a_stream(provider, name):
    """Summary, all shards by pages, tags; open and closed shards are told apart by the ending number
    alone."""
    provider.create(name, 2, tags=TAGS)
    provider.resize(name, 3)
    assert provider.find(name)["StreamCreationTimestamp"] == int(
        provider.find(name)["StreamCreationTimestamp"])
    opened, closed, body = [], [], {"StreamName": name}
    while True:
        page = provider.call("ListShards", body)
        for shard in page["Shards"]:
            ended = shard["SequenceNumberRange"].get("EndingSequenceNumber") is not None
            (closed if ended else opened).append(shard["ShardId"])
        if not page.get("NextToken"):
            break
        body = {"NextToken": page["NextToken"]}
    assert len(opened) == 3 and len(closed) >= 2
    assert provider.tags(name) == TAGS


def test_a_stream_with_consumers_is_destroyed_only_by_force(provider, name):
    stream = provider.create(name, 1)["arn"]
    consumers = [provider.register(stream, consumer) for consumer in ("one", "two")]
    with pytest.raises(Refused) as refused:
        provider.destroy(name)
    assert refused.value.code == RIU
    assert "EnforceConsumerDeletion" in refused.value.message
    assert provider.read(name)["arn"] == stream
    provider.destroy(name, enforce=True)
    assert provider.read(name) is None
    # What depended on it is gone for its own refresh, and its own destroy.
    for consumer in consumers:
        assert provider.find_consumer(consumer) is None
        provider.deregister(consumer)
    with pytest.raises(Refused) as refused:
        provider.tags(name)
    assert refused.value.code == RNF
    # Destroyed twice, and replaced under the same name.
    provider.destroy(name, enforce=True)
    assert provider.create(name, 2)["shard_count"] == 2
    provider.destroy(name)


def test_a_stream_that_is_there_already_is_told(provider, name):
    state = provider.create(name, 1)
    with pytest.raises(Refused) as refused:
        provider.create(name, 2)
    assert (refused.value.code, refused.value.message) == (
        RIU, f"Stream {name} under account {ACCOUNT} already exists.")
    assert provider.read(name) == state
