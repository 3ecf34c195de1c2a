"""The service that bad requests are sent to, what it holds before, and what it must hold afterwards."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
from sqlalchemy import func, select

from conformance.bad_requests.building import BATCH, PNG, UPLOAD
from conformance.service import PATIENCE, Process, Service
from core.tables import metadata

SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0-bad-requests"  # noqa: S105 - of this run alone
TUS = {"Tus-Resumable": "1.0.0"}
NOT_COUNTED = frozenset({"turns", "owners"})
"""Tables with a row for each client that ever came."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Two APIs on one database: one is open, the other asks for keys and knows its hosts."""

    service: Service
    open_api: Process
    keyed_api: Process
    names: Mapping[str, str]
    """What stands for the names in braces."""

    def address(self, *, keyed: bool) -> tuple[str, int]:
        """Return where that API listens."""
        return "127.0.0.1", (self.keyed_api if keyed else self.open_api).probe_port

    def fill(self, request: bytes, *, keyed: bool) -> bytes:
        """Put the names in."""
        host = "{}:{}".format(*self.address(keyed=keyed))
        ids = {BATCH[1:-1]: self.names["batch"], UPLOAD[1:-1]: self.names["upload"]}
        for name, value in {**self.names, **ids, "host": host}.items():
            request = request.replace(f"{{{name}}}".encode(), value.encode())
        return request


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a service holds: rows by table, and open files and connections of clients of both APIs."""

    rows: Mapping[str, int]
    files: int
    connections: int


@contextmanager
def prepared_stand(service: Service) -> Iterator[Stand]:
    """Start the processes, and make the jobs and the upload that rows name."""
    service.start("worker")
    open_api = service.start("api", webhooks="on", webhook_secret="whsec_" + "Q" * 44)
    keyed_api = service.start("api", auth="keys", keys=f"shop={SECRET}", allowed_hosts="127.0.0.1, localhost")
    with httpx.Client(base_url=f"http://127.0.0.1:{open_api.probe_port}", timeout=PATIENCE) as http:
        names = {"secret": SECRET, **_make_names(http)}
    yield Stand(service, open_api, keyed_api, names)


def _make_names(http: httpx.Client) -> dict[str, str]:
    key = str(uuid4())
    job = _submit(http, PNG, **{"Idempotency-Key": key})
    canceled = _submit(http, PNG)
    http.delete(f"/v1/jobs/{canceled}").raise_for_status()
    files = [("file", ("a.png", PNG))]
    batch = http.post("/v1/batches?wait=50", files=files, data={"target_format": "jpeg"}).raise_for_status().json()
    upload = http.post("/v1/uploads", headers={**TUS, "Upload-Length": "20"}).raise_for_status().headers["Location"]
    piece = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    http.patch(upload, headers=piece, content=b"hello").raise_for_status()
    failed = _submit(http, PNG[:50])
    return {
        "job": job, "key": key, "canceled": canceled, "failed": failed, "batch": batch["id"], "upload": upload.rpartition("/")[2],
    }  # fmt: skip


def _submit(http: httpx.Client, data: bytes, **headers: str) -> str:
    answer = http.post(
        "/v1/jobs?wait=50", files={"file": ("a.png", data)}, data={"target_format": "jpeg"}, headers=headers
    )
    return str(answer.raise_for_status().json()["id"])


def take_stock(stand: Stand) -> Holdings:
    """Count what is held now."""
    processes = [psutil.Process(api.pid) for api in (stand.open_api, stand.keyed_api)]
    tables = [table for table in metadata.sorted_tables if table.name not in NOT_COUNTED]
    with stand.service.engine.begin() as connection:
        rows = {t.name: int(connection.execute(select(func.count()).select_from(t)).scalar_one()) for t in tables}
    return Holdings(rows, *(sum(counts) for counts in zip(*map(_count_open, processes), strict=True)))


def wait_for_stock(stand: Stand, before: Holdings, *, most_rows: int = 0) -> Holdings:
    """Return what is held once it is no more than before, but for `most_rows` in each table, or after some patience."""
    until = time.monotonic() + PATIENCE / 4
    while True:
        now = take_stock(stand)
        has_rows = all(count <= before.rows[name] + most_rows for name, count in now.rows.items())
        is_back = has_rows and now.files <= before.files and now.connections <= before.connections
        if is_back or time.monotonic() > until:
            return now
        time.sleep(0.1)


def _count_open(process: psutil.Process) -> tuple[int, int]:
    """Count files, which temporary ones are too, and connections by TCP. The databases are reached by other sockets."""
    files = 0
    for fd in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            files += not str(fd.readlink()).startswith(("socket:", "anon_inode:"))
        except FileNotFoundError:
            continue
    return files, len(process.net_connections("tcp"))
