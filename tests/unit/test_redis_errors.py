"""What each refusal of Redis means, from the words that a server sends."""

import pytest
from redis._parsers.base import BaseParser
from redis.exceptions import TimeoutError as SlowAnswer

from core.redis_connections import check_hello
from core.redis_errors import (
    REFUSALS,
    RedisRefuses,
    RedisState,
    WrongRedis,
    explain_redis_error,
    find_refusal,
    state_of,
)

AS_SENT = {
    "READONLY": "READONLY You can't write against a read only replica.",
    "UNBLOCKED": "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
    "MASTERDOWN": "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "NOREPLICAS": "NOREPLICAS Not enough good replicas to write.",
    "MISCONF": "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "LOADING": "LOADING Redis is loading the dataset in memory",
    "CLUSTERDOWN": "CLUSTERDOWN The cluster is down",
    "OOM": "OOM command not allowed when used memory > 'maxmemory'.",
    "NOAUTH": "NOAUTH Authentication required.",
    "WRONGPASS": "WRONGPASS invalid username-password pair or user is disabled.",
    "NOPERM": "NOPERM User mill has no permissions to run the 'xadd' command",
}


def parse(answer: str) -> Exception:
    """The error that redis-py makes of an answer."""
    error = BaseParser.parse_error(answer)  # type: ignore[no-untyped-call] # untyped in redis-py
    assert isinstance(error, Exception)
    return error


@pytest.mark.parametrize("word", REFUSALS)
def test_each_refusal_is_known_by_the_words_of_the_server(word: str) -> None:
    error = parse(AS_SENT[word])
    assert find_refusal(error) is REFUSALS[word]
    assert state_of(RedisRefuses(REFUSALS[word])) is REFUSALS[word].state
    assert explain_redis_error(error).endswith(".")


@pytest.mark.parametrize("error", [ConnectionRefusedError(), SlowAnswer("Timeout reading"), OSError("gone")])
def test_a_redis_that_does_not_answer_is_away(error: Exception) -> None:
    assert (find_refusal(error), state_of(error)) == (None, RedisState.AWAY)
    assert explain_redis_error(error)


def test_a_wrong_call_is_no_refusal() -> None:
    assert find_refusal(parse("ERR unknown command 'NONE'")) is None


@pytest.mark.parametrize(
    "answer",
    [
        ["server", "redis", "version", "7.0.15", "mode", "standalone", "role", "master", "modules", []],
        {b"mode": b"standalone", b"role": b"master"},
        ["server", "valkey", "role", "primary"],
        [],
    ],
)
def test_a_master_is_taken(answer: object) -> None:
    check_hello(answer)


def test_what_is_no_master_is_refused() -> None:
    with pytest.raises(RedisRefuses, match="is a replica"):
        check_hello(["mode", "standalone", "role", "replica"])
    with pytest.raises(RedisRefuses, match="is a replica"):
        check_hello({"role": "slave"})
    with pytest.raises(WrongRedis, match="cluster mode"):
        check_hello(["mode", "cluster", "role", "master"])
    with pytest.raises(WrongRedis, match="leads to a Sentinel"):
        check_hello(["mode", "sentinel"])
