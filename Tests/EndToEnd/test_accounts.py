"""Several accounts and regions side by side, and resource policies between them."""

import json

import pytest

from events import Subscription, data_of
from server import ACCOUNT as N
from server import REGION
from shards import SH

OTHER = "111122223333"
AD, IA, RNF = "AccessDeniedException", "InvalidArgumentException", "ResourceNotFoundException"


def signed(key, region=REGION):
    """A signature's credential scope; nothing is verified on loopback."""
    return [("Authorization", f"AWS4-HMAC-SHA256 Credential={key}/20261124/{region}/kinesis/"
             "aws4_request, SignedHeaders=host, Signature=00")]


def test_names_are_unique_per_account_and_region(weir, name):
    places = [("AKIDEXAMPLE", REGION, N), (OTHER, REGION, OTHER), (OTHER, "eu-west-1", OTHER),
              ("444455556666", "ap-south-1", "444455556666")]
    for number, (key, region, account) in enumerate(places):
        fields = signed(key, region)
        weir.ok("CreateStream", {"StreamName": name, "ShardCount": number + 1}, fields=fields)
        summary = weir.ok("DescribeStreamSummary", {"StreamName": name}, fields=fields)
        summary = summary["StreamDescriptionSummary"]
        assert summary["StreamARN"] == f"arn:aws:kinesis:{region}:{account}:stream/{name}"
        assert summary["OpenShardCount"] == number + 1
        again = weir.call("CreateStream", {"StreamName": name, "ShardCount": 1}, fields=fields)
        assert again.message == f"Stream {name} under account {account} already exists."
    weir.ok("DeleteStream", {"StreamName": name}, fields=signed(OTHER, "eu-west-1"))
    for key, region, account in places:
        answer = weir.call("DescribeStreamSummary", {"StreamName": name}, fields=signed(key, region))
        gone = region == "eu-west-1"
        assert (answer.error == RNF) == gone
        if gone:
            assert answer.message == f"Stream {name} under account {account} not found."
    limits = weir.ok("DescribeLimits", fields=signed("444455556666", "ap-south-1"))
    assert limits["OpenShardCount"] == 4


@pytest.mark.parametrize("key, account", [
    ("123456789013", "123456789013"), ("12345678901", N), ("1234567890123", N), ("12345678901a", N),
    ("AKIA12345678", N)])
def test_only_twelve_digits_are_an_account(weir, name, key, account):
    weir.ok("CreateStream", {"StreamName": name, "ShardCount": 1}, fields=signed(key))
    listed = weir.ok("ListStreams", fields=signed(key))["StreamSummaries"]
    arn, = [each["StreamARN"] for each in listed if each["StreamName"] == name]
    assert arn == f"arn:aws:kinesis:{REGION}:{account}:stream/{name}"


@pytest.mark.parametrize("region", ["../../etc", "EU-WEST-1", "a" * 33, "eu_west_1", "eu west"])
def test_a_region_that_is_none_is_the_servers_own(weir, name, region):
    """It never becomes part of a path, an ARN or a listing as it came."""
    # With a slash in it the whole scope cannot be read, and the account is the server's too.
    account = N if "/" in region else "777788889999"
    fields = signed("777788889999", region)
    weir.ok("CreateStream", {"StreamName": name, "ShardCount": 1}, fields=fields)
    summary = weir.ok("DescribeStreamSummary", {"StreamName": name}, fields=fields)
    assert summary["StreamDescriptionSummary"]["StreamARN"] == (
        f"arn:aws:kinesis:{REGION}:{account}:stream/{name}")


def test_an_arn_of_another_region_is_refused(weir, name):
    arn = weir.create(name)
    answer = weir.call("DescribeStreamSummary", {"StreamARN": arn},
                       fields=signed("AKIDEXAMPLE", "eu-west-1"))
    assert (answer.error, answer.message) == (IA, f"ARN {arn} is not of region eu-west-1.")


def test_they_survive_a_restart(own):
    server = own()
    for key, region in (("AKIDEXAMPLE", REGION), (OTHER, "eu-west-1")):
        server.ok("CreateStream", {"StreamName": "s", "ShardCount": 1}, fields=signed(key, region))
    server.ok("UpdateAccountSettings", {
        "MinimumThroughputBillingCommitment": {"Status": "ENABLED"}}, fields=signed(OTHER))
    server.restart()
    for key, region, account in (("AKIDEXAMPLE", REGION, N), (OTHER, "eu-west-1", OTHER)):
        listed = server.ok("ListStreams", fields=signed(key, region))["StreamSummaries"]
        assert [each["StreamARN"] for each in listed] == [
            f"arn:aws:kinesis:{region}:{account}:stream/s"]
    statuses = [server.ok("DescribeAccountSettings", fields=signed(key))[
        "MinimumThroughputBillingCommitment"]["Status"] for key in ("AKIDEXAMPLE", OTHER)]
    assert statuses == ["DISABLED", "ENABLED"]


