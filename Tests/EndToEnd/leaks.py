"""What must be back where it was when the tests are over: of this process, and of shared servers."""

import gc
import os
import threading

import resources

MIB = 1 << 20
SECONDS = 20
# Of a server whose streams are gone and whose clients have left: pools of threads that are made
# when they are needed, allocator arenas, and journal files that are kept to be used again.
SERVER_SLACK = {"descriptors": 4, "mappings": 16, "threads": 0, "children": 0, "memory": 32 * MIB,
                "disk": 200 * MIB}
# Sockets that boto3 and urllib3 keep until they are collected.
OWN_SLACK = {"descriptors": 4, "threads": 0, "children": 0}


class OfThisProcess:
    def __init__(self):
        self.before = self.measure()
        self.names = set(threading.enumerate())

    def measure(self):
        gc.collect()
        return resources.of_process(os.getpid())

    def check(self):
        after = resources.settled(
            self.measure, lambda found: not found.excess(self.before, **OWN_SLACK), SECONDS)
        excess = after.excess(self.before, **OWN_SLACK)
        assert not excess, (
            f"the tests leave behind: {excess}; threads "
            f"{[each for each in threading.enumerate() if each not in self.names]}; children "
            f"{resources.children(os.getpid())}; open {resources.open_files(os.getpid())}")


class OfServer:
    def __init__(self, server):
        self.server = server
        server.call("ListStreams", {})
        self.before = self.measure()

    def measure(self):
        return resources.of_process(self.server.pid, self.server.data)

    def check(self):
        """Deletes all that the tests have left, and looks until it is back or time has run out."""
        self._delete_everything()
        after = resources.settled(
            self.measure, lambda found: not found.excess(self.before, **SERVER_SLACK), SECONDS)
        excess = after.excess(self.before, **SERVER_SLACK)
        assert not excess, (f"a server without streams and clients holds {excess}; open "
                            f"{resources.open_files(self.server.pid)}")

    def _delete_everything(self):
        while True:
            names = self.server.ok("ListStreams", {})["StreamNames"]
            if not names:
                return
            for name in names:
                self.server.ok("DeleteStream", {
                    "StreamName": name, "EnforceConsumerDeletion": True})
