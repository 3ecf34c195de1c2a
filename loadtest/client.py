"""A user's requests. Every answer is checked, and a wrong one counts as a failure of its request."""

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
LIMITED = 429
LIMITED_SENTENCE = (
    "429: the service limits its clients, and all load comes from this address. For a load test switch that off: "
    "IMAGEMILL_RATE_LIMIT=none IMAGEMILL_MAX_WAITING_PER_CLIENT=0 IMAGEMILL_MAX_STORED_PER_CLIENT_BYTES=0"
)
DECODE_EVERY = 20
"""Each download is compared with its SHA-256; one in this many is decoded too."""


class Wrong(Exception):
    """An answer is wrong; the text says how."""


class JobEnded(Wrong):
    """The job is over without a result."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"the job is {job['status']}: {job['error']}")
        self.job = job


class Client:
    """One user's connection. None instead of an answer means that the request failed; it is counted already."""

    _downloads = count()

    def __init__(self, session: FastHttpSession, journal: Journal) -> None:
        self._session, self._journal = session, journal
        # For all requests: Locust's `allow_redirects` is a state of the session, which others use at the same time.
        session.client.redirect_response_codes = frozenset()

    def open_form(self) -> None:
        """Open the page with the form."""
        self._send_request("GET", "/", "/", lambda answer: _expect_text(answer, b"<form"))

    def submit_upload(self, upload: Upload) -> str | None:
        """Submit a job by the API and return its id."""
        answer = self._send_request(
            "POST",
            "/v1/jobs",
            "/v1/jobs",
            _read_id,
            status=202,
            form=upload.body,
        )
        self._journal.submitted += answer is not None
        return answer

    def submit_form(self, upload: Upload) -> str | None:
        """Submit a job by the page's form and return its id."""
        answer = self._send_request(
            "POST",
            "/jobs",
            "/jobs",
            _read_id_of_location,
            status=303,
            form=upload.body,
        )
        self._journal.submitted += answer is not None
        return answer

    def open_status_page(self, job: str) -> None:
        """Open the job's page, as a browser does after the form."""
        self._send_request("GET", f"/jobs/{job}", "/jobs/{id}", lambda answer: _expect_text(answer, b"</html>"))

    def fetch_status(self, job: str) -> Job | None:
        """Return the job's status. A failed job counts as a failed request and is returned too."""
        return self._send_request("GET", f"/v1/jobs/{job}", "/v1/jobs/{id}", _read_job)

    def wait_for_job(self, job: str, seconds: int) -> Job | None:
        """Return the job once it has ended, or after the seconds."""
        return self._send_request("GET", f"/v1/jobs/{job}?wait={seconds}", "/v1/jobs/{id}?wait", _read_job)

    def fetch_formats(self) -> None:
        """Ask for the list of formats."""
        self._send_request("GET", "/v1/formats", "/v1/formats", lambda answer: _expect_text(answer, b'"write"'))

    def download_result(self, job: Job, upload: Upload) -> None:
        """Download the result, and compare it with the job's facts and with the upload's wishes."""
        decode = next(self._downloads) % DECODE_EVERY == 0
        self._send_request(
            "GET",
            f"/v1/jobs/{job['id']}/result",
            "/v1/jobs/{id}/result",
            lambda a: _compare_result(a, job, upload, decode),
        )
        self._journal.decoded += decode

    def note_job(self, job: Job) -> None:
        """Write the time of a finished job into the journal."""
        created, finished = (datetime.fromisoformat(job[key]) for key in ("created_at", "finished_at"))
        at = finished.timestamp() - self._journal.start
        self._journal.finished.append(Finished(at, (finished - created).total_seconds(), job["status"]))

    def _send_request(
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
                answer.failure(Wrong(_explain_status(answer, status)))
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


def _explain_status(answer: FastResponse, status: int) -> str:
    """Say what came instead of `status`, and what to do where the service limits its clients."""
    if answer.status_code == LIMITED:
        return LIMITED_SENTENCE
    return f"{answer.status_code} instead of {status}" if answer.status_code else f"no answer: {answer.error}"


def _read_id(answer: FastResponse) -> str:
    found: str = json.loads(answer.content)["id"]
    return found


def _read_id_of_location(answer: FastResponse) -> str:
    found: str = answer.headers["Location"].rpartition("/")[2]
    return found


def _expect_text(answer: FastResponse, text: bytes) -> bool:
    if text not in answer.content:
        raise Wrong(f"{text.decode()} is missing")
    return True


def _read_job(answer: FastResponse) -> Job:
    job: Job = json.loads(answer.content)
    if job["status"] not in RUNNING | {"succeeded"}:
        raise JobEnded(job)
    return job


def _compare_result(answer: FastResponse, job: Job, upload: Upload, decode: bool) -> bool:
    content = answer.content
    if hashlib.sha256(content).hexdigest() != job["result"]["sha256"]:
        raise Wrong(f"{len(content)} bytes that are not the result's {job['result']['bytes']}")
    if decode:
        with Image.open(BytesIO(content)) as picture:
            picture.load()
            if (picture.format or "").lower() != upload.target or picture.size != upload.size:
                raise Wrong(f"{picture.format} of {picture.size} instead of {upload.target} of {upload.size}")
    return True
