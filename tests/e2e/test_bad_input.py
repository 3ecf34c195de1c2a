"""Every bad input gets the contract's answer, and the service goes on."""

from typing import Any

import httpx

from conformance import images
from conformance.service import PATIENCE, Service

PNG = ("a.png", images.png_with_alpha())
JPEG = {"target_format": "jpeg"}

REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "an empty body": ({}, 400, "malformed_request"),
    "a form without a file": ({"files": {"other": (None, "x")}}, 400, "missing_file"),
    "two files": ({"files": [("file", PNG), ("file", PNG)], "data": JPEG}, 400, "several_files"),
    "0 bytes": ({"files": {"file": ("a.png", b"")}, "data": JPEG}, 400, "empty_file"),
    "a text named .png": ({"files": {"file": ("a.png", b"hello")}, "data": JPEG}, 415, "unsupported_media_type"),
    "51 MB": ({"files": {"file": ("a.png", PNG[1] + bytes(51_000_000))}, "data": JPEG}, 413, "too_large"),
    "an unknown target": ({"files": {"file": PNG}, "data": {"target_format": "docx"}}, 422, "unknown_target_format"),
    "quality=101": ({"files": {"file": PNG}, "data": {**JPEG, "quality": "101"}}, 422, "bad_option"),
    "an option that the target does not take": (
        {"files": {"file": PNG}, "data": {**JPEG, "lossless": "true"}},
        422,
        "bad_option",
    ),
}
FAILING = {
    "a JPEG that ends early": (images.truncated_jpeg(), "truncated_image"),
    "a header that claims 60,000 x 60,000": (images.png_claiming(60_000, 60_000), "too_many_pixels"),
}


def test_bad_input_is_refused_or_fails_by_its_code_and_the_service_goes_on(service: Service) -> None:
    service.start("janitor")
    worker = service.start("worker")
    api = service.start("api")
    with httpx.Client(base_url=f"http://127.0.0.1:{api.probe_port}", timeout=PATIENCE) as client:
        refused = {what: client.post("/v1/jobs", **request) for what, (request, _, _) in REFUSED.items()}
        failed = {what: convert(client, data) for what, (data, _) in FAILING.items()}
        good = convert(client, PNG[1])

    assert {what: (answer.status_code, answer.json()["code"]) for what, answer in refused.items()} == {
        what: (status, code) for what, (_, status, code) in REFUSED.items()
    }
    assert {answer.headers["content-type"] for answer in refused.values()} == {"application/problem+json"}
    assert refused["quality=101"].json()["errors"][0]["field"] == "quality"
    assert {what: job["error"]["code"] for what, job in failed.items()} == {
        what: code for what, (_, code) in FAILING.items()
    }
    assert good["status"] == "succeeded"
    assert (worker.popen.poll(), api.popen.poll()) == (None, None)


def convert(client: httpx.Client, data: bytes) -> dict[str, Any]:
    answer = client.post("/v1/jobs", files={"file": ("a", data)}, data=JPEG)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = client.get(f"/v1/jobs/{answer.json()['id']}?wait=60").json()
    return job
