"""How a disk is shared: images, PostgreSQL's write-ahead log, and a rest that is for nobody.

The write-ahead log must never fill the disk: PostgreSQL ends then, and does not start again. It may pass `max_wal_size`
while a checkpoint runs, so three times that stays free. The chart reckons the same in `_storage.tpl`; a test compares.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1 << 20
LEAST_LOG, MOST_LOG = 64, 4096
"""Mebibytes of the write-ahead log."""
SHARE_OF_FREE = 2
"""The disk is others' too: of what is free, one part in so many is ours."""


@dataclass(frozen=True, slots=True)
class StoragePlan:
    """What the database may take, in bytes, and the write-ahead log, in mebibytes."""

    limit: int
    log: int

    @property
    def server_settings(self) -> Mapping[str, str]:
        """Return the settings of PostgreSQL."""
        return {"max_wal_size": f"{self.log}MB", "min_wal_size": f"{min(80, self.log // 2)}MB"}


def plan_storage(volume: int) -> StoragePlan:
    """Share a volume of so many bytes."""
    log = min(MOST_LOG, max(LEAST_LOG, volume // (16 * MEBIBYTE)))
    return StoragePlan(limit=max(volume // 4, volume - 3 * log * MEBIBYTE - volume // 20), log=log)


def measure_volume(directory: Path) -> int:
    """Return the bytes that the directory's files have, and our share of what is free beside them."""
    used = sum(_size_of(Path(place) / name) for place, _, names in os.walk(directory) for name in names)
    return used + shutil.disk_usage(directory).free // SHARE_OF_FREE


def _size_of(path: Path) -> int:
    try:
        return path.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
