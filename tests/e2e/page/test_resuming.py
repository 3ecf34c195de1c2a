"""A large file goes in pieces: it is canceled on the server too, and a reload or a killed API costs no more than a piece."""

import os
import re
import signal

from playwright.sync_api import Page, Request, expect
from sqlalchemy import text

from conformance.page.browser import Guard
from conformance.page.driving import find_row, take_line
from conformance.page.samples import make_bitmap
from conformance.page.site import Site
from conformance.service import wait_for
from tests.e2e.page.steps import choose, count_jobs, open_form, start, wait_for_state, wait_until_over
from tests.e2e.page.test_bad_lines import wait_for_progress, without_api

MEGABYTES = float(os.environ.get("IMAGEMILL_PAGE_MEGABYTES", "20"))
PIECE = 8 * 1024 * 1024


def list_begun(page: Page) -> list[str]:
    """Note every upload that a page begins, and where it goes on, from now on."""
    begun: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/v1/uploads"):
            begun.append("new")
        elif request.method == "PATCH":
            begun.append(request.headers["upload-offset"])

    page.on("request", note)
    return begun


def count_uploads(site: Site) -> int:
    with site.service.engine.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM partial_uploads")).scalar_one())


def test_a_large_file_goes_on_after_a_reload(page: Page, site: Site, console: Guard) -> None:
    # The last bytes of the first page may be stored after the second has asked how many there are. It asks again then.
    console.expect("status of 409")
    before = count_jobs(site.service)
    open_form(page)
    with take_line(page, megabits=40):
        choose(page, [make_bitmap("big.bmp", MEGABYTES)])
        begun = list_begun(page)
        start(page, "webp")
        row = wait_for_state(page, "big.bmp", "uploading")
        expect(row).to_contain_text(re.compile(r"Sending: \d+.*B/s"))
        wait_for_progress(page, PIECE / (MEGABYTES * 1e6) + 0.02)
        page.reload()
    assert wait_until_over(page, 1) == {"big.bmp": "succeeded"}
    assert begun.count("new") == 1
    assert begun[1:].count("0") == 1
    assert count_jobs(site.service) - before == 1


def test_a_canceled_upload_is_ended_on_the_server(page: Page, site: Site) -> None:
    open_form(page)
    with take_line(page, megabits=10):
        choose(page, [make_bitmap("big.bmp", MEGABYTES)])
        start(page, "webp")
        wait_for_progress(page, 0.05)
        with page.expect_response(lambda answer: answer.request.method == "DELETE") as ending:
            find_row(page, "big.bmp").locator("button.remove").click()
        assert ending.value.status == 204
    wait_for_state(page, "big.bmp", "canceled")
    wait_for("the upload to be gone", lambda: count_uploads(site) == 0)
    find_row(page, "big.bmp").locator("button.retry").click()
    wait_for_state(page, "big.bmp", "succeeded")


def test_a_large_file_goes_on_after_the_api_was_killed(own_site: Site, own_page: Page) -> None:
    page = own_page
    open_form(page)
    with take_line(page, megabits=40):
        choose(page, [make_bitmap("big.bmp", MEGABYTES)])
        begun = list_begun(page)
        start(page, "webp")
        wait_for_progress(page, PIECE / (MEGABYTES * 1e6) + 0.02)
        with without_api(own_site, signal.SIGKILL):
            expect(page.locator("#notice")).not_to_be_empty()
    assert wait_until_over(page, 1) == {"big.bmp": "succeeded"}
    assert begun.count("new") == 1
    assert begun[1:].count("0") == 1
    assert count_jobs(own_site.service) == 1
