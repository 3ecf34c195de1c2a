"""The list survives: a reload, a closed tab, a second tab, another browser. What is erased or canceled is gone."""

import json

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from conformance.page.browser import Guard, fresh_context
from conformance.page.driving import drop_files, find_row, list_rows
from conformance.page.samples import make_png
from conformance.page.site import Site
from tests.e2e.page.steps import SECONDS, count_jobs, open_form, start, wait_for_state, wait_until_over

FAST = [f"fast{number}.png" for number in range(4)]
SLOW = ["slow0.png", "slow1.png"]
NAMES = {*FAST, *SLOW}


@pytest.fixture
def running(page: Page) -> Page:
    """A page in the middle: some files are done, others take a few seconds more."""
    open_form(page)
    drop_files(page, [*(make_png(name) for name in FAST), *(make_png(name, hold=4) for name in SLOW)])
    start(page, "webp")
    wait_for_state(page, FAST[0], "succeeded")
    return page


def test_a_reload_in_the_middle_loses_nothing(running: Page) -> None:
    running.reload()
    assert wait_until_over(running, len(NAMES)) == dict.fromkeys(NAMES, "succeeded")


def test_a_reload_at_once_loses_nothing(page: Page) -> None:
    open_form(page)
    drop_files(page, map(make_png, FAST))
    start(page, "webp")
    page.reload()
    assert wait_until_over(page, len(FAST)) == dict.fromkeys(FAST, "succeeded")


def test_rows_that_were_not_started_stay(page: Page) -> None:
    open_form(page)
    drop_files(page, map(make_png, FAST))
    expect(list_rows(page)).to_have_count(len(FAST))
    page.reload()
    expect(page.locator('#list > li.row[data-state="ready"]')).to_have_count(len(FAST))
    start(page, "webp")
    assert wait_until_over(page, len(FAST)) == dict.fromkeys(FAST, "succeeded")


def test_a_tab_that_was_closed_goes_on_when_it_is_opened_again(running: Page, context: BrowserContext) -> None:
    running.close()
    again = context.new_page()
    open_form(again)
    assert wait_until_over(again, len(NAMES)) == dict.fromkeys(NAMES, "succeeded")


def test_two_tabs_show_the_same_and_send_nothing_twice(page: Page, context: BrowserContext, site: Site) -> None:
    before = count_jobs(site.service)
    open_form(page)
    other = context.new_page()
    drop_files(page, map(make_png, FAST))
    expect(list_rows(page)).to_have_count(len(FAST))
    open_form(other)
    expect(list_rows(other)).to_have_count(len(FAST))
    start(page, "webp")
    for tab in (page, other):
        assert wait_until_over(tab, len(FAST)) == dict.fromkeys(FAST, "succeeded")
    assert count_jobs(site.service) - before == len(FAST)


def test_the_link_of_a_batch_opens_it_elsewhere(page: Page, chromium: Browser, site: Site, console: Guard) -> None:
    open_form(page)
    drop_files(page, map(make_png, FAST))
    start(page, "webp")
    wait_until_over(page, len(FAST))
    address = page.locator('a[href*="/batches/"]:not(#zip)').first.get_attribute("href")
    assert address
    names = [job["filename"] for job in page.request.get(f"/v1{address}").json()["jobs"]]
    assert set(names) == set(FAST)
    for script in (True, False):
        with fresh_context(chromium, base_url=site.url, java_script_enabled=script) as elsewhere:
            console.watch(elsewhere)
            tab = elsewhere.new_page()
            tab.goto(address)
            for name in FAST:
                expect(tab.get_by_text(name, exact=True).first).to_be_visible()
            expect(tab.get_by_role("link", name="ZIP")).to_be_visible(timeout=SECONDS)
            assert [text.strip() for text in tab.locator("#main .name:visible").all_inner_texts()] == names


def test_images_that_come_while_the_batch_is_open_stand_in_its_order(page: Page) -> None:
    open_form(page)
    drop_files(page, map(make_png, FAST))
    start(page, "webp")
    wait_until_over(page, len(FAST))
    address = page.locator("#batch-link").get_attribute("href")
    jobs = page.request.get(f"/v1{address}").json()["jobs"]
    # The last is told first, before anything is known of the batch.
    body = "".join(f"event: job\ndata: {json.dumps(job)}\n\n" for job in reversed(jobs))
    page.route("**/events", lambda route: route.fulfill(content_type="text/event-stream", body=body))
    page.click("#batch-link")
    expect(list_rows(page)).to_have_count(len(FAST))
    assert page.locator("#list .name").all_inner_texts() == [job["filename"] for job in jobs]


def test_a_running_conversion_is_canceled(page: Page) -> None:
    open_form(page)
    drop_files(page, [make_png("long.png", hold=600), make_png("short.png")])
    start(page, "webp")
    wait_for_state(page, "long.png", "processing")
    find_row(page, "long.png").locator("button.remove").click()
    wait_for_state(page, "short.png", "succeeded")
    expect(page.locator('#list > li.row[data-state="processing"]')).to_have_count(0)


def test_everything_can_be_erased(page: Page) -> None:
    open_form(page)
    drop_files(page, map(make_png, FAST))
    start(page, "webp")
    wait_until_over(page, len(FAST))
    link = find_row(page, FAST[0]).locator("a.download").get_attribute("href")
    assert link
    page.click("button#erase-all")
    page.click("button#erase-all")
    expect(list_rows(page)).to_have_count(0)
    assert page.request.get(link).status in {404, 410}
    page.reload()
    page.locator("#files[multiple]").wait_for(state="attached")
    expect(list_rows(page)).to_have_count(0)