def test_a_policy_lets_another_account_in(weir, name):
    arn = weir.create(name)
    fields = signed(OTHER)
    put = {"StreamARN": arn, "Data": "AAAA", "PartitionKey": "k"}
    refused = weir.call("PutRecord", put, fields=fields)
    assert (refused.status, refused.error) == (400, AD)
    assert OTHER in refused.message and "kinesis:PutRecord" in refused.message
    # Whether a stream is there is nobody's business either.
    missing = weir.call("PutRecord", {**put, "StreamARN": arn + "-missing"}, fields=fields)
    assert missing.error == AD

    def allow(*actions, effect="Allow", principal=OTHER):
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": effect, "Principal": {"AWS": principal},
            "Action": [f"kinesis:{each}" for each in actions], "Resource": arn}]}
        weir.ok("PutResourcePolicy", {"ResourceARN": arn, "Policy": json.dumps(policy)})

    allow("PutRecord", "GetShardIterator", "GetRecords", "ListShards")
    weir.ok("PutRecord", put, fields=fields)
    shard, = weir.ok("ListShards", {"StreamARN": arn}, fields=fields)["Shards"]
    iterator = weir.ok("GetShardIterator", {
        "StreamARN": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"},
        fields=fields)["ShardIterator"]
    page = weir.ok("GetRecords", {"StreamARN": arn, "ShardIterator": iterator}, fields=fields)
    assert len(page["Records"]) == 1
    assert weir.call("DescribeStreamSummary", {"StreamARN": arn}, fields=fields).error == AD
    assert weir.call("DeleteStream", {"StreamARN": arn}, fields=fields).error == AD
    # A third account is none of those that were named.
    assert weir.call("PutRecord", put, fields=signed("999900001111")).error == AD
    # DryRun tells of the permission without a record.
    assert weir.call("PutRecord", {**put, "DryRun": True}, fields=fields).error == (
        "DryRunOperationException")
    allow("PutRecord", effect="Deny", principal=f"arn:aws:iam::{OTHER}:root")
    assert weir.call("PutRecord", {**put, "DryRun": True}, fields=fields).error == AD
    weir.ok("DeleteResourcePolicy", {"ResourceARN": arn})
    assert weir.call("PutRecord", put, fields=fields).error == AD
    assert weir.ok("GetResourcePolicy", {"ResourceARN": arn})["Policy"] == "{}"
    assert len(weir.read_all(name)) == 1


def test_a_policy_of_a_consumer_lets_another_account_subscribe(weir, name):
    arn = weir.create(name)
    consumer = weir.consumer(arn)
    weir.put(name, b"shared")
    describe = {"ConsumerARN": consumer}
    assert weir.call("DescribeStreamConsumer", describe, fields=signed(OTHER)).error == AD
    weir.ok("PutResourcePolicy", {"ResourceARN": consumer, "Policy": json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
            "Action": ["kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer"],
            "Resource": consumer}]})})
    weir.ok("DescribeStreamConsumer", describe, fields=signed(OTHER))
    body = json.dumps({"ConsumerARN": consumer, "ShardId": SH(0),
                       "StartingPosition": {"Type": "TRIM_HORIZON"}}).encode()
    with weir.http1() as connection:
        connection.send_request("Kinesis_20131202.SubscribeToShard", body, fields=signed(OTHER))
        assert connection.read_head().status == 200
    with weir.http1() as connection:
        connection.send_request(
            "Kinesis_20131202.SubscribeToShard", body, fields=signed("999900001111"))
        assert connection.read_response().status == 400
    # The owner needs no policy.
    with Subscription(weir, weir.consumer(arn, "mine")) as subscription:
        assert data_of(subscription.records(1)) == [b"shared"]


def statement(arn, action, effect="Allow", principal="*"):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": effect, "Principal": principal, "Action": action, "Resource": arn}]})


def test_a_pattern_shares_only_what_can_be_shared(weir, name):
    arn = weir.create(name)
    fields = signed(OTHER)
    for action in ("kinesis:*", "*"):
        weir.ok("PutResourcePolicy", {"ResourceARN": arn, "Policy": statement(arn, action)})
        weir.ok("DescribeStreamSummary", {"StreamARN": arn}, fields=fields)
        by_stream, by_resource = {"StreamARN": arn}, {"ResourceARN": arn}
        for operation, body in [
                ("DeleteStream", {**by_stream, "EnforceConsumerDeletion": True}),
                ("RegisterStreamConsumer", {**by_stream, "ConsumerName": "c"}),
                ("AddTagsToStream", {**by_stream, "Tags": {"a": "b"}}),
                ("TagResource", {**by_resource, "Tags": {"a": "b"}}),
                ("GetResourcePolicy", by_resource), ("DeleteResourcePolicy", by_resource),
                ("PutResourcePolicy", {**by_resource, "Policy": statement(arn, action)})]:
            assert weir.call(operation, body, fields=fields).error == AD, operation


