"""A run of one seed: episodes until its time is over and every class has happened."""

import pathlib
import shutil
import time

import episode
import patience
from actors import chaos
from classes import Coverage
from plan import plans
from report import Report

# A run that has not met every class in its time goes on for so much longer, then it has failed.
STRETCH = 3


def run_seed(seed, folder, seconds, report=None, only=None, goes_on=False):
    """Returns what was found wrong, and the coverage.

    `only` plays one episode of the seed alone; `goes_on` continues behind a failing one."""
    report = report or Report()
    folder = pathlib.Path(folder)
    coverage = Coverage(chaos.impossible(folder))
    began, found = time.monotonic(), []
    for plan in plans(seed, tuple(coverage.impossible)):
        if only is not None and plan.number != only:
            if plan.number > only:
                break
            continue
        passed = time.monotonic() - began
        if only is None and (passed > patience.seconds(STRETCH * seconds)
                             or passed > seconds and not coverage.missing()):
            break
        place = folder / f"episode-{plan.number}"
        place.mkdir(parents=True)
        violations = episode.run(plan, place, coverage, report)
        shutil.rmtree(place, ignore_errors=True)
        report.note(f"    not met yet: {coverage.missing()}", loud=time.monotonic() - began > seconds)
        found += [f"seed {seed}, episode {plan.number}: {each}\n    again: {plan.again()}"
                  for each in violations]
        if found and not goes_on:
            break
    for line in coverage.lines():
        report.note(line)
    return found, coverage
