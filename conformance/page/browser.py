"""Chromium by Playwright, and a guard that listens to what a page complains of."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from shutil import which

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize, sync_playwright

from conformance.browser.chromium import find_browser
from conformance.service import PATIENCE

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
SLOW_PRELOAD = "was preloaded using link preload but not used within a few seconds"
"""Chromium says so whenever the machine is too slow to start the scripts in that time."""
ENDED_BY_THE_PAGE = "net::ERR_ABORTED"
"""How a request ends that its page gave up: by a canceled upload, a followed link, a download."""
WITHOUT_SCRIPTS = "csp"
"""Why a module is not loaded early where scripts are off. A real breach of the policy is an error in the console too."""


HEADLESS_SHELL = "chromium-headless-shell"
"""Chromium without a window system (a package of Debian): the same engine at half the CPU time."""


def find_program() -> str:
    """Return the path of the browser. Raise NoBrowser when there is none."""
    return which(HEADLESS_SHELL) or find_browser()


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless Chromium of this machine. Raise NoBrowser when there is none."""
    program = find_program()
    # Where there is no graphics card, Chromium plays one in software, and that takes a fifth of all.
    # The sandbox of Chromium does not start for root, which containers are. A private /dev/shm is too small there.
    flags = ["--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
    flags += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def fresh_context(browser: Browser, **settings: object) -> Iterator[BrowserContext]:
    """A browser without any history: cookies, files and sizes as of the first visit."""
    asked = {"viewport": DESKTOP, "locale": "en-GB", **settings}
    context = browser.new_context(**asked)  # type: ignore[arg-type]  # a dictionary of keywords
    context.set_default_timeout(PATIENCE * 1000)
    try:
        yield context
    finally:
        context.close()


@dataclass
class Guard:
    """What pages complained of: console errors and warnings, uncaught errors, failed requests.

    A browser writes every breach of the content security policy and every answer from 400 on to the console.
    """

    complaints: list[str] = field(default_factory=list)
    _expected: list[re.Pattern[str]] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Listen to every page of a browser, those that open later too."""
        context.on("page", self._listen)
        for page in context.pages:
            self._listen(page)

    def expect(self, *patterns: str) -> None:
        """Accept complaints in which one of these is found: what a test brings about itself."""
        self._expected += map(re.compile, patterns)

    @property
    def unexpected(self) -> list[str]:
        return [said for said in self.complaints if not any(known.search(said) for known in self._expected)]

    def _listen(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("requestfailed", self._miss)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "warning" and SLOW_PRELOAD in message.text:
            return
        if message.type in {"error", "warning", "assert"}:
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _miss(self, request: Request) -> None:
        if request.failure not in {ENDED_BY_THE_PAGE, WITHOUT_SCRIPTS}:
            self.complaints.append(f"request: {request.failure} ({request.method} {request.url})")
