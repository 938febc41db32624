"""Reading what ListShards says, and the numbers in it."""

SH = "shardId-{:012}".format
TOP = 2**128 - 1


def ids(shards):
    return [each["ShardId"] for each in shards]


def bounds(shard):
    return (int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]))


def starting(shard):
    return int(shard["SequenceNumberRange"]["StartingSequenceNumber"])


def ending(shard):
    return int(shard["SequenceNumberRange"]["EndingSequenceNumber"])


def index_of(number):
    """The 63-bit index inside a sequence number of AWS's second layout."""
    digits = f"{number:047x}"
    assert digits[0] == "2" and digits[-1] == "2"
    return int(digits[11:27], 16)
