"""Streams from creation to deletion, described, summarised and listed, by name and by ARN."""

import time

from server import ACCOUNT


def test_what_describe_shows(weir, name):
    before = int(time.time())
    arn = weir.create(name, 3)
    assert arn == f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{name}"
    description = weir.ok("DescribeStream", {"StreamName": name})["StreamDescription"]
    shards = description.pop("Shards")
    created = description.pop("StreamCreationTimestamp")
    assert description == {
        "StreamName": name, "StreamARN": arn, "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"}, "HasMoreShards": False,
        "RetentionPeriodHours": 24, "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE"}
    assert created == int(created) and before - 5 <= created <= time.time() + 5
    assert [each["ShardId"] for each in shards] == [f"shardId-{number:012}" for number in range(3)]
    step = 2**128 // 3
    bounds = [(int(each["HashKeyRange"]["StartingHashKey"]), int(each["HashKeyRange"]["EndingHashKey"]))
              for each in shards]
    assert bounds == [(0, step - 1), (step, 2 * step - 1), (2 * step, 2**128 - 1)]
    for shard in shards:
        assert set(shard) == {"ShardId", "HashKeyRange", "SequenceNumberRange"}
        assert set(shard["SequenceNumberRange"]) == {"StartingSequenceNumber"}
    starts = [int(each["SequenceNumberRange"]["StartingSequenceNumber"]) for each in shards]
    assert all(len(str(start)) == 56 for start in starts)
    assert [b - a for a, b in zip(starts, starts[1:])] == [
        22300745198530623141535718272648361505980432] * 2


