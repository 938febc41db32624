"""Fixtures: servers that tests share, and servers of their own where state matters."""

import itertools
import pathlib
import runpy
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# Loopback only, in this process too; subprocesses find the same file by PYTHONPATH.
runpy.run_path(str(HERE / "loopback" / "sitecustomize.py"))

from server import Server  # noqa: E402

# Five minutes become six seconds, five seconds a tenth.
QUICK = 0.02
_names = itertools.count()


@pytest.fixture(scope="session")
def weir(tmp_path_factory):
    """One server with the true times, shared by all tests that leave no trace in each other."""
    server = Server(tmp_path_factory.mktemp("weir") / "data").start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def quick(tmp_path_factory):
    """A shared server whose five-minute and five-second rules run fifty times as fast."""
    server = Server(
        tmp_path_factory.mktemp("quick") / "data", "--time-scale", str(QUICK)).start()
    yield server
    server.stop()


@pytest.fixture
def own(tmp_path):
    """Makes servers that belong to the test alone: own(), own("--durability", "os")."""
    made = []

    def make(*options, data=None, start=True, **named):
        server = Server(data or tmp_path / "data", *options, **named)
        made.append(server)
        return server.start() if start else server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def name():
    """A stream name that no other test has."""
    return f"stream-{next(_names)}"
