"""What the tests of the list do again and again."""

from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Download, FilePayload, Locator, Page, expect
from sqlalchemy import func, select

from conformance.page.driving import Picture, find_row, list_rows, list_states
from conformance.service import PATIENCE, Service
from core.tables import jobs

SECONDS = PATIENCE * 1000
KEY = "Xq7-width-of-pages-93kf02mdLs8vTz"
"""The key of `keyed_site`."""
OVER = ("succeeded", "failed", "canceled", "expired", "refused")
ALL_OVER = f"""(count) => {{
  const rows = [...document.querySelectorAll("#list > li.row")];
  return rows.length === count && rows.every((row) => {list(OVER)}.includes(row.dataset.state));
}}"""


def open_form(page: Page, address: str = "/") -> None:
    """Open the page and wait until its scripts have taken over: the file input then takes many."""
    page.goto(address)
    page.locator("#files[multiple]").wait_for(state="attached", timeout=SECONDS)


def enter_key(page: Page) -> None:
    """Enter the key of the site that asks for keys."""
    page.goto("/key")
    page.fill("#key", KEY)
    page.click("form button[type=submit]")
    page.wait_for_url(lambda address: not address.endswith("/key"))


def choose(page: Page, pictures: Iterable[Picture]) -> None:
    """Choose files in the file dialog."""
    page.set_input_files("#files", [as_payload(one) for one in pictures])


def as_payload(picture: Picture) -> FilePayload:
    return {"name": picture.name, "mimeType": picture.media_type, "buffer": picture.data}


def start(page: Page, target: str | None = None) -> None:
    """Press the button, after the target for all was chosen."""
    if target:
        page.select_option("#target_format", target)
    page.click("#convert")


def wait_until_over(page: Page, count: int) -> dict[str, str]:
    """Wait until there are so many rows and each is over; return each name's state."""
    page.wait_for_function(ALL_OVER, arg=count, timeout=SECONDS)
    return list_states(page)


def wait_for_state(page: Page, name: str, *states: str) -> Locator:
    """Return the row of that file once it is in one of the states."""
    row = find_row(page, name)
    selector = ", ".join(f'li.row[data-state="{state}"]' for state in states)
    expect(list_rows(page).filter(has=page.get_by_text(name, exact=True)).and_(page.locator(selector))).to_have_count(
        1, timeout=SECONDS
    )
    return row


def download(page: Page, link: Locator, directory: Path) -> Path:
    """Click the link and return the file under the name that the browser suggests."""
    with page.expect_download(timeout=SECONDS) as waiting:
        link.click()
    done: Download = waiting.value
    path = directory / done.suggested_filename
    done.save_as(path)
    return path


def count_jobs(service: Service) -> int:
    """How many jobs the service was ever given."""
    with service.engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(jobs)).scalar_one())
