"""One episode: a server, its streams and followers, the plan's steps, the judgement, the way back.

Everything that it starts ends with it."""

import random
import shutil
import subprocess
import threading
import time
import traceback

import goprogram
import patience
import resources
import verify
from actors import changes, chaos, peers, writing
from actors.clients import Broken, Client
from actors.followers import Pager, Subscriber, Tail
from actors.neighbour import Neighbour
from server import ROOT
from world import World

# How long a step lasts at least, how long its writers are waited for, and how long all of it may take.
STEP_SECONDS_MIN, STEP_SECONDS, STEP_SECONDS_MAX = 2, 15, 90
# Within which processor, descriptors, mappings, threads, memory and disk are back.
BACK_SECONDS = 15
IDLE_SHARE = 0.10
MIB = 1 << 20
# More than at the beginning, when the streams are gone. The journal keeps files to use again.
SLACK = {"descriptors": 4, "mappings": 16, "threads": 0, "children": 0, "memory": 48 * MIB,
         "disk": 200 * MIB}
KEPT = ROOT / ".build-tests" / "torture"


def run(plan, folder, coverage, report):
    """Plays a plan; the list of what was found wrong."""
    began = time.monotonic()
    report.note(f"episode {plan.number} of seed {plan.seed}")
    report.at(f"episode {plan.number} of seed {plan.seed}")
    for line in plan.lines():
        report.note(f"    {line}", loud=False)
    world = World(folder, plan, coverage, report)
    try:
        _play(world, random.Random(plan.chance_seed))
    except Broken as error:
        if not world.violations:
            world.violate(f"the episode broke: {error}")
    except Exception as error:
        world.violate(f"the harness failed: {error!r}\n" + traceback.format_exc())
    finally:
        world.stop()
        for follower in world.followers:
            follower.end()
        world.node.close()
    world.violations += world.node.troubles + list(world.node.crashes())
    report.note(f"    {time.monotonic() - began:.1f} s, {len(world.violations)} violations, "
                f"{sum(len(each.attempts) for each in world.incarnations)} records")
    if world.violations:
        _keep(world, report)
    return world.violations


def _play(world, chance):
    plan, coverage = world.plan, world.coverage
    world.start()
    base = _base(world)
    followers = _prepare(world, chance)
    for step in plan.steps:
        _step(world, step, followers)
        if not world.node.alive():
            return
    world.step = "the end"
    _finish(world, followers)
    if plan.go:
        _go(world)
    chaos.act(world, chance.choice(("clean", "killed")), chance, ("cold", "warm")[plan.number % 2])
    world.step = "the end, after a restart"
    verify.streams(world, chance)
    for dimension, name in (("nofile", plan.nofile), ("memory", plan.memory),
                            ("durability", plan.durability)):
        coverage.happened(dimension, name)
    _back(world, base)


def _base(world):
    """What the server holds when it has been called once in each way and nobody is connected."""
    for kind in ("json", "cbor", "h2", "boto3"):
        with Client(world, kind) as client:
            client.call("ListStreams", {})
    world.node.get("/metrics")
    time.sleep(0.3)
    return world.node.usage()


def _prepare(world, chance):
    followers = []
    with Client(world, "json") as client:
        for number, stream in enumerate(world.plan.streams):
            made = world.create(client, f"stream-{number}", stream.shards)
            if made is None:
                raise Broken("no stream")
            world.incarnations.append(made)
            world.plans[made] = stream
            world.coverage.happened("shards", stream.shards_class)
            followers += _followers(world, made, stream, chance)
        neighbour = world.create(client, "neighbour", 1)
        if neighbour is None:
            raise Broken("no stream")
        world.neighbour = Neighbour(world, neighbour)
        if world.node.disk:
            world.victim = world.create(client, "victim", 2)
            for _ in range(6):
                client.call("PutRecords", {"StreamName": "victim", "Records": [
                    {"PartitionKey": "k", "Data": bytes(1_000_000)} for _ in range(4)]}, 4_000_000)
    for follower in [world.neighbour, *followers]:
        follower.start()
    world.followers = followers
    return followers


def _followers(world, incarnation, stream, chance):
    limit = None if stream.limit == "none" else int(stream.limit)
    shard = f"shardId-{chance.choice((0, chance.randrange(stream.shards))):012}"
    # A page of one record at a time is slow; a pager that follows has a longer one.
    made = [Pager(world, incarnation, shard, stream.followers[0], max(limit, 20) if limit else None)]
    if stream.followers[1] == "weir tail":
        made.append(Tail(world, incarnation, [], None))
    else:
        made.append(Subscriber(world, incarnation, shard, stream.followers[1], None))
    return made


