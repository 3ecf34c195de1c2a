"""Files come by dropping, pasting and choosing; each is followed to its end, and downloaded alone or with all others."""

import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from conformance import images
from conformance.page.browser import Guard
from conformance.page.driving import Picture, drop_files, find_row, list_rows, list_states, paste_files
from conformance.page.samples import BROKEN, make_png, make_ten
from tests.e2e.page.steps import choose, download, open_form, start, wait_until_over


def test_ten_files_are_dropped_at_once_and_followed_to_the_end(page: Page, tmp_path: Path) -> None:
    ten = make_ten()
    open_form(page)
    drop_files(page, ten)
    expect(list_rows(page)).to_have_count(10)
    assert set(list_states(page).values()) == {"ready"}
    start(page, "webp")
    states = wait_until_over(page, 10)
    assert states == {one.name: "failed" if one.name == BROKEN else "succeeded" for one in ten}

    broken = find_row(page, BROKEN)
    expect(broken.locator("a.download")).to_have_count(0)
    expect(broken).to_contain_text("ends before the image does")
    singles = [
        download(page, find_row(page, one.name).locator("a.download"), tmp_path) for one in ten if one.name != BROKEN
    ]
    assert {images.decoded(path.read_bytes()).format for path in singles} == {"WEBP"}
    assert "Überraschung, ganz groß & bunt.webp" in {path.name for path in singles}
    with zipfile.ZipFile(download(page, page.locator("a#zip"), tmp_path)) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    assert packed == {path.name: path.read_bytes() for path in singles}


def test_what_was_lost_is_said_in_the_row(page: Page) -> None:
    open_form(page)
    drop_files(page, [one for one in make_ten() if one.name in {"dance.gif", "logo.png"}])
    start(page, "jpeg")
    wait_until_over(page, 2)
    expect(find_row(page, "dance.gif").locator(".warnings")).to_contain_text("first")
    expect(find_row(page, "logo.png").locator(".warnings")).to_contain_text("ransparen")


def test_pasted_pictures_become_rows_with_names_of_their_own(page: Page) -> None:
    open_form(page)
    # Browsers call every pasted picture image.png, so the page numbers them.
    for count in (1, 2):
        paste_files(page, [make_png("image.png")])
        expect(list_rows(page)).to_have_count(count)
    start(page, "webp")
    assert wait_until_over(page, 2) == {"Pasted image 1.png": "succeeded", "Pasted image 2.png": "succeeded"}


def test_a_row_can_be_taken_out_and_have_its_own_target(page: Page, tmp_path: Path) -> None:
    open_form(page)
    choose(page, [make_png("a.png"), make_png("b.png"), make_png("c.png")])
    expect(list_rows(page)).to_have_count(3)
    find_row(page, "b.png").locator("button.remove").click()
    expect(list_rows(page)).to_have_count(2)
    page.select_option("#target_format", "webp")
    find_row(page, "c.png").locator("select.target").select_option("gif")
    start(page)
    assert wait_until_over(page, 2) == {"a.png": "succeeded", "c.png": "succeeded"}
    for name, made in {"a.png": "a.webp", "c.png": "c.gif"}.items():
        assert download(page, find_row(page, name).locator("a.download"), tmp_path).name == made


def test_something_that_is_no_image_is_refused_in_its_row(page: Page, console: Guard) -> None:
    console.expect(r"status of 415 .*/v1/jobs")
    open_form(page)
    drop_files(page, [Picture("notes.png", "image/png", b"dear diary"), make_png("a.png")])
    start(page, "webp")
    assert wait_until_over(page, 2) == {"notes.png": "refused", "a.png": "succeeded"}
    expect(find_row(page, "notes.png")).to_contain_text("image")
