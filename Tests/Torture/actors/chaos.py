"""What happens to the server itself: ends and starts, its clock, its disk, one failing call."""

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import threading
import time

import goprogram
import node
import plan
from actors.clients import PATIENCE, Broken, Client
from patience import seconds

DAY, HOUR = 86400, 3600
MIB = 1 << 20
# Within which a server takes puts again after one call has failed, or room has come.
HEAL_SECONDS = 20

# Calls that fail once, and how, by class.
FAILING = {
    "write fails": [("pwrite64,pwritev,pwritev2", "EIO EINTR EAGAIN ENOSPC")],
    "sync fails": [("fdatasync,fsync", "EIO EINTR ENOSPC")],
    "space fails": [("fallocate,ftruncate", "ENOSPC EINTR EIO")],
    "open fails": [("openat", "EMFILE ENFILE ENOMEM EINTR EIO")],
    # Of mappings those of segments alone: without memory no Swift program lives.
    "map fails": [("mmap", "ENOMEM EAGAIN"), ("madvise", "ENOMEM EAGAIN")],
    "remove fails": [("unlink,unlinkat,rename,renameat,renameat2", "EIO EINTR")],
    "socket fails": [("accept4", "EMFILE ENFILE ENOMEM ECONNABORTED EINTR"),
                     ("recvfrom,sendto", "EINTR EAGAIN ECONNRESET"),
                     ("epoll_wait,epoll_pwait,epoll_pwait2", "EINTR")]}


def impossible(folder):
    """The classes that this machine cannot make happen, with the reason."""
    found = {}
    if not shutil.which("strace"):
        found |= {("chaos", name): "strace is not installed" for name in FAILING}
    if not node.FAKETIME:
        found |= {("chaos", name): "faketime is not installed"
                  for name in plan.CLOCK}
    if not goprogram.is_possible():
        found["client", "go"] = "Go or its AWS SDK is not installed"
    if not node.can_mount(folder):
        found["chaos", "full disk"] = "no file system may be mounted"
    return found


def act(world, name, chance, cache):
    """Does it in the middle of a step's load."""
    time.sleep(chance.uniform(0.1, 0.8))
    if name in FAILING:
        if not _fail(world, name, chance):
            return
    elif name == "full disk":
        _fill(world, chance)
    elif name == "jump while running":
        _jump(world, chance)
    elif name == "a day passes":
        _day(world, chance)
    else:
        _restart(world, name, chance, cache)
    world.coverage.happened("chaos", name)


def _restart(world, name, chance, cache):
    with world.disturbance(name):
        if name == "clean":
            world.node.terminate()
        else:
            world.node.kill()
        if cache == "cold":
            world.node.forget_cache()
        world.coverage.happened("cache", cache)
        offset = {"ahead hours": chance.randint(1, 20) * HOUR, "behind": -chance.randint(1, 40) * HOUR,
                  "ahead days": chance.randint(2, 400) * DAY}.get(name, 0)
        if world.node.clock:
            world.node.set_clock(offset)
        world.start()
        if offset:
            # The clock is wrong for a while, with or without load, and is put right by a restart.
            time.sleep(chance.uniform(0.1, 1.0))
            world.probe("with the clock wrong")
            if chance.random() < 0.5:
                world.node.terminate()
            else:
                world.node.kill()
            world.node.set_clock(0)
            world.start()
        world.heal(name, seconds(HEAL_SECONDS))


def _jump(world, chance):
    """The clock is ahead for a second, and then right again."""
    world.node.set_clock(chance.choice((20 * HOUR, 2 * DAY, 30 * DAY, 400 * DAY)))
    time.sleep(1)
    world.node.set_clock(0)
    with world.disturbance("jump while running"):
        world.heal("jump while running", seconds(HEAL_SECONDS))


def _day(world, chance):
    """A day passes while the server is off, and its operator confirms that it did.

    What was put before has expired, but in the stream that keeps its records for longer."""
    with world.disturbance("a day passes"), world.retention:
        kept = _keep_longer(world, chance) if chance.random() < 0.5 else None
        if chance.random() < 0.5:
            world.node.terminate()
        else:
            world.node.kill()
        world.day = time.monotonic()
        for incarnation in [*world.living(), world.neighbour.incarnation]:
            if incarnation is not kept:
                incarnation.may_expire_before = world.day
        world.node.days += 27 * HOUR
        world.node.set_clock(0)
        world.node.options.append("--accept-clock")
        world.start()
        world.node.options.remove("--accept-clock")
        world.heal("a day has passed", seconds(HEAL_SECONDS))
        for incarnation in [*world.living(), world.neighbour.incarnation]:
            if incarnation.may_expire_before == world.day and _keeps_a_day(world, incarnation):
                incarnation.expired_before = world.day


