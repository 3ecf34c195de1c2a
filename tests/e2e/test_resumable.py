"""45 MB over a line that is cut three times, by the clients that people have, to processes that come and go."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from shutil import which
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image
from sqlalchemy import text

from conformance.browser.chromium import PROGRAMS
from conformance.service import PATIENCE, Process, Service
from core.blobs import read_upload
from core.database import blob_transaction
from core.transitions import Status
from tests.e2e.cutting import CuttingLine
from tests.tracked import ROOT

GUIDE = (ROOT / "docs" / "resumable-uploads.md").read_text(encoding="utf-8")
MEGABYTE = 1_000_000
CUTS = (10 * MEGABYTE, 22 * MEGABYTE, 33 * MEGABYTE)
LINE = 4 * MEGABYTE
"""Bytes a second. Faster than the API reads, and the kernel's buffers would be full at each cut."""
MOST_AGAIN = 8 * MEGABYTE
"""What a cut may cost: what the kernel held for an API that was slow to read (6 MB at most), and a piece in its memory.

Without pieces the three cuts would cost 65 MB.
"""
LONG = 5 * PATIENCE
MOST_GROWTH = 24 * MEGABYTE
needs_chromium = pytest.mark.skipif(not any(map(which, PROGRAMS)), reason="chromium is not installed")