def test_a_policy_cannot_lock_its_owner_out(weir, name):
    arn = weir.create(name)
    put = {"StreamName": name, "Data": "AAAA", "PartitionKey": "k"}
    weir.ok("PutResourcePolicy", {
        "ResourceARN": arn, "Policy": statement(arn, "kinesis:*", "Deny")})
    assert weir.call("PutRecord", put).error == AD
    weir.ok("DeleteResourcePolicy", {"ResourceARN": arn})
    weir.ok("PutRecord", put)


def test_a_refusal_tells_nothing_that_the_request_did_not_say(weir, name):
    """Whether another account has a stream or a consumer, and since when, stays its own affair."""
    arn = weir.create(name)
    weir.consumer(arn, "app")
    for selector in ({"StreamARN": arn, "ConsumerName": "app"},
                     {"StreamARN": arn, "ConsumerName": "none"},
                     {"StreamARN": arn + "-none", "ConsumerName": "app"}):
        answer = weir.call("DescribeStreamConsumer", selector, fields=signed(OTHER))
        assert (answer.error, answer.message) == (
            AD, f"Account {OTHER} is not authorized to perform: kinesis:DescribeStreamConsumer on "
            f"resource: {selector['StreamARN']}")
    for each in (arn, arn + "-none"):
        each = each.replace("arn:aws:", "arn:aws-cn:")
        answer = weir.call("DescribeStreamSummary", {"StreamARN": each}, fields=signed(OTHER))
        assert (answer.error, answer.message) == (
            AD, f"Account {OTHER} is not authorized to perform: kinesis:DescribeStreamSummary on "
            f"resource: {each}")


def test_who_may_read_is_told_which_shard_is_not_there(weir, name):
    arn = weir.create(name)
    body = {"StreamARN": arn, "ShardId": SH(9), "ShardIteratorType": "LATEST"}
    assert weir.call("GetShardIterator", body, fields=signed(OTHER)).error == AD
    weir.ok("PutResourcePolicy", {
        "ResourceARN": arn, "Policy": statement(arn, "kinesis:GetShardIterator")})
    answer = weir.call("GetShardIterator", body, fields=signed(OTHER))
    assert (answer.error, answer.message) == (
        RNF, f"Shard {SH(9)} in stream {name} under account {N} does not exist")


def test_iterators_and_page_tokens_are_of_their_account_and_region(weir, name):
    arn = weir.create(name, 2)
    for consumer in ("a", "b"):
        with Subscription(weir, weir.consumer(arn, consumer)) as subscription:
            subscription.next()
    iterator = {"ShardIterator": weir.iterator(name)}
    shards = {"NextToken": weir.ok("ListShards", {"StreamName": name, "MaxResults": 1})["NextToken"]}
    cursors = {"NextToken": weir.ok("ListCursors", {"StreamName": name, "MaxResults": 1},
                                    target="Weir_20261122.ListCursors")["NextToken"]}
    for operation, body, target in [
            ("GetRecords", iterator, None), ("ListShards", shards, None),
            ("ListCursors", cursors, "Weir_20261122.ListCursors")]:
        weir.ok(operation, body, target=target)
        assert weir.call(operation, body, target=target, fields=signed(OTHER)).error == AD
        answer = weir.call(
            operation, body, target=target, fields=signed("AKIDEXAMPLE", "eu-west-1"))
        assert (answer.error, answer.message) == (IA, f"ARN {arn} is not of region eu-west-1.")


def test_a_policy_has_a_greatest_length(weir, name):
    """It is measured before it is read, so that a long one costs nobody's time."""
    arn = weir.create(name)
    text = statement(arn, "kinesis:PutRecord")
    body = {"ResourceARN": arn, "Policy": text + " " * (20 * 1024 - len(text))}
    weir.ok("PutResourcePolicy", body)
    for long in (body["Policy"] + " ", "{" * 20481):
        answer = weir.call("PutResourcePolicy", {"ResourceARN": arn, "Policy": long})
        assert (answer.error, answer.message) == (
            "LimitExceededException", "The policy has 20481 bytes; it can have at most 20480.")


@pytest.mark.parametrize("policy", [
    "", "{", "[]", "{}", '{"Version":"2012-10-17"}',
    '{"Version":"2012-10-17","Statement":[]}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps","Principal":"*",'
    '"Action":"kinesis:PutRecord","Resource":"ARN"}]}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"me"},'
    '"Action":"kinesis:PutRecord","Resource":"ARN"}]}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},'
    '"Action":"s3:GetObject","Resource":"ARN"}]}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},'
    '"Action":"kinesis:PutRecord","Resource":"arn:aws:kinesis:us-east-1:123456789012:stream/other"}]}'])
def test_a_policy_that_says_nothing_valid_is_refused(weir, name, policy):
    arn = weir.create(name)
    answer = weir.call("PutResourcePolicy", {
        "ResourceARN": arn, "Policy": policy.replace("ARN", arn)})
    assert (answer.status, answer.error) == (400, IA), policy
    assert answer.message
    assert weir.ok("GetResourcePolicy", {"ResourceARN": arn})["Policy"] == "{}"
