"""What operators do meanwhile: splits, merges, deletions, new streams of an old name, settings."""

import time

from actors import reading
from actors.clients import Broken


def act(world, name, chance, client):
    """Does one change to a stream of the episode, or says why it could not."""
    incarnation = chance.choice(world.living())
    done = _ACTS[name](world, incarnation, chance, client)
    if done:
        world.coverage.happened("change", name)
    return done


def _open(client, incarnation):
    shards = [each for each in reading.list_shards(client, incarnation)
              if "EndingSequenceNumber" not in each["SequenceNumberRange"]]
    return sorted(shards, key=lambda each: int(each["HashKeyRange"]["StartingHashKey"]))


def _settled(world, client, operation, body, size=0):
    """Calls until the stream is not busy with something else; whether it was accepted."""
    for _ in range(40):
        answer = client.call(operation, body, size)
        if answer.error not in ("ResourceInUseException", "LimitExceededException"):
            if not answer.ok:
                world.judge_change(operation, answer)
            return answer.ok
        time.sleep(0.05)
    return False


def _split(world, incarnation, chance, client):
    shard = chance.choice(_open(client, incarnation))
    low, high = (int(shard["HashKeyRange"][side]) for side in ("StartingHashKey", "EndingHashKey"))
    if high - low < 2:
        return False
    return _settled(world, client, "SplitShard", {
        "StreamName": incarnation.name, "ShardToSplit": shard["ShardId"],
        "NewStartingHashKey": str(chance.randint(low + 1, high))})


def _merge(world, incarnation, chance, client):
    shards = _open(client, incarnation)
    if len(shards) < 2:
        _split(world, incarnation, chance, client)
        shards = _open(client, incarnation)
    if len(shards) < 2:
        return False
    at = chance.randrange(len(shards) - 1)
    return _settled(world, client, "MergeShards", {
        "StreamName": incarnation.name, "ShardToMerge": shards[at]["ShardId"],
        "AdjacentShardToMerge": shards[at + 1]["ShardId"]})


def _resize(world, incarnation, chance, client):
    count = len(_open(client, incarnation))
    target = min(chance.randint((count + 1) // 2, 2 * count), 2500)
    return _settled(world, client, "UpdateShardCount", {
        "StreamName": incarnation.name, "TargetShardCount": max(1, target),
        "ScalingType": "UNIFORM_SCALING"})


def _delete(world, incarnation, chance, client):
    """Deletes a stream that was made for it, with records, and makes sure that it is gone."""
    doomed = world.create(client, f"doomed-{world.next_number()}", chance.randint(1, 8))
    if doomed is None:
        return False
    records = [{"Data": bytes(200_000), "PartitionKey": str(number)} for number in range(20)]
    client.call("PutRecords", {"StreamName": doomed.name, "Records": records}, 4_000_000)
    return world.delete(client, doomed)


def _recreate(world, incarnation, chance, client):
    """The same name with other shards: nothing of the old one may show."""
    plan = world.plan_of(incarnation)
    world.halt_writers(incarnation)
    if not world.delete(client, incarnation):
        return False
    made = world.create(client, incarnation.name, plan.shards if plan.shards < 100 else 4)
    if made is None:
        return False
    world.replace(incarnation, made)
    return True


def _retention(world, incarnation, chance, client):
    body = {"StreamName": incarnation.name, "RetentionPeriodHours": chance.randint(24, 8760)}
    with world.retention:
        if not _settled(world, client, "IncreaseStreamRetentionPeriod", body):
            return False
        incarnation.may_expire_before = max(incarnation.may_expire_before, world.day)
        return _settled(world, client, "DecreaseStreamRetentionPeriod", {
            "StreamName": incarnation.name, "RetentionPeriodHours": 24})


def _consumers(world, incarnation, chance, client):
    name = f"passing-{world.next_number()}"
    if not _settled(world, client, "RegisterStreamConsumer", {
            "StreamARN": incarnation.arn, "ConsumerName": name}):
        return False
    return _settled(world, client, "DeregisterStreamConsumer", {
        "StreamARN": incarnation.arn, "ConsumerName": name})


def _tags(world, incarnation, chance, client):
    body = {"StreamName": incarnation.name, "Tags": {"a": str(chance.random())}}
    if not _settled(world, client, "AddTagsToStream", body):
        return False
    answer = client.call("ListTagsForStream", {"StreamName": incarnation.name})
    if answer.ok and {"Key": "a", "Value": body["Tags"]["a"]} not in answer.body["Tags"]:
        raise Broken(f"a tag that was set is not listed: {answer.body}")
    return answer.ok


_ACTS = {"split": _split, "merge": _merge, "resize": _resize, "delete": _delete,
         "recreate": _recreate, "retention": _retention, "consumers": _consumers, "tags": _tags}
