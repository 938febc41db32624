"""A network of a test's own, in which peers can vanish: no packet reaches them any more, and nobody is
told."""

import ctypes
import os
import shutil
import subprocess
import threading

import pytest

CLONE_NEWNET = 0x40000000


def _configure(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def vanish(address):
    """From now on what is sent to this loopback address is dropped without a word."""
    _configure("route", "add", "blackhole", f"{address}/32", "table", "local")


def run(body):
    """Runs `body` on a thread that has a network of its own, and so has all that it starts."""
    if not shutil.which("ip"):
        pytest.skip("iproute2 is not installed")
    outcome = []

    def enter():
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            outcome.append(("skip", os.strerror(ctypes.get_errno())))
            return
        try:
            _configure("link", "set", "lo", "up")
            body()
        except BaseException as error:
            outcome.append(("error", error))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    for kind, what in outcome:
        if kind == "skip":
            pytest.skip(f"a network of its own needs root: {what}")
        raise what