def _keep_longer(world, chance):
    incarnation = chance.choice(world.living())
    with Client(world, "json") as client:
        answer = client.call("IncreaseStreamRetentionPeriod", {
            "StreamName": incarnation.name, "RetentionPeriodHours": 1000})
    return incarnation if answer.ok else None


def _keeps_a_day(world, incarnation):
    """Not so if a change of its retention was cut off half way."""
    with Client(world, "json") as client:
        answer = client.call("DescribeStreamSummary", {"StreamName": incarnation.name})
    return answer.ok and answer.body["StreamDescriptionSummary"]["RetentionPeriodHours"] == 24


def _fill(world, chance):
    """All but a little of the disk is taken; puts may fail until room is there again."""
    disk = world.node.disk
    with world.disturbance("full disk"):
        disk.leave(chance.choice((64 << 10, 2 * MIB, 20 * MIB)))
        until = time.monotonic() + 3
        while time.monotonic() < until and not world.stopping():
            time.sleep(0.1)
        if not world.node.alive():
            return
        world.check_readable("on a full disk")
        if chance.random() < 0.5:
            world.free_by_deleting(chance)
        # What a deletion has freed the writers may have taken by now.
        disk.give_back()
        world.heal("full disk", seconds(HEAL_SECONDS))


def _fail(world, name, chance):
    """One call of a class fails once, on whichever thread makes it next; whether one was made."""
    return any(_fail_of(world, name, which, chance.choice(errors.split()))
               for which, errors in chance.sample(FAILING[name], len(FAILING[name])))


def _fail_of(world, name, which, error):
    trace = world.node.folder / f"strace-{world.next_number()}"
    inject = f"inject={which}:error={error}:when=1"
    paths = []
    if which == "mmap":
        with _passing_stream(world):
            paths = [each for path in _segments(world) for each in ("-P", path)]
    with world.disturbance(f"{name} with {error}"):
        process = subprocess.Popen(
            ["strace", "-f", "-q", "-o", str(trace), "-e", f"trace={which}", "-e", inject,
             "-e", "signal=none", *paths, "-p", str(world.node.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        try:
            _until_injected(world, trace, process, 3)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        text = trace.read_text(errors="replace") if trace.exists() else ""
        happened = [line for line in text.splitlines() if "(INJECTED)" in line]
        world.say(f"{name}: {error} in {happened[0][:160] if happened else 'no call'}")
        world.heal(f"{name} with {error} in {happened[:2]}", seconds(HEAL_SECONDS))
        return bool(happened)


def _segments(world):
    """Segments that are there, and the first ones of the shards that will come next."""
    folder = world.node.data / "log" / "segments"
    there = sorted(glob.glob(str(folder / "*.segment")))
    newest = int(os.path.basename(there[-1]).split("-")[0], 16) if there else 0
    return there[-100:] + [str(folder / f"{number:016x}-{0:016x}.segment")
                           for number in range(newest + 1, newest + 60)]


def _until_injected(world, trace, process, longest):
    deadline = time.monotonic() + longest
    provoked = threading.Thread(target=_provoke, args=(world, deadline), daemon=True)
    provoked.start()
    while time.monotonic() < deadline and process.poll() is None:
        if trace.exists() and "(INJECTED)" in trace.read_text(errors="replace"):
            break
        if os.path.exists(trace) and not world.node.alive():
            break
        time.sleep(0.02)
    provoked.join(seconds(PATIENCE))


def _provoke(world, deadline):
    """Streams come and go, so that each kind of call is made: files, mappings, removals."""
    with contextlib.suppress(Broken), _passing_stream(world, deadline):
        pass


@contextlib.contextmanager
def _passing_stream(world, deadline=None):
    """A stream with a record that was read, for a while: its segments are the newest."""
    name = f"passing-{world.next_number()}"
    deadline = deadline or time.monotonic() + 3
    with Client(world, "json") as client:
        client.call("CreateStream", {"StreamName": name, "ShardCount": 2})
        while time.monotonic() < deadline:
            answer = client.call("PutRecord", {
                "StreamName": name, "PartitionKey": "k", "Data": bytes(1000)})
            if answer.ok:
                answer = client.call("GetShardIterator", {
                    "StreamName": name, "ShardId": answer.body["ShardId"],
                    "ShardIteratorType": "TRIM_HORIZON"})
                client.call("GetRecords", {
                    "ShardIterator": answer.body.get("ShardIterator", "none")})
                break
            time.sleep(0.05)
        yield
        client.call("DeleteStream", {"StreamName": name})