def _step(world, step, followers):
    """Writers on all streams, and beside them a change, a bad peer and what befalls the server."""
    world.step = f"step {step.number} ({step.change}; {step.peer}; {step.chaos}; {step.cache})"
    world.report.at(f"episode {world.plan.number} of seed {world.plan.seed}, step {step.number}")
    began, chance = time.monotonic(), random.Random(step.seed)
    world.writers = [
        # The distance is made by the first step; the others are about what happens behind it.
        writing.Writer(world, world.plan_of(incarnation), incarnation, kind, number,
                       world.plan_of(incarnation).volume_bytes // len(
                           world.plan_of(incarnation).writers) // (8 if step.number else 1),
                       chance.randrange(2**32))
        for incarnation in world.living()
        for number, kind in enumerate(world.plan_of(incarnation).writers)]
    peers_over = threading.Event()
    beside = [_Beside(world, _change, world, step.change, random.Random(chance.random())),
              _Beside(world, peers.act, world, step.peer, random.Random(chance.random()), peers_over)]
    misfortune = _Beside(
        world, chaos.act, world, step.chaos, random.Random(chance.random()), step.cache)
    for thread in [*world.writers, *beside, misfortune]:
        thread.start()
    deadline = began + patience.seconds(STEP_SECONDS)
    for writer in world.writers:
        writer.done.wait(max(0, deadline - time.monotonic()))
    misfortune.join(max(0, began + patience.seconds(STEP_SECONDS_MAX) - time.monotonic()))
    time.sleep(max(0, began + STEP_SECONDS_MIN - time.monotonic()))
    peers_over.set()
    for writer in world.writers:
        writer.halted.set()
    for thread in [*world.writers, *beside, misfortune]:
        thread.join(max(0.1, began + patience.seconds(STEP_SECONDS_MAX) - time.monotonic()))
        if thread.is_alive():
            world.violate(f"{thread} is not done after {patience.seconds(STEP_SECONDS_MAX):.0f} s")
    world.say(f"done in {time.monotonic() - began:.1f} s")


class _Beside(threading.Thread):
    """An actor of one step on its own thread; what it cannot do because of another is no fault."""

    def __init__(self, world, act, *arguments):
        super().__init__(daemon=True)
        self.world, self.act, self.arguments = world, act, arguments

    def run(self):
        try:
            self.act(*self.arguments)
        except Broken as error:
            self.world.say(f"{self.arguments[1]}: {error}")
        except Exception as error:
            self.world.blame(self.arguments[1], error)


def _change(world, name, chance):
    """A change, and again if the server went away meanwhile."""
    for _ in range(3):
        try:
            time.sleep(chance.uniform(0, 0.5))
            with Client(world, chance.choice(("json", "cbor", "h2", "boto3"))) as client:
                changes.act(world, name, chance, client)
            return
        except Broken:
            world.wait_until_up()


def _go(world):
    """The program puts, splits, merges and follows by push, and says itself what was wrong."""
    done = subprocess.run(
        [str(goprogram.build("chain", world.node.folder)), "of-go"], env=world.node.environment(),
        capture_output=True, text=True, timeout=150)
    if done.returncode != 0:
        world.violate(f"the program with the AWS SDK for Go: {done.stderr[-1000:]}")
    world.coverage.happened("client", "go")


def _finish(world, followers):
    for follower in followers:
        if follower.incarnation.deleted:
            follower.end()
            continue
        last = verify.last_numbers(follower.incarnation)
        follower.finish(last if isinstance(follower, Tail) else last.get(follower.shard, -1))
    world.neighbour.finish()
    for follower in followers:
        follower.join(patience.seconds(30))
        if follower.is_alive():
            world.violate(f"{follower.view} does not end")


def _back(world, base):
    """With the streams gone, the server holds what it held, and its processors rest."""
    with Client(world, "json") as client:
        for incarnation in [*world.living(), world.neighbour.incarnation,
                            *([world.victim] if world.victim else [])]:
            world.delete(client, incarnation)
    # What could not be done in its time may still have left a stream behind.
    with Client(world, "json") as client:
        answer = client.call("ListStreams", {})
        for name in answer.body.get("StreamNames", ()):
            client.call("DeleteStream", {"StreamName": name, "EnforceConsumerDeletion": True})
    world.stop()
    usage = resources.settled(
        world.node.usage, lambda found: not found.excess(base, **SLACK), patience.seconds(BACK_SECONDS))
    world.report.note(f"held at the beginning {base}, at the end {usage}")
    for excess in usage.excess(base, **SLACK):
        world.violate(f"{BACK_SECONDS} s after all streams were deleted and all connections closed: "
                      f"{excess}")

    def share():
        before = resources.processor_seconds(world.node.pid)
        time.sleep(0.5)
        return (resources.processor_seconds(world.node.pid) - before) / 0.5

    busy = resources.settled(share, lambda found: found < IDLE_SHARE, patience.seconds(BACK_SECONDS))
    if busy >= IDLE_SHARE:
        world.violate(f"the processor is {busy:.0%} busy {BACK_SECONDS} s after everybody has gone")
    health = world.node.get("/health")
    if health.status != 200:
        world.violate(f"/health at the end: {health.status} {health.body!r}")


def _keep(world, report):
    """A failing episode's logs, plan and findings stay."""
    kept = KEPT / f"seed-{world.plan.seed}-episode-{world.plan.number}"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for life, log in enumerate(world.node.lives):
        log.seek(0)
        (kept / f"server-{life}.log").write_bytes(log.read())
    (kept / "episode.txt").write_text("\n".join([
        *world.plan.lines(), "", *world.violations, "", *report.recent(), "", world.plan.again()]) + "\n")
    report.note(f"    see {kept}; again: {world.plan.again()}")
