"""Runs seeds by hand, or one episode of a seed that failed.

    .build-tests/venv/bin/python Tests/Torture/again.py --seed 7 --episode 3
    .build-tests/venv/bin/python Tests/Torture/again.py --seed 7 --seconds 600 --goes-on
"""

import argparse
import faulthandler
import pathlib
import runpy
import signal
import sys
import tempfile

runpy.run_path(str(pathlib.Path(__file__).resolve().parent / "conftest.py"))

from report import Report  # noqa: E402
from runner import run_seed  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--episode", type=int)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--goes-on", action="store_true", help="continue behind a failing episode")
    parser.add_argument("--verbose", action="store_true")
    chosen = parser.parse_args()
    # Where every thread is, by `kill -USR1`.
    faulthandler.register(signal.SIGUSR1)
    with tempfile.TemporaryDirectory(prefix="weir-torture.") as folder:
        found, coverage = run_seed(chosen.seed, folder, chosen.seconds, Report(chosen.verbose),
                                   chosen.episode, chosen.goes_on)
    for each in found:
        print(each)
    missing = coverage.missing() if chosen.episode is None and not found else []
    if missing:
        print("never happened:", missing)
    return 1 if found or missing else 0


if __name__ == "__main__":
    sys.exit(main())
