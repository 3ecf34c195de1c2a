"""Whose jobs these are, as far as this process knows."""

from collections import OrderedDict
from uuid import UUID

MOST = 20_000
"""About 6 MB."""


class JobOwners:
    """The owners of the jobs asked for lately. A job never changes its owner, so what stands here stays true."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._owners: OrderedDict[UUID, str] = OrderedDict()

    def get(self, job_id: UUID) -> str | None:
        """Return the owner, None when it is not known here."""
        return self._owners.get(job_id)

    def put(self, job_id: UUID, owner: str) -> None:
        """Remember an owner, and forget the one remembered longest ago when there are too many."""
        self._owners[job_id] = owner
        if len(self._owners) > self._most:
            self._owners.popitem(last=False)
