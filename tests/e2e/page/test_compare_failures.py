"""What the comparison says when a picture cannot be shown, and that it leaves nothing behind."""

import json
import re
from typing import Any

import httpx
from playwright.sync_api import Request, Route, expect

from conformance import images
from conformance.page.browser import Guard
from conformance.service import wait_for
from tests.e2e.page.comparing import DISC, Comparing, File


def test_a_pdf_is_told_without_asking_the_service(comparing: Comparing) -> None:
    comparing.compare(DISC, target_format="pdf")
    expect(comparing.status).to_have_text("A PDF cannot be shown here. Download it to look at it.")
    with comparing.page.expect_download() as coming:
        comparing.status.get_by_role("link", name="Download it").click()
    assert coming.value.suggested_filename == "disc.pdf"
    assert comparing.facts()["Format"] == ["PNG", "PDF"]
    expect(comparing.slider).to_be_hidden()
    expect(comparing.dialog.locator(".compare-source")).to_be_visible()
    assert comparing.asked == []


def test_without_the_source_the_result_stands_alone(comparing: Comparing) -> None:
    comparing.page.evaluate("window.isGone = true")
    comparing.compare(DISC, target_format="webp")
    expect(comparing.status).to_contain_text("The original is no longer in this browser")
    expect(comparing.slider).to_be_hidden()
    expect(comparing.dialog.locator(".compare-result")).to_be_visible()


def test_a_deleted_result_is_told_in_a_sentence(comparing: Comparing, console: Guard) -> None:
    console.expect("410")
    job = comparing.convert(DISC, target_format="webp")
    httpx.delete(comparing.url + job["links"]["self"])
    comparing.choose(DISC, job)
    comparing.open()
    expect(comparing.status).to_contain_text(re.compile(r"The result cannot be shown\. .*deleted"))
    expect(comparing.dialog.locator(".compare-source")).to_be_visible()


def test_a_preview_that_fails_is_told_in_a_sentence(comparing: Comparing, console: Guard) -> None:
    console.expect("422", "ERR_FAILED")
    source = File("a.tiff", images.encoded(images.quarters((64, 48)), "TIFF"))
    comparing.choose(source, comparing.convert(source, target_format="webp"))
    problem = json.dumps({"code": "too_many_pixels", "detail": "It has too many pixels.", "status": 422})
    comparing.page.route("**/v1/convert*", lambda route: route.fulfill(status=422, body=problem))
    comparing.open()
    expect(comparing.status).to_contain_text(re.compile(r"The original cannot be shown\. .*pixels"))
    comparing.page.keyboard.press("Escape")
    comparing.page.unroute("**/v1/convert*")
    comparing.page.route("**/v1/convert*", lambda route: route.abort())
    comparing.open()
    expect(comparing.status).to_contain_text(re.compile(r"The original cannot be shown\. .*answer"))


def test_a_preview_under_way_is_told_and_ends_with_the_dialog(comparing: Comparing) -> None:
    source = File("a.tiff", images.encoded(images.quarters((64, 48)), "TIFF"))
    comparing.choose(source, comparing.convert(source, target_format="webp"))
    held: list[Route] = []
    ended: list[Request] = []

    # Playwright looks at what it calls, and finds nothing to look at on a method of a list.
    def hold(route: Route) -> None:
        held.append(route)

    def note(request: Request) -> None:
        ended.append(request)

    # Its events come while the page is asked for something.
    def look(events: list[Any]) -> list[Any]:
        comparing.page.wait_for_timeout(20)
        return events

    comparing.page.route("**/v1/convert*", hold)
    comparing.page.on("requestfailed", note)
    comparing.page.locator("#open").click()
    expect(comparing.status).to_contain_text("a preview of it is made")
    expect(comparing.dialog.get_by_role("progressbar")).to_be_visible()
    wait_for("the upload to begin", lambda: look(held))
    comparing.page.keyboard.press("Escape")
    expect(comparing.dialog).to_have_count(0)
    wait_for("the upload to end", lambda: look(ended))
    assert comparing.page.evaluate("addresses.size") == 0
