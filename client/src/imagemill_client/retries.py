"""Which outcomes are worth another attempt, and when."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from imagemill_client.errors import ImagemillError, Refused, ServiceUnavailable, TryLater
from imagemill_client.problems import read_problem, read_retry_after
from imagemill_client.wire import Lost, Pause, Reply, Request, Steps

BROKEN = frozenset({408, 500, 502, 504})
"""Answers of a service, or of a proxy before it, that may be better a moment later."""
IN_PROGRESS = "idempotency_in_progress"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to go on.

    `attempts` are those of one request while nothing answers or the answer is broken. The pauses between them double
    from `first_pause` to `longest_pause` seconds, each cut by chance to between half and whole. `patience` is how many
    seconds one request may wait in all when the service says that it should come later (429, 503, 507).
    """

    attempts: int = 5
    first_pause: float = 0.5
    longest_pause: float = 30.0
    patience: float = 300.0
    chance: Callable[[], float] = field(default=random.random, repr=False)

    def backoff(self, number: int) -> float:
        """Return the pause in seconds after attempt `number`, which counts from 1."""
        whole = min(self.longest_pause, self.first_pause * 2.0 ** min(number - 1, 30))
        return whole * (0.5 + self.chance() / 2)


def exchange(request: Request, policy: RetryPolicy) -> Steps[Reply]:
    """Send a request until it has a good answer, and return that. Raises what the last answer means."""
    failed = told_to_wait = 0
    waited = 0.0
    while True:
        outcome = yield request
        error = _find_error(outcome)
        if error is None and isinstance(outcome, Reply):
            return outcome
        if isinstance(error, TryLater):
            told_to_wait += 1
            pause = max(policy.backoff(told_to_wait), (error.retry_after or 0.0) * (1 + policy.chance() / 10))
            waited += pause
            if waited > policy.patience:
                raise error
        elif _is_passing(outcome):
            failed += 1
            if failed >= policy.attempts:
                raise error or ServiceUnavailable("No answer.")
            pause = max(policy.backoff(failed), _find_retry_after(outcome))
        else:
            raise error or ServiceUnavailable("No answer.")
        yield Pause(min(pause, policy.patience))


def _find_error(outcome: Reply | Lost | None) -> ImagemillError | None:
    if isinstance(outcome, Reply):
        return None if 200 <= outcome.status < 300 else read_problem(outcome)
    return ServiceUnavailable(outcome.reason if outcome else "No answer.")


def _is_passing(outcome: Reply | Lost | None) -> bool:
    if not isinstance(outcome, Reply):
        return True
    if outcome.status in BROKEN:
        return True
    error = read_problem(outcome)
    return isinstance(error, Refused) and error.code == IN_PROGRESS


def _find_retry_after(outcome: Reply | Lost | None) -> float:
    return (read_retry_after(outcome) if isinstance(outcome, Reply) else None) or 0.0
