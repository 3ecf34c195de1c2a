"""Many who wait for one job."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Connection

from api import hub
from conformance.service import PATIENCE, wait_for
from core.jobs import Job
from core.record import find_job
from core.transitions import Status
from tests.api.live import Live

CROWD = 60


def ask_all(live: Live, job_id: UUID, seconds: int) -> "list[httpx.Response]":
    with (
        ThreadPoolExecutor(CROWD) as pool,
        httpx.Client(base_url=live.url, timeout=PATIENCE, limits=httpx.Limits()) as http,
    ):
        asked = [pool.submit(http.get, f"/v1/jobs/{job_id}", params={"wait": seconds}) for _ in range(CROWD)]
        watches = live.app.state.services.hub._watches
        wait_for("all to wait", lambda: len(watches.get(job_id, ())) == CROWD)
        if seconds > 10:
            live.claim(job_id)
            live.succeed(job_id)
        return [answer.result() for answer in asked]


def test_a_crowd_is_told_in_groups_and_nobody_is_left_out(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "CROWD", 7)
    job_id = live.in_status(Status.QUEUED)
    live.app.state.services.hub.recheck_seconds = PATIENCE
    assert [answer.json()["status"] for answer in ask_all(live, job_id, 50)] == ["succeeded"] * CROWD
    assert not live.app.state.services.hub._line
    assert not live.app.state.services.hub._in_line


def test_a_crowd_looks_at_the_row_together(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = live.in_status(Status.QUEUED)
    shared = live.app.state.services.hub
    shared.recheck_seconds = 0.5
    reads = []
    run = live.app.state.services.database.run

    async def counted(work: Any, *args: Any, **kwargs: Any) -> Any:
        def look(connection: Connection, *given: Any) -> Job | None:
            reads.append(given)
            return find_job(connection, *given)

        return await run(look if work is find_job else work, *args, **kwargs)

    monkeypatch.setattr(live.app.state.services.database, "run", counted)
    ask_all(live, job_id, 2)
    # Each would have looked four times by itself. A slow machine makes it fewer, never more.
    assert len(reads) < CROWD
