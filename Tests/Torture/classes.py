"""The classes of event that the generator draws from, and the count of what has happened.

To add a class: name it in the dimension that it belongs to, and act on the name where that
dimension is acted out (`sizes`, `batches`, `volumes` in `actors/writing.py`; `clients` in
`actors/clients.py`; `routes`, `limits` in `actors/reading.py`; `changes` in `actors/changes.py`;
`peers` in `actors/peers.py`; `chaos` in `actors/chaos.py`; the server's own limits in `node.py`).
Whoever acts it out calls `coverage.happened(dimension, class)`. A run in which a class never
happened fails, so that none is forgotten."""

import collections
import threading

SIZES = ("empty", "tiny", "kib", "middle", "large", "mib", "huge", "mixed")
BATCHES = ("one", "few", "many")
SHARDS = ("1", "few", "tens", "hundreds", "2000")
VOLUMES = ("near", "beyond 8 MiB", "beyond a segment")
CLIENTS = ("boto3", "json", "cbor", "h2", "weir put", "weir tail", "go")
ROUTES = ("trim horizon", "at number", "after number", "at timestamp", "push", "cursor")
LIMITS = ("none", "1", "3", "100", "1000", "10000")
CACHE = ("warm", "cold")
NOFILE = ("256", "1024", "soft 1024", "most")
MEMORY = ("64M", "256M", "default")
DURABILITY = ("commit", "interval:20", "os")
CHANGES = ("split", "merge", "resize", "delete", "recreate", "retention", "consumers", "tags")
PEERS = ("stalled subscriber", "cancelled reads", "vanished", "announced bodies", "trickle",
         "header bomb", "closed windows", "bare connections", "bad frames", "half handshake")
CHAOS = ("clean", "killed", "ahead hours", "ahead days", "behind", "jump while running",
         "a day passes", "full disk", "write fails", "sync fails", "space fails", "open fails", "map fails",
         "remove fails", "socket fails")

DIMENSIONS = {
    "size": SIZES, "batch": BATCHES, "shards": SHARDS, "volume": VOLUMES, "client": CLIENTS,
    "route": ROUTES, "limit": LIMITS, "cache": CACHE, "nofile": NOFILE, "memory": MEMORY,
    "durability": DURABILITY, "change": CHANGES, "peer": PEERS, "chaos": CHAOS}


class Coverage:
    """How often each class has happened in a run."""

    def __init__(self, possible=None):
        self.counts = collections.Counter()
        self.impossible = dict(possible or {})
        self._lock = threading.Lock()

    def happened(self, dimension, name):
        assert name in DIMENSIONS[dimension], (dimension, name)
        with self._lock:
            self.counts[dimension, name] += 1

    def missing(self):
        """The classes that have not happened, of those that this machine can make happen."""
        return [(dimension, name) for dimension, names in DIMENSIONS.items() for name in names
                if not self.counts[dimension, name] and (dimension, name) not in self.impossible]

    def lines(self):
        for dimension, names in DIMENSIONS.items():
            yield f"{dimension}: " + ", ".join(
                f"{name} {self.counts[dimension, name]}"
                + ("*" if (dimension, name) in self.impossible else "") for name in names)
        for (dimension, name), reason in self.impossible.items():
            yield f"* {dimension} {name}: {reason}"


class Draw:
    """Draws classes so that none stays out: of a dimension, one of those drawn least often.

    What is drawn depends on the seed and on what was drawn before, never on what came of it, so
    that the same seed gives the same plans."""

    def __init__(self, chance, without):
        self.chance = chance
        self.drawn = collections.Counter()
        self.without = without

    def one(self, dimension, among=None):
        names = [name for name in among or DIMENSIONS[dimension]
                 if (dimension, name) not in self.without]
        if not names:
            return None
        # When each was there once, one draw of eight is free, so that what has been drawn also
        # meets what has not.
        least = min(self.drawn[dimension, name] for name in names)
        if not least or self.chance.random() < 0.875:
            names = [name for name in names if self.drawn[dimension, name] == least]
        name = self.chance.choice(names)
        self.drawn[dimension, name] += 1
        return name
