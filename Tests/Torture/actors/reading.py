"""Reading a shard by every route: pages from the oldest record, from a number, from a time, by push."""

import base64
import re
import time

from actors.clients import Broken
from actors.writing import line_of
from law.history import Seen, content

_IDENTITY = re.compile(r"\d+\.w\d+\.\d+\Z")
# Pages without a record that a reader takes on its way; a segment has fewer gaps.
EMPTY_PAGES_MAX = 50
# What a page may take of the server's memory for answers: such a call may be put off by 503.
PAGE_BYTES = 10 << 20
KINDS = {"trim horizon": "TRIM_HORIZON", "at number": "AT_SEQUENCE_NUMBER",
         "after number": "AFTER_SEQUENCE_NUMBER", "at timestamp": "AT_TIMESTAMP"}


def seen_of(record):
    """What a record says it is, and whether its bytes agree."""
    data, key = record["Data"], record["PartitionKey"]
    if isinstance(data, str):
        data = base64.b64decode(data)
    if _IDENTITY.match(key):
        identity, expected = key, content(key, len(data))
    else:
        identity = data.split(b" ", 1)[0].decode(errors="replace")
        expected = line_of(identity, len(data))
    return Seen(int(record["SequenceNumber"]), identity,
                record["ApproximateArrivalTimestamp"], len(data), data == expected)


def iterator(client, incarnation, shard, kind, **position):
    answer = client.call("GetShardIterator", {
        "StreamName": incarnation.name, "ShardId": shard, "ShardIteratorType": kind, **position})
    if not answer.ok:
        raise Broken(f"GetShardIterator {kind} {position}: {answer}")
    return answer.body["ShardIterator"]


def pages(client, token, limit, world, what):
    """The pages from an iterator to the shard's end, or to its tip as it was when reached."""
    empty, waited = 0, 0
    while token:
        body = {"ShardIterator": token}
        if limit:
            body["Limit"] = limit
        answer = client.call("GetRecords", body, PAGE_BYTES)
        if not answer.ok:
            # Reads are promised for what was put, but may be put off.
            waited += 1
            if waited > 50:
                world.violate(f"{what}: GetRecords was refused 50 times: {answer}")
                raise Broken(str(answer))
            time.sleep(0.1)
            continue
        records = answer.body["Records"]
        if limit and len(records) > limit:
            world.violate(f"{what}: a page of {limit} has {len(records)} records")
        yield records
        token = answer.body.get("NextShardIterator")
        if not records and token:
            if answer.body["MillisBehindLatest"] == 0:
                return
            empty += 1
            if empty > EMPTY_PAGES_MAX:
                world.violate(f"{what}: {empty} pages without a record, "
                              f"{answer.body['MillisBehindLatest']} ms behind the tip")
                raise Broken("no progress")
            time.sleep(0.02)
        else:
            empty = 0


def read(client, incarnation, shard, kind, limit, world, pages_max=None, **position):
    """The records of a shard from a position on: all, or those of some pages."""
    what = f"{incarnation}/{shard} {kind} by pages of {limit or 'no limit'}"
    token = iterator(client, incarnation, shard, kind, **position)
    found = []
    for number, page in enumerate(pages(client, token, limit, world, what)):
        found += map(seen_of, page)
        if pages_max and number + 1 >= pages_max:
            break
    return found


def list_shards(client, incarnation):
    """Every shard; the first page names the stream, the next ones their token."""
    body, shards = {"StreamName": incarnation.name}, []
    while True:
        answer = client.call("ListShards", body)
        if not answer.ok:
            raise Broken(f"ListShards: {answer}")
        shards += answer.body["Shards"]
        if not answer.body.get("NextToken"):
            return shards
        body = {"NextToken": answer.body["NextToken"]}
