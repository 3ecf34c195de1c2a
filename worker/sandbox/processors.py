"""How many processors this process may use: by its affinity, and by the quota of its control group."""

import math
import os
from functools import cache
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


@cache
def count_processors() -> int:
    """Return the processors that there are for this process, at least one. Read once."""
    return max(1, min([len(os.sched_getaffinity(0)), *read_quotas()]))


def read_quotas(groups: Path = GROUPS, own: Path = OWN_GROUP) -> list[int]:
    """Return the quotas in whole processors, of the own control group (version 2) and of those above it.

    A part of a processor counts as one: half of one is still shared by nobody else here.
    """
    try:
        line = next(line for line in own.read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return []
    below = groups / line.removeprefix("0::").strip("/")
    found = (_read_quota(place / "cpu.max") for place in (below, *below.parents) if place.is_relative_to(groups))
    return [quota for quota in found if quota]


def _read_quota(file: Path) -> int:
    """Return the quota in whole processors, rounded up; 0 where there is none."""
    try:
        quota, period = file.read_text().split()
    except (OSError, ValueError):
        return 0
    return 0 if quota == "max" else math.ceil(int(quota) / int(period))
