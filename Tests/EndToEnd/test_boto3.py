"""boto3's paginators and waiters: every one that botocore has for Kinesis, driven as programs do."""

import botocore.exceptions
import botocore.session
import pytest

import model
from shards import SH

_session = botocore.session.get_session()
# botocore's waiter model has a list of its names, its paginator model has none.
PAGINATED = set(_session.get_component("data_loader").load_service_model(
    "kinesis", "paginators-1")["pagination"])
AWAITED = set(_session.get_waiter_model("kinesis").waiter_names)
# Of operations that are not there yet.
LATER = {"ListChannels", "ListQueues"}
LATER_AWAITED = {"ChannelActive"}

NAMES = [f"stream-{number:02}" for number in range(7)]
CONSUMERS = [f"app-{number}" for number in range(5)]
SHARDS = 8
# Long enough for a waiter to look several times, also when the machine is busy.
DELAY = 1500


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A server with more of everything than a page holds."""
    from server import Server
    server = Server(tmp_path_factory.mktemp("full") / "data").start()
    for each in NAMES:
        server.create(each)
    arn = server.create("much", SHARDS - 3)
    server.split("much", SH(0))
    server.merge("much", SH(5), SH(6))
    for each in CONSUMERS:
        server.consumer(arn, each)
    yield server
    server.stop()


ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/much"
ALL_SHARDS = [SH(number) for number in range(SHARDS)]
# Arguments, where a page has its items and what names an item, everything, and whether its order is
# promised.
PAGINATORS = {
    "DescribeStream": (
        {"StreamName": "much"}, lambda page: page["StreamDescription"]["Shards"], "ShardId",
        ALL_SHARDS, True),
    "ListShards": (
        # Not by name: see below. Amazon has been seen to refuse an ARN beside a token as well;
        # Weir takes it, or this paginator could never turn a page.
        {"StreamARN": ARN}, lambda page: page["Shards"], "ShardId", ALL_SHARDS, True),
    "ListStreamConsumers": (
        {"StreamARN": ARN}, lambda page: page["Consumers"], "ConsumerName", CONSUMERS, False),
    "ListStreams": (
        {}, lambda page: page["StreamSummaries"], "StreamName", ["much", *NAMES], True),
}


def paginator(server, operation):
    return server.client().get_paginator(botocore.xform_name(operation))


def named(operation, items):
    _, _, key, _, ordered = PAGINATORS[operation]
    found = [each[key] for each in items]
    return found if ordered else sorted(found)


def test_every_paginator_and_waiter_is_here():
    assert PAGINATED == set(PAGINATORS) | LATER
    assert AWAITED == set(WAITERS) | LATER_AWAITED
    assert LATER <= model.LATER
    assert {_session.get_waiter_model("kinesis").get_waiter(each).operation
            for each in LATER_AWAITED} <= model.LATER


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("operation", sorted(PAGINATORS))
def test_pages_hold_everything_once(full, operation, size):
    arguments, items, _, everything, _ = PAGINATORS[operation]
    pages = [items(page) for page in paginator(full, operation).paginate(
        **arguments, PaginationConfig={"PageSize": size})]
    # Each page is full but the last, which is not empty.
    assert [len(page) for page in pages[:-1]] == [size] * (-(-len(everything) // size) - 1)
    assert 1 <= len(pages[-1]) <= size
    assert named(operation, [each for page in pages for each in page]) == everything


@pytest.mark.parametrize("operation", sorted(PAGINATORS))
def test_a_program_may_stop_and_go_on_by_a_token(full, operation):
    """botocore's own token: of a page, and how many of its items were taken."""
    arguments, items, _, everything, _ = PAGINATORS[operation]
    found, token, rounds = [], None, 0
    while rounds == 0 or token:
        pages = paginator(full, operation).paginate(**arguments, PaginationConfig={
            "PageSize": 2, "MaxItems": 3, "StartingToken": token})
        # Of several lists in a page, botocore cuts only the first.
        result = pages.build_full_result()
        found += result["StreamNames"] if operation == "ListStreams" else [
            each[PAGINATORS[operation][2]] for each in items(result)]
        token = result.get("NextToken")
        rounds += 1
    assert rounds == -(-len(everything) // 3)
    assert sorted(found) == everything


def test_both_lists_of_streams_agree_on_every_page(full):
    for page in paginator(full, "ListStreams").paginate(PaginationConfig={"PageSize": 3}):
        assert [each["StreamName"] for each in page["StreamSummaries"]] == page["StreamNames"]


def test_streams_made_meanwhile_come_in_their_place(own):
    """A token stands for a name, which need not be there any more: what is made before it is not
    listed, what is made after it is."""
    server = own()
    for each in "bdfh":
        server.create(each)
    pages = iter(paginator(server, "ListStreams").paginate(PaginationConfig={"PageSize": 2}))
    assert next(pages)["StreamNames"] == ["b", "d"]
    for each in "aceg":
        server.create(each)
    server.ok("DeleteStream", {"StreamName": "h"})
    server.ok("DeleteStream", {"StreamName": "d"})
    assert [each for page in pages for each in page["StreamNames"]] == ["e", "f", "g"]


@pytest.mark.parametrize("more, refused", [
    ({"StreamName": "much"}, "StreamName"),
    ({"StreamARN": ARN, "ShardFilter": {"Type": "FROM_TRIM_HORIZON"}}, "ShardFilter")])
def test_shards_are_not_paged_by_name_or_filter(full, more, refused):
    """The paginator repeats its arguments beside the token, which Amazon refuses as well; what fits
    in one page is given."""
    pages = iter(paginator(full, "ListShards").paginate(**more, PaginationConfig={"PageSize": 3}))
    assert len(next(pages)["Shards"]) == 3
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        next(pages)
    assert caught.value.response["Error"] == {
        "Code": "InvalidArgumentException",
        "Message": f"NextToken and {refused} cannot be provided together."}
    whole = list(paginator(full, "ListShards").paginate(**more))
    assert [each["ShardId"] for page in whole for each in page["Shards"]] == ALL_SHARDS


@pytest.mark.parametrize("operation", sorted(LATER))
def test_paginators_of_what_is_not_there_yet_say_so(full, operation):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        list(paginator(full, operation).paginate())
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


# Waiters.

@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    from server import Server
    server = Server(tmp_path_factory.mktemp("slow") / "data", "--state-delay-ms", str(DELAY)).start()
    yield server
    server.stop()


class Looks:
    """A client's waiter, and the states that it saw."""

    def __init__(self, server, waiter):
        client = server.client()
        self.waiter = client.get_waiter(botocore.xform_name(waiter))
        self.seen = []
        client.meta.events.register("after-call.kinesis.DescribeStream", self.look)

    def look(self, parsed, **_):
        error = parsed.get("Error", {}).get("Code")
        self.seen.append(error or parsed["StreamDescription"]["StreamStatus"])

    def wait(self, name, attempts=200):
        """The states, each once; it must have looked more than once."""
        self.waiter.wait(StreamName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": attempts})
        assert len(self.seen) > 1, self.seen
        return [state for number, state in enumerate(self.seen) if state not in self.seen[:number]]


def exists(server, name):
    server.ok("CreateStream", {"StreamName": name, "ShardCount": 1})
    assert Looks(server, "StreamExists").wait(name) == ["CREATING", "ACTIVE"]
    server.put(name, b"now")
    server.ok("SplitShard", {
        "StreamName": name, "ShardToSplit": SH(0), "NewStartingHashKey": "1000"})
    assert Looks(server, "StreamExists").wait(name) == ["UPDATING", "ACTIVE"]
    assert len(server.shards(name)) == 3


def exists_no_more(server, name):
    server.create(name)
    server.ok("DeleteStream", {"StreamName": name})
    assert Looks(server, "StreamNotExists").wait(name) == ["DELETING", "ResourceNotFoundException"]
    server.ok("CreateStream", {"StreamName": name, "ShardCount": 1})


WAITERS = {"StreamExists": exists, "StreamNotExists": exists_no_more}


@pytest.mark.parametrize("waiter", sorted(WAITERS))
def test_a_waiter_waits_until_it_is_so(slow, name, waiter):
    WAITERS[waiter](slow, name)


def test_a_waiter_gives_up_when_it_is_not_so(slow, name):
    slow.create(name)
    with pytest.raises(botocore.exceptions.WaiterError, match="Max attempts exceeded"):
        Looks(slow, "StreamNotExists").wait(name, attempts=3)
    with pytest.raises(botocore.exceptions.WaiterError, match="ResourceNotFoundException"):
        Looks(slow, "StreamExists").wait(f"{name}-missing")


@pytest.mark.parametrize("waiter", sorted(LATER_AWAITED))
def test_waiters_for_what_is_not_there_yet_fail_at_once(slow, waiter):
    with pytest.raises(botocore.exceptions.WaiterError, match="UnknownOperationException"):
        slow.client().get_waiter(botocore.xform_name(waiter)).wait(
            ChannelARN="arn:aws:kinesis:us-east-1:123456789012:channel/c")