def example(language: str, fence: str) -> str:
    found = re.search(rf"<!-- test: {language} -->\n```{fence}\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of 45 MB that can be converted."""
    path = tmp_path_factory.mktemp("photo") / "photo.tiff"
    noise = np.random.default_rng(1).integers(0, 256, (3000, 5000, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    assert 45 * MEGABYTE <= path.stat().st_size <= 46 * MEGABYTE
    return path


@pytest.fixture
def api(service: Service) -> Process:
    return service.start("api")


def make_job(api: Process, upload: str) -> str:
    form = {"target_format": (None, "jpeg"), "upload": (None, upload), "width": (None, "500")}
    answer = httpx.post(f"http://127.0.0.1:{api.probe_port}/v1/jobs", files=form, timeout=PATIENCE)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def check_stored(service: Service, job_id: str, photo: Path) -> None:
    """The job has the very bytes of the photo, and nothing is left of the upload."""
    stored = BytesIO()
    job = service.job(UUID(job_id))
    with blob_transaction(service.engine) as connection:
        read_upload(connection, job.upload_day, job.id, stored)
        left = connection.execute(
            text("SELECT (SELECT count(*) FROM upload_pieces) + (SELECT count(*) FROM partial_uploads)")
        ).scalar_one()
    assert stored.getvalue() == photo.read_bytes()
    assert left == 0


def check_little_was_sent_again(line: CuttingLine, photo: Path) -> None:
    assert len(line.cut_at) == len(CUTS)
    again = line.sent - photo.stat().st_size
    print(f"{again:,} bytes were sent again")
    assert again < len(CUTS) * MOST_AGAIN, f"{again:,} bytes were sent again, at cuts after {line.cut_at}"


def run_python(photo: Path, address: str) -> str:
    """What the Python example of the page prints."""
    program = example("python", "python").replace("127.0.0.1:8000", address)
    done = subprocess.run(
        [sys.executable, "-"],
        cwd=photo.parent,
        input=program,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_an_upload_goes_on_at_other_processes_and_the_picture_is_converted(
    service: Service, api: Process, photo: Path
) -> None:
    """After the first cut another API answers; after the second that one is dead, and after the third it is back."""
    other = service.start("api")
    started: list[Process] = []

    def change(number: int) -> None:
        if number == 1:
            line.port = other.probe_port
        if number == 2:
            other.send(signal.SIGKILL)
            other.wait()
            started.append(service.start("api"))
            line.port = started[0].probe_port

    with CuttingLine(api.probe_port, CUTS, LINE) as line:
        line.on_cut = change
        job_id = run_python(photo, line.url.removeprefix("http://"))
        check_little_was_sent_again(line, photo)
    check_stored(service, job_id, photo)
    service.start("janitor")
    service.start("worker")
    job = service.wait(UUID(job_id), Status.SUCCEEDED, Status.FAILED)
    assert (job.status, job.filename) == (Status.SUCCEEDED, photo.name)


def test_the_memory_of_the_api_stays_flat(api: Process, photo: Path) -> None:
    """It never holds more than a piece of an upload, nor of the job that is made of it."""
    process = psutil.Process(api.pid)
    address = f"127.0.0.1:{api.probe_port}"
    small = photo.with_name("small.tiff")
    Image.effect_noise((1000, 1000), 60).convert("RGB").save(small)
    shutil.copy(photo, photo.with_name("large.tiff"))
    for name in ("small", "large"):
        before = peak(process)
        program = example("python", "python").replace("127.0.0.1:8000", address).replace("photo.tiff", f"{name}.tiff")
        done = subprocess.run([sys.executable, "-"], cwd=photo.parent, input=program, text=True, check=False)
        assert done.returncode == 0
    growth = peak(process) - before
    print(f"peak before {before:,}, growth {growth:,}")
    assert growth < MOST_GROWTH, f"{growth:,} bytes for {photo.stat().st_size:,}"


def peak(process: psutil.Process) -> int:
    """The most memory that it ever had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def choose_photo(page: Any, photo: Path) -> None:
    page.evaluate('() => document.body.append(Object.assign(document.createElement("input"), {type: "file"}))')
    page.set_input_files("input[type=file]", photo)


@contextmanager
def page_at(url: str, photo: Path) -> Iterator[Any]:
    """A page of the service in Chromium, with the photo chosen in a field of the test's own: the form would send it."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(which, PROGRAMS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(LONG * 1000)
        page.goto(f"{url}/formats")
        choose_photo(page, photo)
        yield page
        browser.close()


@needs_chromium
def test_the_page_goes_on(service: Service, api: Process, photo: Path) -> None:
    """The module that the list of files uses."""
    send = """async () => {
        const { uploadResumable } = await import("/static/app/resume.js");
        const file = document.querySelector("input[type=file]").files[0];
        const told = { urls: [], most: 0 };
        const upload = await uploadResumable(file, {
            filename: file.name, key: "any", url: null,
            onUrl: (url) => told.urls.push(url), onProgress: (sent) => { told.most = sent; },
        });
        return { upload, ...told };
    }"""
    with CuttingLine(api.probe_port, CUTS, LINE) as line, page_at(line.url, photo) as page:
        told = page.evaluate(send)
        check_little_was_sent_again(line, photo)
    assert told["urls"][0].endswith(f"/v1/uploads/{told['upload']}")
    assert len(set(told["urls"])) == 1
    assert told["most"] == photo.stat().st_size
    check_stored(service, make_job(api, told["upload"]), photo)


@needs_chromium
def test_a_page_that_is_loaded_again_goes_on_by_the_address(service: Service, api: Process, photo: Path) -> None:
    """What the first page sent is not sent again."""
    send = """([url, most]) => new Promise(async (resolve, reject) => {
        const { uploadResumable } = await import("/static/app/resume.js");
        const file = document.querySelector("input[type=file]").files[0];
        let address = url;
        const stop = new AbortController();
        uploadResumable(file, {
            filename: file.name, url, signal: stop.signal, onUrl: (told) => { address = told; },
            onProgress: (sent) => { if (sent >= most) { stop.abort(); resolve(address); } },
        }).then(resolve, reject);
    })"""
    with CuttingLine(api.probe_port) as line, page_at(line.url, photo) as page:
        address = page.evaluate(send, [None, 20 * MEGABYTE])
        page.reload()
        choose_photo(page, photo)
        upload = page.evaluate(send, [address, 10**9])
        assert line.sent < photo.stat().st_size + 10 * MEGABYTE
    assert address.endswith(upload)
    check_stored(service, make_job(api, upload), photo)


@needs_chromium
def test_the_example_for_browsers(service: Service, api: Process, photo: Path) -> None:
    url = f"http://127.0.0.1:{api.probe_port}"
    code = example("javascript", "javascript").replace("http://127.0.0.1:8000", url)
    with page_at(url, photo) as page:
        page.evaluate('() => import("/static/vendor/tus-js-client.js")')
        with page.expect_console_message(lambda said: re.fullmatch(r"[0-9a-f-]{36}", said.text)) as said:
            page.evaluate(f'() => {{ const file = document.querySelector("input[type=file]").files[0]; {code} }}')
        check_stored(service, said.value.text, photo)


@pytest.mark.skipif(which("curl") is None, reason="the README's commands are curl's, and there is none here")
def test_the_example_in_curl(service: Service, api: Process, photo: Path) -> None:
    program = example("curl", "bash").replace("127.0.0.1:8000", f"127.0.0.1:{api.probe_port}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-s"],
        timeout=LONG,
        cwd=photo.parent,
        input=program,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    check_stored(service, httpx.Response(200, text=done.stdout).json()["id"], photo)
