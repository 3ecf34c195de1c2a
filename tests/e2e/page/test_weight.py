"""The first view is light, asks nobody else, and is useful before any script has come."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Route

from conformance.page.driving import drop_files
from conformance.page.samples import make_png
from conformance.page.site import Site
from tests.e2e.page.steps import SECONDS, as_payload, open_form, start, wait_until_over

MOST_BYTES = 60_000


def test_the_first_view_is_light(page: Page) -> None:
    sizes: dict[str, int] = {}
    addresses: dict[str, str] = {}
    session = page.context.new_cdp_session(page)
    session.on("Network.requestWillBeSent", lambda it: addresses.update({it["requestId"]: it["request"]["url"]}))
    session.on("Network.loadingFinished", lambda it: sizes.update({it["requestId"]: int(it["encodedDataLength"])}))
    session.send("Network.enable")
    open_form(page)
    page.wait_for_load_state("networkidle")
    told = {addresses[key]: size for key, size in sizes.items()}
    assert sum(told.values()) <= MOST_BYTES, told
    # The page, its style, a script and the words at least, or the sum says nothing.
    assert len(told) >= 4
    assert told[page.url] > 1000


def test_nothing_comes_from_elsewhere(page: Page, site: Site) -> None:
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    open_form(page)
    drop_files(page, [make_png("a.png")])
    start(page, "webp")
    wait_until_over(page, 1)
    assert hosts <= {urlsplit(site.url).netloc, ""}


def test_the_form_converts_before_its_scripts_have_come(page: Page, context: BrowserContext) -> None:
    held: list[Route] = []
    context.route("**/static/*/app/*.js", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    page.goto("/", wait_until="commit")
    page.set_input_files("#files", [as_payload(make_png("a.png"))])
    page.click("#convert")
    page.wait_for_url("**/jobs/*", wait_until="commit")
    context.unroute_all(behavior="ignoreErrors")
    page.reload()
    page.locator("a[download]").first.wait_for(timeout=SECONDS)
    assert held
