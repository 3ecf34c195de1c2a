"""The life of a job as data: every transition, when it may be made, and what it changes.

core.record turns these rows into SQL. The model test walks the same rows, so what it proves is what runs.

    submit             claim                succeed
    ------> queued ------------> processing ---------> succeeded ---+
             |  ^                 |  |  |      fail                 | expire
             |  +-- hand_back ----+  |  +------------> failed ------+--> expired
             |  +-- reclaim -----------+      lose        ^
             |  (lease ran out)      |  +-----------------+
             +------- cancel --------+--> canceled
"""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Status(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


OPEN = frozenset({Status.QUEUED, Status.PROCESSING})
TERMINAL = frozenset(Status) - OPEN


class Lease(Enum):
    """What a transition does to the end of a claim's lease."""

    SET = "set"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of the table: `sources` and the guards say when, the rest says what changes.

    `fenced`: only for the holder of the current claim. `lease_over`: only once the lease has run out
    by the database's clock. `attempts_left`: only with (True) or without (False) attempts to spare.
    `claim` and `attempts` are added to the row's counters; the revision always goes up by one.
    """

    name: str
    sources: frozenset[Status]
    target: Status
    fenced: bool = False
    lease_over: bool = False
    attempts_left: bool | None = None
    claim: int = 0
    attempts: int = 0
    lease: Lease = Lease.CLEAR


_RUNNING = frozenset({Status.PROCESSING})

CLAIM = Transition(
    name="claim", sources=frozenset({Status.QUEUED}), target=Status.PROCESSING, claim=1, attempts=1, lease=Lease.SET
)
SUCCEED = Transition(name="succeed", sources=_RUNNING, target=Status.SUCCEEDED, fenced=True)
FAIL = Transition(name="fail", sources=_RUNNING, target=Status.FAILED, fenced=True)
HAND_BACK = Transition(name="hand_back", sources=_RUNNING, target=Status.QUEUED, fenced=True, attempts=-1)
RECLAIM = Transition(name="reclaim", sources=_RUNNING, target=Status.QUEUED, lease_over=True, attempts_left=True)
LOSE = Transition(name="lose", sources=_RUNNING, target=Status.FAILED, lease_over=True, attempts_left=False)
CANCEL = Transition(name="cancel", sources=OPEN, target=Status.CANCELED)
EXPIRE = Transition(name="expire", sources=frozenset({Status.SUCCEEDED, Status.FAILED}), target=Status.EXPIRED)

TRANSITIONS = (CLAIM, SUCCEED, FAIL, HAND_BACK, RECLAIM, LOSE, CANCEL, EXPIRE)
"""All of them, for the docs and the model."""
