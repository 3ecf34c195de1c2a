"""What a row does by itself: refuses what cannot be sent, waits as it is told, moves to another tab, keeps the focus."""

import json
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from conformance.page.browser import Guard
from conformance.page.driving import Picture, drop_files, find_row, list_rows, list_states, take_line
from conformance.page.samples import make_bitmap, make_png
from tests.e2e.page.conftest import Site
from tests.e2e.page.steps import count_jobs, open_form, start, wait_for_state, wait_until_over

FOCUSED_ROW = (
    "() => document.activeElement.closest('li.row')?.querySelector('.name').textContent ?? document.activeElement.id"
)


def answer_once(status: int, headers: dict[str, str], **problem: object) -> Callable[[Route, Request], None]:
    """Answer the first request in the service's place, and pass on all others."""
    asked: list[str] = []

    def handle(route: Route, request: Request) -> None:
        asked.append(request.url)
        if len(asked) > 1:
            route.fallback()
            return
        body = json.dumps({"status": status, **problem})
        route.fulfill(status=status, headers=headers, content_type="application/problem+json", body=body)

    return handle


NO_IMAGES = [
    Picture("notes.txt", "text/plain", b"dear diary"),
    Picture("film.mp4", "video/mp4", b"1"),
    Picture("letter.pdf", "application/pdf", b"%PDF-1.7"),
]


def test_what_is_no_image_for_sure_is_refused_without_a_request(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    open_form(page)
    # What only the bytes tell is for the service to judge, and an ending says more than a type.
    unknown = [Picture("photo", "", b"1"), Picture("old.tga", "text/plain", b"1")]
    drop_files(page, [Picture("nothing.png", "image/png", b""), *NO_IMAGES, *unknown])
    expect(find_row(page, "nothing.png")).to_contain_text("0 bytes")
    for picture in NO_IMAGES:
        expect(find_row(page, picture.name)).to_contain_text("this is no image, so it was not sent")
    refused = dict.fromkeys(("nothing.png", *(picture.name for picture in NO_IMAGES)), "refused")
    assert list_states(page) == {**refused, "photo": "ready", "old.tga": "ready"}
    for picture in unknown:
        find_row(page, picture.name).locator("button.remove").click()
    start(page, "webp")
    expect(page.locator("#notice")).to_contain_text("nothing to convert")
    assert sent == []


def test_the_focus_goes_to_the_next_row(page: Page) -> None:
    open_form(page)
    drop_files(page, [make_png(name) for name in ("a.png", "b.png", "c.png")])
    find_row(page, "b.png").locator("button.remove").press("Enter")
    expect(list_rows(page)).to_have_count(2)
    assert page.evaluate(FOCUSED_ROW) == "c.png"
    find_row(page, "c.png").locator("button.remove").press("Enter")
    expect(list_rows(page)).to_have_count(1)
    assert page.evaluate(FOCUSED_ROW) == "a.png"
    find_row(page, "a.png").locator("button.remove").press("Enter")
    expect(list_rows(page)).to_have_count(0)
    assert page.evaluate(FOCUSED_ROW) == "files"


def test_a_limit_is_waited_for(page: Page, site: Site, console: Guard) -> None:
    console.expect(r"status of 429")
    before = count_jobs(site.service)
    page.route("**/v1/jobs", answer_once(429, {"Retry-After": "3"}, code="rate_limited", detail="Rate limit reached."))
    open_form(page)
    drop_files(page, [make_png("a.png")])
    start(page, "webp")
    row = wait_for_state(page, "a.png", "away")
    expect(row).to_contain_text("by itself")
    assert wait_until_over(page, 1) == {"a.png": "succeeded"}
    assert count_jobs(site.service) - before == 1


def test_without_a_key_the_row_says_where_to_enter_it(page: Page, console: Guard) -> None:
    console.expect(r"status of 401")
    page.route("**/v1/jobs", answer_once(401, {}, code="key_required", detail="A key is needed."))
    open_form(page)
    drop_files(page, [make_png("a.png")])
    start(page, "webp")
    row = wait_for_state(page, "a.png", "refused")
    expect(row.get_by_role("link", name="Enter your key")).to_have_attribute("href", "/key")
    row.locator("button.retry").click()
    wait_for_state(page, "a.png", "succeeded")


def test_a_tab_that_leaves_hands_its_upload_to_the_other(page: Page, context: BrowserContext, site: Site) -> None:
    before = count_jobs(site.service)
    open_form(page)
    with take_line(page, megabits=1):
        drop_files(page, [make_bitmap("big.bmp", 4)])
        start(page, "webp")
        expect(find_row(page, "big.bmp")).to_contain_text("B/s")
        # Opened later: a tab that is there from the beginning may be the one that sends.
        other = context.new_page()
        open_form(other)
        expect(find_row(other, "big.bmp")).to_contain_text("B/s")
        page.goto("about:blank")
    assert wait_until_over(other, 1) == {"big.bmp": "succeeded"}
    assert count_jobs(site.service) - before == 1
