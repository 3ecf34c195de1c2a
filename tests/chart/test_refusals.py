"""What the chart refuses, with which words."""

from typing import Any

import pytest

from tests.chart.rendering import Refused, merged, nested, render

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"worker.slots": 1}, "worker.slots is 1: a worker that follows the queue needs at least 2 slots"),
    ({"worker.autoscaling.jobsPerReplica": 5}, "jobsPerReplica is 5, above worker.slots (4)"),
    ({"worker.autoscaling.fallback.replicas": 0}, "fallback.replicas is 0: while Redis is away, busy workers"),
    ({"worker.autoscaling.minReplicas": 16}, "worker.autoscaling.minReplicas (16) is above maxReplicas (15)"),
    (
        {"api.autoscaling.enabled": True, "api.autoscaling.minReplicas": 7},
        "api.autoscaling.minReplicas (7) is above maxReplicas (6)",
    ),
    ({"worker.terminationGracePeriodSeconds": 74}, "worker.terminationGracePeriodSeconds is 74: the hard timeout"),
    (
        {"worker.terminationGracePeriodSeconds": 90, "settings.jobSeconds": 80},
        "Set it to 95 or more",
    ),
    ({"api.terminationGracePeriodSeconds": 64}, "api.terminationGracePeriodSeconds is 64"),
    (
        {"api.keys.existingSecret": "my-keys"},
        "api.keys.existingSecret is my-keys, but api.settings.auth is none, so nobody would be asked for a key.",
    ),
    ({"worker.jobWallSeconds": 59}, "worker.jobWallSeconds (59) is below settings.jobSeconds (60)"),
    ({"settings.heartbeatSeconds": 16}, "settings.heartbeatSeconds (16) is above half of settings.leaseSeconds (30)"),
    (
        {"worker.slots": 6},
        "worker.resources.limits.memory is 5632Mi, but 4Gi memory budget + 6 slots x (upload + result)",
    ),
    ({"worker.memoryBudget": "8Gi"}, "base memory are 9402Mi: a full worker would be killed with all its jobs"),
    (
        {"postgresql.parameters.max_wal_size": "4GB"},
        "postgresql.parameters.max_wal_size is given, so settings.maxStoredBytes does not follow",
    ),
    ({"worker.jobMemory": "5Gi"}, "worker.jobMemory (5Gi) is above worker.memoryBudget (4Gi), which all jobs"),
    (
        {"worker.autoscaling.maxReplicas": 39},
        "but 39 workers x 4 + 2 api pods x (16 threads + 1) + 2 for the janitor + 10 reserved are 202",
    ),
    (
        {"worker.autoscaling.enabled": False, "worker.replicas": 39},
        "postgresql.maxConnections is 200, but 39 workers",
    ),
    ({"postgresql.maxConnections": 50}, "postgresql.maxConnections is 50, but 15 workers x 4"),
    ({"redis.maxMemory": "512Mi"}, "redis.maxMemory (512Mi) is not below redis.resources.limits.memory (512Mi)"),
    ({"postgresql.enabled": False}, "postgresql.existingSecret is empty, so there is no address"),
    ({"redis.enabled": False}, "redis.existingSecret is empty, so there is no address"),
    (
        {"redis.existingSecret": "mine", "redis.secretKeys.password": ""},
        "redis.secretKeys.password is empty: the Redis of the release needs one",
    ),
    (
        {"redis.sentinelMaster": "mymaster"},
        "redis.sentinelMaster is mymaster, but redis.enabled is true, and the Redis of the release has no Sentinels",
    ),
    ({"api.ingress.enabled": True}, "api.ingress.hosts is empty"),
    ({"webhooks.enabled": True}, "webhooks.existingSecret is empty: messages would not be signed"),
    (
        {"webhooks.enabled": True, "webhooks.existingSecret": "a", "postgresql.maxConnections": 50},
        "+ 5 for the janitor",
    ),
    *(
        (
            {f"{component}.extraEnv": [{"name": "IMAGEMILL_SLOTS", "value": "2"}]},
            f"{component}.extraEnv sets IMAGEMILL_SLOTS",
        )
        for component in ("api", "worker", "janitor")
    ),
    # By the schema: names that do not exist, wrong types, impossible figures.
    ({"worker.slotz": 4}, "additional properties 'slotz' not allowed"),
    ({"workers": {}}, "additional properties 'workers' not allowed"),
    ({"worker.slots": "four"}, "got string, want integer"),
    ({"worker.slots": 65}, "maximum"),
    ({"api.replicas": -1}, "minimum"),
    ({"worker.jobMemory": "lots"}, "does not match pattern"),
    ({"settings.logLevel": "loud"}, "value must be one of"),
    ({"api.settings.auth": "yes"}, "value must be one of"),
    ({"api.settings.rateLimit": ""}, "minLength"),
    ({"postgresql.username": "o'hara"}, "does not match pattern"),
]

ALLOWED: list[dict[str, Any]] = [
    {"worker.slots": 1, "worker.autoscaling.enabled": False},
    {"worker.autoscaling.jobsPerReplica": 4},
    {"worker.terminationGracePeriodSeconds": 75},
    {"api.terminationGracePeriodSeconds": 65},
    {"settings.heartbeatSeconds": 15},
    {"api.keys.existingSecret": "my-keys", "api.settings.auth": "keys"},
    {"worker.autoscaling.maxReplicas": 38},
    {"worker.slots": 5, "worker.resources.limits.memory": "7Gi"},
    {"worker.slots": 5, "worker.resources.limits": None},
    {"redis.maxMemory": "511Mi"},
    {"global.anything": 1},
]


def named(given: dict[str, Any]) -> str:
    return ",".join(f"{path}={value}" for path, value in given.items())[:80]


def values(given: dict[str, Any]) -> dict[str, Any]:
    return merged(*(nested(path, value) for path, value in given.items()))


@pytest.mark.parametrize(("given", "words"), REFUSED, ids=[named(given) for given, _ in REFUSED])
def test_it_refuses(given: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as caught:
        render(values(given))
    assert words in str(caught.value)


@pytest.mark.parametrize("given", ALLOWED, ids=map(named, ALLOWED))
def test_it_takes_what_just_fits(given: dict[str, Any]) -> None:
    assert render(values(given))


def test_it_says_everything_at_once() -> None:
    given = {"worker.autoscaling.jobsPerReplica": 9, "redis.enabled": False, "api.ingress.enabled": True}
    with pytest.raises(Refused) as caught:
        render(values(given))
    assert str(caught.value).count("\n- ") == 3
