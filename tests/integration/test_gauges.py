"""What the janitor shows of both servers, and what it shows when one is away."""

import math

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine

from core.database import ERRORS, make_engine
from core.failures import FailureCode
from core.liveness import Liveness
from core.metrics import count_finished, show_failure_codes
from core.redis_client import AWAY, RedisClient, make_redis
from janitor.gauges import show_database_size, show_open_jobs, show_postgresql, show_queue, show_redis
from janitor.loop import Janitor
from janitor.settings import JanitorSettings

NO_DATABASE = "postgresql://postgres@127.0.0.1:1/imagemill"
NO_REDIS = "redis://127.0.0.1:1/0"


def sample(name: str, **labels: str) -> float:
    value = REGISTRY.get_sample_value(name, labels)
    assert value is not None, name
    return value


def test_postgresql_shows_its_connections_and_its_size(engine: Engine) -> None:
    with engine.connect(), engine.connect():
        show_postgresql(engine)
    show_database_size(engine)
    assert sample("imagemill_postgresql_up") == 1
    assert 3 <= sample("imagemill_postgresql_connections") <= 200
    assert sample("imagemill_postgresql_connections_max") == 200
    assert sample("imagemill_postgresql_bytes") > 1_000_000


def test_redis_shows_its_memory(client: RedisClient) -> None:
    show_redis(client)
    assert sample("imagemill_redis_up") == 1
    assert 0 < sample("imagemill_redis_bytes") < sample("imagemill_redis_bytes_max") == 256 * 1024**2
    assert sample("imagemill_redis_evicted_keys") == 0
    client.config_set("maxmemory", 0)
    show_redis(client)
    assert sample("imagemill_redis_bytes_max") == math.inf


def test_a_server_that_is_away_is_down_and_leaves_no_old_figure(engine: Engine, client: RedisClient) -> None:
    show_postgresql(engine)
    show_open_jobs(engine)
    show_redis(client)
    show_queue(client)
    nowhere = make_engine(NO_DATABASE, pool=1)
    for show in (show_postgresql, show_open_jobs, show_database_size):
        with pytest.raises(ERRORS):
            show(nowhere)
    with make_redis(NO_REDIS) as dead:
        for look in (show_redis, show_queue):
            with pytest.raises(AWAY):
                look(dead)
    assert (sample("imagemill_postgresql_up"), sample("imagemill_redis_up")) == (0, 0)
    for name in ("postgresql_connections", "postgresql_bytes", "queue_oldest_seconds", "redis_bytes", "queue_messages"):
        assert math.isnan(sample(f"imagemill_{name}")), name
    assert math.isnan(sample("imagemill_jobs", status="queued"))
    show_postgresql(engine)
    assert sample("imagemill_postgresql_up") == 1


def test_a_sweep_shows_when_it_ran_well(engine: Engine) -> None:
    settings = JanitorSettings(lease_seconds=3, heartbeat_seconds=1)
    with make_redis(NO_REDIS) as dead:
        janitor = Janitor(engine, dead, settings, Liveness({"loop": 60}))
        janitor.run_due()
        first = sample("imagemill_janitor_swept_timestamp_seconds", sweep="open jobs")
        failed = REGISTRY.get_sample_value("imagemill_janitor_swept_timestamp_seconds", {"sweep": "Redis"})
        for task in janitor.tasks:
            task.due = 0.0
        janitor.run_due()
    assert sample("imagemill_janitor_swept_timestamp_seconds", sweep="open jobs") > first
    assert REGISTRY.get_sample_value("imagemill_janitor_swept_timestamp_seconds", {"sweep": "Redis"}) == failed
    for task in janitor.tasks:
        assert sample("imagemill_janitor_sweep_failures_total", sweep=task.name) >= 0


def test_every_failure_code_is_there_before_it_happens() -> None:
    show_failure_codes()
    before = {code: sample("imagemill_jobs_failed_total", code=code) for code in FailureCode}
    count_finished("failed", "png", "jpeg", FailureCode.INTERNAL)
    count_finished("succeeded", "png", "jpeg")
    assert sample("imagemill_jobs_failed_total", code="internal") == before[FailureCode.INTERNAL] + 1
    assert sample("imagemill_jobs_failed_total", code="timeout") == before[FailureCode.TIMEOUT]
