"""No page scrolls sideways: at 320 px, and at 200 % zoom, which leaves a window of 1280 px half of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from conformance import images
from conformance.page.browser import Guard, fresh_context
from conformance.page.driving import Picture, drop_files, find_row, list_rows
from conformance.page.samples import make_png
from tests.e2e.page.conftest import Site
from tests.e2e.page.steps import enter_key, open_form, start, wait_for_state, wait_until_over

NARROW: dict[str, Any] = {"viewport": {"width": 320, "height": 640}}
ZOOMED: dict[str, Any] = {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2}
SIGHTS = [{**shape, "locale": locale} for shape in (NARROW, ZOOMED) for locale in ("en-GB", "ru-RU")]
LONG = f"{'Donaudampfschifffahrtsgesellschaft' * 4}.png"
"""A name that no line breaks at a space."""
NO_JOB = "01890000-0000-7000-8000-000000000000"
READABLE = 100
"""Pixels that a long name has at least, beside other columns that are as long."""
MEASURE = """() => {
  const most = window.innerWidth;
  const wide = [...document.body.querySelectorAll("*")].filter((it) => it.getBoundingClientRect().right > most + 1);
  return [document.scrollingElement.scrollWidth, most, wide.slice(0, 3).map((it) => it.outerHTML.slice(0, 200))];
}"""


@pytest.fixture(params=SIGHTS, ids=lambda sight: f"{sight['viewport']['width']}-{sight['locale']}")
def visitor(request: pytest.FixtureRequest, chromium: Browser, keyed_site: Site, console: Guard) -> Iterator[Page]:
    """A tab with little room."""
    with fresh_context(chromium, base_url=keyed_site.url, **request.param) as context:
        console.watch(context)
        yield context.new_page()


@pytest.fixture
def holder(visitor: Page) -> Page:
    """The same with a key."""
    enter_key(visitor)
    return visitor


def check(page: Page) -> None:
    width, most, wide = page.evaluate(MEASURE)
    assert width <= most, (page.url, width, most, wide)


def test_what_is_too_wide_is_found(visitor: Page) -> None:
    visitor.goto("/formats")
    visitor.evaluate("() => { document.querySelector('h1').style.width = '700px' }")
    with pytest.raises(AssertionError, match="<h1"):
        check(visitor)


def test_the_list_its_batch_and_its_jobs(holder: Page, console: Guard) -> None:
    console.expect(r"status of 415 .*/v1/jobs")
    open_form(holder)
    closed = holder.locator("details:not([open]) > summary:visible")
    while closed.count():
        closed.first.click()
    check(holder)
    names = (LONG, f"torn-{LONG}", f"notes-{LONG}")
    data = (make_png(LONG).data, images.truncated_jpeg(), b"dear diary")
    drop_files(holder, [Picture(name, "image/png", one) for name, one in zip(names, data, strict=True)])
    expect(list_rows(holder)).to_have_count(len(names))
    check(holder)
    start(holder, "jpeg")
    wait_until_over(holder, len(names))
    check(holder)
    # The notes are no image, and never became a job. Newer jobs come first.
    jobs = holder.request.get("/v1/jobs?limit=2").json()["jobs"]
    assert {job["status"] for job in jobs} == {"succeeded", "failed"}
    for job in jobs:
        holder.goto(f"/jobs/{job['id']}")
        check(holder)
    holder.goto("/jobs")
    assert holder.locator("main table tr").count() > len(jobs)
    check(holder)
    holder.goto(f"/batches/{jobs[0]['batch']}")
    expect(list_rows(holder)).to_have_count(len(jobs))
    check(holder)
    # Its table stands there without scripts alone.
    holder.route("**/app/*.js", lambda route: route.fulfill(content_type="text/javascript", body=""))
    holder.reload()
    expect(holder.locator("#plain table")).to_be_visible()
    check(holder)
    for name in holder.locator("#plain td.name").all():
        assert name.evaluate("(it) => it.getBoundingClientRect().width") > READABLE
    assert (
        holder.evaluate(
            "() => { const it = document.querySelector('#plain .scroll'); return it.scrollWidth - it.clientWidth }"
        )
        <= 0
    )


def test_a_job_that_waits(holder: Page) -> None:
    open_form(holder)
    drop_files(holder, [make_png(f"slow-{LONG}", hold=20)])
    start(holder, "webp")
    wait_for_state(holder, f"slow-{LONG}", "processing", "queued")
    check(holder)
    job = holder.request.get("/v1/jobs").json()["jobs"][0]["id"]
    holder.goto(f"/jobs/{job}")
    check(holder)
    holder.goto("/")
    find_row(holder, f"slow-{LONG}").locator("button.remove").click()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 200),
        ("/formats", 200),
        ("/key", 200),
        ("/problems/key_required", 200),
        ("/problems/bad_option", 200),
        (f"/jobs/{NO_JOB}", 401),
        ("/nowhere-" + "x" * 200, 404),
    ],
)
def test_the_other_pages(visitor: Page, console: Guard, address: str, status: int) -> None:
    console.expect(rf"status of {status} ")
    answer = visitor.goto(address)
    assert answer
    assert answer.status == status
    check(visitor)


@pytest.mark.parametrize("address", ["/key", f"/jobs/{NO_JOB}", f"/batches/{NO_JOB}"])
def test_the_other_pages_with_a_key(holder: Page, console: Guard, address: str) -> None:
    console.expect(r"status of 404 ")
    holder.goto(address)
    check(holder)
