"""What a row is: one fault, how long it lasts, and what clients may see of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from conformance.faults.stand import Stand
from conformance.faults.traffic import Manner

Fault = Callable[[Stand], AbstractContextManager[None]]
"""Entered, the fault is there; left, its own doing is undone. What died is started again by Stand.repair."""

SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fault. `loses_answers`: what is between client and API breaks, or the API itself, so answers may be missing.

    `stops_api`: the API itself stands still, so its answers come late. `hears_in_time`: who waits hears of an end by an
    event. `keeps_attempts`: no worker is lost, so no job is started twice. `queue_is_true`: XLEN is what waits and runs.
    `may_fail` are the failure codes that jobs may end with; `needs_disk` where a disk has to be filled.
    """

    name: str
    kind: str
    says: str
    fault: Fault
    seconds: float = SECONDS
    loses_answers: bool = False
    stops_api: bool = False
    hears_in_time: bool = False
    keeps_attempts: bool = False
    queue_is_true: bool = False
    may_fail: frozenset[str] = frozenset()
    manner: Manner = field(default_factory=Manner)
    needs_disk: bool = False
    is_quick: bool = False
