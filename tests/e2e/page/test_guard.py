"""The guard of the other tests hears what a page complains of; a dropped file arrives as a file."""

import pytest
from playwright.sync_api import BrowserContext, Page

from conformance.page.browser import Guard
from conformance.page.driving import Picture, drop_files, paste_files, take_line

LISTEN = """(type) => {
  window.names = [];
  document.body.tabIndex = -1;
  document.body.focus();
  document.addEventListener(type, (event) => {
    const { files } = event.dataTransfer ?? event.clipboardData;
    window.names.push(...[...files].map((file) => `${file.name} ${file.type} ${file.size}`));
  });
}"""


@pytest.fixture
def heard(context: BrowserContext, page: Page) -> Guard:
    """A guard on the same page that fails nothing."""
    guard = Guard()
    guard.watch(context)
    page.goto("/")
    return guard


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("console.error('lost')", "error: lost"),
        ("console.warn('odd')", "warning: odd"),
        ("setTimeout(() => { throw Error('dropped') })", "uncaught: dropped"),
        ("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">')", "Content Security Policy"),
        ("fetch('/no-such-page')", "404"),
    ],
)
def test_a_complaint_fails_the_test(heard: Guard, page: Page, console: Guard, script: str, said: str) -> None:
    console.expect(said)
    page.evaluate(f"() => {{ {script} }}")
    page.evaluate("() => new Promise((done) => setTimeout(done, 100))")
    assert heard.unexpected
    assert all(said in line for line in heard.unexpected)


def test_a_cut_line_is_heard_and_can_be_mended(heard: Guard, page: Page, console: Guard) -> None:
    console.expect("ERR_INTERNET_DISCONNECTED")
    with take_line(page) as line, line.cut():
        assert page.evaluate("() => fetch('/').catch(() => 'cut')") == "cut"
    assert any("ERR_INTERNET_DISCONNECTED" in said for said in heard.unexpected)
    assert page.evaluate("() => fetch('/').then((answer) => answer.status)") == 200


@pytest.mark.parametrize(("hand", "event"), [(drop_files, "drop"), (paste_files, "paste")])
def test_files_arrive_as_a_person_brings_them(page: Page, hand: object, event: str) -> None:
    page.goto("/")
    page.evaluate(LISTEN, event)
    assert callable(hand)
    hand(page, [Picture("a.png", "image/png", b"12345"), Picture("b.heic", "", b"1")])
    assert page.evaluate("window.names") == ["a.png image/png 5", "b.heic  1"]
