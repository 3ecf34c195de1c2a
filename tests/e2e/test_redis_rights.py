"""A user with the least rights of docs/redis.md, two installations on one Redis, and a Redis that is refused."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from conformance.service import PATIENCE, Service, free_port, wait_for
from core.redis_check import find_denied, least_rules
from core.redis_client import make_redis
from core.redis_errors import RedisState, state_of
from core.redis_names import RedisNames
from core.transitions import Status
from tests.e2e.conftest import running_service
from tests.e2e.redis_sets import PASSWORD, Server, tcp_redis
from tests.e2e.test_protocol import picture

PAGE = Path(__file__).parents[2] / "docs" / "redis.md"


@pytest.fixture
def server(redis_binary: Path, tmp_path: Path) -> Iterator[Server]:
    with tcp_redis(redis_binary, tmp_path, save='""') as running:
        yield running


def written_rules() -> list[str]:
    """The rules of the page, without the name of the user, whether it is on, and its password."""
    found = re.search(r"^ACL SETUSER imagemill on >password (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1].split()


def let_in(server: Server, rules: list[str]) -> str:
    """Make a user with these rules, and return the URL with it."""
    server.client.execute_command("ACL", "SETUSER", "mill", "reset", "on", f">{PASSWORD}", *rules)  # type: ignore[no-untyped-call] # untyped in redis-py
    return f"redis://mill:{PASSWORD}@127.0.0.1:{server.port}/0"


def test_the_page_has_the_rules_that_the_code_asks_for() -> None:
    assert sorted(written_rules()) == sorted(least_rules(RedisNames()))


def test_a_user_with_the_least_rights_lacks_none(
    tmp_path: Path, database_url: str, engine: Engine, server: Server
) -> None:
    url = let_in(server, written_rules())
    with running_service(tmp_path, database_url, engine, url) as service:
        processes = [service.start(name) for name in ("api", "worker", "janitor")]
        address = f"http://127.0.0.1:{processes[0].probe_port}"
        answer = httpx.post(
            f"{address}/v1/jobs",
            files={"file": ("a.png", picture())},
            data={"target_format": "jpeg"},
            headers={"Idempotency-Key": "once"},
            timeout=PATIENCE,
        )
        told = httpx.get(f"{address}{answer.headers['location']}?wait=50", timeout=PATIENCE).json()
        assert told["status"] == "succeeded"
        canceled = service.submit(picture(), hold=PATIENCE)
        service.wait(canceled, Status.PROCESSING)
        assert httpx.delete(f"{address}/v1/jobs/{canceled}", timeout=PATIENCE).status_code == 204
        wait_for("the child to be killed", lambda: not processes[1].children())
        assert httpx.get(f"{address}/readyz", timeout=PATIENCE).json()["parts"]["redis"] == "ok"
        wait_for("a sweep of all", lambda: "imagemill_redis_up 1.0" in processes[2].page())
        service.stop_all()
        for process in processes:
            assert "denies" not in process.log.read_text()
            assert "NOPERM" not in process.log.read_text()
            assert "no permissions" not in process.log.read_text()


@pytest.mark.parametrize(
    ("taken", "denied"),
    [
        (["-xadd", "-xinfo|groups"], ["+xadd", "+xinfo|groups"]),
        (["-multi"], ["+multi"]),
        (["-exec"], ["+exec"]),
        (["-discard"], ["+discard"]),
        (["resetchannels"], ["&imagemill:*"]),
        (["resetkeys"], ["~imagemill:*"]),
        (["allkeys", "allchannels", "+@all"], []),
    ],
)
def test_what_is_denied_is_named_and_nothing_is_left(server: Server, taken: list[str], denied: list[str]) -> None:
    with make_redis(let_in(server, [*written_rules(), *taken])) as client:
        assert find_denied(client) == denied
    assert server.client.keys() == []


def test_a_program_tells_at_its_start_what_is_denied(service: Service, server: Server) -> None:
    service.redis_url = let_in(server, [*written_rules(), "-xreadgroup"])
    worker = service.start("worker")
    wait_for("the sentence", lambda: '"missing": "+xreadgroup"' in worker.log.read_text())


def test_two_installations_on_one_redis_see_nothing_of_each_other(
    tmp_path: Path, database_url: str, engine: Engine, server: Server
) -> None:
    """The other's worker would find no such job; the user may not touch what has another prefix."""
    names = RedisNames("mill-2:")
    url = let_in(server, least_rules(names))
    with running_service(tmp_path, database_url, engine, url) as service:
        processes = [service.start(name, redis_prefix=names.prefix) for name in ("api", "worker", "janitor")]
        address = f"http://127.0.0.1:{processes[0].probe_port}"
        files = {"file": ("a.png", picture())}
        answer = httpx.post(f"{address}/v1/convert", files=files, data={"target_format": "jpeg"}, timeout=PATIENCE)
        assert answer.status_code == 200
        assert httpx.get(f"{address}/readyz", timeout=PATIENCE).json()["parts"]["redis"] == "ok"
        found = {str(key) for key in server.client.scan_iter()}
        assert names.stream in found
        assert [key for key in found if not key.startswith(names.prefix)] == []


@pytest.mark.parametrize("module", ["api", "worker", "janitor"])
def test_a_cluster_is_refused_with_a_sentence(
    redis_binary: Path, tmp_path: Path, database_url: str, module: str
) -> None:
    with tcp_redis(redis_binary, tmp_path, cluster_enabled="yes", cluster_port=str(free_port())) as server:
        env = {
            **os.environ,
            "IMAGEMILL_DATABASE_URL": database_url,
            "IMAGEMILL_REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:{server.port}/0",
            "IMAGEMILL_PORT" if module == "api" else "IMAGEMILL_PROBE_PORT": "0",
        }
        done = subprocess.run(
            [sys.executable, "-m", module], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 2
    assert (
        "imagemill: IMAGEMILL_REDIS_URL leads to a Redis in cluster mode, which imagemill does not use." in done.stderr
    )


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({"min_replicas_to_write": "1"}, RedisState.READ_ONLY),
        ({"maxmemory": "1kb", "maxmemory_policy": "noeviction"}, RedisState.FULL),
        ({"replicaof": "127.0.0.1 1"}, RedisState.READ_ONLY),
    ],
)
def test_a_redis_without_writes_is_told_by_its_state(
    redis_binary: Path, tmp_path: Path, settings: dict[str, str], state: RedisState
) -> None:
    with tcp_redis(redis_binary, tmp_path, **settings) as server:
        with (
            make_redis(f"redis://:{PASSWORD}@127.0.0.1:{server.port}/0") as client,
            pytest.raises(Exception, match=r"Redis|command not allowed") as raised,
        ):
            find_denied(client)
        assert state_of(raised.value) is state
