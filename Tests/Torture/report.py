"""What a run says: a line or two an episode, at least one a minute; everything in a failing one's file."""

import os
import pathlib
import sys
import threading
import time


class Report:
    def __init__(self, verbose=False):
        self.verbose = verbose
        self.lines = []
        self.began = time.monotonic()
        self.spoken = self.began
        self._lock = threading.Lock()

    def note(self, text, loud=True):
        now = time.monotonic()
        line = f"{now - self.began:7.1f} {text}"
        with self._lock:
            self.lines.append(line)
            del self.lines[:-2000]
            if loud or self.verbose or now - self.spoken > 30:
                self.spoken = now
                print(line, file=sys.stderr, flush=True)

    def at(self, text):
        """Tests/run says which episode and step it is at."""
        if path := os.environ.get("WEIR_TEST_AT"):
            pathlib.Path(path).write_text(text)

    def recent(self):
        with self._lock:
            return list(self.lines)
