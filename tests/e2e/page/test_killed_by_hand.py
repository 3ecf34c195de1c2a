"""An operator kills each program while the page converts: the page says a sentence where it has to, and then the results."""

import re
import signal
from pathlib import Path

import psutil
from playwright.sync_api import Page, expect

from conformance.page.driving import drop_files, find_row
from conformance.page.samples import make_png
from conformance.page.site import Site
from conformance.service import Process
from tests.e2e.page.steps import SECONDS, download, open_form, start, wait_for_state, wait_until_over

NAMES = ("a.png", "b.png", "c.png")
HOLD = 8.0
"""Seconds of each conversion, so that all of them run while the programs are killed."""
SENTENCE = re.compile(r"^[A-Z].*\.\s*$", re.DOTALL)


def living(site: Site, name: str) -> Process:
    return next(one for one in site.service.processes if one.name == name and one.popen.poll() is None)


def kill(process: Process) -> None:
    process.send(signal.SIGKILL)
    process.wait()


def test_whatever_is_killed_the_results_come(own_site: Site, own_page: Page, tmp_path: Path) -> None:
    page, service = own_page, own_site.service
    open_form(page)
    drop_files(page, [make_png(name, hold=HOLD) for name in NAMES])
    start(page, "webp")
    for name in NAMES:
        wait_for_state(page, name, "processing")
    for child in psutil.Process(living(own_site, "worker").pid).children():
        child.kill()  # The zygote, and with it the conversions.
    kill(living(own_site, "janitor"))
    service.start("janitor")
    kill(living(own_site, "worker"))
    page.screenshot(path=tmp_path / "without-a-worker.png")
    kill(own_site.api)
    # The one thing of all this that a visitor has to know.
    notice = page.locator("#notice")
    expect(notice).to_have_text(SENTENCE, timeout=SECONDS)
    page.screenshot(path=tmp_path / "without-an-api.png")
    service.start("worker")
    service.start("api", port=str(own_site.api.probe_port))
    expect(notice).to_be_empty(timeout=SECONDS)

    assert wait_until_over(page, len(NAMES)) == dict.fromkeys(NAMES, "succeeded")
    for name in NAMES:
        got = download(page, find_row(page, name).locator("a.download"), tmp_path)
        assert got.read_bytes()[8:12] == b"WEBP"
