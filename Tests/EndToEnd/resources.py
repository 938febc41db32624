"""What a process holds: descriptors, mappings, threads, children, memory, and the bytes of a folder."""

import dataclasses
import os
import time


@dataclasses.dataclass(frozen=True)
class Usage:
    descriptors: int
    mappings: int
    threads: int
    children: int
    memory: int
    disk: int

    def excess(self, base, **slack):
        """What is more than at `base` by more than the slack of its kind, as sentences."""
        return [f"{kind}: {getattr(self, kind)}, {getattr(base, kind)} at the beginning, "
                f"{allowed} more allowed"
                for kind, allowed in slack.items()
                if getattr(self, kind) > getattr(base, kind) + allowed]


def of_process(pid, folder=None):
    """`memory` is what no file backs."""
    status = {}
    for line in open(f"/proc/{pid}/status"):
        key, value = line.split(":", 1)
        status[key] = value.split()
    return Usage(
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        mappings=sum(1 for _ in open(f"/proc/{pid}/maps")),
        threads=int(status["Threads"][0]), children=len(children(pid)),
        memory=int(status["RssAnon"][0]) * 1024, disk=folder_bytes(folder) if folder else 0)


def children(pid):
    """The process ids of those whose parent it is."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                text = open(f"/proc/{name}/stat").read()
            except OSError:
                continue
            if int(text.rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(name))
    return found


def folder_bytes(folder):
    """What the files of a folder take on the disk."""
    total = 0
    for path, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.lstat(os.path.join(path, file)).st_blocks * 512
            except OSError:
                pass
    return total


def open_files(pid):
    """What the descriptors of a process are open on."""
    names = []
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        except OSError:
            pass
    return names


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settled(measure, enough, seconds):
    """Measures until it is enough or time has run out; the last measurement."""
    deadline = time.monotonic() + seconds
    while True:
        found = measure()
        if enough(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.2)