def test_what_the_summary_shows(weir, name):
    arn = weir.create(name, 2)
    summary = weir.ok("DescribeStreamSummary", {"StreamARN": arn})["StreamDescriptionSummary"]
    summary.pop("StreamCreationTimestamp")
    assert summary == {
        "StreamName": name, "StreamARN": arn, "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"}, "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}], "EncryptionType": "NONE",
        "OpenShardCount": 2, "ConsumerCount": 0, "MaxRecordSizeInKiB": 1024, "ChannelCount": 0,
        "QueueCount": 0, "RecordDistributionStrategy": "USER_PARTITION_KEY"}
    weir.consumer(arn)
    weir.split(name, "shardId-000000000000")
    summary = weir.ok("DescribeStreamSummary", {"StreamARN": arn})["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["ConsumerCount"]) == (3, 1)


def test_a_stream_without_a_mode_and_a_count_is_on_demand_with_four_shards(weir, name):
    weir.ok("CreateStream", {"StreamName": name})
    weir.active(name)
    summary = weir.ok("DescribeStreamSummary", {"StreamName": name})["StreamDescriptionSummary"]
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert summary["OpenShardCount"] == 4


def test_on_demand_ignores_a_count_and_cannot_be_split(weir, name):
    weir.ok("CreateStream", {"StreamName": name, "ShardCount": 7,
                             "StreamModeDetails": {"StreamMode": "ON_DEMAND"}})
    weir.active(name)
    assert len(weir.shards(name)) == 4
    answer = weir.call("SplitShard", {
        "StreamName": name, "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": "100"})
    assert answer.error == "ValidationException"


def test_provisioned_needs_a_count(weir, name):
    answer = weir.call("CreateStream", {
        "StreamName": name, "StreamModeDetails": {"StreamMode": "PROVISIONED"}})
    assert answer.status == 400
    assert answer.error in ("ValidationException", "InvalidArgumentException")


def test_a_deleted_stream_is_gone_and_its_name_free(weir, name):
    arn = weir.create(name)
    weir.put(name, b"old")
    iterator = weir.iterator(name)
    weir.ok("DeleteStream", {"StreamARN": arn})
    gone(weir, name)
    answer = weir.call("GetRecords", {"ShardIterator": iterator})
    assert (answer.error, answer.message) == (
        "ResourceNotFoundException",
        f"Shard shardId-000000000000 in stream {name} under account {ACCOUNT} does not exist")
    # A new incarnation has none of the old records, and the old iterator does not read it.
    weir.create(name)
    assert weir.read_all(name) == []
    answer = weir.call("GetRecords", {"ShardIterator": iterator})
    assert answer.error in ("ResourceNotFoundException", "InvalidArgumentException")


def gone(weir, name):
    deadline = time.monotonic() + 10
    while weir.call("DescribeStreamSummary", {"StreamName": name}).error != (
            "ResourceNotFoundException"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_deleting_twice_is_allowed_or_not_found(weir, name):
    weir.create(name)
    weir.ok("DeleteStream", {"StreamName": name})
    answer = weir.call("DeleteStream", {"StreamName": name})
    assert answer.status == 200 or answer.error == "ResourceNotFoundException"


def test_name_and_arn_that_agree(weir, name):
    arn = weir.create(name)
    weir.ok("DescribeStream", {"StreamName": name, "StreamARN": arn})


def test_a_stream_id_is_never_told(weir, name):
    weir.create(name)
    for operation in ("DescribeStream", "DescribeStreamSummary"):
        assert b"StreamId" not in weir.call(operation, {"StreamName": name}).raw


def test_describe_pages_through_shards(weir, name):
    weir.create(name, 250)
    found, start, pages = [], None, 0
    while True:
        body = {"StreamName": name}
        if start:
            body["ExclusiveStartShardId"] = start
        if pages == 1:
            body["Limit"] = 10000
        description = weir.ok("DescribeStream", body)["StreamDescription"]
        found += [each["ShardId"] for each in description["Shards"]]
        assert len(description["Shards"]) <= 100
        pages += 1
        if not description["HasMoreShards"]:
            break
        start = found[-1]
    assert (found, pages) == ([f"shardId-{number:012}" for number in range(250)], 3)
    few = weir.ok("DescribeStream", {
        "StreamName": name, "Limit": 2, "ExclusiveStartShardId": "shardId-000000000100"})
    assert [each["ShardId"] for each in few["StreamDescription"]["Shards"]] == [
        "shardId-000000000101", "shardId-000000000102"]
    paginator = weir.client().get_paginator("describe_stream")
    assert sum(len(page["StreamDescription"]["Shards"])
               for page in paginator.paginate(StreamName=name)) == 250


def test_list_streams_in_both_styles(own):
    server = own()
    assert server.ok("ListStreams") in (
        {"StreamNames": [], "HasMoreStreams": False},
        {"StreamNames": [], "HasMoreStreams": False, "StreamSummaries": []})
    names = sorted(["b", "A", "a.c", "a-b", "Z_9", "a", "10", "9"])
    for each in names:
        server.create(each)
    whole = server.ok("ListStreams")
    assert whole["StreamNames"] == names
    assert whole["HasMoreStreams"] is False and "NextToken" not in whole
    first = whole["StreamSummaries"][0]
    assert set(first) == {"StreamName", "StreamARN", "StreamStatus", "StreamModeDetails",
                          "StreamCreationTimestamp"}
    page = server.ok("ListStreams", {"Limit": 3})
    assert (page["StreamNames"], page["HasMoreStreams"]) == (names[:3], True)
    assert server.ok("ListStreams", {"NextToken": page["NextToken"]})["StreamNames"][0] == names[3]
    later = server.ok("ListStreams", {"Limit": 3, "ExclusiveStartStreamName": page["StreamNames"][-1]})
    assert later["StreamNames"] == names[3:6]
    assert server.ok("ListStreams", {"ExclusiveStartStreamName": "aa"})["StreamNames"] == ["b"]
    paginator = server.client().get_paginator("list_streams")
    assert [name for each in paginator.paginate(PaginationConfig={"PageSize": 2})
            for name in each["StreamNames"]] == names


def test_list_streams_gives_a_hundred_at_most(own):
    server = own("--durability", "os")
    for number in range(105):
        server.create(f"s{number:03}")
    page = server.ok("ListStreams", {"Limit": 1000})
    assert len(page["StreamNames"]) == 100 and page["HasMoreStreams"]
    assert len(server.ok("ListStreams", {"NextToken": page["NextToken"]})["StreamNames"]) == 5


def test_consumers_from_registration_to_deregistration(weir, name):
    arn = weir.create(name)
    before = int(time.time())
    made = weir.ok("RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "app"})["Consumer"]
    created = made["ConsumerCreationTimestamp"]
    assert created == int(created) and before - 5 <= created <= time.time() + 5
    assert made["ConsumerARN"] == f"{arn}/consumer/app:{int(created)}"
    assert made["ConsumerName"] == "app" and made["ConsumerStatus"] in ("CREATING", "ACTIVE")
    for selector in ({"ConsumerARN": made["ConsumerARN"]}, {"StreamARN": arn, "ConsumerName": "app"},
                     {"ConsumerARN": made["ConsumerARN"], "StreamARN": arn, "ConsumerName": "app"}):
        shown = weir.ok("DescribeStreamConsumer", selector)["ConsumerDescription"]
        assert shown["ConsumerARN"] == made["ConsumerARN"] and shown["StreamARN"] == arn
        assert shown["ConsumerName"] == "app"
    answer = weir.call("DescribeStreamConsumer", {
        "ConsumerARN": made["ConsumerARN"], "StreamARN": arn, "ConsumerName": "other"})
    assert answer.error == "InvalidArgumentException"
    weir.consumer(arn, "another")
    listed = weir.ok("ListStreamConsumers", {"StreamARN": arn})
    assert sorted(each["ConsumerName"] for each in listed["Consumers"]) == ["another", "app"]
    assert all("StreamARN" not in each for each in listed["Consumers"])
    page = weir.ok("ListStreamConsumers", {"StreamARN": arn, "MaxResults": 1})
    rest = weir.ok("ListStreamConsumers", {"StreamARN": arn, "NextToken": page["NextToken"]})
    assert len(page["Consumers"]) == len(rest["Consumers"]) == 1 and "NextToken" not in rest
    weir.ok("DeregisterStreamConsumer", {"ConsumerARN": made["ConsumerARN"]})
    deadline = time.monotonic() + 10
    while weir.call("DescribeStreamConsumer", {"ConsumerARN": made["ConsumerARN"]}).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [each["ConsumerName"] for each in weir.ok(
        "ListStreamConsumers", {"StreamARN": arn})["Consumers"]] == ["another"]


def test_a_list_without_consumers(weir, name):
    answer = weir.call("ListStreamConsumers", {"StreamARN": weir.create(name)})
    assert answer.raw == b'{"Consumers":[]}'


def test_a_consumer_registered_again_has_another_arn(weir, name):
    arn = weir.create(name)
    first = weir.consumer(arn)
    weir.ok("DeregisterStreamConsumer", {"ConsumerARN": first})
    deadline = time.monotonic() + 10
    while weir.call("DescribeStreamConsumer", {"ConsumerARN": first}).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert weir.consumer(arn) != first


def test_tokens_expire(quick):
    """Three hundred seconds, at a fiftieth."""
    if quick.call("DescribeStreamSummary", {"StreamName": "tokens"}).status != 200:
        quick.create("tokens", 3)
    token = quick.ok("ListShards", {"StreamName": "tokens", "MaxResults": 1})["NextToken"]
    assert len(quick.ok("ListShards", {"NextToken": token})["Shards"]) == 2
    time.sleep(7)
    answer = quick.call("ListShards", {"NextToken": token})
    assert answer.error == "ExpiredNextTokenException" and answer.message


def test_the_state_survives_a_restart(own):
    server = own()
    arn = server.create("kept", 2)
    consumer = server.consumer(arn)
    server.split("kept", "shardId-000000000001")
    before = [server.call(operation, body).body for operation, body in questions(arn, consumer)]
    server.restart()
    after = [server.call(operation, body).body for operation, body in questions(arn, consumer)]
    assert after == before
    assert server.terminate() == 0
    server.start()
    assert [server.call(operation, body).body for operation, body in questions(arn, consumer)] == before


def questions(arn, consumer):
    return [("DescribeStream", {"StreamARN": arn}), ("DescribeStreamSummary", {"StreamARN": arn}),
            ("ListShards", {"StreamARN": arn}), ("ListStreams", {}),
            ("ListStreamConsumers", {"StreamARN": arn}),
            ("DescribeStreamConsumer", {"ConsumerARN": consumer})]


def test_a_hundred_streams_are_made_quickly_by_many_clients(weir, name):
    import concurrent.futures
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: weir.create(f"{name}-{number}"), range(40)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(
            lambda _: weir.call("CreateStream", {"StreamName": f"{name}-same", "ShardCount": 1}), range(8)))
    assert sorted(each.status for each in answers) == [200] + [400] * 7
    assert {each.error for each in answers if each.status == 400} == {"ResourceInUseException"}


def test_tags_are_told_apart_by_their_bytes(weir, name):
    """Two letters that look alike, and are the same text to Unicode, are two keys."""
    letter, sign = "\u00c5", "\u212b"
    both = [{"Key": letter, "Value": "1"}, {"Key": sign, "Value": "2"}]
    weir.ok("CreateStream", {
        "StreamName": name, "ShardCount": 1, "Tags": {letter: "1", sign: "2"}})
    assert weir.ok("ListTagsForStream", {"StreamName": name})["Tags"] == both
    weir.ok("AddTagsToStream", {"StreamName": name, "Tags": {"a": "b"}})
    assert weir.ok("ListTagsForStream", {"StreamName": name})["Tags"] == [
        {"Key": "a", "Value": "b"}, *both]
    weir.ok("RemoveTagsFromStream", {"StreamName": name, "TagKeys": ["a", sign]})
    assert weir.ok("ListTagsForStream", {"StreamName": name})["Tags"] == both[:1]
