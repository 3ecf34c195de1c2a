"""axe-core finds nothing on any page in any state: light, dark, and in the colours that a person forces."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from conformance import images
from conformance.node import NoNode, fetch_packages
from conformance.page.browser import PHONE, Guard, fresh_context
from conformance.page.driving import Picture, drop_files, find_row, list_rows
from conformance.page.samples import BROKEN, make_png, make_ten
from conformance.page.site import Site
from core.transitions import Status
from tests.e2e.page.steps import enter_key, open_form, start, wait_for_state, wait_until_over

MODES: tuple[dict[str, str], ...] = (
    {"color_scheme": "light", "forced_colors": "none"},
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "light", "forced_colors": "active"},
    {"color_scheme": "dark", "forced_colors": "active"},
)
JUDGE = """async (forced) => {
  // Forced colours are the person's own. axe reads -webkit-text-fill-color, which browsers leave as the style sheet has it.
  const rules = { "color-contrast": { enabled: !forced } };
  const { violations } = await axe.run({ resultTypes: ["violations"], rules });
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html}`));
}"""
Check = Callable[[Page], None]


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core."""
    try:
        directory = fetch_packages(Path(__file__).parent / "node", tmp_path_factory.mktemp("axe"))
    except NoNode as missing:
        pytest.skip(str(missing))
    return (directory / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture
def check(axe: str) -> Check:
    """Fails for what axe-core finds in any mode of the page as it is now."""

    def check(page: Page) -> None:
        page.evaluate(axe)
        found = []
        for mode in MODES:
            page.emulate_media(**mode, reduced_motion="reduce")  # type: ignore[arg-type]  # words of literals
            found += [f"{mode}: {flaw}" for flaw in page.evaluate(JUDGE, mode["forced_colors"] == "active")]
        assert not found, "\n".join(found)

    return check


def test_a_flaw_is_found(page: Page, check: Check) -> None:
    page.goto("/formats")
    page.evaluate("() => { document.body.append(Object.assign(new Image(), { src: '/static/icon.svg' })) }")
    with pytest.raises(AssertionError, match="image-alt"):
        check(page)


def test_the_form(page: Page, check: Check) -> None:
    open_form(page)
    check(page)
    for closed in page.locator("details:not([open]) > summary").all():
        closed.click()
    check(page)


def test_rows_that_wait_run_end_and_fail(page: Page, check: Check, console: Guard) -> None:
    console.expect(r"status of 415 .*/v1/jobs")
    open_form(page)
    ten = make_ten()
    no_image = Picture("notes.png", "image/png", b"dear diary")
    drop_files(page, [*ten, make_png("long.png", hold=600), no_image])
    expect(list_rows(page)).to_have_count(12)
    check(page)
    start(page, "jpeg")
    wait_for_state(page, "long.png", "processing")
    for one in ten:
        wait_for_state(page, one.name, "failed" if one.name == BROKEN else "succeeded")
    wait_for_state(page, "notes.png", "refused")
    check(page)
    page.set_viewport_size(PHONE)
    check(page)
    page.get_by_role("link", name="Русский").click()
    page.locator("#files[multiple]").wait_for(state="attached")
    expect(list_rows(page)).to_have_count(12)
    check(page)
    find_row(page, "long.png").locator("button.remove").click()


def test_the_comparison(page: Page, check: Check) -> None:
    open_form(page)
    drop_files(page, [make_png("a.png")])
    start(page, "webp")
    wait_until_over(page, 1)
    find_row(page, "a.png").locator("button.preview").click()
    dialog: Locator = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for image in dialog.locator("img").all():
        image.wait_for()
    check(page)


@pytest.fixture
def job_page(page: Page) -> Callable[[str, bytes], Page]:
    """Submits by the plain form and opens the job's page."""

    def submit(target: str, data: bytes) -> Page:
        files = {"file": {"name": "a picture.png", "mimeType": "image/png", "buffer": data}, "target_format": target}
        answer = page.request.post("/jobs", multipart=files)  # type: ignore[arg-type]  # a dictionary of both kinds
        page.goto(answer.url)
        return page

    return submit


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (images.animated_gif(), Status.SUCCEEDED),
        (images.truncated_jpeg(), Status.FAILED),
        (make_png("a.png", hold=20).data, Status.PROCESSING),
    ],
)
def test_the_page_of_a_job(
    job_page: Callable[[str, bytes], Page], site: Site, check: Check, data: bytes, status: Status
) -> None:
    page = job_page("jpeg", data)
    site.service.wait(UUID(page.url.rpartition("/")[2]), status)
    page.reload()
    check(page)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/formats", 200),
        ("/key", 404),
        ("/jobs", 200),
        ("/problems/job_not_found", 200),
        ("/jobs/01890000-0000-7000-8000-000000000000", 404),
        ("/batches/01890000-0000-7000-8000-000000000000", 404),
        ("/nowhere", 404),
    ],
)
def test_the_other_pages(page: Page, check: Check, console: Guard, address: str, status: int) -> None:
    console.expect(rf"status of {status} ")
    answer = page.goto(address)
    assert answer
    assert answer.status == status
    check(page)


@pytest.fixture
def russian(chromium: Browser, site: Site, console: Guard) -> Iterator[Page]:
    with fresh_context(chromium, base_url=site.url, locale="ru-RU") as context:
        console.watch(context)
        yield context.new_page()


def test_the_form_in_russian(russian: Page, check: Check) -> None:
    open_form(russian)
    assert russian.locator("html").get_attribute("lang") == "ru"
    check(russian)


@pytest.fixture
def visitor(chromium: Browser, keyed_site: Site, console: Guard) -> Iterator[Page]:
    """A tab at a service that asks for keys."""
    with fresh_context(chromium, base_url=keyed_site.url) as context:
        console.watch(context)
        yield context.new_page()


def test_the_pages_of_a_key(visitor: Page, check: Check, console: Guard) -> None:
    console.expect(r"status of 401 ")
    visitor.goto("/key")
    check(visitor)
    visitor.fill("#key", "not a key")
    visitor.click("form button[type=submit]")
    visitor.locator(".refusal").wait_for()
    check(visitor)
    open_form(visitor)
    expect(visitor.locator(".notice")).to_contain_text("asks for a key")
    check(visitor)
    enter_key(visitor)
    for address in ("/key", "/jobs", "/"):
        visitor.goto(address)
        check(visitor)
