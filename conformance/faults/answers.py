"""What was asked and answered, and which answers the contract knows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

HUNG_SECONDS = 5.0
"""No answer takes longer, waits apart."""

NO_ANSWER = 0
"""The status where the connection broke or nothing came in time."""

AWAY = {
    (503, "database_away"),
    (503, "queue_full"),
    (503, "overloaded"),
    (503, "too_many_requests"),
    (507, "storage_full"),
}
GONE = {(404, "job_not_found")}

CONTRACT: dict[str, set[tuple[int, str]]] = {
    "submit": {(202, ""), (409, "idempotency_in_progress"), (429, "rate_limited"), *AWAY},
    "status": {(200, ""), *AWAY},
    "wait": {(200, ""), *AWAY},
    "result": {
        (200, ""), (409, "not_ready"), (409, "job_failed"), (410, "expired"), (410, "canceled"), *AWAY
    },
    "cancel": {(204, ""), *AWAY},
    "ready": {(200, ""), (503, "")},
    "live": {(200, "")},
}  # fmt: skip
"""The statuses and codes of each call that a client of these rows may see."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: of which call, when it was asked for, after how many seconds, with what."""

    call: str
    asked: float
    seconds: float
    status: int
    code: str

    @property
    def is_hung(self) -> bool:
        return self.call != "wait" and self.seconds > HUNG_SECONDS

    @property
    def is_known(self) -> bool:
        return (self.status, self.code) in CONTRACT[self.call]

    def __str__(self) -> str:
        return f"{self.call} {self.status or 'none'} {self.code}".strip()


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
