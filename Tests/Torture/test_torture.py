"""Lives with a server as users, operators, bad peers and bad days do; every record is accounted for.

Short: one seed for 90 seconds; long: ten minutes a seed. WEIR_TORTURE_SEEDS says how many seeds the
long form takes, WEIR_TORTURE_SEED which is the first. A failure prints the seed, the episode, the
step and the command that plays it again, and keeps the server's log in `.build-tests/torture`."""

import os
import time

import pytest

from runner import run_seed
from server import LONG

SECONDS = 600 if LONG else 90
SEEDS = int(os.environ.get("WEIR_TORTURE_SEEDS", 3 if LONG else 1))
# The short form tells whether a change has broken something, so it plays the same each time.
FIRST = int(os.environ.get("WEIR_TORTURE_SEED", time.time_ns() // 1000 % 10**9 if LONG else 88))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_nothing_is_lost_refused_or_kept_waiting(seed, tmp_path, record_property):
    print(f"\nseed {seed}, {SECONDS} s")
    found, coverage = run_seed(seed, tmp_path, SECONDS)
    record_property("seed", seed)
    assert not found, "\n".join(found)
    assert not coverage.missing(), f"never happened with seed {seed}: {coverage.missing()}"
