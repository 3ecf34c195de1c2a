"""A replica is promoted under load: no job is lost, and nothing has to be restarted."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine

from conformance.names import CANCELED, EVENTS
from conformance.service import PATIENCE, Process, Service, wait_for
from core.transitions import Status
from tests.e2e.conftest import running_service
from tests.e2e.redis_sets import PASSWORD, Name, ReplicaSet, replica_set
from tests.e2e.test_protocol import picture

BEFORE, AFTER = 6, 12
"""Jobs that are sent before and after the promotion."""


@pytest.fixture
def redis_set(redis_binary: Path, tmp_path: Path) -> Iterator[ReplicaSet]:
    with replica_set(redis_binary, tmp_path) as running:
        yield running


@contextmanager
def started(directory: Path, database_url: str, engine: Engine, redis_url: str) -> Iterator[tuple[Service, Process]]:
    with running_service(directory, database_url, engine, redis_url) as service:
        api = service.start("api")
        service.start("worker")
        service.start("janitor")
        yield service, api


def post(api: Process) -> UUID:
    answer = httpx.post(
        f"http://127.0.0.1:{api.probe_port}/v1/jobs",
        files={"file": ("a.png", picture())},
        data={"target_format": "jpeg"},
        timeout=PATIENCE,
    )
    assert answer.status_code == 202
    return UUID(answer.json()["id"])


def redis_part(api: Process) -> str:
    return str(httpx.get(f"http://127.0.0.1:{api.probe_port}/readyz", timeout=PATIENCE).json()["parts"]["redis"])


def are_subscribed(redis_set: ReplicaSet) -> bool:
    """Whether API and worker hear the new master."""
    heard = dict(redis_set.second.client.pubsub_numsub(EVENTS, CANCELED))
    return min(heard.values()) > 0


def test_sentinels_promote_a_replica_under_load(
    tmp_path: Path, database_url: str, engine: Engine, redis_set: ReplicaSet
) -> None:
    with started(tmp_path, database_url, engine, redis_set.url) as (service, api):
        sent = [post(api) for _ in range(BEFORE)]
        assert redis_part(api) == "ok"
        promoting = threading.Thread(target=redis_set.promote_by_sentinel)
        promoting.start()
        began = time.monotonic()
        sent += [post(api) for _ in range(AFTER)]
        promoting.join()
        wait_for("the promotion", lambda: redis_set.second.role() == "master")
        sent += [post(api) for _ in range(AFTER)]
        ended = service.wait_all(sent, Status.SUCCEEDED)
        print(f"{len(ended)} of {len(sent)} done {time.monotonic() - began:.1f} s after the promotion")
        assert service.results() == len(sent)
        wait_for("readiness", lambda: redis_part(api) == "ok")
        wait_for("both subscriptions", lambda: are_subscribed(redis_set))


def test_a_name_that_moves_to_another_master_is_followed(
    tmp_path: Path, database_url: str, engine: Engine, redis_set: ReplicaSet
) -> None:
    name = Name(redis_set.first.port)
    with started(tmp_path, database_url, engine, f"redis://:{PASSWORD}@127.0.0.1:{name.port}/0") as (service, api):
        sent = [post(api) for _ in range(BEFORE)]
        redis_set.promote_by_hand()
        wait_for("the API to tell", lambda: redis_part(api) == "read-only")
        # The name still leads to the old one, which takes no writes.
        sent += [post(api) for _ in range(AFTER)]
        name.target = redis_set.second.port
        service.wait_all(sent, Status.SUCCEEDED)
        assert service.results() == len(sent)
        wait_for("readiness", lambda: redis_part(api) == "ok")
    name.close()
