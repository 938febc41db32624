"""Weir's own commands as processes: started, fed, read, signalled, and bounded in time."""

import os
import selectors
import signal
import subprocess
import time

from server import BINARY


def run(server, *arguments, input=None, seconds=60, **named):
    """A command to its end; `stdin`, `stdout` and `preexec_fn` as subprocess takes them."""
    if "stdin" not in named:
        named["input"] = input if input is not None else b""
    named.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [BINARY, *arguments], env=server.environment(), stderr=subprocess.PIPE, timeout=seconds, **named)


class Command:
    """One that runs beside the test."""

    def __init__(self, server, *arguments, **named):
        self.process = subprocess.Popen(
            [BINARY, *arguments], env=server.environment(),
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **named})
        self.taken = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def until(self, *texts, seconds=20):
        """Reads stdout until all the texts have appeared."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not all(text in self.taken for text in texts):
                left = deadline - time.monotonic()
                assert left > 0, f"not in time; stdout {self.taken[-500:]!r}"
                if selector.select(left):
                    data = os.read(self.process.stdout.fileno(), 65536)
                    assert data, (self.taken[-500:], self.process.stderr.read())
                    self.taken += data
        return self.taken

    def feed(self, data, seconds=20):
        """Writes to standard input; a command that takes no more for so long has failed."""
        descriptor, left = self.process.stdin.fileno(), memoryview(data)
        os.set_blocking(descriptor, False)
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_WRITE)
            while left:
                assert selector.select(seconds), f"{self.process.args} takes no more"
                try:
                    left = left[os.write(descriptor, left):]
                except BlockingIOError:
                    pass

    def signal(self, number):
        self.process.send_signal(number)

    def ends(self, seconds=20):
        """The exit status, and what it said on standard error."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.process.args} does not end in {seconds} s") from None
        return status, self.process.stderr.read().decode()

    def peak_kib(self):
        """The most memory that it has had resident."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
        raise AssertionError("no VmHWM in /proc")

    def interrupt(self):
        self.signal(signal.SIGINT)
        return self.process.wait(20)


class Tail(Command):
    """`weir tail`."""

    def __init__(self, server, *arguments, **named):
        super().__init__(server, "tail", *arguments, **named)


def consumers(server, arn):
    return [each["ConsumerName"] for each in server.ok("ListStreamConsumers", {"StreamARN": arn})["Consumers"]]


def eventually(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)
