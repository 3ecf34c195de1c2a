"""What a person's hand does that Playwright has no call for: drop files, paste them, sit on a slow line."""

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import CDPSession, JSHandle, Locator, Page


class Picture(NamedTuple):
    """A file as the file manager hands it to the browser."""

    name: str
    media_type: str
    data: bytes


MAKE_TRANSFER = """(files) => {
  const transfer = new DataTransfer();
  for (const { name, type, text } of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  return transfer;
}"""
PASTE = """(transfer) => document.activeElement.dispatchEvent(
  new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }))"""


def drop_files(page: Page, pictures: Iterable[Picture], onto: str = "body") -> None:
    """Drag the files over the page and let them go there, all at once."""
    transfer = _make_transfer(page, pictures)
    for step in ("dragenter", "dragover", "drop"):
        page.dispatch_event(onto, step, {"dataTransfer": transfer})


def drop_paths(page: Page, paths: Iterable[Path]) -> None:
    """Drag files or folders of this machine onto the page: a browser lets the page look into such folders alone."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": step, "x": 50, "y": 50, "data": data})
    session.detach()


def paste_files(page: Page, pictures: Iterable[Picture]) -> None:
    """Paste the files where the focus is."""
    page.evaluate(PASTE, _make_transfer(page, pictures))


def _make_transfer(page: Page, pictures: Iterable[Picture]) -> JSHandle:
    files = [
        {"name": one.name, "type": one.media_type, "text": base64.b64encode(one.data).decode()} for one in pictures
    ]
    return page.evaluate_handle(MAKE_TRANSFER, files)


class Line:
    """The line between a page and the service."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self._speed, self._latency = -1.0, 0.0

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Let every request fail, those under way too."""
        self._set(offline=True)
        yield
        self._set(offline=False)

    def slow_down(self, megabits: float, latency: float) -> None:
        self._speed, self._latency = megabits * 1e6 / 8, latency
        self._set(offline=False)

    def _set(self, *, offline: bool) -> None:
        speeds = {"downloadThroughput": self._speed, "uploadThroughput": self._speed}
        self._session.send("Network.emulateNetworkConditions", {"offline": offline, "latency": self._latency, **speeds})


@contextmanager
def take_line(page: Page, *, megabits: float = 0, latency: float = 20) -> Iterator[Line]:
    """A line of this many Mbit/s both ways, or as fast as the machine; `latency` in milliseconds."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    line = Line(session)
    if megabits:
        line.slow_down(megabits, latency)
    try:
        yield line
    finally:
        # What a session asked for ends with it.
        session.detach()


def list_rows(page: Page) -> Locator:
    """The rows of the page's list."""
    return page.locator("#list > li.row")


def find_row(page: Page, name: str) -> Locator:
    """The row of the file with that name."""
    return list_rows(page).filter(has=page.get_by_text(name, exact=True))


def list_states(page: Page) -> dict[str, str]:
    """Each row's name with its state."""
    rows: list[tuple[str, str]] = list_rows(page).evaluate_all(
        "(rows) => rows.map((row) => [row.querySelector('.name').textContent.trim(), row.dataset.state])"
    )
    return dict(rows)
