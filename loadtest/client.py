"""What a user can ask of the service; every answer is checked, and a wrong one is a failure of its request."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from itertools import count
from typing import Any, TypeVar, cast

from locust.contrib.fasthttp import FastHttpSession, FastResponse
from PIL import Image

from loadtest.journal import Finished, Journal
from loadtest.pictures import BOUNDARY, Upload

T = TypeVar("T")
Job = dict[str, Any]
RUNNING = {"queued", "processing"}
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
DECODE_EVERY = 20
"""Each download is compared with its SHA-256; each so-manyth is decoded too."""


class Wrong(Exception):
    """What is wrong with an answer."""


class JobEnded(Wrong):
    """The job is over without a result."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"the job is {job['status']}: {job['error']}")
        self.job = job


class Client:
    """One user's connection; None instead of an answer means that the request failed and is counted as such."""

    _downloads = count()

    def __init__(self, session: FastHttpSession, journal: Journal) -> None:
        self._session, self._journal = session, journal
        # For all requests: Locust's `allow_redirects` is a state of the session, which others use at the same time.
        session.client.redirect_response_codes = frozenset()

    def page(self) -> None:
        """The web form."""
        self._ask("GET", "/", "/", lambda answer: _has(answer, b"<form"))

    def submit(self, upload: Upload) -> str | None:
        """The new job's id, by the API."""
        answer = self._ask(
            "POST",
            "/v1/jobs",
            "/v1/jobs",
            _id,
            status=202,
            form=upload.body,
        )
        self._journal.submitted += answer is not None
        return answer

    def submit_form(self, upload: Upload) -> str | None:
        """The new job's id, by the web form."""
        answer = self._ask(
            "POST",
            "/jobs",
            "/jobs",
            _id_by_location,
            status=303,
            form=upload.body,
        )
        self._journal.submitted += answer is not None
        return answer

    def status_page(self, job: str) -> None:
        """The page that a browser is sent to after the form."""
        self._ask("GET", f"/jobs/{job}", "/jobs/{id}", lambda answer: _has(answer, b"</html>"))

    def status(self, job: str) -> Job | None:
        """The job as it is; a failed one counts as a failure and is returned."""
        return self._ask("GET", f"/v1/jobs/{job}", "/v1/jobs/{id}", _job)

    def wait(self, job: str, seconds: int) -> Job | None:
        """The job, once it is over or the seconds are."""
        return self._ask("GET", f"/v1/jobs/{job}?wait={seconds}", "/v1/jobs/{id}?wait", _job)

    def formats(self) -> None:
        """What the service can do."""
        self._ask("GET", "/v1/formats", "/v1/formats", lambda answer: _has(answer, b'"write"'))

    def download(self, job: Job, upload: Upload) -> None:
        """The result, compared with what the job says of it and what was asked for."""
        decode = next(self._downloads) % DECODE_EVERY == 0
        self._ask(
            "GET", f"/v1/jobs/{job['id']}/result", "/v1/jobs/{id}/result", lambda a: _compare(a, job, upload, decode)
        )
        self._journal.decoded += decode

    def note(self, job: Job) -> None:
        """Write down how long a finished job took."""
        created, finished = (datetime.fromisoformat(job[key]) for key in ("created_at", "finished_at"))
        at = finished.timestamp() - self._journal.start
        self._journal.finished.append(Finished(at, (finished - created).total_seconds(), job["status"]))

    def _ask(
        self,
        method: str,
        path: str,
        name: str,
        read: Callable[[FastResponse], T],
        *,
        status: int = 200,
        form: bytes | None = None,
    ) -> T | None:
        headers = FORM if form else None
        with self._session.request(method, path, name=name, catch_response=True, data=form, headers=headers) as answer:
            if answer.status_code != status:
                detail = (
                    f"{answer.status_code} instead of {status}" if answer.status_code else f"no answer: {answer.error}"
                )
                answer.failure(Wrong(detail))
                return None
            try:
                found = read(answer)
            except JobEnded as ended:
                answer.failure(ended)
                return cast("T", ended.job)
            except (Wrong, ValueError, KeyError, OSError) as error:
                answer.failure(Wrong(f"wrong answer: {error}"))
                return None
            answer.success()
            return found


def _id(answer: FastResponse) -> str:
    found: str = json.loads(answer.content)["id"]
    return found


def _id_by_location(answer: FastResponse) -> str:
    found: str = answer.headers["Location"].rpartition("/")[2]
    return found


def _has(answer: FastResponse, text: bytes) -> bool:
    if text not in answer.content:
        raise Wrong(f"{text.decode()} is missing")
    return True


def _job(answer: FastResponse) -> Job:
    job: Job = json.loads(answer.content)
    if job["status"] not in RUNNING | {"succeeded"}:
        raise JobEnded(job)
    return job


def _compare(answer: FastResponse, job: Job, upload: Upload, decode: bool) -> bool:
    content = answer.content
    if hashlib.sha256(content).hexdigest() != job["result"]["sha256"]:
        raise Wrong(f"{len(content)} bytes that are not the result's {job['result']['bytes']}")
    if decode:
        with Image.open(BytesIO(content)) as picture:
            picture.load()
            if (picture.format or "").lower() != upload.target or picture.size != upload.size:
                raise Wrong(f"{picture.format} of {picture.size} instead of {upload.target} of {upload.size}")
    return True
