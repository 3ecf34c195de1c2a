"""One running service and one Chromium for the tests of the page; a browser without history for each test."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from conformance.browser.chromium import NoBrowser
from conformance.page.browser import Guard, find_program, fresh_context, running_browser
from conformance.page.site import Site as Site  # noqa: PLC0414 - other modules take it from here
from conformance.page.site import serve_site
from conformance.servers import embedded_redis
from tests.conftest import TEMPLATE, new_database, server_directory
from tests.e2e.page.comparing import Comparing
from tests.e2e.page.steps import KEY

StartSite = Callable[..., AbstractContextManager[Site]]

CUT = r"ERR_(CONNECTION_\w+|SOCKET_NOT_CONNECTED|EMPTY_RESPONSE|INCOMPLETE_CHUNKED\w*|CONTENT_LENGTH_MISMATCH)"
"""What Chromium says of requests to an API that was killed: which one depends on the moment."""


# A package's fixtures end with its last test. Playwright holds an event loop in this thread, and other tests want one.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    try:
        find_program()
    except NoBrowser:
        pytest.skip("chromium is not installed")
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def start_site(
    chromium: Browser,  # noqa: ARG001 - without a browser nothing needs to run
    postgres_url: str,
    migrated_url: str,  # noqa: ARG001 - the database is its clone
    tmp_path_factory: pytest.TempPathFactory,
) -> StartSite:
    """What runs a service while it is entered: API, worker and janitor."""
    return lambda **settings: running_site(postgres_url, tmp_path_factory.mktemp("site"), **settings)


@pytest.fixture(scope="package")
def site(start_site: StartSite) -> Iterator[Site]:
    with start_site() as site:
        yield site


@pytest.fixture(scope="package")
def keyed_site(start_site: StartSite) -> Iterator[Site]:
    """A service that asks for keys: its pages have the most links, and a list of jobs."""
    with start_site(auth="keys", keys=f"ana={KEY}") as site:
        yield site


@contextmanager
def running_site(postgres_url: str, directory: Path, **settings: str) -> Iterator[Site]:
    """A service with a database and a Redis of its own; `settings` are the API's."""
    with (
        server_directory() as redis_directory,
        embedded_redis(redis_directory) as redis_url,
        new_database(postgres_url, TEMPLATE) as database_url,
        serve_site(directory, database_url, redis_url, **settings) as site,
    ):
        yield site


@pytest.fixture
def console() -> Iterator[Guard]:
    """Fails the test when a page complained of something that `console.expect` does not name."""
    guard = Guard()
    yield guard
    assert not guard.unexpected


@pytest.fixture
def context(chromium: Browser, site: Site, console: Guard) -> Iterator[BrowserContext]:
    """A visitor's browser, whose addresses begin at the service."""
    with fresh_context(chromium, base_url=site.url) as context:
        console.watch(context)
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab that has not opened anything."""
    return context.new_page()


@pytest.fixture
def plain_page(chromium: Browser, site: Site, console: Guard) -> Iterator[Page]:
    """A tab of a browser without JavaScript."""
    with fresh_context(chromium, base_url=site.url, java_script_enabled=False) as context:
        console.watch(context)
        yield context.new_page()


@pytest.fixture
def comparing(page: Page, site: Site) -> Comparing:
    """A tab with nothing but a comparison."""
    comparing = Comparing(page, site.url)
    comparing.visit()
    return comparing


@pytest.fixture
def own_site(start_site: StartSite) -> Iterator[Site]:
    """A service of the test's own, whose API may be killed."""
    with start_site() as site:
        yield site


@pytest.fixture
def own_page(own_site: Site, chromium: Browser, console: Guard) -> Iterator[Page]:
    console.expect(CUT, r"status of 503")
    with fresh_context(chromium, base_url=own_site.url) as context:
        console.watch(context)
        yield context.new_page()
