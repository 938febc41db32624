"""The server of an episode: with its descriptors, its disk and its clock, watched for its whole life.

Its log files, one for each life, stay beside its folder until the episode has been judged."""

import concurrent.futures
import contextlib
import glob
import os
import pathlib
import resource
import subprocess
import time

import resources
from server import Server

HARD_LIMIT = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
FAKETIME = (glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
            + glob.glob("/usr/lib/*/faketime/libfaketime.so.1") + [None])[0]
# Log lines of a server that is wrong about itself.
CRASHES = ("Fatal error", "*** Program crashed", "precondition", "SIGSEGV")
# A server dies with the thread that started it, so one thread that stays starts them all.
_starter = concurrent.futures.ThreadPoolExecutor(1)


class Disk:
    """A small file system in memory, where root may mount one."""

    def __init__(self, folder, size):
        self.folder, self.size = pathlib.Path(folder), size
        self.folder.mkdir()
        self.ballast = self.folder / "ballast"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
                       check=True, capture_output=True)

    @property
    def free(self):
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    @property
    def beside_segments(self):
        """What is free, and what has a name and is no segment. Of the space that a deletion frees,
        the server first fills up its reserve and makes its next journal file; what is open and has
        no name any more is in neither."""
        held = 0
        for folder, _, names in os.walk(self.folder):
            if os.path.basename(folder) == "segments":
                continue
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    held += os.stat(os.path.join(folder, name)).st_blocks * 512
        return self.free + held

    def leave(self, free):
        """Takes so much that only `free` bytes are left; the server takes some meanwhile."""
        with open(self.ballast, "ab") as file:
            for _ in range(1000):
                if (most := self.free - free) <= 0:
                    break
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), file.tell(), min(most, 8 << 20))
                file.seek(0, os.SEEK_END)

    def give_back(self):
        self.ballast.unlink(missing_ok=True)

    def remove(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)


def can_mount(folder):
    try:
        Disk(pathlib.Path(folder) / "probe", 1 << 20).remove()
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


class Node(Server):
    """`up` says whether calls are to be answered: not while it is being ended or started."""

    def __init__(self, folder, plan):
        folder = pathlib.Path(folder)
        options = ["--reactors", str(plan.reactors), "--time-scale", plan.time_scale,
                   "--durability", plan.durability]
        if plan.memory != "default":
            options += ["--memory", plan.memory]
        self.disk = Disk(folder / "disk", 768 << 20) if plan.small_disk else None
        self.clock = folder / "clock" if plan.faked_clock and FAKETIME else None
        self.days = 0
        environment = {}
        if self.clock:
            self.set_clock(0)
            environment = {
                "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(self.clock),
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        super().__init__(
            (self.disk.folder if self.disk else folder) / "data", *options,
            prefix=self._limits(plan.nofile), environment=environment)
        self.folder = folder
        self.up = False
        self.lives = []
        self.began = time.monotonic()
        self.troubles = []

    def _limits(self, nofile):
        """`env` stands between, since faketime's first process changes its own environment."""
        soft, hard = {"256": (256, 256), "1024": (1024, 1024), "soft 1024": (1024, HARD_LIMIT),
                      "most": (HARD_LIMIT, HARD_LIMIT)}[nofile]
        return ["prlimit", f"--nofile={soft}:{hard}", "env"]

    def start(self, seconds=60):
        _starter.submit(super().start, seconds).result()
        # Restarted where its clients look for it.
        self.listen = f"localhost:{self.port}"
        self.lives.append(self.log)
        self.up = True
        return self

    def kill(self):
        self.up = False
        self._note_end()
        super().kill()

    def terminate(self, seconds=100):
        self.up = False
        self._note_end()
        try:
            status = super().terminate(seconds)
        except AssertionError as error:
            self.troubles.append(str(error))
            return None
        if status != 0:
            self.troubles.append(f"SIGTERM ended the server with {status}: {self.last_words()}")
        return status

    def _note_end(self):
        status = self.process.poll() if self.process else None
        if status is not None:
            self.troubles.append(f"the server ended by itself with {status}: {self.last_words()}")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def crashes(self):
        for log in self.lives:
            log.seek(0)
            text = log.read().decode(errors="replace")
            for crash in CRASHES:
                if crash in text:
                    at = text.find(crash)
                    yield f"the server's log has {crash!r}: {text[at:at + 1500]}"
                    break

    def set_clock(self, seconds):
        """The wall clock that the server sees is that much off; monotonic time is true."""
        beside = self.clock.with_suffix(".new")
        beside.write_text(f"{seconds + self.days:+d}\n")
        beside.rename(self.clock)

    def forget_cache(self):
        """Drops the pages of the data folder that nothing has mapped: all, while it is ended."""
        for path in glob.glob(str(self.data / "log" / "**"), recursive=True):
            if os.path.isfile(path):
                try:
                    descriptor = os.open(path, os.O_RDONLY)
                    os.fsync(descriptor)
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                    os.close(descriptor)
                except OSError:
                    pass
        try:
            with open("/proc/sys/vm/drop_caches", "w") as file:
                file.write("1")
        except OSError:
            pass

    def usage(self):
        return resources.of_process(self.pid, self.data)

    def close(self):
        self.up = False
        if self.process is not None:
            self._note_end()
            self._end(kill=True)
        if self.disk:
            self.disk.remove()
