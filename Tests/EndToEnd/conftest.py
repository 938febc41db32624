"""Fixtures: servers that tests share, and servers of their own where state matters."""

import itertools
import os
import pathlib
import runpy
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# Loopback only, in this process too; subprocesses find the same file by PYTHONPATH.
runpy.run_path(str(HERE / "loopback" / "sitecustomize.py"))

import leaks  # noqa: E402
from server import Server  # noqa: E402

# Five minutes become six seconds, five seconds a tenth.
QUICK = 0.02
_names = itertools.count()


def pytest_runtest_logstart(nodeid):
    """Tests/run says which test it is at."""
    if path := os.environ.get("WEIR_TEST_AT"):
        pathlib.Path(path).write_text(nodeid)


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left():
    """At the end of all tests, this process has no descriptor, thread or child more than before."""
    before = leaks.OfThisProcess()
    yield
    before.check()


def shared(folder, *options):
    """A server for the whole session; at its end it must hold what it held at its beginning."""
    server = Server(folder / "data", *options).start()
    before = leaks.OfServer(server)
    yield server
    try:
        before.check()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def weir(nothing_is_left, tmp_path_factory):
    """One server with the true times, shared by all tests that leave no trace in each other."""
    yield from shared(tmp_path_factory.mktemp("weir"))


@pytest.fixture(scope="session")
def quick(nothing_is_left, tmp_path_factory):
    """A shared server whose five-minute and five-second rules run fifty times as fast."""
    yield from shared(tmp_path_factory.mktemp("quick"), "--time-scale", str(QUICK))


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
