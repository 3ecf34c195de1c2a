"""What Redis means when it refuses: each kind of refusal, by the first word of its answer.

Most refusals say that this server is not, or not now, the one to talk to: its connections are dropped, so that the next
one resolves the name again. All of them are treated like a Redis that is away: nothing is lost, the janitor makes up for it.
"""

from dataclasses import dataclass
from enum import StrEnum

from redis.exceptions import AuthenticationError, NoPermissionError
from redis.exceptions import ConnectionError as LostConnection


class RedisState(StrEnum):
    """How Redis is, in a word of `/readyz`."""

    OK = "ok"
    AWAY = "away"
    """It does not answer, or is loading its data."""
    READ_ONLY = "read-only"
    """It answers and takes no writes: a replica, or a master that may not write."""
    FULL = "full"
    """It is at its limit of memory."""
    DENIED = "denied"
    """It refuses the password, or the user lacks a right."""
    WRONG_KIND = "wrong kind"
    """It is a cluster or a Sentinel."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One kind of refusal. `sentence` is for the log; `must_reconnect`: another server may have taken its place."""

    state: RedisState
    sentence: str
    must_reconnect: bool


_REPLICA = Refusal(
    RedisState.READ_ONLY, "Redis is a replica and takes no writes. A master is needed.", must_reconnect=True
)
REFUSALS = {
    "READONLY": _REPLICA,
    "UNBLOCKED": _REPLICA,
    "MASTERDOWN": Refusal(
        RedisState.READ_ONLY, "Redis is a replica that has lost its master. A master is needed.", must_reconnect=True
    ),
    "NOREPLICAS": Refusal(
        RedisState.READ_ONLY,
        "Redis has fewer replicas than its min-replicas-to-write and takes no writes.",
        must_reconnect=True,
    ),
    "MISCONF": Refusal(
        RedisState.READ_ONLY,
        "Redis cannot write to its disk and takes no writes. Look into its log.",
        must_reconnect=False,
    ),
    "LOADING": Refusal(RedisState.AWAY, "Redis is loading its data.", must_reconnect=True),
    "CLUSTERDOWN": Refusal(RedisState.AWAY, "The cluster of this Redis is down.", must_reconnect=True),
    "OOM": Refusal(
        RedisState.FULL,
        "Redis is at its maxmemory and takes no writes. Give it more, with the policy volatile-lru.",
        must_reconnect=False,
    ),
    "NOAUTH": Refusal(
        RedisState.DENIED, "Redis wants a password. Put it into IMAGEMILL_REDIS_URL.", must_reconnect=True
    ),
    "WRONGPASS": Refusal(
        RedisState.DENIED, "Redis refuses the user or password of IMAGEMILL_REDIS_URL.", must_reconnect=True
    ),
    "NOPERM": Refusal(
        RedisState.DENIED,
        "Redis denies its user a command, a key or a channel. docs/redis.md has the rights that are needed.",
        must_reconnect=False,
    ),
}


class RedisRefuses(LostConnection):
    """This server is not the one to talk to; its connection is closed. A ConnectionError, so a pipeline ends at it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


class WrongRedis(RedisRefuses):
    """The address leads to a kind of server that imagemill does not use."""

    def __init__(self, sentence: str) -> None:
        super().__init__(Refusal(RedisState.WRONG_KIND, sentence, must_reconnect=True))


def find_refusal(error: BaseException) -> Refusal | None:
    """Return what the error of a call means; None when Redis did not answer, or for a wrong call."""
    if isinstance(error, RedisRefuses):
        return error.refusal
    word = getattr(error, "status_code", None) or str(error).partition(" ")[0]
    if word in REFUSALS:
        return REFUSALS[word]
    if isinstance(error, NoPermissionError):
        return REFUSALS["NOPERM"]
    return REFUSALS["WRONGPASS"] if isinstance(error, AuthenticationError) else None


def state_of(error: BaseException) -> RedisState:
    """Return how Redis is, by the error of a call."""
    refusal = find_refusal(error)
    return refusal.state if refusal else RedisState.AWAY


def explain_redis_error(error: BaseException) -> str:
    """Make a sentence for the log."""
    refusal = find_refusal(error)
    return refusal.sentence if refusal else str(error) or "Redis did not answer in time."
