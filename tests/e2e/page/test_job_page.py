"""The page of a job follows it: nothing is loaded again, the focus stays, and an outage ends in the result."""

import signal

import httpx
from playwright.sync_api import Page, expect

from conformance import images
from conformance.service import PATIENCE
from tests.e2e.page.conftest import Site

SECONDS = PATIENCE * 1000


def send_image(site: Site) -> str:
    """Send an image while no worker takes it, and return the path of its page."""
    files = {"file": ("Urlaub.png", images.png_with_alpha())}
    answer = httpx.post(f"{site.url}/jobs", files=files, data={"target_format": "jpeg"}, timeout=PATIENCE)
    assert answer.status_code == 303
    return answer.headers["location"]


def watch_for_reloads(page: Page) -> None:
    page.evaluate("window.isSamePage = true")


def was_never_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.isSamePage === true"))


def test_the_result_comes_by_itself_and_the_focus_stays(own_site: Site, own_page: Page) -> None:
    worker = own_site.service.processes[1]
    worker.send(signal.SIGSTOP)
    own_page.goto(send_image(own_site))
    expect(own_page.locator("#state")).to_have_text("Waiting")
    watch_for_reloads(own_page)
    own_page.locator("#delete").focus()
    worker.send(signal.SIGCONT)
    expect(own_page.locator("#download")).to_be_visible(timeout=SECONDS)
    assert was_never_reloaded(own_page)
    expect(own_page.locator("#delete")).to_be_focused()
    expect(own_page.locator("#delete")).to_have_text("Delete now")
    assert own_page.title().startswith("Done: Urlaub.png")
    expect(own_page.locator(".warnings li")).to_have_count(1)


def test_an_outage_ends_in_a_sentence_and_then_in_the_result(own_site: Site, own_page: Page) -> None:
    worker, api = own_site.service.processes[1:3]
    worker.send(signal.SIGSTOP)
    own_page.goto(send_image(own_site))
    watch_for_reloads(own_page)
    api.send(signal.SIGKILL)
    api.wait()
    expect(own_page.locator("#notice")).to_contain_text("The connection is lost.", timeout=SECONDS)
    own_site.service.start("api", port=str(api.probe_port))
    worker.send(signal.SIGCONT)
    expect(own_page.locator("#download")).to_be_visible(timeout=SECONDS)
    expect(own_page.locator("#notice")).to_have_text("The connection is back.", timeout=SECONDS)
    assert was_never_reloaded(own_page)
