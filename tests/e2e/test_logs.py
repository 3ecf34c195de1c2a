"""The lines that lead from a request to the end of its job, as the processes write them."""

import json
from io import BytesIO
from typing import Any

import httpx
from PIL import Image

from conformance.service import PATIENCE, Process, Service, wait_for
from core.transitions import Status
from tools.log_fields import FIELDS

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NAME = "anna-at-the-doctor.png"


def read_lines(process: Process) -> list[dict[str, Any]]:
    """Every line of a process. uvicorn's own have no field but the library's."""
    return [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]


def find_end(worker: Process, job: str) -> dict[str, Any]:
    def find() -> list[dict[str, Any]]:
        return [line for line in read_lines(worker) if line["event"] == "finished" and line["job"] == job]

    (line,) = wait_for("the line of the job's end", find)
    return line


def submit(api: Process, data: bytes) -> str:
    """Submit a picture with a trace, and return the job's id."""
    answer = httpx.post(
        f"http://127.0.0.1:{api.probe_port}/v1/jobs?wait=50",
        files={"file": (NAME, data)},
        data={"target_format": "webp", "quality": "80"},
        headers={"traceparent": PARENT},
        timeout=PATIENCE,
    )
    assert answer.status_code in {201, 202}, answer.text
    job: str = answer.json()["id"]
    return job


def test_a_job_is_followed_from_its_request_to_its_end(service: Service) -> None:
    api, worker = service.start("api"), service.start("worker")
    out = BytesIO()
    Image.effect_noise((640, 480), 40).convert("RGB").save(out, "JPEG")
    good = submit(api, out.getvalue())
    line = find_end(worker, good)
    assert (line["traceparent"], line["status"], line["code"], line["reason"]) == (PARENT, Status.SUCCEEDED, "", "")
    assert (line["source_size"], line["result_size"], line["options"]) == ("640x480x1", "640x480x1", ["quality"])
    assert line["source_bytes"] == len(out.getvalue())
    assert line["result_bytes"] > 0
    assert line["cpu_seconds"] > 0
    assert line["peak_bytes"] > 1 << 20
    stages = ("queued", "fetch", "convert", "store", "total")
    assert all(line[f"{stage}_seconds"] > 0 for stage in stages)

    bad = find_end(worker, submit(api, out.getvalue()[:4000]))
    assert (bad["status"], bad["code"]) == (Status.FAILED, "truncated_image")
    assert bad["reason"]

    service.stop_all()
    lines = [*read_lines(api), *read_lines(worker)]
    assert {field for line in lines for field in line} <= FIELDS.keys()
    assert NAME not in api.log.read_text() + worker.log.read_text()


def test_the_end_names_the_file_where_that_is_asked_for(service: Service) -> None:
    worker = service.start("worker", log_filenames="true")
    out = BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    job = service.submit(out.getvalue(), NAME)
    assert find_end(worker, str(job))["filename"] == NAME
