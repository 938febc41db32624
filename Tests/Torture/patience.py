"""How long is waited for what should be there at once, on a machine that others use as well."""

import os

SLOWNESS_MAX = 4


def slowness():
    """How many runnable threads there are for each processor, at least 1."""
    return min(SLOWNESS_MAX, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1) / 1.5))


def seconds(quiet):
    """What so many seconds of a quiet machine are now."""
    return quiet * slowness()
