"""The application behind a real uvicorn, in a thread of the test, and jobs moved on as a worker would."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from PIL import Image
from prometheus_client import REGISTRY
from sqlalchemy import Engine, func, select

from api.__main__ import Server, listen, make_server
from api.settings import ApiSettings
from conformance.service import PATIENCE, wait_for
from core.blobs import store_result
from core.failures import TruncatedImage
from core.jobs import Job
from core.losses import AlphaFlattened
from core.partitions import today
from core.publisher import Publisher
from core.record import advance, claim_job, find_job
from core.redis_client import RedisClient
from core.tables import jobs, results, uploads
from core.transitions import CANCEL, EXPIRE, FAIL, SUCCEED, Status
from tests.api.agreement import Agreement

NOWHERE = "redis://127.0.0.1:1/0"
"""A port that nothing listens on."""


def picture(side: int = 8, kind: str = "PNG") -> bytes:
    sink = BytesIO()
    Image.new("RGB", (side, side), "teal").save(sink, kind)
    return sink.getvalue()


PNG = picture()
RESULT = bytes(range(256)) * 10_000
"""2.56 MB: twenty slices. The API does not look inside."""


@dataclass
class Live:
    """A running API, the test's own ways to its databases, and what a worker does to jobs."""

    server: Server
    app: FastAPI
    settings: ApiSettings
    url: str
    http: httpx.Client
    engine: Engine
    redis: Any
    agreement: Agreement

    def post(
        self, data: bytes | None = PNG, name: str = "photo.png", path: str = "/v1/jobs", **fields: str
    ) -> httpx.Response:
        files = None if data is None else {"file": (name, data)}
        return self.http.post(path, files=files, data={"target_format": "jpeg", **fields})

    def wait_for_redis(self) -> "Live":
        """Give Redis all the time it needs: on a busy machine it may miss the budget of a request, and be taken for away."""
        self.app.state.services.redis._budget = PATIENCE
        return self

    def submit(self, **fields: str) -> UUID:
        answer = self.post(PNG, "photo.png", "/v1/jobs", **fields)
        assert answer.status_code == 202, answer.text
        return UUID(answer.json()["id"])

    def get(self, job_id: UUID, **query: Any) -> Any:
        answer = self.http.get(f"/v1/jobs/{job_id}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def record(self, job_id: UUID) -> Job:
        with self.engine.begin() as connection:
            job = find_job(connection, job_id)
        assert job is not None
        return job

    def counts(self) -> tuple[int, int, int]:
        """How many jobs, uploads and results there are."""
        with self.engine.begin() as connection:
            return tuple(  # type: ignore[return-value]
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (jobs, uploads, results)
            )

    def claim(self, job_id: UUID) -> Job:
        with self.engine.begin() as connection:
            return self._told(claim_job(connection, job_id, worker="test", lease_seconds=60))

    def succeed(self, job_id: UUID, filename: str = "photo.jpg", data: bytes = RESULT, *, tell: bool = True) -> Job:
        described = {
            "filename": filename,
            "media_type": "image/jpeg",
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "width": 8,
            "height": 8,
            "frames": 1,
        }
        claim = self.record(job_id).claim
        with self.engine.begin() as connection:
            day = today(connection)
            warned = [AlphaFlattened(format="JPEG", background="#ffffff").warned.as_json()]
            values = {"result": described, "result_day": day, "warnings": warned, **_ended()}
            job = advance(connection, SUCCEED, job_id, claim=claim, **values)
            store_result(connection, day, job_id, BytesIO(data), len(data))
        return self._told(job, tell=tell)

    def fail(self, job_id: UUID) -> Job:
        error = TruncatedImage().failure.as_json()
        claim = self.record(job_id).claim
        with self.engine.begin() as connection:
            job = advance(connection, FAIL, job_id, claim=claim, error=error, **_ended())
        return self._told(job)

    def in_status(self, status: Status) -> UUID:
        """A job that went all the way to that status."""
        job_id = self.submit()
        if status in {Status.PROCESSING, Status.SUCCEEDED, Status.FAILED, Status.EXPIRED}:
            self.claim(job_id)
        if status in {Status.SUCCEEDED, Status.EXPIRED}:
            self.succeed(job_id)
        if status is Status.FAILED:
            self.fail(job_id)
        last = {Status.CANCELED: CANCEL, Status.EXPIRED: EXPIRE}.get(status)
        if last is not None:
            with self.engine.begin() as connection:
                self._told(advance(connection, last, job_id))
        assert self.record(job_id).status is status
        return job_id

    def _told(self, job: Job | None, *, tell: bool = True) -> Job:
        assert job is not None
        if tell:
            Publisher(self.redis, cache=True).publish(job)
        return job


def _ended() -> Mapping[str, Any]:
    return {"finished_at": func.now(), "expires_at": func.now() + timedelta(hours=1)}


@contextmanager
def running(settings: ApiSettings, engine: Engine, client: RedisClient) -> Iterator[Live]:
    """The application until the end of the block; it must end by itself then."""
    server = make_server(settings)
    listener = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_for("uvicorn to start", lambda: server.started or not thread.is_alive())
    app = server.config.app
    assert isinstance(app, FastAPI)
    try:
        agreement = Agreement(app.openapi())
        hooks = {"response": [agreement.check]}
        with httpx.Client(base_url=url, timeout=PATIENCE, event_hooks=hooks) as http:
            yield Live(server, app, settings, url, http, engine, client, agreement)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0
