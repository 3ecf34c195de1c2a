"""The page of a job follows it: nothing is loaded again, the focus stays, and an outage ends in the result."""

import signal
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from conformance import images
from conformance.page.browser import Guard, fresh_context
from conformance.service import PATIENCE
from tests.e2e.page.conftest import Site, running_site

SECONDS = PATIENCE * 1000
CUT = r"ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED"


@pytest.fixture
def own_site(
    chromium: Browser,  # noqa: ARG001 - without a browser nothing needs to run
    postgres_url: str,
    migrated_url: str,  # noqa: ARG001 - the database is its clone
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A service whose worker waits, and whose API may be killed."""
    with running_site(postgres_url, tmp_path_factory.mktemp("own")) as site:
        yield site


@pytest.fixture
def own_page(own_site: Site, chromium: Browser, console: Guard) -> Iterator[Page]:
    console.expect(CUT, r"status of 503")
    with fresh_context(chromium, base_url=own_site.url) as context:
        console.watch(context)
        yield context.new_page()


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
